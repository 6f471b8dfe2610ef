//! Programs that go on while calls come and go, and what they change meanwhile.

use std::{fs, time::Duration};

use cowork_core::{CallId, Exec, ExitKind, Kind, Process, ProcessEvent, Session, Staged, Terminal, Watch};
use cowork_testkit::sandbox::{a_call, put};

use super::{Place, open, told};

/// A shell that goes on, and does what it is told line by line.
struct Program {
    process: Box<dyn Process>,
    call: CallId,
}

impl Program {
    async fn new(session: &dyn Session) -> Self {
        let call = a_call();
        let exec = Exec {
            args: vec!["sh".to_owned()],
            folder: None,
            wall: Duration::from_secs(60),
            input: true,
            terminal: None,
        };
        Self { process: session.exec(call, exec).await.unwrap(), call }
    }

    async fn does(&mut self, line: &str) {
        self.process.write(format!("{line}; echo done\n").as_bytes()).await.unwrap();
        assert_eq!(self.process.next().await.unwrap(), ProcessEvent::Stdout(b"done\n".to_vec()), "{line}");
    }

    /// What it changed so far, under a call of its own.
    async fn stock(&self, session: &dyn Session) -> (CallId, Staged) {
        let call = a_call();
        session.take_stock(call, self.call).await.unwrap();
        (call, session.staged(call).await.unwrap())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_program_that_goes_on_changed_is_taken_over_bit_by_bit() {
    let Place { desk, sandbox, task, session, keep: _keep } = Place::new().await;
    let mut program = Program::new(&*session).await;
    assert_eq!(session.take_stock(a_call(), a_call()).await.unwrap_err().kind, Kind::NotFound);

    program.does("echo three >> poem; mkdir out; echo 1 > out/sums").await;
    let (call, staged) = program.stock(&*session).await;
    assert_eq!(told(&staged), ["Desk/out new", "Desk/out/sums new", "Desk/poem edited"]);
    // What it does after that is no part of it.
    program.does("echo four >> poem; echo 2 > out/sums; rm old").await;
    session.commit(call, Watch::nothing()).await.unwrap();
    assert_eq!(fs::read_to_string(desk.join("poem")).unwrap(), "one\ntwo\nthree\n");
    assert_eq!(fs::read_to_string(desk.join("out/sums")).unwrap(), "1\n");

    // The session goes while somebody is asked; the program does not.
    let (call, staged) = program.stock(&*session).await;
    assert_eq!(told(&staged), ["Desk/old gone", "Desk/out/sums edited", "Desk/poem edited"]);
    drop(session);
    let session = open(&sandbox, task, &desk, true).await;
    session.commit(call, Watch::nothing()).await.unwrap();
    assert_eq!(fs::read_to_string(desk.join("poem")).unwrap(), "one\ntwo\nthree\nfour\n");
    let (_, staged) = program.stock(&*session).await;
    assert!(staged.is_empty() && staged.left_out.is_empty(), "{staged:?}");

    let modes = if super::super::GIVES_PERMISSIONS { "; chmod 600 sums" } else { "" };
    program.does(&format!("mv out/sums sums; rmdir out{modes}")).await;
    let (call, staged) = program.stock(&*session).await;
    let expected = ["Desk/out gone", "Desk/sums from Desk/out/sums", "Desk/sums mode"];
    assert_eq!(told(&staged), expected[..expected.len() - usize::from(modes.is_empty())]);
    session.commit(call, Watch::nothing()).await.unwrap();
    assert_eq!(fs::read_to_string(desk.join("sums")).unwrap(), "2\n");
    assert!(!desk.join("out").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_changed_under_a_program_that_goes_on_stays() {
    let place = Place::new().await;
    let mut program = Program::new(&*place.session).await;
    program.does("echo three >> poem").await;
    let (call, _) = program.stock(&*place.session).await;
    place.session.commit(call, Watch::nothing()).await.unwrap();
    put(&place.desk.join("poem"), "mine\n");
    put(&place.desk.join("old"), "mine too");
    program.does("echo four >> poem; rm old; echo x > in/new").await;
    let (call, staged) = program.stock(&*place.session).await;
    assert_eq!(told(&staged), ["Desk/in/new new"]);
    let left: Vec<_> = staged.left_out.iter().map(|remark| remark.path.as_str()).collect();
    assert_eq!(left, ["Desk/old", "Desk/poem"]);
    place.session.commit(call, Watch::nothing()).await.unwrap();
    assert_eq!((place.text("poem").as_deref(), place.text("old").as_deref()), (Some("mine\n"), Some("mine too")));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_kept_once_does_not_come_again_when_somebody_takes_it_away() {
    let place = Place::new().await;
    let mut program = Program::new(&*place.session).await;
    program.does("echo 1 > sums; mkdir out; echo 2 > out/sums; rm old").await;
    let (call, _) = program.stock(&*place.session).await;
    place.session.commit(call, Watch::nothing()).await.unwrap();
    fs::rename(place.desk.join("sums"), place.desk.join("elsewhere")).unwrap();
    fs::remove_file(place.desk.join("out/sums")).unwrap();
    put(&place.desk.join("old"), "again");
    program.does("true").await;
    let (call, staged) = program.stock(&*place.session).await;
    assert_eq!(told(&staged), [""; 0], "it did nothing");
    // In a copy it does not see what came again, either.
    let left = staged.left_out.iter().map(|remark| remark.path.as_str()).filter(|path| *path != "Desk/old");
    assert_eq!(left.collect::<Vec<_>>(), ["Desk/out/sums", "Desk/sums"], "what it still sees is said");
    place.session.commit(call, Watch::nothing()).await.unwrap();
    // What it does with it from here on counts.
    program.does("echo 3 > sums").await;
    let (_, staged) = program.stock(&*place.session).await;
    assert_eq!(told(&staged), ["Desk/sums new"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_makes_in_its_place_while_it_is_shown_is_theirs() {
    let place = Place::new().await;
    let mut program = Program::new(&*place.session).await;
    program.does("echo program > report").await;
    let (call, _) = program.stock(&*place.session).await;
    put(&place.desk.join("report"), "person\n");
    let changed = place.session.commit(call, Watch::nothing()).await.unwrap();
    assert_eq!((changed.made, changed.otherwise.len()), (0, 1));
    program.does("echo more >> report").await;
    let (call, staged) = program.stock(&*place.session).await;
    assert_eq!(told(&staged), [""; 0]);
    assert_eq!(staged.left_out[0].path.as_str(), "Desk/report");
    place.session.commit(call, Watch::nothing()).await.unwrap();
    assert_eq!(place.text("report").as_deref(), Some("person\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_do_in_the_folder_is_seen_by_a_program_that_goes_on() {
    let place = Place::new().await;
    let mut program = Program::new(&*place.session).await;
    // It may not even have begun.
    program.process.renew().await.unwrap();
    program.does("test \"$(cat poem old in/deep/notes | wc -l)\" -gt 1; ls in > /dev/null; test ! -e later").await;
    // As a file tool does it: another file comes in its place.
    put(&place.desk.join("poem.part"), "mine\n");
    fs::rename(place.desk.join("poem.part"), place.desk.join("poem")).unwrap();
    fs::remove_file(place.desk.join("old")).unwrap();
    put(&place.desk.join("in/fresh"), "x");
    put(&place.desk.join("later"), "y");
    program.process.renew().await.unwrap();
    let line = "echo $(cat poem; ls in; cat later; cat old) 2>&1\n";
    let line =
        if super::super::SEES_OTHERS { line.replace(") 2>&1", " 2>&1)") } else { line.replace("cat later; ", "") };
    program.process.write(line.as_bytes()).await.unwrap();
    let said = program.process.next().await.unwrap();
    // A copy stays what it was.
    let expected = match super::super::SEES_OTHERS {
        true => "mine deep fresh ycat: old: No such file or directory\n",
        false => "one two deep goes away\n",
    };
    assert_eq!(said, ProcessEvent::Stdout(expected.as_bytes().to_vec()));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_at_a_terminal_of_its_own_is_typed_at() {
    let place = Place::new().await;
    let args = ["sh", "-i"].map(str::to_owned).to_vec();
    let terminal = Some(Terminal { columns: 61, rows: 17 });
    let exec = Exec { args, folder: None, wall: Duration::from_secs(30), input: true, terminal };
    let call = a_call();
    let mut process = place.session.exec(call, exec).await.unwrap();
    let mut said = String::new();
    process.write(b"stty size; tty < /dev/null || test -t 0 && echo a $((40+2)); echo x > new\n").await.unwrap();
    until(&mut process, &mut said, "a 42").await;
    assert!(said.contains("17 61"), "{said}");
    // What is typed as an interrupt goes to what runs in front, not to the shell.
    process.write(b"sh -c 'echo c $((40+4)); exec sleep 600'\n").await.unwrap();
    until(&mut process, &mut said, "c 44").await;
    process.write(&[3]).await.unwrap();
    process.write(b"echo b $((40+3))\n").await.unwrap();
    until(&mut process, &mut said, "b 43").await;
    process.write(b"").await.unwrap();
    let exit = loop {
        if let ProcessEvent::Exited(exit) = process.next().await.unwrap() {
            break exit;
        }
    };
    assert!(matches!(exit.how, ExitKind::Code(_)), "{exit:?}");
    assert_eq!(told(&place.session.staged(call).await.unwrap()), ["Desk/new new"]);
}

async fn until(process: &mut Box<dyn Process>, said: &mut String, what: &str) {
    while !said.contains(what) {
        match process.next().await.unwrap() {
            ProcessEvent::Stdout(bytes) => said.push_str(&String::from_utf8_lossy(&bytes)),
            other => panic!("{other:?} after {said}"),
        }
    }
}
