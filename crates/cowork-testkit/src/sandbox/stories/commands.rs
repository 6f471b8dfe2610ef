//! Commands: what they see, what becomes of what they change, and how they end.

use std::{sync::Arc, time::Duration};

use cowork_core::{
    Access, CallId, Exec, ExecLimits, Exit, ExitKind, Kind, ProcessEvent, Result, Session, SessionSpec, Staged,
    UndoSpec, Watch,
};

use crate::{
    sandbox::{Bench, a_call, a_task, grant, path, put},
    tell::soon,
};

/// What a command said, and complained, and how it ended.
struct Came {
    said: String,
    complained: String,
    exit: Exit,
}

fn shell(line: &str) -> Exec {
    let args = ["sh", "-c", line].map(str::to_owned).to_vec();
    Exec { args, folder: None, wall: Duration::from_secs(30), input: false, terminal: None }
}

async fn ran(session: &Arc<dyn Session>, call: CallId, exec: Exec) -> Result<Came> {
    let mut process = session.exec(call, exec).await?;
    let (mut said, mut complained) = (Vec::new(), Vec::new());
    let exit = loop {
        match soon("a command", process.next()).await? {
            ProcessEvent::Stdout(bytes) => said.extend(bytes),
            ProcessEvent::Stderr(bytes) => complained.extend(bytes),
            ProcessEvent::Exited(exit) => break exit,
        }
    };
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("it says text");
    Ok(Came { said: text(said), complained: text(complained), exit })
}

/// Runs a line that has to end well; gives what it changed.
async fn changed(session: &Arc<dyn Session>, line: &str) -> (CallId, Staged) {
    let call = a_call();
    let came = ran(session, call, shell(line)).await.expect("it can be run");
    assert!(came.exit.is_success(), "{line}: {:?} {}", came.exit, came.complained);
    (call, session.staged(call).await.expect("it has ended"))
}

fn paths(staged: &Staged) -> Vec<&str> {
    staged.changes.changes.iter().map(|change| change.path.as_str()).collect()
}

/// It begins in the first folder, or where it is told to; its streams are told apart, and how it ended is told.
pub async fn a_command_is_run_and_told_how_it_ended(bench: Bench) {
    bench.put("poem", "one\n");
    bench.put("in/note", "two\n");
    let session = bench.open(a_task()).await;
    let came = ran(&session, a_call(), shell("cat poem; echo trouble >&2; exit 7")).await.expect("it can be run");
    assert_eq!((came.said.as_str(), came.complained.as_str()), ("one\n", "trouble\n"));
    assert_eq!(came.exit.how, ExitKind::Code(7));
    let below = Exec { folder: Some(path("F/in")), ..shell("cat note; kill -9 $$") };
    let came = ran(&session, a_call(), below).await.expect("it can be run");
    assert_eq!((came.said.as_str(), came.exit.how), ("two\n", ExitKind::Signal(9)));
    let none = Exec { args: vec!["no-such-program".to_owned()], ..shell("") };
    assert_eq!(ran(&session, a_call(), none).await.err().map(|e| e.kind), Some(Kind::NotFound));
    let nowhere = Exec { folder: Some(path("F/none")), ..shell("true") };
    assert_eq!(ran(&session, a_call(), nowhere).await.err().map(|e| e.kind), Some(Kind::NotFound));
}

/// What it changed is shown, then made, then given back.
pub async fn what_a_command_changed_is_held_back_then_made_then_given_back(bench: Bench) {
    bench.put("poem", "one\n");
    bench.put("old", "goes");
    bench.put("in/note", "a note that is long enough to be known again");
    let (task, before) = (a_task(), bench.tree());
    let session = bench.open(task).await;
    let (call, staged) =
        changed(&session, "echo two >> poem; rm old; mv in/note note; mkdir new; echo x > new/file").await;
    assert_eq!(paths(&staged), ["F/new", "F/new/file", "F/note", "F/old", "F/poem"]);
    assert_eq!((staged.guarded.len(), staged.left_out.len()), (0, 0));
    assert_eq!(bench.tree(), before, "shown, and not done");
    let made = session.commit(call, Watch::nothing()).await.expect("it can be made");
    assert_eq!(made.otherwise, []);
    let text = |name: &str| std::fs::read_to_string(bench.folder.join(name)).ok();
    assert_eq!(text("poem").as_deref(), Some("one\ntwo\n"));
    assert_eq!((text("old"), text("new/file").as_deref()), (None, Some("x\n")));
    assert_eq!(session.commit(call, Watch::nothing()).await.expect("it is told again"), made);
    assert_eq!(session.staged(call).await.err().map(|e| e.kind), Some(Kind::NotFound));
    drop(session);
    let report = bench.sandbox.undo(task, UndoSpec::all()).await.expect("nobody is at it");
    assert_eq!((report.kept, bench.tree()), (vec![], before));
}

/// What is discarded leaves no trace, and the next command does not see it.
pub async fn what_a_command_changed_and_is_discarded_never_was(bench: Bench) {
    bench.put("poem", "one\n");
    let before = bench.tree();
    let session = bench.open(a_task()).await;
    let (call, staged) = changed(&session, "rm poem; mkdir -p a/b; echo x > a/b/c").await;
    assert_eq!(paths(&staged), ["F/a", "F/a/b", "F/a/b/c", "F/poem"]);
    session.discard(call).await.expect("it can be let go");
    assert_eq!(session.staged(call).await.err().map(|e| e.kind), Some(Kind::NotFound));
    let (_, staged) = changed(&session, "test -f poem && test ! -e a && touch poem").await;
    assert!(staged.is_empty(), "{staged:?}");
    assert_eq!(bench.tree(), before);
}

/// What somebody changes while a command's changes wait stays, and what runs later unseen is named.
pub async fn what_somebody_else_changed_stays_and_what_runs_later_is_named(bench: Bench) {
    bench.put("mine", "one\n");
    bench.put("theirs", "one\n");
    let session = bench.open(a_task()).await;
    let line =
        "echo two >> mine; echo two >> theirs; mkdir -p .git/hooks; echo x > .git/hooks/pre-commit; ln -s /etc out";
    let (call, staged) = changed(&session, line).await;
    let guarded: Vec<&str> = staged.guarded.iter().map(|remark| remark.path.as_str()).collect();
    assert_eq!(guarded, ["F/.git/hooks/pre-commit"]);
    std::fs::write(bench.folder.join("theirs"), "something else\n").expect("a person");
    let made = session.commit(call, Watch::nothing()).await.expect("it can be made");
    let mut left: Vec<&str> = made.otherwise.iter().map(|otherwise| otherwise.path.as_str()).collect();
    left.sort_unstable();
    assert_eq!(left, ["F/out", "F/theirs"]);
    let text = |name: &str| std::fs::read_to_string(bench.folder.join(name)).expect("it is there");
    assert_eq!((text("mine"), text("theirs")), ("one\ntwo\n".to_owned(), "something else\n".to_owned()));
}

/// What was not granted is neither read nor changed; what was granted for reading is not changed.
pub async fn a_command_reads_and_changes_what_was_granted_and_nothing_else(bench: Bench) {
    let beside = bench.folder.with_file_name("beside");
    let (secret, book) = (beside.join("secret"), bench.folder.with_file_name("library").join("book"));
    put(&secret, "hidden");
    put(&book, "read me");
    let folders =
        vec![bench.grant(Access::Write), grant("L", book.parent().expect("it lies in a folder"), Access::Read)];
    let spec = SessionSpec { task: a_task(), folders, hosts: Vec::new(), resumed: false };
    let session = bench.sandbox.open(spec).await.expect("they are free");
    let book = Exec { folder: Some(path("L")), ..shell("cat book") };
    assert_eq!(ran(&session, a_call(), book).await.expect("it can be run").said, "read me");
    let secret = secret.display();
    for (folder, line) in [
        ("F", format!("cat {secret}")),
        ("F", format!("cp {secret} here")),
        ("F", format!("echo x >> {secret}")),
        ("F", format!("mv {secret} here")),
        ("F", "cat /etc/shadow".to_owned()),
        ("F", "ls /root".to_owned()),
        ("F", "cat /proc/1/environ".to_owned()),
        ("F", format!("kill -9 {}", std::process::id())),
        ("L", "echo x >> book".to_owned()),
        ("L", "rm book".to_owned()),
        ("L", "echo x > new".to_owned()),
    ] {
        let exec = Exec { folder: Some(path(folder)), ..shell(&line) };
        let came = ran(&session, a_call(), exec).await.expect("it can be run");
        assert!(!came.exit.is_success() && !came.said.contains("hidden"), "{line}: {}", came.said);
    }
    let near =
        |at: &std::path::Path| crate::sandbox::tree(at).into_values().map(|node| node.content).collect::<Vec<_>>();
    assert_eq!(near(&beside), [vec![], b"hidden".to_vec()]);
    assert_eq!(near(&bench.folder.with_file_name("library")), [vec![], b"read me".to_vec()]);
}

/// It ends with its time, with who holds it, and all that it started ends with it.
pub async fn a_command_ends_with_its_time_and_with_all_that_it_started(bench: Bench) {
    let session = bench.open(a_task()).await;
    // What was left behind holds the streams: they end only with it.
    let leaves = "setsid sh -c 'trap \"\" TERM HUP; sleep 600' & echo left";
    let came = ran(&session, a_call(), shell(leaves)).await.expect("it can be run");
    assert_eq!((came.said.as_str(), came.exit.how), ("left\n", ExitKind::Code(0)));
    let late = Exec { wall: Duration::from_millis(300), ..shell(&format!("{leaves}; sleep 600")) };
    let came = ran(&session, a_call(), late).await.expect("it can be run");
    assert_eq!((came.said.as_str(), came.exit.how), ("left\n", ExitKind::TimedOut));
    let call = a_call();
    let mut process = session.exec(call, shell("echo x > new; echo begun; sleep 600")).await.expect("it can be run");
    assert_eq!(soon("a command", process.next()).await.expect("it runs"), ProcessEvent::Stdout(b"begun\n".to_vec()));
    assert_eq!(session.staged(call).await.err().map(|e| e.kind), Some(Kind::Busy));
    drop(process);
    let kept = loop {
        match session.staged(call).await {
            Err(e) if e.kind == Kind::Busy => tokio::task::yield_now().await,
            kept => break kept,
        }
    };
    assert_eq!(kept.err().map(|e| e.kind), Some(Kind::NotFound), "nobody waited for it");
}

/// It may use what the sandbox lets it use, and reaches no network that was not granted.
pub async fn a_command_is_held_to_its_limits_and_reaches_no_network(bench: Bench) {
    let session = bench.open(a_task()).await;
    let came = ran(&session, a_call(), shell("ulimit -n; ulimit -c")).await.expect("it can be run");
    let open: u64 = came.said.lines().next().and_then(|line| line.parse().ok()).expect("a number");
    assert!((16..=ExecLimits::default().open).contains(&open), "{}", came.said);
    assert_eq!(came.said.lines().nth(1), Some("0"));
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("there is a loopback");
    listener.set_nonblocking(true).expect("it can be asked");
    let port = listener.local_addr().expect("it listens").port();
    let line = format!("bash -c 'echo x > /dev/tcp/127.0.0.1/{port}'");
    let came = ran(&session, a_call(), shell(&line)).await.expect("it can be run");
    assert!(!came.exit.is_success(), "{}", came.said);
    assert!(listener.accept().is_err(), "nobody called");
}
