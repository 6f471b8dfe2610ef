//! What the steps of `cowork init` share: the questions, what is set, what will be written.

use std::{collections::BTreeMap, io::stdin, path::PathBuf};

use cowork::models::{Secret, local::Server};

use crate::{
    args::Mode,
    config::{self, Config, Edit},
    fail::Fail,
    look::Look,
    models::keys,
    out::Out,
    render::{
        line::{Line, Role},
        text::{visible, wrap},
    },
};

/// How it goes on after a step.
pub(super) enum Flow {
    Next,
    Leave,
}

/// What was typed.
pub(super) enum Typed {
    /// Nothing: what is shown is right.
    Keep,
    Skip,
    Leave,
    Text(String),
}

/// The guide on its way through the steps. Nothing is written before its end.
pub(super) struct Guide {
    /// Whether nothing is asked.
    pub(super) yes: bool,
    pub(super) look: Look,
    pub(super) config: Config,
    edit: Edit,
    out: Out,
    files: Vec<(PathBuf, Vec<u8>, &'static str)>,
    touched: bool,
    /// The servers of models that run on this computer.
    pub(super) servers: Vec<Server>,
    keys: Vec<(String, Secret)>,
}

impl Guide {
    /// Begins with what is set now.
    pub(super) fn begin(yes: bool, look: Look, servers: Vec<Server>) -> Result<Self, Fail> {
        let (config, edit) = (Config::load()?, Edit::open()?);
        let (out, files, keys) = (Out::default(), Vec::new(), Vec::new());
        Ok(Self { yes, look, config, edit, out, files, touched: false, servers, keys })
    }

    /// Says something, in as many lines as it takes.
    pub(super) fn say(&mut self, text: &str) {
        let room = self.look.columns().saturating_sub(4);
        let mut lines: Vec<Line> =
            wrap(&visible(text), room).into_iter().map(|l| Line::margin().add(Role::Plain, l)).collect();
        if lines.is_empty() {
            lines.push(Line::default());
        }
        self.out.lines(&lines, &self.look);
    }

    /// Says what the step is about.
    pub(super) fn title(&mut self, text: &str) {
        self.out.lines(&[Line::default(), Line::margin().add(Role::Strong, text)], &self.look);
    }

    /// Asks, and reads a line. That no more can come is a leave.
    pub(super) fn ask(&mut self, question: &str) -> Typed {
        self.say(question);
        self.prompt();
        let mut line = String::new();
        match stdin().read_line(&mut line) {
            Ok(0) | Err(_) => return Typed::Leave,
            Ok(_) => {}
        }
        match line.trim() {
            "" => Typed::Keep,
            "s" | "S" => Typed::Skip,
            "q" | "Q" => Typed::Leave,
            text => Typed::Text(text.to_owned()),
        }
    }

    /// Shows where is typed.
    pub(super) fn prompt(&mut self) {
        self.out.text("  > ");
    }

    /// Sets the model that does what no playbook does.
    pub(super) fn set_model(&mut self, name: Option<String>) {
        self.edit.set_model(name.as_deref());
        self.config.model = name;
        self.touched = true;
    }

    /// Has a key kept at the end.
    pub(super) fn keep(&mut self, name: String, key: Secret) {
        self.keys.push((name, key));
    }

    /// Gives the folders as they will be.
    pub(super) fn folders(&self) -> &BTreeMap<String, String> {
        &self.config.folders
    }

    /// Sets the folders.
    pub(super) fn set_folders(&mut self, folders: BTreeMap<String, String>) {
        self.edit.set_folders(&folders);
        self.config.folders = folders;
        self.touched = true;
    }

    /// Sets how much a task may do unasked.
    pub(super) fn set_mode(&mut self, mode: Mode) {
        self.edit.set_mode(mode);
        self.config.mode = Some(mode);
        self.touched = true;
    }

    /// Takes back what was allowed for good where it is not kept.
    pub(super) fn keep_always(&mut self, kept: &[bool]) {
        let gone = |index: usize| kept.get(index) == Some(&false);
        self.edit.forget(gone);
        let all = std::mem::take(&mut self.config.always).into_iter().enumerate();
        self.config.always = all.filter(|(index, _)| !gone(*index)).map(|(_, rule)| rule).collect();
        self.touched = true;
    }

    /// Has a file written at the end; `what` says what it is.
    pub(super) fn write(&mut self, path: PathBuf, bytes: Vec<u8>, what: &'static str) {
        self.files.push((path, bytes, what));
    }

    /// Writes all that is to be, and gives what was written.
    pub(super) fn finish(self) -> Result<Vec<(String, &'static str)>, Fail> {
        let mut wrote = Vec::new();
        if self.touched {
            wrote.push((self.edit.save()?.display().to_string(), "your settings"));
        }
        for (name, key) in self.keys {
            wrote.push((keys().keep(&name, &key, false)?.to_string(), "the key"));
        }
        for (path, bytes, what) in self.files {
            config::write(&path, &bytes)?;
            wrote.push((path.display().to_string(), what));
        }
        Ok(wrote)
    }
}
