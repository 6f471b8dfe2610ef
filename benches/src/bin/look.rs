//! The looking tools on a real folder, as a planner calls them, against Debian's `rg` and `fdfind`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a measurement that goes wrong ends")]

use std::{fmt::Write, fs, path::Path, process::Command, sync::Arc};

use cowork::{
    Sandbox, Session, SessionSpec, TaskId, Tool, folder_named,
    sandbox::{LocalSandbox, LocalSandboxOptions},
    tools,
};
use cowork_benches::{block_on, compare, cost, foreign, report, resident};
use cowork_testkit::{TestRuntime, tool::context};
use serde_json::{Value, json};

const TEXTS: usize = 50_000;
const NAMES: usize = 1_000_000;
const PATTERN: &str = r"\binvoice [0-9]+7\b";
const WORDS: [&str; 12] =
    ["the", "invoice", "of", "last", "month", "was", "paid", "by", "our", "friends", "in", "Dover"];

fn chance(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *seed >> 33
}

/// 500 folders of 100 texts of 4 KB, and some that are left out.
fn texts(at: &Path) {
    let mut seed = 1;
    for n in 0..TEXTS {
        let folder = at.join(format!("year {}/week {}", n / 5000, n / 100 % 50));
        if n % 100 == 0 {
            fs::create_dir_all(folder.join("build")).unwrap();
            fs::write(folder.join("build/left out.txt"), "invoice 7\n").unwrap();
            fs::write(folder.join(".hidden"), "invoice 7\n").unwrap();
            fs::write(folder.join(".ignore"), "build/\n*.bak\n!keep.bak\n").unwrap();
        }
        let mut text = String::with_capacity(5000);
        while text.len() < 4000 {
            let number = chance(&mut seed);
            let word = WORDS[usize::try_from(number >> 27).unwrap() % WORDS.len()];
            match number % 11 {
                0 => writeln!(text, "{word}").unwrap(),
                1 => write!(text, "{word} {} ", number % 100_000).unwrap(),
                _ => write!(text, "{word} ").unwrap(),
            }
        }
        let ending = if n % 100 == 7 { "bak" } else { "txt" };
        fs::write(folder.join(format!("note {n}.{ending}")), text).unwrap();
    }
}

fn names(at: &Path) {
    for n in 0..NAMES {
        let folder = at.join(format!("f{:03}", n / 1000));
        if n % 1000 == 0 {
            fs::create_dir_all(&folder).unwrap();
        }
        fs::File::create(folder.join(format!("report {n}.pdf"))).unwrap();
    }
}

struct Bench {
    session: Arc<dyn Session>,
    tools: Vec<Arc<dyn Tool>>,
}

impl Bench {
    fn call(&self, tool: &str, args: &Value) -> Value {
        let tool = self.tools.iter().find(|t| t.spec().name == tool).unwrap();
        let ctx = context(Some(self.session.clone()), TestRuntime::new());
        let run = tool.run(args.clone(), ctx);
        tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(run)).unwrap().value
    }
}

fn command(program: &str, args: &[&str], at: &Path) -> Command {
    let mut command = Command::new(program);
    command.args(args).current_dir(at);
    command
}

fn main() {
    let base = tempfile::Builder::new().prefix("cowork-bench-look-").tempdir_in("/tmp").unwrap();
    let at = base.path().join("desk");
    let which: Vec<String> = std::env::args().skip(1).collect();
    let wanted = |name: &str| which.is_empty() || which.iter().any(|w| w == name);
    fs::create_dir_all(&at).unwrap();
    block_on(2, async {
        let options = LocalSandboxOptions { data: base.path().join("data"), ..LocalSandboxOptions::default() };
        let folders = vec![folder_named(&at, "Desk").unwrap()];
        let spec = SessionSpec { task: TaskId::new(&*TestRuntime::new()), folders, hosts: Vec::new(), resumed: false };
        let session = LocalSandbox::open(options).open(spec).await.unwrap();
        let bench = Bench { session, tools: tools::builtin() };
        if wanted("text") {
            let there = at.join("texts");
            texts(&there);
            let args =
                json!({ "folder": "Desk/texts", "query": PATTERN, "regex": true, "match_case": true, "names": false });
            let rg = || {
                command("rg", &["--no-config", "--line-number", "--no-heading", "--color=never", PATTERN, "."], &there)
            };
            assert_eq!(bench.call("find_text", &args)["lines"], foreign(&mut rg()).1, "both find the same");
            let times = compare(9, || cost(|| bench.call("find_text", &args)).0, "rg", || foreign(&mut rg()).0);
            report("find_text in 50,000 files, against rg", times, "x", "<= 1.2", times <= 1.2);
            report("  memory of the whole process at most", resident(), "MB", "<= 64", resident() <= 64.0);
        }
        if wanted("names") {
            let there = at.join("names");
            names(&there);
            let fd = || command("fdfind", &["--color=never", "--type=f", "9999[0-9]\\.pdf$", "."], &there);
            let args =
                json!({ "folder": "Desk/names", "name": "9999[0-9]\\.pdf$", "like": "regex", "kinds": ["file"] });
            assert_eq!(bench.call("find_files", &args)["count"], foreign(&mut fd()).1, "both find the same");
            let times = compare(5, || cost(|| bench.call("find_files", &args)).0, "fd", || foreign(&mut fd()).0);
            report("find_files among 1,000,000 names, against fd", times, "x", "<= 1.3", times <= 1.3);
            let all = json!({ "folder": "Desk/names" });
            let fd = || command("fdfind", &["--color=never", ".", "."], &there);
            let times = compare(5, || cost(|| bench.call("find_files", &all)).0, "fd", || foreign(&mut fd()).0);
            report("find_files, all of 1,000,000, against fd", times, "x", "<= 1.3", times <= 1.3);
            let (took, tree) = cost(|| bench.call("folder_tree", &json!({ "path": "Desk/names" })));
            println!("folder_tree of {} files with sizes: {:?}", tree["total"]["files"], took.wall);
            report("  memory of the whole process at most", resident(), "MB", "<= 64", resident() <= 64.0);
        }
    });
}
