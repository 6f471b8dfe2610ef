//! How long the command takes to start: `cowork --version`, and `cowork tasks` on a log of 1,000 tasks, beside `true`; and
//! how long until a run's first line stands on a terminal.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a measurement that goes wrong ends")]

use std::{
    fs,
    io::Read,
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
};

use cowork::{Command as Said, CommandId, Cowork, Envelope, Submit, TaskId, ThreadId, TokioRuntime};
use cowork_benches::{Cost, block_on, cost, folder, median, on_terminal, pairs, report};
use rustix::process::{Pid, Signal, kill_process};

fn run(program: &Path, args: &[&str], data: &Path) -> Cost {
    let mut command = Command::new(program);
    command.args(args).env("COWORK_DATA", data).stdout(Stdio::null()).stdin(Stdio::null());
    let (cost, status) = cost(|| command.status().unwrap());
    assert!(status.success(), "{} {args:?}", program.display());
    cost
}

/// Measures until what was asked for stands on the terminal.
fn first_line(program: &Path, desk: &Path, data: &Path) -> Cost {
    const TASK: &str = "Organise these files by type";
    let (cost, mut child) = cost(|| {
        let mut command = Command::new(program);
        command.args(["run", "--folder"]).arg(desk).arg(TASK).env("COWORK_DATA", data).stderr(Stdio::null());
        let (mut screen, child) = on_terminal(&mut command);
        let (mut seen, mut bytes) = (Vec::new(), [0; 4_096]);
        while !String::from_utf8_lossy(&seen).contains(TASK) {
            let n = screen.read(&mut bytes).unwrap();
            seen.extend_from_slice(&bytes[..n]);
        }
        (child, screen)
    });
    kill_process(Pid::from_child(&child.0), Signal::TERM).unwrap();
    child.0.wait().unwrap();
    cost
}

/// Leaves 1,000 tasks in a log that no engine takes up.
async fn fill(data: &Path) {
    let runtime = Arc::new(TokioRuntime::new(tokio::runtime::Handle::current()));
    let cowork = Cowork::builder().data_dir(data).claim(cowork::Claim::Adopted).build().await.unwrap();
    let thread = ThreadId::named("main");
    for n in 0..1_000 {
        let command = Said::Submit(Submit::new(format!("Task number {n}, to be done when there is time for it")));
        let (task, id) = (TaskId::new(&*runtime), CommandId::new(&*runtime));
        cowork.send(Envelope { thread, task, sender: "bench".into(), id, command }).await.unwrap();
    }
    cowork.stop().await;
}

fn main() {
    let program = std::env::current_exe().unwrap().with_file_name("cowork");
    assert!(program.exists(), "build it first: cargo build --release -p cowork-cli");
    let data = folder();
    block_on(2, fill(data.path()));
    println!("Start-up, median of 100 runs\n");
    for (args, most) in [(&["--version"][..], 5.0), (&["tasks"][..], 20.0)] {
        let (ours, floor) =
            pairs(100, || run(&program, args, data.path()), || run(Path::new("/bin/true"), &[], data.path()));
        let millis = |costs: &[Cost]| median(costs, |c| c.wall).as_secs_f64() * 1e3;
        let what = format!("cowork {} (true: {:.2} ms)", args[0], millis(&floor));
        report(&what, millis(&ours), "ms", &format!("<= {most}"), millis(&ours) <= most);
    }
    let desk = folder();
    (0..100).for_each(|n| fs::write(desk.path().join(format!("letter-{n}.txt")), "Dear Ann").unwrap());
    let (ours, _) =
        pairs(30, || first_line(&program, desk.path(), data.path()), || run(Path::new("/bin/true"), &[], data.path()));
    let millis = median(&ours, |c| c.wall).as_secs_f64() * 1e3;
    report("cowork run, to its first line on the terminal", millis, "ms", "<= 50", millis <= 50.0);
}
