//! One line edited in a file of 100 MB, its former content kept for undo, against reading all of it and writing it anew.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a measurement that goes wrong ends")]

use std::{
    fs::{self, File},
    io::{Read, Write as _},
    path::Path,
    sync::Arc,
};

use cowork::{
    CallId, Change, Content, FilePath, Known, Runtime, Sandbox, SessionSpec, Splice, TaskId, TokioRuntime, UndoSpec,
    Watch, Write, folder_named,
    sandbox::{LocalSandbox, LocalSandboxOptions},
};
use cowork_benches::{Cost, block_on, cost, folder, median, pairs, ratio, report, settle};

const SIZE: usize = 100_000_000;
/// Where the line is, and what it becomes.
const AT: usize = SIZE / 2;
const LINE: &[u8] = b"a line that was edited, and is a little longer than the one before\n";

fn fill(at: &Path) {
    // Lines of text that repeat nowhere.
    let mut seed = 1u64;
    let mut line = |n: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        format!("{n:08} {seed:020} the quick brown fox jumps over the lazy dog\n")
    };
    let text: String = (0..SIZE / 70).map(&mut line).collect();
    let mut bytes = text.into_bytes();
    bytes.resize(SIZE, b'.');
    fs::write(at, bytes).unwrap();
    settle(at.parent().unwrap());
}

/// Reads all, writes all to another file, renames it over the first.
fn raw(at: &Path, durable: bool) -> Cost {
    let (cost, ()) = cost(|| {
        let mut bytes = Vec::with_capacity(SIZE + LINE.len());
        File::open(at).unwrap().read_to_end(&mut bytes).unwrap();
        let new = at.with_extension("new");
        let mut file = File::create(&new).unwrap();
        file.write_all(&bytes[..AT]).unwrap();
        file.write_all(LINE).unwrap();
        file.write_all(&bytes[AT + LINE.len()..]).unwrap();
        if durable {
            file.sync_all().unwrap();
        }
        fs::rename(&new, at).unwrap();
        if durable {
            File::open(at.parent().unwrap()).unwrap().sync_all().unwrap();
        }
    });
    settle(at.parent().unwrap());
    cost
}

async fn ours(sandbox: &LocalSandbox, runtime: &dyn Runtime, at: &Path) -> Cost {
    let task = TaskId::new(runtime);
    let folders = vec![folder_named(at.parent().unwrap(), "Desk").unwrap()];
    let path = FilePath::parse(&format!("Desk/{}", at.file_name().unwrap().to_str().unwrap())).unwrap();
    let splice = Splice { at: AT as u64, remove: LINE.len() as u64, insert: LINE.to_vec() };
    let write = Write::new(path, Content::Edited(vec![splice])).replacing(Known::Nothing);
    let session = sandbox.open(SessionSpec { task, folders, hosts: Vec::new(), resumed: false }).await.unwrap();
    let files = session.files(CallId::new(runtime));
    let handle = tokio::runtime::Handle::current();
    let changes = vec![Change::Write(write)];
    let (edited, changed) =
        cost(|| tokio::task::block_in_place(|| handle.block_on(files.change(changes, Watch::nothing()))));
    assert_eq!(changed.unwrap().otherwise, []);
    drop((session, files));
    assert_eq!(sandbox.undo(task, UndoSpec::all()).await.unwrap().kept, []);
    fs::remove_dir_all(at.parent().unwrap().with_file_name("data").join("journal")).unwrap();
    settle(at.parent().unwrap());
    edited
}

/// Gives the most memory that this process had at a time since it was last set back, in bytes.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

fn main() {
    let base = folder();
    let (our_desk, raw_desk) = (base.path().join("ours"), base.path().join("raw"));
    let (mine, theirs) = (our_desk.join("big.txt"), raw_desk.join("big.txt"));
    [&our_desk, &raw_desk].into_iter().for_each(|desk| fs::create_dir(desk).unwrap());
    let data = base.path().join("data");
    fs::create_dir_all(&data).unwrap();
    fill(&mine);
    fs::copy(&mine, &theirs).unwrap();
    settle(&raw_desk);
    println!("one line in a file of {} MB, median of 9 pairs\n", SIZE / 1_000_000);
    block_on(2, async {
        let handle = tokio::runtime::Handle::current();
        let runtime: Arc<dyn Runtime> = Arc::new(TokioRuntime::new(handle.clone()));
        let sandbox =
            LocalSandbox::open(LocalSandboxOptions { data, probe: None, home: None, ..LocalSandboxOptions::default() });
        tokio::task::block_in_place(|| {
            fs::write("/proc/self/clear_refs", "5").unwrap();
            let before = peak();
            handle.block_on(ours(&sandbox, &*runtime, &mine));
            let memory = (peak() - before) as f64 / 1e6;
            for (what, durable) in [("with fsync", true), ("without fsync", false)] {
                let run_ours = || handle.block_on(ours(&sandbox, &*runtime, &mine));
                let (ours, raw) = pairs(9, run_ours, || raw(&theirs, durable));
                let millis = |costs: &[Cost]| median(costs, |c| c.wall).as_secs_f64() * 1e3;
                println!("ours {:.0} ms, read and write {what} {:.0} ms", millis(&ours), millis(&raw));
                let (times, name) =
                    (ratio(&ours, &raw), format!("an edit with undo kept, against read + write {what}"));
                // Ours is durable when the call returns: only what is durable too is a like for like.
                let target = if durable { "<= 1.5" } else { "-" };
                report(&name, times, "x", target, !durable || times <= 1.5);
            }
            report("most memory that an edit took", memory, "MB", "<= 16", memory <= 16.0);
        });
    });
}
