//! What hostile commands leave to be committed, and hostile neighbours while it is: nothing outside of the folder changes, nothing of the
//! person's is lost, and what runs later or leads out is named.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]
#![allow(clippy::unwrap_used, reason = "a test stops at what should not be")]

#[path = "hostile_commits/place.rs"]
mod place;
#[path = "hostile_commits/random.rs"]
mod random;

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    fs,
    os::unix::{
        ffi::OsStrExt,
        fs::{MetadataExt, symlink},
        net::UnixListener,
    },
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
};

use cowork_core::{FilePath, Kind, What};
use cowork_testkit::sandbox::{Tree, age_folders, shape, tree};
use place::{Place, paths};
use rustix::fs::{CWD, FileType, RenameFlags, mknodat, renameat_with};

/// How often somebody attacks a commit.
const ROUNDS: usize = 24;

/// Gives what a person has in all of a place, contents by which it is known again.
fn contents(at: &Path) -> BTreeSet<Vec<u8>> {
    tree(at).into_values().map(|node| node.content).filter(|content| content.starts_with(b"first")).collect()
}

/// Commits while somebody exchanges the folder `dir` with something else, over and over.
async fn attacked(other: impl Fn(&Place) -> PathBuf) {
    let attacks = AtomicU64::new(0);
    for _ in 0..ROUNDS {
        let mut place = Place::bare(&["dir/file", "dir/old", "dir/deep/file", "dir/deep/old", "poem"]);
        let (at, other) = (place.desk.join("dir"), other(&place));
        age_folders(&place.desk);
        let (before, outside, theirs) = (shape(&place.desk), tree(&place.outside), contents(&place.base));
        place.open().await;
        let line = "echo x > dir/file; rm dir/old; echo x > dir/new; echo x > dir/deep/file; rm dir/deep/old; mkdir dir/deep/er; \
            echo x > dir/deep/er/new; ln -s file dir/link; chmod 700 dir/deep; mv poem dir/poem";
        let (call, _) = place.sh(line).await;
        let stop = AtomicBool::new(false);
        let changed = thread::scope(|scope| {
            let attacker = scope.spawn(|| {
                let mut is_there = true;
                while !stop.load(Ordering::Relaxed) || !is_there {
                    if renameat_with(CWD, &at, CWD, &other, RenameFlags::EXCHANGE).is_ok() {
                        is_there = !is_there;
                        attacks.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
            let changed =
                tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(place.commit(call)));
            stop.store(true, Ordering::Relaxed);
            attacker.join().unwrap();
            changed
        });
        assert_eq!(tree(&place.outside), outside, "outside is as it was: {changed:?}");
        let report = place.undo().await;
        assert_eq!(tree(&place.outside), outside, "after the undo too: {report:?}");
        let lost: Vec<_> = theirs.difference(&contents(&place.base)).cloned().collect();
        assert!(lost.is_empty(), "{lost:?} {changed:?} {report:?}");
        let named: Vec<&FilePath> =
            report.kept.iter().flat_map(|kept| [Some(&kept.path), kept.was.as_ref()]).flatten().collect();
        // What the command made, and somebody took away since, is theirs to remove.
        for name in differing(&before, &shape(&place.desk)).into_iter().filter(|name| before.contains_key(name)) {
            // What is not as it was lies in a folder that was away, and is named, or is above something that is. It is known by the place
            // that it was changed in or moved to: which folder that was, the attacker knows.
            let last = name.file_name().map_or("", |name| name.to_str().unwrap());
            let is_named = |path: &&FilePath| {
                path.as_str().split('/').any(|part| part == last || ["dir", "other"].contains(&last))
            };
            assert!(named.iter().any(is_named), "{name:?} is other, and not named: {changed:?} {report:?}");
        }
    }
    assert!(attacks.into_inner() > ROUNDS as u64, "nobody attacked");
}

fn differing(a: &Tree, b: &Tree) -> Vec<PathBuf> {
    let all: BTreeSet<&PathBuf> = a.keys().chain(b.keys()).collect();
    all.into_iter().filter(|name| a.get(*name) != b.get(*name)).cloned().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_becomes_a_link_outwards_leads_no_commit_out() {
    attacked(|place| {
        let link = place.base.join("link");
        symlink(&place.outside, &link).unwrap();
        link
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_is_renamed_away_takes_no_commit_along() {
    attacked(|place| {
        let other = place.desk.join("other");
        fs::create_dir(&other).unwrap();
        fs::write(other.join("file"), "first, of the other").unwrap();
        other
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_known_outside_by_another_name_is_not_changed_there() {
    let mut place = Place::bare(&["poem"]);
    for name in ["written", "opened", "gone", "moved"] {
        fs::write(place.outside.join(name), format!("the original, {name}\n")).unwrap();
        fs::hard_link(place.outside.join(name), place.desk.join(name)).unwrap();
    }
    age_folders(&place.desk);
    let (before, outside) = (place.tree(), tree(&place.outside));
    place.open().await;
    let (call, _) = place.sh("echo x >> written; : > opened; rm gone; mv moved dest; chmod 600 dest").await;
    place.commit(call).await.unwrap();
    assert_eq!(fs::read_to_string(place.desk.join("written")).unwrap(), "the original, written\nx\n");
    let contents = |tree: &Tree| tree.values().map(|node| node.content.clone()).collect::<Vec<_>>();
    assert_eq!(contents(&tree(&place.outside)), contents(&outside));
    assert_eq!(place.undo().await.kept, vec![]);
    assert_eq!((place.tree(), tree(&place.outside)), (before, outside));
    let number = |at: PathBuf| fs::metadata(at).unwrap().ino();
    for name in ["written", "opened", "gone", "moved"] {
        assert_eq!(number(place.desk.join(name)), number(place.outside.join(name)), "{name} is the same file again");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_runs_later_is_named_in_every_spelling() {
    let place = Place::new(&["repo/.git/HEAD", "repo/.git/objects/x", "bare/HEAD", "bare/objects/x"]).await;
    let names = [
        ".GIT/Hooks/pre-commit",
        ".git /config",
        ".gi\u{200c}t/hooks/x",
        ".g\u{131}t/none",
        "GIT~1/config",
        ".BASHRC",
        ".Envrc",
        ".mcp.JSON",
        ".vscode/Tasks.json",
        ".\u{ff42}ashrc",
        "CLAUDE.md",
        ".claude/settings.local.json",
        "tree/.git",
        "bare/hooks/post-update",
        "bare/config",
        "repo/.git/modules/m/config",
        "repo/.git/worktrees/w/gitdir",
        "repo/.git/objects/info/alternates",
    ];
    let lines = "import os\nfor name in NAMES:\n os.makedirs(os.path.dirname(name) or '.', exist_ok=True)\n open(name, 'w').write('x')";
    let (call, shown) = place.python(&lines.replace("NAMES", &serde_json::to_string(&names).unwrap())).await;
    let guarded: BTreeSet<String> = paths(&shown.guarded).into_iter().collect();
    // A letter of its own, which no disk and no program takes for the other.
    let expected: BTreeSet<String> =
        names.iter().filter(|name| !name.contains('\u{131}')).map(|name| format!("Desk/{name}")).collect();
    assert_eq!(guarded, expected);
    place.session().discard(call).await.unwrap();
    // By a move, and by taking away what was there, too.
    let (_, shown) = place.sh("mv bare/HEAD bare/config; rm -r repo/.git; echo x > plain; mv plain .bashrc").await;
    let guarded: BTreeSet<String> = paths(&shown.guarded).into_iter().collect();
    assert!(guarded.contains("Desk/bare/config") && guarded.contains("Desk/.bashrc"), "{shown:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_leads_out_and_what_somebody_would_wait_at_is_left_out() {
    let mut place = Place::bare(&["in/poem", "taken"]);
    mknodat(CWD, place.desk.join("pipe"), FileType::Fifo, 0o600.into(), 0).unwrap();
    let _listener = UnixListener::bind(place.desk.join("socket")).unwrap();
    symlink("/etc/passwd", place.desk.join("theirs")).unwrap();
    age_folders(&place.desk);
    let before = place.tree();
    place.open().await;
    let line = "ln -s / abs; ln -s ../../../../etc in/up; ln -s in/../../x zigzag; ln -s . dot; ln -s '' none 2>/dev/null; \
        rm taken; ln -s /etc/shadow taken; ln -s poem in/fine; ln -s /proc/self/root proc; mv theirs moved; mv pipe pipe2; mv socket socket2; \
        ln pipe2 in/pipe3; true";
    let (call, shown) = place.sh(line).await;
    let left: BTreeSet<String> = paths(&shown.left_out).into_iter().collect();
    let expected = ["abs", "dot", "in/pipe3", "in/up", "moved", "pipe2", "proc", "socket2", "taken", "zigzag"];
    assert_eq!(left, expected.iter().map(|name| format!("Desk/{name}")).collect());
    let changed = place.commit(call).await.unwrap();
    let left: BTreeSet<&str> = changed.otherwise.iter().map(|other| other.path.as_str()).collect();
    assert!(expected.iter().all(|name| left.contains(&*format!("Desk/{name}"))), "{left:?}");
    assert_eq!(fs::read_link(place.desk.join("in/fine")).unwrap(), Path::new("poem"));
    assert_eq!(fs::read_to_string(place.desk.join("taken")).unwrap(), "first taken\n", "what nothing came for stays");
    for name in expected.iter().filter(|name| **name != "taken") {
        assert!(fs::symlink_metadata(place.desk.join(name)).is_err(), "{name}");
    }
    assert_eq!(place.undo().await.kept, vec![]);
    assert_eq!(place.tree(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_name_is_changed_on_its_way() {
    let mut place = Place::new(&["poem"]).await;
    let before = place.tree();
    let names: [&[u8]; 7] = [
        b"two\nlines",
        b"\x1b[31mred\x1b[0m\x07",
        "\u{202e}txt.exe".as_bytes(),
        b"no \xff\xfe text",
        b"back\\slash",
        b" spaces \t",
        b"-rf",
    ];
    let list: Vec<String> = names.iter().map(|name| format!("bytes({:?})", name.to_vec())).collect();
    let lines = format!("for name in [{}]: open(name, 'wb').write(name)", list.join(","));
    let (call, shown) = place.python(&lines).await;
    let desk = FilePath::parse("Desk").unwrap();
    let shown: BTreeSet<&FilePath> = shown.changes.changes.iter().map(|change| &change.path).collect();
    let expected: BTreeSet<FilePath> = names.iter().map(|name| desk.join_bytes(name)).collect();
    assert_eq!(shown, expected.iter().collect());
    // As it is written for a person, it is one line, and is read back as the same.
    assert!(expected.iter().all(|path| FilePath::parse(path.as_str()).unwrap() == *path));
    place.commit(call).await.unwrap();
    for name in names {
        assert_eq!(fs::read(place.desk.join(OsStr::from_bytes(name))).unwrap(), name);
    }
    assert_eq!(place.undo().await.kept, vec![]);
    assert_eq!(shape(&place.desk).keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn folders_in_folders_end_somewhere() {
    let mut place = Place::bare(&["poem"]);
    age_folders(&place.desk);
    let before = place.tree();
    place.open().await;
    let deep = |depth: usize| {
        format!(
            "import os\nfor n in range({depth}):\n os.mkdir('d')\n os.chdir('d')\n open('f', 'w').write(str(n)) if n < 200 else None"
        )
    };
    let (call, shown) = place.python(&deep(200)).await;
    assert_eq!(shown.left_out.len(), 1, "{:?}", shown.left_out);
    assert_eq!(shown.left_out[0].why, "lies too deep");
    let at = shown.left_out[0].path.clone();
    place.commit(call).await.unwrap();
    let made = tree(&place.desk);
    assert!(made.len() > 250 && made.keys().all(|path| path.as_os_str().len() <= at.as_str().len()));
    assert_eq!(place.kept(), 0);
    assert_eq!(place.undo().await.kept, vec![]);
    assert_eq!(place.tree(), before);

    // Deeper than any path is long.
    place.open().await;
    let (call, shown) = place.python(&deep(6_000)).await;
    assert_eq!(shown.left_out.len(), 1);
    place.session().discard(call).await.unwrap();
    assert_eq!(place.kept(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_files_are_as_good_as_few() {
    let mut place = Place::bare(&["poem"]);
    age_folders(&place.desk);
    let before = place.tree();
    place.open().await;
    let lines = "import os\nfor n in range(50):\n os.mkdir(f'd{n}')\n for m in range(1000): open(f'd{n}/{m}', 'w').write(str(m))";
    let (call, shown) = place.python(lines).await;
    assert_eq!(shown.changes.changes.len(), 50_050);
    let changed = place.commit(call).await.unwrap();
    assert_eq!((changed.made, changed.otherwise.len()), (50_050, 0));
    assert_eq!(fs::read_to_string(place.desk.join("d49/999")).unwrap(), "999");
    assert_eq!(place.kept(), 0);
    assert_eq!(place.undo().await.kept_in_all(), 0);
    assert_eq!(place.tree(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_only_says_that_it_is_large_is_refused() {
    let place = Place::new(&["poem"]).await;
    let (call, exit, said) = place.run(&["truncate", "-s", "1T", "large"]).await;
    assert!(!exit.is_success(), "{said}");
    let shown = place.session().staged(call).await.unwrap();
    assert!(
        shown.changes.changes.iter().all(|change| change.after.as_ref().is_none_or(|after| after.size == 0)),
        "{shown:?}"
    );
    place.session().discard(call).await.unwrap();
    assert_eq!(place.session().staged(call).await.unwrap_err().kind, Kind::NotFound);

    // One that may be as large takes no more room when it is committed.
    let (call, _) =
        place.sh("truncate -s 200M holes; echo x >> holes; truncate -s 300M holes; truncate -s 100M nothing").await;
    place.commit(call).await.unwrap();
    let about = |name: &str| fs::metadata(place.desk.join(name)).unwrap();
    assert_eq!((about("holes").len(), about("nothing").len()), (300 << 20, 100 << 20));
    assert!(about("holes").blocks() < 200 && about("nothing").blocks() < 200, "{about:?}", about = about("holes"));
    let content = fs::read(place.desk.join("holes")).unwrap();
    assert_eq!(content[200 << 20..].iter().position(|byte| *byte != 0), Some(0));
    assert!(content[..200 << 20].iter().all(|byte| *byte == 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_shown_is_what_is_committed() {
    let mut place = Place::new(&["poem", "old"]).await;
    let before = place.tree();
    let (call, shown) =
        place.sh("echo shown > poem; echo shown > new; cp /bin/true program; chmod 6755 program; true").await;
    assert!(
        shown.changes.changes.iter().all(|change| change.after.as_ref().is_none_or(|after| after.mode & 0o6000 == 0))
    );
    assert!(shown.changes.changes.iter().all(|change| change.what != What::Mode));
    // A file of the layer is changed by somebody, after it was shown.
    let layer = place.base.join("data/staged").join(place.task.to_string()).join(call.to_string()).join("0/upper");
    fs::write(layer.join("new"), "other, and longer").unwrap();
    fs::remove_file(layer.join("poem")).unwrap();
    symlink(place.outside.join("file"), layer.join("poem")).unwrap();
    let changed = place.commit(call).await;
    let text = |name: &str| fs::read_to_string(place.desk.join(name)).ok();
    assert_eq!(text("poem").as_deref(), Some("first poem\n"), "{changed:?}");
    assert_eq!(text("new"), None, "{changed:?}");
    assert_eq!(place.undo().await.kept, vec![]);
    assert_eq!(shape(&place.desk).len(), before.len());
}
