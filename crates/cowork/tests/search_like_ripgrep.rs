//! The search beside ripgrep, on the same folders of the disk: the same rules give the same hits.

#![cfg(unix)]
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub, reason = "a story that goes wrong ends")]

#[path = "../../cowork-tools/tests/like_ripgrep/mod.rs"]
mod like_ripgrep;

use std::{collections::BTreeSet, path::Path, sync::Arc};

use cowork::{
    Sandbox, Session, SessionSpec, TaskId, folder_named,
    sandbox::{LocalSandbox, LocalSandboxOptions},
    tools,
};
use cowork_testkit::{TestRuntime, block_on, tool::context};
use like_ripgrep::{Asked, Tree, ripgrep_is_there, searches, text, trees, write};
use proptest::{prelude::*, sample::Index};
use serde_json::Value;

fn run(session: &Arc<dyn Session>, tool: &str, args: Value) -> Value {
    let tool = tools::builtin().into_iter().find(|t| t.spec().name == tool).unwrap();
    block_on(tool.run(args, context(Some(session.clone()), TestRuntime::new()))).unwrap().value
}

/// Searches folders of one tree, both ways.
fn compare(tree: &Tree, asked: &Asked, from: &[&Path]) -> Result<(), TestCaseError> {
    let (disk, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let root = disk.path().join("R");
    std::fs::create_dir(&root).unwrap();
    write(tree, &root);
    let options = LocalSandboxOptions { data: data.path().to_path_buf(), ..LocalSandboxOptions::default() };
    let folders = vec![folder_named(&root, "R").unwrap()];
    let spec = SessionSpec { task: TaskId::new(&*TestRuntime::new()), folders, hosts: Vec::new(), resumed: false };
    let session = block_on(LocalSandbox::open(options).open(spec)).unwrap();
    for from in from {
        let (top, folder) = (root.join(from), text("R", from));
        let theirs: BTreeSet<String> = asked.files(&top).iter().map(|path| text(&folder, path)).collect();
        let found = run(&session, "find_files", asked.listing(&folder));
        let ours: BTreeSet<String> =
            found["files"].as_array().unwrap().iter().map(|f| f["path"].as_str().unwrap().to_owned()).collect();
        let differing: Vec<_> = ours.symmetric_difference(&theirs).collect();
        prop_assert!(differing.is_empty(), "from {:?} ripgrep looks at {:?}, not so: {:?}", from, theirs, differing);

        let theirs: BTreeSet<(String, u64)> =
            asked.hits(&top).into_iter().map(|(path, line)| (text(&folder, &path), line)).collect();
        let found = run(&session, "find_text", asked.arguments(&folder));
        prop_assert_eq!(&found["complete"], true);
        let hits = found["hits"].as_array().unwrap().iter();
        let ours: BTreeSet<(String, u64)> =
            hits.map(|h| (h["path"].as_str().unwrap().to_owned(), h["line"].as_u64().unwrap())).collect();
        let differing: Vec<_> = ours.symmetric_difference(&theirs).take(20).collect();
        prop_assert!(
            differing.is_empty(),
            "from {:?} ripgrep finds {} lines, not so: {:?}",
            from,
            theirs.len(),
            differing
        );
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, max_shrink_iters: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_hits_on_a_disk_are_those_of_ripgrep(tree in trees(), asked in searches(), at in any::<Index>()) {
        if ripgrep_is_there() {
            let folders: BTreeSet<&Path> = tree.keys().filter_map(|p| p.parent()).flat_map(Path::ancestors).collect();
            let folders: Vec<&Path> = folders.into_iter().collect();
            compare(&tree, &asked, &[Path::new(""), folders[at.index(folders.len())]])?;
        }
    }
}
