//! The stories, told one after the other.

use std::{
    fs,
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use cowork::{
    Answer, Command, CommandId, Cowork, Envelope, ExitKind, Finish, Kind, Mode, Outcome, ProcessEvent, Sandbox, Status,
    Submit, Task, TaskId, ThreadId, TokioRuntime, Worker,
    sandbox::{LocalSandbox, LocalSandboxOptions},
};
use cowork_testkit::{ScriptedModel, model::Reply};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

/// Tells those whose names hold the first of these words, or all.
pub(super) fn all(args: &[String]) -> ExitCode {
    let wanted = args.iter().find(|arg| !arg.starts_with('-')).map_or("", String::as_str);
    let mut failed = 0;
    for (name, story) in STORIES.iter().filter(|(name, _)| name.contains(wanted)) {
        let is_well = std::panic::catch_unwind(story).is_ok();
        println!("test {name} ... {}", if is_well { "ok" } else { "FAILED" });
        failed += u8::from(!is_well);
    }
    println!("\ntest result: {}", if failed == 0 { "ok" } else { "FAILED" });
    ExitCode::from(failed)
}

type Story = (&'static str, fn());

macro_rules! stories {
    ($($name:ident),* $(,)?) => { &[$((stringify!($name), $name)),*] };
}

const STORIES: &[Story] = stories![
    a_worker_sees_no_file_of_the_host_no_network_and_starts_nothing,
    a_worker_that_aborts_is_heard_of_and_takes_nothing_with_it,
    a_worker_that_takes_more_memory_than_it_may_ends,
    a_worker_that_takes_more_time_than_it_may_ends,
    a_worker_that_is_dropped_ends,
    a_worker_that_is_ended_tells_its_end,
    a_program_that_is_not_there_is_said_to_be_so,
    where_nothing_holds_its_signals_back_there_is_no_worker,
    a_playbook_whose_worker_aborts_ends_as_an_error_and_the_engine_works_on,
    a_model_loops_over_500_files_in_one_step,
    what_a_program_would_change_is_asked_about_and_a_no_ends_it_where_it_is,
    a_worker_that_is_killed_while_a_person_is_asked_is_replaced_and_nothing_is_done_twice,
    a_program_whose_task_is_stopped_keeps_no_worker,
    a_program_comes_to_an_end_with_its_tasks_steps,
    what_is_wrong_with_a_program_is_said_with_its_line,
];

struct Room {
    runtime: Runtime,
    sandbox: Arc<LocalSandbox>,
    _data: tempfile::TempDir,
}

impl Room {
    fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let options = LocalSandboxOptions { data: data.path().to_owned(), ..LocalSandboxOptions::default() };
        let sandbox = Arc::new(LocalSandbox::open(options));
        Self { runtime: Runtime::new().unwrap(), sandbox, _data: data }
    }

    /// Tells a worker something and hears it to its end: how it ended, what it said, what it complained of.
    fn heard(&self, kind: &str) -> (ExitKind, String, String) {
        self.runtime.block_on(async {
            let mut process = self.sandbox.worker(worker(kind)).await.unwrap();
            process.write(b"go on").await.unwrap();
            let (mut said, mut complained) = (Vec::new(), Vec::new());
            loop {
                match process.next().await.unwrap() {
                    ProcessEvent::Stdout(bytes) => said.extend(bytes),
                    ProcessEvent::Stderr(bytes) => complained.extend(bytes),
                    ProcessEvent::Exited(exit) => {
                        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
                        return (exit.how, text(said), text(complained));
                    }
                }
            }
        })
    }
}

fn worker(kind: &str) -> Worker {
    let args = ["worker", kind].map(str::to_owned).to_vec();
    Worker { program: std::env::current_exe().unwrap(), args, cpu: 1, memory: 256 << 20 }
}

fn a_worker_sees_no_file_of_the_host_no_network_and_starts_nothing() {
    assert_eq!(Room::new().heard("tries"), (ExitKind::Code(0), String::new(), String::new()));
}

fn a_worker_that_aborts_is_heard_of_and_takes_nothing_with_it() {
    let room = Room::new();
    assert_eq!(room.heard("aborts").0, ExitKind::Signal(6));
    assert_eq!(room.heard("babbles").0, ExitKind::Code(0), "the next one works");
}

fn a_worker_that_takes_more_memory_than_it_may_ends() {
    let (how, _, complained) = Room::new().heard("eats");
    assert!(
        how != ExitKind::Code(0) && complained.contains("allocation of 1048576 bytes failed"),
        "{how:?} {complained}"
    );
}

fn a_worker_that_takes_more_time_than_it_may_ends() {
    assert_eq!(Room::new().heard("spins").0, ExitKind::Signal(9));
}

/// Gives the processes on this computer that have this argument.
fn running(argument: &str) -> Vec<String> {
    let all = fs::read_dir("/proc").unwrap().flatten();
    let told = all.filter_map(|process| Some((process.file_name(), fs::read(process.path().join("cmdline")).ok()?)));
    let has = |told: &[u8]| told.split(|byte| *byte == 0).any(|word| word == argument.as_bytes());
    told.filter(|(_, told)| has(told)).map(|(process, _)| process.into_string().unwrap()).collect()
}

/// Waits until no more workers of this test run.
fn down_to(most: usize) {
    let begun = Instant::now();
    while running(&tag()).len() > most {
        assert!(begun.elapsed() < Duration::from_secs(30), "they go on");
        std::thread::yield_now();
    }
}

/// An argument that no other run of this test gives its workers.
fn tag() -> String {
    format!("of {}", std::process::id())
}

fn a_worker_that_is_dropped_ends() {
    let room = Room::new();
    let own = tag();
    let start = || {
        room.runtime.block_on(async {
            let mut worker = worker("waits");
            worker.args.push(own.clone());
            let mut process = room.sandbox.worker(worker).await.unwrap();
            assert_eq!(process.next().await.unwrap(), ProcessEvent::Stdout(b"here\n".to_vec()));
            process
        })
    };
    let (mut stays, goes) = (start(), start());
    assert_eq!(running(&own).len(), 2);
    drop(goes);
    down_to(1);
    // The other has heard nothing of that, and ends when there is no more to hear.
    let exited = room.runtime.block_on(async {
        stays.write(b"").await.unwrap();
        stays.next().await.unwrap()
    });
    assert!(matches!(exited, ProcessEvent::Exited(exit) if exit.how == ExitKind::Code(0)));
    assert_eq!(running(&own).len(), 0);
}

fn a_worker_that_is_ended_tells_its_end() {
    let room = Room::new();
    let exited = room.runtime.block_on(async {
        let mut process = room.sandbox.worker(worker("waits")).await.unwrap();
        assert_eq!(process.next().await.unwrap(), ProcessEvent::Stdout(b"here\n".to_vec()));
        process.end();
        process.next().await.unwrap()
    });
    assert!(matches!(exited, ProcessEvent::Exited(exit) if exit.how == ExitKind::Signal(9)));
}

fn where_nothing_holds_its_signals_back_there_is_no_worker() {
    let data = tempfile::tempdir().unwrap();
    let least = vec![cowork::sandbox::confine::Feature::Reading];
    let confinement = cowork::sandbox::confine::Options { namespaces: false, bubblewrap: None, landlock: 5, least };
    let options = LocalSandboxOptions { data: data.path().to_owned(), confinement, ..LocalSandboxOptions::default() };
    let sandbox = LocalSandbox::open(options);
    let started = Runtime::new().unwrap().block_on(sandbox.worker(worker("serves")));
    let error = started.err().unwrap();
    assert!(error.kind == Kind::Unsupported && error.fix().is_some(), "{error:?}");
}

fn a_program_that_is_not_there_is_said_to_be_so() {
    let room = Room::new();
    let kind = |worker: Worker| room.runtime.block_on(room.sandbox.worker(worker)).err().unwrap().kind;
    assert_eq!(kind(Worker { program: "/nowhere/at/all".into(), ..worker("serves") }), Kind::NotFound);
    assert_eq!(kind(Worker { program: "/usr".into(), ..worker("serves") }), Kind::InvalidInput);
}

/// An engine whose playbooks run in workers of this kind, and a folder.
struct House {
    runtime: Runtime,
    cowork: Cowork,
    desk: PathBuf,
    _keep: tempfile::TempDir,
}

impl House {
    fn new(kind: &str, replies: impl IntoIterator<Item = Reply>) -> Self {
        let keep = tempfile::tempdir().unwrap();
        let desk = keep.path().join("Desk");
        fs::create_dir(&desk).unwrap();
        let runtime = Runtime::new().unwrap();
        let model = Arc::new(ScriptedModel::list(replies));
        let own = std::env::current_exe().unwrap();
        let data = keep.path().join("data");
        let builder = Cowork::builder().data_dir(data).worker(own, &["worker", kind, &tag()]).model(model);
        let cowork = runtime.block_on(builder.build()).unwrap();
        Self { runtime, cowork, desk, _keep: keep }
    }

    /// Has a model run this program, and then say that it is done.
    fn with_program(program: &str) -> Self {
        let call = ("script", json!({ "title": "Look through them", "program": program }));
        Self::new("serves", [Reply::calls(&[call]), Reply::text("That is all.")])
    }

    fn submit(&self, submit: Submit) -> Task {
        self.runtime.block_on(async {
            let folders = vec![cowork::folder(&self.desk).unwrap()];
            let submit = Submit { folders, ..submit };
            let task = self.cowork.submit(ThreadId::named("main"), "test", submit).await.unwrap();
            self.cowork.settled(task).await.unwrap()
        })
    }

    fn by_model(&self, mode: Mode) -> Task {
        self.submit(Submit { mode, planner: json!({ "name": "model" }), ..Submit::new("Look through my files") })
    }

    /// Answers the one question that there is, about a program's call.
    fn answer(&self, task: TaskId, answer: Answer) -> Task {
        self.runtime.block_on(async {
            let ask = self.cowork.asks(task).await.unwrap().remove(0);
            assert_eq!((ask.call.tool.as_str(), ask.subtask.is_some()), ("write_file", true));
            let id = CommandId::new(&TokioRuntime::new(tokio::runtime::Handle::current()));
            self.cowork.send(ask.answered(answer, "test", id)).await.unwrap();
            self.cowork.settled(task).await.unwrap()
        })
    }

    fn there(&self) -> Vec<String> {
        let names = fs::read_dir(&self.desk).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }

    fn subtask(&self, task: &Task) -> Task {
        let subtask = task.turns[0].calls[0].subtask.unwrap();
        self.runtime.block_on(self.cowork.task(subtask)).unwrap()
    }
}

/// Gives what the model was told of its program.
fn told(task: &Task) -> Value {
    match task.turns[0].calls[0].outcome().unwrap() {
        Some(Outcome::Done { value, .. }) => value,
        other => panic!("{other:?}"),
    }
}

fn a_playbook_whose_worker_aborts_ends_as_an_error_and_the_engine_works_on() {
    let house = House::new("aborts", [Reply::text("Hello.")]);
    fs::write(house.desk.join("a.jpg"), "x").unwrap();
    let ended = house.submit(Submit { mode: Mode::Auto, ..Submit::new("Organise these files by type") });
    let Some(Finish::Failed { error }) = &ended.result else { panic!("{:?}", ended.result) };
    assert_eq!(error.kind, Kind::Unavailable, "{error:?}");
    assert!(error.message.contains("signal 6") && error.fix().is_some(), "{error:?}");
    assert!(house.desk.join("a.jpg").exists());
    assert_eq!(house.by_model(Mode::Auto).status(), Status::Done);
}

const LOOP: &str = "total = 0
for entry in list_folder('Desk', most=1000)['entries']:
    total += int(read_file(entry['path'])['text'])
finish(f'they come to {total}', {'total': total})";

fn a_model_loops_over_500_files_in_one_step() {
    let house = House::with_program(LOOP);
    (0..500).for_each(|n| fs::write(house.desk.join(format!("{n}.txt")), n.to_string()).unwrap());
    let ended = house.by_model(Mode::Auto);
    assert_eq!((ended.status(), ended.turns.len()), (Status::Done, 2), "{:?}", ended.result);
    let told = told(&ended);
    assert_eq!((&told["end"], &told["data"]["total"]), (&json!("done"), &json!(124_750)), "{told}");
    let subtask = house.subtask(&ended);
    let calls: Vec<&str> =
        subtask.turns.iter().flat_map(|turn| &turn.decision.calls).map(|c| c.tool.as_str()).collect();
    assert_eq!(calls.len(), 501, "each is in the log");
    assert!(calls[0] == "list_folder" && calls[1..].iter().all(|call| *call == "read_file"));
}

const WRITES: &str =
    "for name in ['a', 'b', 'c']:\n    write_file(f'Desk/{name}.txt', 'from a program')\nfinish('written')";

fn what_a_program_would_change_is_asked_about_and_a_no_ends_it_where_it_is() {
    let house = House::with_program(WRITES);
    let task = house.by_model(Mode::Ask).id;
    house.answer(task, Answer::Allow);
    let ended = house.answer(task, Answer::Deny);
    let told = told(&ended);
    assert_eq!(told["end"], "refused", "{told}");
    assert!(told["message"].as_str().unwrap().contains("you said no"), "{told}");
    assert_eq!(house.there(), ["a.txt"]);
    assert_eq!(ended.status(), Status::Done, "the model was told, and went on");
}

fn a_worker_that_is_killed_while_a_person_is_asked_is_replaced_and_nothing_is_done_twice() {
    let house = House::with_program(WRITES);
    let task = house.by_model(Mode::Ask).id;
    house.answer(task, Answer::Allow);
    let waiting = running(&tag());
    assert_eq!(waiting.len(), 1, "a program that waits keeps its worker");
    assert!(std::process::Command::new("kill").args(["-9", &waiting[0]]).status().unwrap().success());
    house.answer(task, Answer::Allow);
    assert_ne!(running(&tag()), waiting);
    let ended = house.answer(task, Answer::Allow);
    assert_eq!(told(&ended)["end"], "done");
    assert_eq!(house.there(), ["a.txt", "b.txt", "c.txt"]);
    let subtask = house.subtask(&ended);
    let calls: Vec<&str> =
        subtask.turns.iter().flat_map(|turn| &turn.decision.calls).map(|c| c.tool.as_str()).collect();
    assert_eq!(calls, ["write_file"; 3]);
    down_to(0);
}

fn a_program_whose_task_is_stopped_keeps_no_worker() {
    let house = House::with_program(WRITES);
    let task = house.by_model(Mode::Ask).id;
    assert_eq!(running(&tag()).len(), 1);
    house.runtime.block_on(async {
        let id = CommandId::new(&TokioRuntime::new(tokio::runtime::Handle::current()));
        let (thread, sender) = (ThreadId::named("main"), "test".to_owned());
        house.cowork.send(Envelope { thread, task, sender, id, command: Command::Cancel }).await.unwrap();
        assert_eq!(house.cowork.settled(task).await.unwrap().status(), Status::Cancelled);
    });
    down_to(0);
    assert_eq!(house.there(), [""; 0]);
}

fn a_program_comes_to_an_end_with_its_tasks_steps() {
    let house = House::with_program("while True:\n    list_folder('Desk')");
    let planner = json!({ "name": "model" });
    let ended = house.submit(Submit { mode: Mode::Auto, planner, max_steps: 7, ..Submit::new("Look for ever") });
    let told = told(&ended);
    assert_eq!((&told["end"], &told["steps"]), (&json!("failed"), &json!(7)), "{told}");
}

fn what_is_wrong_with_a_program_is_said_with_its_line() {
    let wrong = [
        ("x = 1\nif x\n    pass", "program, line 2"),
        ("a = 1\n\nfinish(str(a + nothing))", "program, line 3"),
        ("list_folder('Desk')\nlist_folder('Elsewhere')", "Elsewhere"),
        ("delegate('a', 'b')", "delegate"),
    ];
    for (program, what) in wrong {
        let told = told(&House::with_program(program).by_model(Mode::Auto));
        assert_eq!(told["end"], "failed", "{told}");
        assert!(told["message"].as_str().unwrap().contains(what), "{told}");
    }
}
