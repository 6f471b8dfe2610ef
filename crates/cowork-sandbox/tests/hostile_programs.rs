//! Programs that try to get out of a session, or to leave something behind: what each must come to says `hostile/list.txt`.
//!
//! Each is run by a session, then what it changed is discarded (`staged`), and once more, then committed and undone (`rw`); all of it as
//! whoever runs the tests, and as a user without privileges. What the host has meanwhile, and how it is looked at: `hostile_programs/host.rs`.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at what should not be")]

#[path = "hostile_programs/host.rs"]
mod host;
#[path = "hostile_programs/listed.rs"]
mod listed;
#[path = "hostile_programs/special.rs"]
mod special;

use std::{
    fs,
    os::unix::fs::{PermissionsExt, chown},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use cowork_core::{
    Access, CallId, Exec, Exit, ProcessEvent, Result, Sandbox, Session, SessionSpec, TaskId, UndoSpec, Watch,
};
use cowork_sandbox::{
    LocalSandbox, LocalSandboxOptions,
    confine::{Confinement, Options, Tier},
};
use cowork_testkit::sandbox::{Tree, a_call, a_task, grant, tree};
use tempfile::TempDir;

use host::Host;
use listed::{Program, limits};

/// Where the programs are, for the process in which they are run.
const WITHIN: &str = "COWORK_TEST_HOSTILE";
/// In which tier they are run: its number.
const TIER: &str = "COWORK_TEST_HOSTILE_TIER";
/// A file in the root of a world that is thrown away.
const THROWN_AWAY: &str = "/.thrown-away";
/// Whoever has no privileges.
const NOBODY: u32 = 65_534;
/// How much of what a program says is kept, in bytes.
const KEPT: usize = 256 << 10;

#[test]
fn no_program_gets_out() {
    run_all(rustix::process::geteuid().as_raw(), Tier::Namespaces);
}

#[test]
fn no_program_of_a_user_without_privileges_gets_out() {
    if rustix::process::geteuid().is_root() {
        run_all(NOBODY, Tier::Namespaces);
    }
}

#[test]
fn no_program_gets_out_of_what_bubblewrap_made() {
    run_all(rustix::process::geteuid().as_raw(), Tier::Bubblewrap);
}

#[test]
fn no_program_of_a_user_without_privileges_gets_out_of_what_bubblewrap_made() {
    if rustix::process::geteuid().is_root() {
        run_all(NOBODY, Tier::Bubblewrap);
    }
}

/// Where there are no namespaces, what a program reaches is this computer's own: as root it is tried only in a world that is thrown away.
#[test]
fn no_program_gets_out_of_landlock_and_filters() {
    if !Path::new(THROWN_AWAY).exists() {
        println!("left out: no file says that this world is thrown away; `cargo xtask soak planted` makes one");
        return;
    }
    run_all(rustix::process::geteuid().as_raw(), Tier::Landlock);
}

#[test]
fn no_program_of_a_user_without_privileges_gets_out_of_landlock_and_filters() {
    let user = rustix::process::geteuid();
    run_all(if user.is_root() { NOBODY } else { user.as_raw() }, Tier::Landlock);
}

/// In which tier programs are run, in the process that was made for it.
fn tier() -> Tier {
    match std::env::var(TIER).as_deref() {
        Ok("2") => Tier::Bubblewrap,
        Ok("3") => Tier::Landlock,
        _ => Tier::Namespaces,
    }
}

fn options() -> Options {
    let all = Options { namespaces: tier() == Tier::Namespaces, ..Options::default() };
    if tier() == Tier::Landlock { Options { bubblewrap: None, ..all } } else { all }
}

/// Gives where the programs are, as they are called inside.
fn inside(programs: &Path) -> String {
    if tier() == Tier::Landlock { programs.display().to_string() } else { "/work/Programs".to_owned() }
}

/// Runs the programs in a process of its own, in whose environment is what must not get in.
fn run_all(user: u32, tier: Tier) {
    if std::env::var_os(WITHIN).is_some() || !listed::can_be_tried(tier) {
        return;
    }
    // One after the other: a program that is being written can't be executed while somebody else forks.
    static MAKING: Mutex<()> = Mutex::new(());
    let making = MAKING.lock();
    let folder = TempDir::with_prefix_in("cowork-hostile-", "/tmp").unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let programs = folder.path().join("programs");
    listed::compile(&programs);
    strange(folder.path(), user);
    let copy = folder.path().join("tests");
    fs::copy("/proc/self/exe", &copy).unwrap();
    let mut command = match user == rustix::process::geteuid().as_raw() {
        true => Command::new(&copy),
        false => {
            let mut command = Command::new("setpriv");
            command
                .args([format!("--reuid={user}"), format!("--regid={user}"), "--clear-groups".to_owned()])
                .arg(&copy);
            command
        }
    };
    let temporary = folder.path().join("tmp");
    fs::create_dir(&temporary).unwrap();
    fs::set_permissions(&temporary, fs::Permissions::from_mode(0o777)).unwrap();
    command.args(["--exact", "here", "--nocapture"]).envs(host::ENVIRONMENT);
    command.env(WITHIN, folder.path()).env("TMPDIR", &temporary).current_dir(&temporary);
    command.env(TIER, (tier as u32).to_string());
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(making);
    let came = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&came.stdout);
    println!("as user {user}, {tier:?}:\n{said}");
    assert!(came.status.success(), "{}", String::from_utf8_lossy(&came.stderr));
    assert!(said.contains(" passed, 0 failed"), "none were run");
}

/// Lays files of groups and users that are not known inside, where that may be done.
fn strange(folder: &Path, user: u32) {
    for way in Way::ALL {
        let at = folder.join(format!("strange-{}", way.name()));
        fs::create_dir(&at).unwrap();
        if rustix::process::geteuid().is_root() {
            for (name, owner, group) in [("group", user, 23_456), ("both", 12_345, 23_456)] {
                let file = at.join(format!("strange-{name}"));
                fs::write(&file, "what was in it\n").unwrap();
                fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).unwrap();
                chown(&file, Some(owner), Some(group)).unwrap();
            }
            chown(&at, Some(user), Some(user)).unwrap();
        }
    }
}

/// What becomes of what a program changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// It is discarded.
    Staged,
    /// It is committed, then undone.
    Committed,
}

impl Way {
    const ALL: [Self; 2] = [Self::Staged, Self::Committed];

    fn name(self) -> &'static str {
        match self {
            Self::Staged => "staged",
            Self::Committed => "rw",
        }
    }
}

/// Runs them all, in the process that was made for it.
#[test]
fn here() {
    let Some(folder) = std::env::var_os(WITHIN).map(PathBuf::from) else { return };
    if special::is_host() {
        return;
    }
    let mut host = Host::new(&folder);
    let sandbox = LocalSandbox::open(LocalSandboxOptions {
        data: host.data.clone(),
        limits: limits(),
        confinement: options(),
        ..LocalSandboxOptions::default()
    });
    let enforcement = Confinement::with(&options()).unwrap().probe().clone();
    assert_eq!(enforcement.tier, tier());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut failed = Vec::new();
    let mut passed = 0;
    let mut note = |what: String, (faults, remark): (Vec<String>, String)| {
        println!("{} {what} {remark}", if faults.is_empty() { "held" } else { "FAILED" });
        match faults.is_empty() {
            true => passed += 1,
            false => failed.push(format!("{what}\n    {}", faults.join("\n    "))),
        }
    };
    for program in listed::all().iter().filter(|program| !program.is_special()) {
        for way in Way::ALL {
            let tried = runtime.block_on(tried(&sandbox, &host, program, way));
            note(format!("{} {} {}", program.numbers, program.file, way.name()), tried);
        }
    }
    note("37 terminals.c at a terminal".to_owned(), (special::at_a_terminal(&host), String::new()));
    note("50 outlives.sh kept".to_owned(), (special::outlives(&host), String::new()));
    note("43 files without a name".to_owned(), (special::files_without_a_name(), String::new()));
    note("55 the host's queues".to_owned(), (host.ends(), String::new()));
    failed.iter().for_each(|failure| println!("\n{failure}"));
    let not_claimed = host.not_claimed.take();
    let wrongly = not_claimed.iter().filter(|(feature, _)| enforcement.has(*feature));
    failed.extend(wrongly.map(|(feature, line)| format!("{} is claimed: {line}", feature.name())));
    not_claimed.iter().for_each(|(feature, line)| println!("not claimed ({}): {line}", feature.name()));
    println!("\n{passed} passed, {} failed; {} attempts not claimed", failed.len(), not_claimed.len());
    assert!(failed.is_empty());
}

/// What came of a program.
struct Came {
    end: Result<Exit>,
    said: String,
    took: Duration,
}

/// Runs a program in one of the ways; gives what was wrong, and a remark.
async fn tried(sandbox: &LocalSandbox, host: &Host, program: &Program, way: Way) -> (Vec<String>, String) {
    let desk = host.desk(program, way);
    let (task, call) = (a_task(), a_call());
    let before = tree(&desk);
    let memory = host::own_memory();
    let session = open(sandbox, task, &desk, &host.programs).await;
    let others = program.is_bomb().then(|| std::thread::spawn(starts_programs));
    let came = run(&*session, call, program.args(&inside(&host.programs), &host.marker()), program.wall()).await;
    let mut faults = program.judge(&came.end, &came.said, came.took, &mut host.not_claimed.borrow_mut());
    if others.is_some_and(|others| !others.join().unwrap()) {
        faults.push("the host could not start programs meanwhile".to_owned());
    }
    if host::own_memory() > memory + (32 << 20) {
        faults.push(format!("the host's memory grew from {memory} to {} bytes", host::own_memory()));
    }
    faults.extend(host.faults());
    let after = settle(sandbox, session, (task, call), (&desk, &before, way)).await;
    faults.extend(after);
    // What was committed may have done what staged it did not.
    faults.extend(host.faults());
    let remark = format!("{:?}, {} ms", came.end.as_ref().map(|exit| &exit.how), came.took.as_millis());
    if !faults.is_empty() {
        faults.push(format!("it said: {}", came.said.escape_debug().to_string().replace("\\n", "\n    ")));
    }
    fs::remove_dir_all(&desk).unwrap();
    (faults, remark)
}

/// Discards, or commits and undoes, what a program changed, and looks at the folder; the session has to go on all the while.
async fn settle(
    sandbox: &LocalSandbox,
    session: Arc<dyn Session>,
    (task, call): (TaskId, CallId),
    (desk, before, way): (&Path, &Tree, Way),
) -> Vec<String> {
    let mut faults = Vec::new();
    let shown = match session.staged(call).await {
        Ok(shown) => shown,
        Err(error) => return vec![format!("what it changed can't be told: {error}")],
    };
    let after = shown.changes.changes.iter().filter_map(|change| Some((&change.path, change.after.as_ref()?)));
    faults
        .extend(after.filter(|(_, side)| side.mode & 0o6000 != 0).map(|(path, _)| format!("{path} becomes its owner")));
    if tree(desk) != *before {
        faults.push("the folder was changed before anything was committed".to_owned());
    }
    let again = run(&*session, a_call(), ["sh", "-c", "echo fine"].map(str::to_owned).to_vec(), listed::WALL).await;
    if again.said != "fine\n" {
        faults.push(format!("the next command did not run: {:?} {}", again.end, again.said));
    }
    match way {
        Way::Staged => faults.extend(session.discard(call).await.err().map(|error| error.to_string())),
        Way::Committed => {
            faults.extend(session.commit(call, Watch::nothing()).await.err().map(|error| error.to_string()));
            faults.extend(host::came_out(desk, before));
            drop(session);
            if !shown.is_empty() {
                faults.extend(sandbox.undo(task, UndoSpec::all()).await.err().map(|error| error.to_string()));
            }
        }
    }
    let now = tree(desk);
    let names = before.keys().chain(now.keys()).filter(|name| before.get(*name) != now.get(*name));
    faults.extend(names.map(|name| format!("the folder is not as it was: {}", name.display())));
    faults
}

/// Says whether programs can be started in good time.
fn starts_programs() -> bool {
    (0..8).all(|_| {
        let begun = Instant::now();
        Command::new("true").output().is_ok_and(|out| out.status.success()) && begun.elapsed() < Duration::from_secs(10)
    })
}

async fn open(sandbox: &LocalSandbox, task: TaskId, desk: &Path, programs: &Path) -> Arc<dyn Session> {
    let folders = vec![grant("Desk", desk, Access::Write), grant("Programs", programs, Access::Read)];
    sandbox.open(SessionSpec { task, folders, hosts: Vec::new(), resumed: false }).await.unwrap()
}

async fn run(session: &dyn Session, call: CallId, args: Vec<String>, wall: Duration) -> Came {
    let begun = Instant::now();
    let mut said = Vec::new();
    let end = async {
        let mut process = session.exec(call, Exec { args, folder: None, wall, input: false, terminal: None }).await?;
        loop {
            match process.next().await? {
                ProcessEvent::Stdout(bytes) | ProcessEvent::Stderr(bytes) => {
                    let room = KEPT.saturating_sub(said.len());
                    said.extend_from_slice(&bytes[..bytes.len().min(room)]);
                }
                ProcessEvent::Exited(exit) => return Ok(exit),
            }
        }
    };
    let end = end.await;
    Came { end, said: String::from_utf8_lossy(&said).into_owned(), took: begun.elapsed() }
}
