//! What can be typed.

use std::{ffi::OsString, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};
use cowork::models::config::{BudgetSettings, Count, Dollars, Span};

const HELP: &str = "\
cowork works beside you on the files in folders you choose. It shows its plan,
asks before it changes anything, and can give back all it did.

  cowork run --folder ~/Downloads \"Organise these files by type\"
  cowork undo

Give it work
  init                Set up: folders, how much it may do unasked, completions
  run TASK            Do something in the folders you name
  playbook list       List what it can do; also: show, new, check, run,
                      edit, match
  models              List the models that can be asked for the rest, what they
                      can do and cost; `models key set NAME` keeps a key
  exec -- CMD...      Run a command in a sandbox, as the shell tool does
  trust [FILE]        Have a folder's AGENTS.md or CLAUDE.md followed, as it is
  answer CALL allow   Answer its question (or: allow-task, deny)
  steer TASK \"...\"    Say something to it while it works

See what it does
  tasks               List the tasks, the newest last
  show [TASK]         Show one, or the last: what was asked, done and came of
                      it; --changes for all that it changed
  events THREAD       Read a thread's log; --follow to go on reading
  notes               List what tasks noted for later ones; notes forget NAME

Stop it, go on, take back
  pause TASK          Let the tools that run finish, then rest
  resume [TASK]       Go on; without TASK with all that was interrupted
  cancel TASK         End it; what was done stays done
  undo [TASK]         Give back what it did to files, or a part; without TASK
                      the last one's; --show to only see what that would do

Look after it
  doctor              Check its own data, and say how to mend it

Options
  --data DIR          Keep its own data here, not in ~/.local/share/cowork;
                      $COWORK_DATA does the same
  -h, --help          Show this; `cowork run --help` for more on one command
  -V, --version       Show the version

A TASK or CALL is named by the six digits that are shown for it.
Exit: 0 done, or you said no; 1 failed; 2 wrong usage; 3 it waits for an answer;
130 interrupted.
";

/// The command line.
#[derive(Debug, Parser)]
#[command(name = "cowork", version, override_help = HELP, disable_help_subcommand = true)]
pub(crate) struct Cli {
    /// Keep its own data here.
    #[arg(long, global = true, value_name = "DIR", hide = true)]
    pub(crate) data: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What is wanted.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Do something in the folders you name.
    Run(Run),
    /// Run a command in a sandbox, as the shell tool does, and take over what it changed.
    Exec(Exec),
    /// Set up what you need not type each time; run it again to change it.
    Init {
        /// Ask nothing: take what is set, and the defaults for the rest.
        #[arg(long, short)]
        yes: bool,
    },
    /// What it can do without a model, and your own such programs.
    #[command(subcommand)]
    Playbook(PlaybookCommand),
    /// List the models that can be asked, where they are, what they can do and cost.
    Models {
        /// Write one JSON object a line.
        #[arg(long)]
        json: bool,
        #[command(subcommand)]
        command: Option<ModelsCommand>,
    },
    /// List the tasks, the newest last.
    Tasks {
        /// Write one JSON object a line, for all tasks.
        #[arg(long)]
        json: bool,
        /// List all, not only the last 50.
        #[arg(long)]
        all: bool,
    },
    /// Show a task: what was asked, done and came of it.
    Show {
        /// The task: its six digits, or its whole id; without it, the last one.
        task: Option<String>,
        /// Only what it changed in the folders.
        #[arg(long)]
        changes: bool,
        /// All of what it changed, however much that is.
        #[arg(long, requires = "changes")]
        all: bool,
        /// Write what it changed as one JSON object.
        #[arg(long, requires = "changes")]
        json: bool,
    },
    /// Read a thread's log, a line for each record.
    Events {
        /// The thread: its name, or its id.
        #[arg(default_value = "main")]
        thread: String,
        /// Go on reading what comes.
        #[arg(long, short)]
        follow: bool,
        /// Write the records as JSON, one a line.
        #[arg(long)]
        json: bool,
    },
    /// List what tasks noted for later tasks of their thread.
    Notes {
        /// The thread: its name, or its id.
        #[arg(long, short, global = true, value_name = "NAME", default_value = "main")]
        thread: String,
        /// Write one JSON object a line.
        #[arg(long)]
        json: bool,
        #[command(subcommand)]
        command: Option<NotesCommand>,
    },
    /// Have the AGENTS.md or CLAUDE.md of a folder followed by tasks there, as it is now.
    #[command(after_help = "\
Examples:
  cowork trust                        what is trusted
  cowork trust ~/Notes/AGENTS.md      show it, ask, trust it as it is
  cowork trust --remove ~/Notes/AGENTS.md

Anybody who can write into a folder can write such a file, so none is followed unasked.
When a trusted one changes, it is not followed until you trust it again.")]
    Trust {
        /// The file; without it, what is trusted is listed.
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
        /// Don't ask: you have read it.
        #[arg(long, short, requires = "file")]
        yes: bool,
        /// Trust it no more.
        #[arg(long, requires = "file", conflicts_with = "yes")]
        remove: bool,
    },
    /// Answer a question of a task, and go on with it here if nobody else does.
    Answer {
        /// The call that it asked about: its six digits, or its whole id. A task's will do if it asks one thing only.
        call: String,
        /// Your answer.
        answer: YesNo,
        /// Only deliver the answer.
        #[arg(long)]
        no_wait: bool,
        /// Write the task's records as JSON, one a line.
        #[arg(long)]
        json: bool,
    },
    /// Say something to a task while it works.
    Steer {
        /// The task: its six digits, or its whole id.
        task: String,
        /// What you want to say.
        text: OsString,
    },
    /// Let the tools that a task runs finish, then rest.
    Pause {
        /// The task: its six digits, or its whole id.
        task: String,
    },
    /// Go on with a task, or with all that were interrupted.
    Resume {
        /// The task; without it, all that were interrupted.
        task: Option<String>,
        /// Answer its questions with yes.
        #[arg(long, short)]
        yes: bool,
        /// Write the records as JSON, one a line.
        #[arg(long)]
        json: bool,
    },
    /// End a task. What was done stays done, and can be undone.
    Cancel {
        /// The task: its six digits, or its whole id.
        task: String,
    },
    /// Give back what a task did to files, or a part of it.
    #[command(after_help = "\
Examples:
  cowork undo                                     the last task that changed something
  cowork undo 7f3a12 --show                       only say what it would do
  cowork undo 7f3a12 --path ~/Downloads/Images    only what is or was there or below
  cowork undo 7f3a12 --call 1a2b3c                only what this call did; `cowork show`
                                                  lists the calls

What somebody changed since, another task included, is left as it is and named. What is
left can be undone later. Journals are kept for 30 days and up to 10 GiB; the oldest go
first, and `cowork doctor` says how much there is.")]
    Undo {
        /// The task; without it, the last one that changed something.
        task: Option<String>,
        /// Only say what it would do.
        #[arg(long)]
        show: bool,
        /// Only what is or was there, or below: a path of your computer, or as `cowork show` writes it. Can be given
        /// several times.
        #[arg(long, value_name = "PATH")]
        path: Vec<OsString>,
        /// Only what this call did: its six digits, or its whole id. Can be given several times.
        #[arg(long, value_name = "CALL")]
        call: Vec<String>,
        /// Don't ask first.
        #[arg(long, short)]
        yes: bool,
        /// Write the records as JSON, one a line.
        #[arg(long)]
        json: bool,
    },
    /// Check cowork's own data, and say how to mend it.
    Doctor,
}

/// A task to do.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cowork run --folder ~/Downloads \"Organise these files by type\"
  cowork run --folder ~/Pictures --dry-run \"Organise by date\"
  cowork run --folder ~/Documents \"Find files that mention the lease\"
  cowork run --folder . --playbook ./tidy.py --param days=30
  cowork run --folder ~/Notes --model anthropic/claude-sonnet-5-5 \\
             --max-cost 0.50 \"Write an index of these notes\"

What a playbook does goes to a playbook. The rest goes to a model, if you chose one:
with --model, or for good with `cowork init`. Without --folder none of your files can
be reached. In a script, add --mode auto (or --yes) and --json.")]
pub(crate) struct Run {
    /// What you want, in a sentence; `-` reads it from the standard input. Without it you are asked, on a terminal.
    pub(crate) task: Option<OsString>,
    /// A folder that it may look at and change: a path, or a name that `cowork init` set. Can be given several times.
    #[arg(long, short, value_name = "DIR|NAME")]
    pub(crate) folder: Vec<PathBuf>,
    /// Say again that all of DIR is meant; only needed for `/` and your home folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) whole: Vec<PathBuf>,
    /// The thread that it belongs to.
    #[arg(long, short, value_name = "NAME", default_value = "main")]
    pub(crate) thread: String,
    /// How much it may do unasked; `ask` unless `cowork init` set another.
    #[arg(long, short, value_enum)]
    pub(crate) mode: Option<Mode>,
    /// Answer its questions with yes.
    #[arg(long, short)]
    pub(crate) yes: bool,
    /// Only show what it would do; the same as `--mode plan`.
    #[arg(long, conflicts_with = "mode")]
    pub(crate) dry_run: bool,
    /// Write the task's records as JSON, one a line.
    #[arg(long)]
    pub(crate) json: bool,
    /// Follow this playbook: the name of one that `cowork playbook list` shows, or a file.
    #[arg(long, short, value_name = "NAME|FILE")]
    pub(crate) playbook: Option<String>,
    /// Set a parameter of the playbook; can be given several times.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) param: Vec<String>,
    /// Have this model do it: one of yours, or SERVICE/MODEL.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["playbook", "no_model"])]
    pub(crate) model: Option<String>,
    /// Ask no model, also where no playbook does it.
    #[arg(long)]
    pub(crate) no_model: bool,
    #[command(flatten)]
    pub(crate) most: Most,
}

/// What is to be run in a sandbox.
#[derive(Debug, Args)]
pub(crate) struct Exec {
    /// A folder that it sees. It starts in the first. `:staged` (the default) asks about what it changed, `:rw` takes that over unasked,
    /// `:ro` lets it only read. Can be given several times.
    #[arg(long, short, value_name = "DIR[:ro|rw|staged]")]
    pub(crate) folder: Vec<OsString>,
    /// A host that it may reach, by the proxy of the sandbox: example.org, *.example.org, example.org:8443. `localhost` and an address mean
    /// just that, also a private one. Can be given several times.
    #[arg(long, value_name = "HOST[:PORT]")]
    pub(crate) net: Vec<String>,
    /// The same, also where its name stands for a private address, as that of a server of your own does.
    #[arg(long, value_name = "HOST[:PORT]")]
    pub(crate) net_private: Vec<String>,
    /// What it may use: wall=30s, cpu=10s, mem=512m, pids=64, files=256, out=1m. Can be given several times.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) limit: Vec<String>,
    /// Take over what it changed without asking, but for names that are guarded.
    #[arg(long, conflicts_with = "discard")]
    pub(crate) commit: bool,
    /// Take over nothing.
    #[arg(long)]
    pub(crate) discard: bool,
    /// Write what came of it as one JSON object, and nothing else.
    #[arg(long)]
    pub(crate) json: bool,
    /// The program and its arguments, after `--`.
    #[arg(last = true, required = true, value_name = "CMD")]
    pub(crate) command: Vec<OsString>,
}

/// What a task may spend at the most.
#[derive(Clone, Copy, Debug, Default, Args)]
pub(crate) struct Most {
    /// End it before it costs more, in US dollars: 0.50.
    #[arg(long, value_name = "DOLLARS", allow_negative_numbers = true)]
    max_cost: Option<Dollars>,
    /// End it before it takes more tokens: 200000, 200k, 2m.
    #[arg(long, value_name = "TOKENS", allow_negative_numbers = true)]
    max_tokens: Option<Count>,
    /// End it after so many steps.
    #[arg(long, value_name = "STEPS", allow_negative_numbers = true)]
    max_steps: Option<Count>,
    /// End it after so much time of work: 90s, 30m, 2h.
    #[arg(long, value_name = "TIME", allow_negative_numbers = true)]
    max_time: Option<Span>,
}

impl Most {
    /// Gives it as settings have it.
    pub(crate) fn budget(self) -> BudgetSettings {
        BudgetSettings {
            tokens: self.max_tokens,
            cost: self.max_cost,
            steps: self.max_steps,
            time: self.max_time,
            ..BudgetSettings::default()
        }
    }
}

/// What is wanted of models.
#[derive(Debug, Subcommand)]
pub(crate) enum ModelsCommand {
    /// Keep the key of a service, or take it away.
    #[command(subcommand)]
    Key(KeyCommand),
}

/// What is to be done with notes.
#[derive(Debug, Subcommand)]
pub(crate) enum NotesCommand {
    /// Forget notes.
    Forget {
        /// Their names, as the list shows them.
        #[arg(required_unless_present = "all")]
        names: Vec<String>,
        /// All of the thread.
        #[arg(long, conflicts_with = "names")]
        all: bool,
    },
}

/// What is to be done with a key.
#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Keep a key: it is asked for and not shown, or read from the standard input.
    Set {
        /// The service (anthropic, openai, …), or one of your models that has its own.
        name: String,
        /// Keep it in a file that only you may read, not in the system's keyring.
        #[arg(long)]
        file: bool,
    },
    /// Take a key away.
    Remove {
        /// The name that it was kept under.
        name: String,
    },
}

/// What is wanted of playbooks.
#[derive(Debug, Subcommand)]
pub(crate) enum PlaybookCommand {
    /// List them, yours too.
    List {
        /// Write one JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Show one: what it does and takes, what calls it, where it lies.
    Show {
        /// Its name, or a file.
        name: String,
        /// Write out the whole file.
        #[arg(long)]
        source: bool,
    },
    /// Write a new one of your own, to be changed.
    New {
        /// Its name: a-z, 0-9 and `-`.
        name: String,
    },
    /// Write one of your own out of a finished task: the same again, without a model.
    #[command(after_help = "\
Examples:
  cowork playbook from-task 3f9a1c --name weekly-invoices
  cowork playbook run weekly-invoices --folder ~/Downloads

What the task's files had in common becomes a rule, what stands in the task's words
becomes a parameter. It is run against the task's record before it is saved; where
no rule explains exactly what was done, nothing is saved.")]
    FromTask {
        /// The task: its six digits, or its whole id.
        task: String,
        /// What it is to be called: a-z, 0-9 and `-`; the first words of the task if left out.
        #[arg(long)]
        name: Option<String>,
        /// Write it out, and save nothing.
        #[arg(long)]
        show: bool,
    },
    /// Check them: the header, each call of a tool, and their own tests, on files made for them.
    Check {
        /// Their names, or files; without any, all of yours.
        names: Vec<String>,
        /// Write one JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Run one by its name.
    Run(PlaybookRun),
    /// Open one of yours in your editor ($VISUAL, $EDITOR), and check it afterwards.
    Edit {
        /// Its name.
        name: String,
    },
    /// Say which one a task in words would call, with which parameters. Nothing runs.
    Match {
        /// The task, in a sentence.
        task: String,
        /// Write one JSON object on one line: playbook (a name, null or "ask"), params, why.
        #[arg(long)]
        json: bool,
    },
}

/// A playbook to run by its name.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cowork playbook run tidy --folder ~/Downloads --try
  cowork playbook run tidy --folder downloads --param days=30

--dry-run stops before the first change. --try goes on to the end, on a copy of the
folders in a temporary place, shows what it changed there, and takes the copy away.")]
pub(crate) struct PlaybookRun {
    /// Its name, or a file.
    pub(crate) name: String,
    /// A folder that it may look at and change: a path, or a name that `cowork init` set. Can be given several times.
    #[arg(long, short, value_name = "DIR|NAME")]
    pub(crate) folder: Vec<PathBuf>,
    /// Say again that all of DIR is meant; only needed for `/` and your home folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) whole: Vec<PathBuf>,
    /// The thread that it belongs to.
    #[arg(long, value_name = "NAME", default_value = "main")]
    pub(crate) thread: String,
    /// How much it may do unasked; `ask` unless `cowork init` set another.
    #[arg(long, short, value_enum)]
    pub(crate) mode: Option<Mode>,
    /// Answer its questions with yes.
    #[arg(long, short)]
    pub(crate) yes: bool,
    /// Only show what it would do first; the same as `--mode plan`.
    #[arg(long, conflicts_with = "mode")]
    pub(crate) dry_run: bool,
    /// Run it on a copy that is thrown away, and show what it changed there.
    #[arg(long = "try", conflicts_with_all = ["mode", "dry_run", "yes", "json"])]
    pub(crate) try_out: bool,
    /// Write the task's records as JSON, one a line.
    #[arg(long)]
    pub(crate) json: bool,
    /// Set a parameter; can be given several times.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) param: Vec<String>,
}

/// How much a task may do unasked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Mode {
    /// Ask before every change.
    Ask,
    /// Change nothing, show what would be done.
    Plan,
    /// Do what can be undone, ask before anything else.
    Auto,
}

impl Mode {
    /// Gives the word for it on the command line and in the settings.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Ask => "ask",
            Self::Plan => "plan",
            Self::Auto => "auto",
        }
    }
}

/// An answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum YesNo {
    /// Do it, once, as it was shown.
    #[value(alias = "yes", alias = "y")]
    Allow,
    /// Do it, and don't ask for the like of it again in this task.
    #[value(alias = "task")]
    AllowTask,
    /// Don't.
    #[value(alias = "no", alias = "n")]
    Deny,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_arguments_are_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn help_names_every_command_and_fits_eighty_columns() {
        for command in Cli::command().get_subcommands() {
            assert!(HELP.contains(&format!("\n  {}", command.get_name())), "{}", command.get_name());
        }
        let wide: Vec<&str> = HELP.lines().filter(|l| l.len() > 80).collect();
        assert!(wide.is_empty(), "{wide:?}");
    }
}
