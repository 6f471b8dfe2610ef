//! The shell tool in a task: what a command changed is decided on by itself.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a story that goes wrong ends")]

use std::{fs, path::PathBuf, sync::Arc};

use cowork::{
    Answer, Ask, CallId, Command, CommandId, Cowork, Envelope, Event, HostGrant, Kind, Mode, Outcome, Proposal, Read,
    Status, Submit, Task, TaskId, ThreadId, TokioRuntime,
};
use cowork_testkit::ScriptedPlanner;
use serde_json::{Value, json};
use tempfile::TempDir;

struct Place {
    cowork: Cowork,
    desk: PathBuf,
    data: PathBuf,
    _keep: TempDir,
}

fn script(lines: &[&str]) -> Arc<ScriptedPlanner> {
    let calls = lines.iter().map(|line| Proposal::call("shell", json!({ "command": line })));
    Arc::new(ScriptedPlanner::list(calls))
}

impl Place {
    async fn new(lines: &[&str]) -> Self {
        let keep = TempDir::new().unwrap();
        let (desk, data) = (keep.path().join("Desk"), keep.path().join("data"));
        fs::create_dir(&desk).unwrap();
        fs::write(desk.join("poem"), "two\none\n").unwrap();
        let cowork = Cowork::builder().data_dir(&data).planner(script(lines)).build().await.unwrap();
        Self { cowork, desk, data, _keep: keep }
    }

    async fn submit(&self, mode: Mode) -> TaskId {
        self.submit_with(mode, Vec::new()).await
    }

    async fn submit_with(&self, mode: Mode, hosts: Vec<HostGrant>) -> TaskId {
        let mut submit = Submit::new("Sort it");
        submit.folders.push(cowork::folder(&self.desk).unwrap());
        (submit.mode, submit.hosts) = (mode, hosts);
        self.cowork.submit(ThreadId::named("main"), "test", submit).await.unwrap()
    }

    async fn settled(&self, task: TaskId) -> Task {
        self.cowork.settled(task).await.unwrap()
    }

    /// Waits for the one question of a task.
    async fn ask(&self, task: TaskId) -> Ask {
        assert_eq!(self.settled(task).await.status(), Status::Waiting);
        self.cowork.asks(task).await.unwrap().remove(0)
    }

    async fn answer(&self, ask: &Ask, answer: Answer) {
        let id = CommandId::new(&TokioRuntime::new(tokio::runtime::Handle::current()));
        self.cowork.send(ask.answered(answer, "test", id)).await.unwrap();
    }

    async fn tell(&self, task: TaskId, command: Command) {
        let id = CommandId::new(&TokioRuntime::new(tokio::runtime::Handle::current()));
        let thread = ThreadId::named("main");
        self.cowork.send(Envelope { thread, task, sender: "test".to_owned(), id, command }).await.unwrap();
    }

    fn poem(&self) -> String {
        fs::read_to_string(self.desk.join("poem")).unwrap()
    }

    async fn kinds(&self, task: TaskId) -> Vec<String> {
        let records = self.cowork.read(Read::task(ThreadId::named("main"), task, 0)).await.unwrap();
        let wanted = ["permission_asked", "call_started", "call_held", "call_finished"];
        records
            .iter()
            .map(|record| record.event.kind().to_owned())
            .filter(|kind| wanted.contains(&kind.as_str()))
            .collect()
    }
}

fn outcome(task: &Task) -> Outcome {
    task.turns[0].calls[0].outcome().unwrap().unwrap()
}

fn value(task: &Task) -> Value {
    match outcome(task) {
        Outcome::Done { value, .. } => value,
        other => panic!("{other:?}"),
    }
}

const SORT: &str = "sort -o poem poem && echo said";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn code_is_asked_about_then_what_it_changed_then_it_is_kept_and_can_be_undone() {
    let place = Place::new(&[SORT]).await;
    let task = place.submit(Mode::Ask).await;
    let first = place.ask(task).await;
    assert!(first.effects.code && first.effects.files.is_empty(), "{:?}", first.effects);
    place.answer(&first, Answer::Allow).await;
    let second = place.ask(task).await;
    assert_eq!((second.call.id, second.effects.code), (first.call.id, false));
    assert_eq!(second.effects.files[0].path.as_str(), "Desk/poem");
    assert_eq!(place.poem(), "two\none\n", "asked, and not done");
    // The answer to the first question is none to the second.
    place.answer(&first, Answer::Allow).await;
    assert_eq!(place.settled(task).await.status(), Status::Waiting);
    place.answer(&second, Answer::Allow).await;
    let ended = place.settled(task).await;
    assert_eq!((ended.status(), place.poem().as_str()), (Status::Done, "one\ntwo\n"));
    assert_eq!(value(&ended), json!({ "stdout": "said\n", "stderr": "", "ended": 0, "changed": 1 }));
    let kinds = ["permission_asked", "call_started", "call_held", "permission_asked", "call_started", "call_finished"];
    assert_eq!(place.kinds(task).await, kinds);
    place.tell(task, Command::Undo { paths: Vec::new(), calls: Vec::new() }).await;
    assert_eq!(place.settled(task).await.status(), Status::Undone);
    assert_eq!(place.poem(), "two\none\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_no_to_what_it_changed_keeps_nothing() {
    let place = Place::new(&[SORT]).await;
    let task = place.submit(Mode::Ask).await;
    place.answer(&place.ask(task).await, Answer::AllowTask).await;
    place.answer(&place.ask(task).await, Answer::Deny).await;
    let ended = place.settled(task).await;
    assert_eq!(place.poem(), "two\none\n");
    let Outcome::Denied { reason, .. } = outcome(&ended) else { panic!("{:?}", outcome(&ended)) };
    assert_eq!(reason, "you said no to what it would change, so that nothing of it was kept");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_only_looks_is_not_asked_about_and_leave_for_the_task_covers_what_follows() {
    let place = Place::new(&["cat poem | wc -l", SORT, "rev poem > back; true"]).await;
    let task = place.submit(Mode::Ask).await;
    let ask = place.ask(task).await;
    assert_eq!(value(&place.settled(task).await)["stdout"], "2\n", "the first was not asked about");
    place.answer(&ask, Answer::AllowTask).await;
    place.answer(&place.ask(task).await, Answer::AllowTask).await;
    assert_eq!(place.settled(task).await.status(), Status::Done, "the third was covered");
    assert_eq!(fs::read_to_string(place.desk.join("back")).unwrap(), "eno\nowt\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unasked_it_keeps_what_it_changed_but_never_what_runs_later() {
    let place = Place::new(&[SORT]).await;
    let task = place.submit(Mode::Auto).await;
    assert_eq!((place.settled(task).await.status(), place.poem().as_str()), (Status::Done, "one\ntwo\n"));
    place.cowork.stop().await;
    let cowork =
        Cowork::builder().data_dir(&place.data).planner(script(&["mkdir .vscode; echo {} > .vscode/tasks.json"]));
    let place = Place { cowork: cowork.build().await.unwrap(), ..place };
    let task = place.submit(Mode::Auto).await;
    let ask = place.ask(task).await;
    assert_eq!((ask.rule.as_str(), ask.effects.guarded), ("guarded-names", true));
    place.answer(&ask, Answer::Deny).await;
    place.settled(task).await;
    assert!(!place.desk.join(".vscode").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_plan_mode_only_what_looks_runs() {
    let place = Place::new(&["ls", SORT]).await;
    let task = place.settled(place.submit(Mode::Plan).await).await;
    assert_eq!(value(&task)["stdout"], "poem\n");
    let second = task.turns[1].calls[0].outcome().unwrap().unwrap();
    assert!(matches!(second, Outcome::Withheld { .. }), "{second:?}");
    assert_eq!(place.poem(), "two\none\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_question_outlives_the_program_that_asked_it() {
    let place = Place::new(&[SORT]).await;
    let task = place.submit(Mode::Ask).await;
    place.answer(&place.ask(task).await, Answer::Allow).await;
    let ask = place.ask(task).await;
    place.cowork.stop().await;
    let cowork = Cowork::builder().data_dir(&place.data).planner(script(&[SORT])).build().await.unwrap();
    let place = Place { cowork, ..place };
    place.answer(&ask, Answer::Allow).await;
    assert_eq!((place.settled(task).await.status(), place.poem().as_str()), (Status::Done, "one\ntwo\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_task_ends_its_command_and_keeps_nothing_of_it() {
    let place = Place::new(&["echo x > poem; sleep 60"]).await;
    let task = place.submit(Mode::Auto).await;
    let mut events = place.cowork.events(ThreadId::named("main"), 0);
    loop {
        let Some(Ok(cowork::Item::Record(record))) = events.next().await else { continue };
        if matches!(&*record.event.event().unwrap(), Event::CallStarted { .. }) {
            break;
        }
    }
    let id = CommandId::new(&TokioRuntime::new(tokio::runtime::Handle::current()));
    let thread = ThreadId::named("main");
    place
        .cowork
        .send(Envelope { thread, task, sender: "test".to_owned(), id, command: Command::Cancel })
        .await
        .unwrap();
    assert_eq!(place.settled(task).await.status(), Status::Cancelled);
    assert_eq!(place.poem(), "two\none\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_reaches_the_hosts_that_were_granted_and_it_is_told_which() {
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = server.local_addr().unwrap().port();
    std::thread::spawn(move || {
        use std::io::{Read, Write};
        let (mut stream, _) = server.accept().unwrap();
        let mut head = [0; 4096];
        _ = stream.read(&mut head).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello").unwrap();
    });
    let line = format!("curl -sS http://127.0.0.1:{port}/a; curl -sS -o /dev/null http://127.0.0.1:{}/b", port ^ 1);
    let place = Place::new(&[&line]).await;
    let grant = HostGrant { host: "127.0.0.1".to_owned(), port: Some(port), private: true, ..HostGrant::default() };
    let task = place.settled(place.submit_with(Mode::Auto, vec![grant]).await).await;
    let value = value(&task);
    assert_eq!(value["stdout"], "hello", "{value}");
    let visits: Vec<(bool, u64)> = value["network"]
        .as_array()
        .unwrap()
        .iter()
        .map(|v| (v["allowed"] == true, v["port"].as_u64().unwrap()))
        .collect();
    assert_eq!(visits, [(true, u64::from(port)), (false, u64::from(port ^ 1))]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_sent_to_a_granted_host_gets_a_credential_that_no_command_has() {
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = server.local_addr().unwrap().port();
    let asked = std::thread::spawn(move || {
        use std::io::{Read, Write};
        let (mut stream, _) = server.accept().unwrap();
        let mut head = [0; 4096];
        let length = stream.read(&mut head).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok").unwrap();
        String::from_utf8_lossy(&head[..length]).to_lowercase()
    });
    let place = Place::new(&[]).await;
    place.cowork.stop().await;
    let line = format!("env | grep -c s3cr3t; curl -sS -H 'Authorization: Bearer mine' http://127.0.0.1:{port}/a");
    let secret = cowork::sandbox::egress::Credential::bearer("s3cr3t").unwrap();
    let cowork = Cowork::builder().data_dir(&place.data).planner(script(&[&line])).credential("forge", secret);
    let place = Place { cowork: cowork.build().await.unwrap(), ..place };
    let grant = HostGrant {
        host: "127.0.0.1".to_owned(),
        port: Some(port),
        private: true,
        credential: Some("forge".to_owned()),
        ..HostGrant::default()
    };
    let task = place.settled(place.submit_with(Mode::Auto, vec![grant.clone()]).await).await;
    assert_eq!(value(&task)["stdout"], "0\nok");
    let head = asked.join().unwrap();
    assert!(head.contains("authorization: bearer s3cr3t") && !head.contains("mine"), "{head}");

    // One that nobody holds reaches nothing.
    let other = HostGrant { credential: Some("other".to_owned()), ..grant };
    let task = place.settled(place.submit_with(Mode::Auto, vec![other]).await).await;
    let Outcome::Failed { error } = outcome(&task) else { panic!("{:?}", outcome(&task)) };
    assert!(error.message.contains("\"other\" is not held"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_needs_a_folder() {
    let place = Place::new(&["ls"]).await;
    let task = place.cowork.submit(ThreadId::named("main"), "test", Submit::new("List")).await.unwrap();
    let ended = place.settled(task).await;
    let Outcome::Failed { error } = outcome(&ended) else { panic!("{:?}", outcome(&ended)) };
    assert_eq!(error.kind, Kind::NotAllowed);
    let _: CallId = ended.turns[0].calls[0].id;
}

/// Says yes to whatever it is asked, at once.
struct Yes;

#[cowork::async_trait]
impl cowork::Approver for Yes {
    async fn answer(&self, _: Ask) -> Option<Answer> {
        Some(Answer::Allow)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_approver_is_asked_both_questions_of_a_call() {
    for _ in 0..20 {
        let place = Place::new(&[]).await;
        place.cowork.stop().await;
        let cowork = Cowork::builder().data_dir(&place.data).planner(script(&[SORT])).approver(Arc::new(Yes));
        let place = Place { cowork: cowork.build().await.unwrap(), ..place };
        let task = place.submit(Mode::Ask).await;
        let mut events = place.cowork.events(ThreadId::named("main"), 0);
        while let Some(Ok(item)) = events.next().await {
            let cowork::Item::Record(record) = item else { continue };
            if record.task == Some(task) && matches!(&*record.event.event().unwrap(), Event::TaskFinished { .. }) {
                break;
            }
        }
        assert_eq!(place.poem(), "one\ntwo\n");
    }
}
