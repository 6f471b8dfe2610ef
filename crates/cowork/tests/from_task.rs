//! A run that a model planned once becomes a playbook, which does the same elsewhere and asks nobody.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a story that goes wrong ends")]

use std::{fs, path::Path, sync::Arc};

use cowork::{
    Block, Cowork, Error, Finish, Kind, Mode, ModelAnswer, ModelCall, ModelPlanner, Result, Status, Stop, Submit, Task,
    ThreadId, ToolSpec,
    playbooks::{PlaybookPlanner, Written, check, from_task},
};
use cowork_testkit::{ScriptedModel, model::Reply};
use serde_json::{Value, json};

type Call = (&'static str, Value);

fn specs() -> Vec<ToolSpec> {
    cowork::tools::builtin().iter().map(|tool| tool.spec().clone()).collect()
}

/// A folder called Desk with these files, each with its name in it.
fn desk(base: &Path, names: &[&str]) -> std::path::PathBuf {
    let desk = base.join("Desk");
    fs::create_dir_all(&desk).unwrap();
    names.iter().for_each(|name| fs::write(desk.join(name), name).unwrap());
    desk
}

fn tree(at: &Path, below: &str, all: &mut Vec<String>) {
    for entry in fs::read_dir(at).unwrap().map(|e| e.unwrap()) {
        let path = format!("{below}{}", entry.file_name().to_string_lossy());
        if entry.file_type().unwrap().is_dir() { tree(&entry.path(), &format!("{path}/"), all) } else { all.push(path) }
    }
    all.sort();
}

fn files(desk: &Path) -> Vec<String> {
    let mut all = Vec::new();
    tree(desk, "", &mut all);
    all
}

async fn run(base: &Path, desk: &Path, words: &str, planner: Value, turns: Vec<Vec<Call>>) -> Task {
    let replies = turns.into_iter().enumerate().map(|(turn, calls)| {
        let call = |(n, (tool, args)): (usize, Call)| {
            Block::Call(ModelCall { id: format!("c{turn}x{n}"), tool: tool.into(), args: args.into(), fault: None })
        };
        let blocks: Vec<Block> = calls.into_iter().enumerate().map(call).collect();
        Reply::Answer(ModelAnswer { blocks, stop: Stop::Calls, ..ModelAnswer::default() })
    });
    let model = ScriptedModel::list(replies.chain([Reply::text("All is done as you asked.")]));
    let builder = Cowork::builder().data_dir(base.join("data")).planner(Arc::new(ModelPlanner::new()));
    let builder = builder.planner(Arc::new(PlaybookPlanner::new().unwrap())).model(Arc::new(model));
    let cowork = ModelPlanner::tools().into_iter().fold(builder, cowork::Builder::tool).build().await.unwrap();
    let mut submit = Submit::new(words);
    submit.folders.push(cowork::folder(desk).unwrap());
    submit.mode = Mode::Auto;
    submit.planner = planner;
    let task = cowork.submit(ThreadId::named("main"), "test", submit).await.unwrap();
    let task = cowork.settled(task).await.unwrap();
    cowork.stop().await;
    task
}

/// What a model did with this folder, and what was written out of it.
async fn once(names: &[&str], words: &str, turns: Vec<Vec<Call>>) -> (Result<Written>, Vec<String>) {
    let base = tempfile::tempdir().unwrap();
    let desk = desk(base.path(), names);
    let task = run(base.path(), &desk, words, json!({ "name": "model" }), turns).await;
    assert_eq!(task.status(), Status::Done, "{:?}", task.result);
    (from_task(&task, &specs(), Some("again")), files(&desk))
}

/// The playbook on another folder: what is there afterwards, and its summary.
async fn again(written: &Written, names: &[&str]) -> (Vec<String>, String) {
    let base = tempfile::tempdir().unwrap();
    let desk = desk(base.path(), names);
    let planner = json!({ "name": "playbook", "source": written.source, "file": "again.py" });
    let task = run(base.path(), &desk, "again", planner, Vec::new()).await;
    match task.result {
        Some(Finish::Done { summary, .. }) => (files(&desk), summary),
        other => panic!("{other:?}\n{}", written.source),
    }
}

fn list() -> Call {
    ("list_folder", json!({ "path": "Desk" }))
}

fn moves(pairs: &[(&str, &str)]) -> Call {
    // Paths write a `\\` twice.
    let path = |below: &str| format!("Desk/{}", cowork::path::escape(below.as_bytes()));
    let one = |(from, to): &(&str, &str)| json!({ "from": path(from), "to": path(to) });
    ("move_files", json!({ "moves": pairs.iter().map(one).collect::<Vec<_>>() }))
}

fn unsupported(written: Result<Written>) -> Error {
    let error = written.expect_err("no rule explains this");
    assert_eq!(error.kind, Kind::Unsupported, "{error:?}");
    assert!(error.fix().is_some());
    error
}

const MIXED: [&str; 14] = [
    "a.pdf",
    "b.pdf",
    "c.PDF",
    "d.pdf",
    "e.jpg",
    "f.jpg",
    "g.png",
    "h.png",
    "i.docx",
    "j.docx",
    "k.csv",
    "l.csv",
    "m.csv",
    "notes.txt",
];

fn folder_of(name: &str) -> Option<&'static str> {
    match name.rsplit('.').next().unwrap().to_lowercase().as_str() {
        "pdf" | "docx" => Some("Papers"),
        "jpg" | "png" => Some("Pictures"),
        "csv" => Some("Tables"),
        _ => None,
    }
}

fn sorted_by_ending() -> Vec<Vec<Call>> {
    let pairs: Vec<(String, String)> =
        MIXED.iter().filter_map(|name| Some(((*name).to_owned(), format!("{}/{name}", folder_of(name)?)))).collect();
    let pairs: Vec<(&str, &str)> = pairs.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    let look = ("folder_tree", json!({ "path": "Desk" }));
    vec![vec![look, list()], vec![moves(&pairs)], vec![list()]]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_moved_by_their_ending_are_moved_so_in_another_folder() {
    let (written, _) = once(&MIXED, "Sort these files into Papers, Pictures and Tables", sorted_by_ending()).await;
    let written = written.unwrap();
    assert_eq!((written.calls, written.left_out), (2, 2), "the looks that led nowhere are left out");
    golden("by-ending.py", &written.source);
    let (there, summary) = again(&written, &["other.pdf", "x.PNG", "data.csv", "stays.txt", "no ending"]).await;
    assert_eq!(there, ["Papers/other.pdf", "Pictures/x.PNG", "Tables/data.csv", "no ending", "stays.txt"]);
    assert_eq!(summary, "3 moved.");
    let (there, summary) = again(&written, &["only.txt"]).await;
    assert_eq!((there, summary.as_str()), (vec!["only.txt".to_owned()], "0 moved."));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_changed_by_a_pattern_are_changed_so_again() {
    let names = ["IMG_0001.jpg", "IMG_0002.jpg", "IMG_0003.jpg", "readme.txt"];
    let pairs: Vec<(String, String)> =
        names[..3].iter().map(|n| ((*n).to_owned(), n.replace("IMG_", "Rome "))).collect();
    let pairs: Vec<(&str, &str)> = pairs.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    let turns = vec![vec![list()], vec![moves(&pairs)]];
    let (written, _) = once(&names, "Rename the photos: Rome instead of IMG_", turns).await;
    let written = written.unwrap();
    golden("rename.py", &written.source);
    let (there, _) = again(&written, &["IMG_7.jpg", "IMG_8.jpg", "other.jpg"]).await;
    assert_eq!(there, ["Rome 7.jpg", "Rome 8.jpg", "other.jpg"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_made_one_by_one_become_a_loop() {
    let names = ["acme-1.pdf", "acme-2.pdf", "beta-1.pdf", "plain.txt"];
    let one = |name: &str, to: &str| vec![moves(&[(name, &format!("{to}/{name}"))])];
    let turns = vec![vec![list()], one(names[0], "acme"), one(names[1], "acme"), one(names[2], "beta")];
    let (written, _) = once(&names, "A folder for each customer", turns).await;
    let written = written.unwrap();
    let (there, summary) = again(&written, &["cobalt-9.pdf", "delta.pdf", "delta-2.pdf"]).await;
    assert_eq!(there, ["cobalt/cobalt-9.pdf", "delta.pdf", "delta/delta-2.pdf"], "{}", written.source);
    assert_eq!(summary, "2 moved.");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_read_from_a_table_is_read_again() {
    let base = tempfile::tempdir().unwrap();
    let at = desk(base.path(), &[]);
    fs::write(at.join("sales.csv"), "day,amount\n1,10\n2,20\n3,30\n4,40\n5,50\n6,60\n7,70\n").unwrap();
    let read = ("read_tables", json!({ "paths": ["Desk/sales.csv"] }));
    let write = |text: &str| ("write_file", json!({ "path": "Desk/summary.md", "text": text }));
    let turns = vec![vec![list()], vec![read.clone()], vec![write("# Sales\n\n- rows: 7\n- column_count: 2\n")]];
    let words = "Read sales.csv and write summary.md";
    let task = run(base.path(), &at, words, json!({ "name": "model" }), turns).await;
    let written = from_task(&task, &specs(), None).unwrap();
    assert_eq!(written.header.name, "read-sales-csv-and");
    golden("summary.py", &written.source);
    assert_eq!(written.header.params["source"].default, Some(json!("sales.csv")));

    let other = tempfile::tempdir().unwrap();
    let at = desk(other.path(), &[]);
    fs::write(at.join("week.csv"), "a,b,c\n1,10,x\n2,20,y\n").unwrap();
    let params = json!({ "source": "week.csv", "target": "week.md" });
    let planner = json!({ "name": "playbook", "source": written.source, "file": "again.py", "params": params });
    let task = run(other.path(), &at, "again", planner, Vec::new()).await;
    assert_eq!(task.status(), Status::Done, "{:?}", task.result);
    assert_eq!(fs::read_to_string(at.join("week.md")).unwrap(), "# Sales\n\n- rows: 2\n- column_count: 3\n");

    // A number that the model worked out can't be had without it.
    let base = tempfile::tempdir().unwrap();
    let at = desk(base.path(), &[]);
    fs::write(at.join("sales.csv"), "day,amount\n1,10\n2,20\n").unwrap();
    let turns = vec![vec![read], vec![write("In all: 4711\n")]];
    let task = run(base.path(), &at, words, json!({ "name": "model" }), turns).await;
    assert!(unsupported(from_task(&task, &specs(), None)).message.contains("4711"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_without_a_rule_is_refused_by_name() {
    let turns = vec![vec![list()], vec![moves(&[("a.txt", "x/a.txt"), ("d.txt", "x/d.txt")])]];
    let (written, _) = once(&["a.txt", "b.txt", "c.txt", "d.txt"], "Put away what I don't need", turns).await;
    let error = unsupported(written);
    assert!(error.message.contains("`Desk/a.txt` was taken and `Desk/b.txt` was left"), "{}", error.message);

    let turns = vec![vec![list()], vec![moves(&[("a.txt", "q/7.txt"), ("b.txt", "r/3.txt")])]];
    let (written, _) = once(&["a.txt", "b.txt"], "Tidy up", turns).await;
    assert!(unsupported(written).message.contains("no rule says why"));

    // Where they came from is not in the record: a list of names would be no playbook.
    let named = json!({ "moves": [{ "from": "Desk", "to": "Desk/x", "names": ["a.txt", "b.txt"] }] });
    let (written, _) = once(&["a.txt", "b.txt"], "Tidy up", vec![vec![("move_files", named)]]).await;
    assert!(unsupported(written).message.contains("may not be there next time"));

    let write = ("write_file", json!({ "path": "Desk/letter.txt", "text": "It is about gardens." }));
    let turns = vec![vec![("read_file", json!({ "path": "Desk/a.txt" }))], vec![write]];
    let (written, _) = once(&["a.txt"], "Say what a.txt is about in letter.txt", turns).await;
    assert!(unsupported(written).message.contains("worked out by the model"));

    let (written, _) = once(&["a.txt"], "What is here?", vec![vec![list()]]).await;
    assert_eq!(written.unwrap_err().kind, Kind::InvalidInput, "nothing was changed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_names_and_words_stay_texts() {
    let names = [
        "a\"); set_aside([\"Desk\"]) #.pdf",
        "b\nset_aside(folders())\n.pdf",
        "c\\x41{place}'''.pdf",
        "d\u{202e}fdp.pdf",
        "\"\"\"e.txt",
    ];
    let pairs: Vec<(String, String)> =
        names[..4].iter().map(|n| ((*n).to_owned(), format!("O\"ut\\{{x}}\n/{n}"))).collect();
    let pairs: Vec<(&str, &str)> = pairs.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    let words = "Move the pdf files\"\n# ///\nset_aside(folders())\n\"\"\" {folders} {nothing} \u{202e}";
    let (written, first) = once(&names, words, vec![vec![list()], vec![moves(&pairs)]]).await;
    let written = written.unwrap();
    check(&written.source, &specs()).unwrap();
    let code: Vec<&str> = written.source.lines().filter(|l| !l.starts_with('#')).collect();
    assert!(code.iter().all(|line| !line.contains("set_aside")), "{}", written.source);
    assert!(written.source.chars().all(|c| c == '\n' || !c.is_control() && c != '\u{202e}'), "{}", written.source);
    assert_eq!(first.iter().filter(|path| path.starts_with("O\"ut\\{x}\n/")).count(), 4);
    let (there, _) = again(&written, &["p\"q\n.pdf", "r.txt"]).await;
    assert_eq!(there, ["O\"ut\\{x}\n/p\"q\n.pdf", "r.txt"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_of_a_built_in_playbook_becomes_one_of_the_persons_own() {
    let base = tempfile::tempdir().unwrap();
    let at = desk(base.path(), &MIXED);
    let planner = json!({ "name": "playbook", "playbook": "organise" });
    let task = run(base.path(), &at, "Organise these files", planner, Vec::new()).await;
    let written = from_task(&task, &specs(), Some("mine")).unwrap();
    let (there, _) = again(&written, &["x.pdf", "y.mp3"]).await;
    assert_eq!(there, ["Audio/y.mp3", "Documents/x.pdf"], "{}", written.source);
}

/// Compares with what is kept beside the tests; `UPDATE_GOLDEN=1` writes it anew.
fn golden(name: &str, source: &str) {
    let source = source.replace(&day(source), "2026-01-15");
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/written").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::create_dir_all(kept.parent().unwrap()).unwrap();
        fs::write(&kept, &source).unwrap();
    }
    let kept = fs::read_to_string(&kept).unwrap_or_default();
    assert_eq!(source, kept, "{name}");
}

fn day(source: &str) -> String {
    let line = source.lines().find_map(|l| l.strip_prefix("# Written from a task of ")).unwrap();
    line.split(',').next().unwrap().to_owned()
}
