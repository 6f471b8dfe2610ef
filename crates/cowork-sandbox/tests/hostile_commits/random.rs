//! Whatever commands change at random: committed, it is what they would have made of a plain copy; undone, it is as before.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::Command,
};

use cowork_testkit::sandbox::{Tree, age_folders, put, shape, tree};
use proptest::{prelude::*, test_runner::RngSeed};

use crate::place::{Place, paths};

/// Does each change, and goes on where one can't be done: it can't be in a copy either.
const CHANGES: &str = r#"
import json, os, shutil, sys
def do(what, one, other):
    if what == "write": open(one, "w").write(other)
    elif what == "append": open(one, "a").write(other)
    elif what == "folder": os.makedirs(one)
    elif what == "delete": shutil.rmtree(one) if os.path.isdir(one) and not os.path.islink(one) else os.unlink(one)
    elif what == "move": shutil.move(one, other)
    elif what == "rename": os.rename(one, other) if not os.path.isdir(one) else shutil.move(one, other)
    elif what == "mode": os.chmod(one, int(other, 8))
    elif what == "link": os.symlink(other, one)
    elif what == "hard": os.link(one, other)
for change in json.loads(sys.argv[1]):
    try: do(*change)
    except (OSError, shutil.Error): pass
"#;

const NAMES: [&str; 10] = ["a", "b.txt", "c", "dir", "dir/a", "dir/b.txt", "dir/sub", "dir/sub/c", "other", "other/a"];
const LINKS: [&str; 6] = ["a", "dir/sub", "dir/gone", "../b.txt", "/etc/passwd", "../../x"];
const MODES: [&str; 4] = ["600", "644", "750", "711"];

type Deed = [String; 3];

fn a_name() -> impl Strategy<Value = String> {
    (0..NAMES.len()).prop_map(|n| NAMES[n].to_owned())
}

fn a_deed() -> impl Strategy<Value = Deed> {
    let deed = |what: &str, one: String, other: String| [what.to_owned(), one, other];
    prop_oneof![
        4 => (a_name(), "[xy]{0,3}").prop_map(move |(name, text)| deed("write", name, text)),
        2 => (a_name(), "[xy]{0,3}").prop_map(move |(name, text)| deed("append", name, text)),
        2 => a_name().prop_map(move |name| deed("folder", name, String::new())),
        3 => a_name().prop_map(move |name| deed("delete", name, String::new())),
        2 => (a_name(), a_name()).prop_map(move |(one, other)| deed("move", one, other)),
        3 => (a_name(), a_name()).prop_map(move |(one, other)| deed("rename", one, other)),
        2 => (a_name(), 0..MODES.len()).prop_map(move |(name, mode)| deed("mode", name, MODES[mode].to_owned())),
        2 => (a_name(), 0..LINKS.len()).prop_map(move |(name, to)| deed("link", name, LINKS[to].to_owned())),
        1 => (a_name(), a_name()).prop_map(move |(one, other)| deed("hard", one, other)),
    ]
}

/// What there is before: of each name nothing, a file, a folder, or a link, and its mode.
fn a_tree() -> impl Strategy<Value = Vec<(u8, usize)>> {
    prop::collection::vec((0..5_u8, 0..MODES.len()), NAMES.len())
}

fn lay(desk: &Path, what: &[(u8, usize)]) {
    for (name, (kind, mode)) in NAMES.iter().zip(what) {
        let at = desk.join(name);
        // A file or a link may be where a folder would have to be.
        if !at.parent().unwrap().is_dir() || at.parent().unwrap().is_symlink() || fs::symlink_metadata(&at).is_ok() {
            continue;
        }
        let mode = PermissionsExt::from_mode(u32::from_str_radix(MODES[*mode], 8).unwrap());
        match kind {
            1 | 2 => put(&at, &format!("first {name}")),
            3 => fs::create_dir(&at).unwrap(),
            4 => {
                symlink("a", &at).unwrap();
                continue;
            }
            _ => continue,
        }
        if *kind != 3 {
            fs::set_permissions(&at, mode).unwrap();
        }
    }
    age_folders(desk);
}

/// Says what is other, apart from what was left out.
fn differing(a: &Tree, b: &Tree, left: &[PathBuf]) -> Vec<PathBuf> {
    let is_left = |name: &&PathBuf| left.iter().any(|left| name.starts_with(left));
    let mut all: Vec<&PathBuf> = a.keys().chain(b.keys()).collect();
    all.sort();
    all.dedup();
    all.into_iter().filter(|name| a.get(*name) != b.get(*name) && !is_left(name)).cloned().collect()
}

async fn lived(what: &[(u8, usize)], deeds: &[Deed]) {
    let mut place = Place::bare(&[]);
    lay(&place.desk, what);
    let before = tree(&place.desk);
    let list = serde_json::to_string(deeds).unwrap();
    let copy = place.base.join("copy");
    // With all its times and modes; a name by itself, that nothing leads out of it.
    assert!(Command::new("cp").arg("-a").arg(&place.desk).arg(&copy).status().unwrap().success());
    let came = Command::new("python3").args(["-c", CHANGES, &list]).current_dir(&copy).status().unwrap();
    assert!(came.success());

    place.open().await;
    let (call, shown) = place.changed(&["python3", "-c", CHANGES, &list]).await;
    assert_eq!(place.tree(), before, "shown, and not done");
    let changed = place.commit(call).await.unwrap();
    let mut left: Vec<PathBuf> =
        paths(&shown.left_out).iter().map(|path| path.strip_prefix("Desk/").unwrap().into()).collect();
    for path in &left {
        let to = fs::read_link(copy.join(path)).unwrap();
        assert!(
            to.is_absolute() || to.components().any(|part| part.as_os_str() == ".."),
            "{path:?} -> {to:?} is left out"
        );
    }
    assert_eq!(changed.otherwise.len(), left.len(), "{changed:?}");
    // What was in a folder that a link outwards took the place of stays too.
    left.sort();
    let other = differing(&shape(&copy), &shape(&place.desk), &left);
    assert!(other.is_empty(), "{other:?} are other than in a plain copy\n{deeds:?}\n{shown:?}\n{changed:?}");

    let report = place.undo().await;
    assert_eq!(report.kept, vec![]);
    let other = differing(&before, &place.tree(), &[]);
    assert!(other.is_empty(), "{other:?} are other after the undo\n{deeds:?}\n{shown:?}\n{report:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, rng_seed: RngSeed::Fixed(6), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_committed_is_what_the_command_made(what in a_tree(), deeds in prop::collection::vec(a_deed(), 1..9)) {
        tokio::runtime::Runtime::new().unwrap().block_on(lived(&what, &deeds));
    }
}
