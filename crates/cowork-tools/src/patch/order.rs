//! The changes of a patch, in an order in which each file is made of what was there before the patch.

use std::{collections::BTreeSet, sync::Arc};

use cowork_core::{Change, Clash, Content, FilePath, Known, Write};

use super::{
    Planned,
    content::Patched,
    hunks::{Hunk, Op},
};

/// Works out the changes: copies, while what they copy is as it was; then what changes and goes; at last what comes, so that
/// names may be swapped, and a file may become a folder. By the patch alone: a call that runs again asks for the same.
pub(super) fn changes(plan: &[Planned], key: &str, knowns: Vec<Known>) -> Vec<Change> {
    let gone: BTreeSet<&FilePath> = plan.iter().filter(|f| f.goes()).map(|f| &f.path).collect();
    let (mut first, mut then, mut last) = (Vec::new(), Vec::new(), Vec::new());
    for ((index, file), known) in plan.iter().enumerate().zip(knowns) {
        let key = format!("{key}:{index}");
        let step =
            |from: &FilePath, to: &FilePath| Change::Move { from: from.clone(), to: to.clone(), clash: Clash::Skip };
        // What comes to a name, or below one, that gets free only later waits under a name of its own.
        let waits = |to: &FilePath| {
            let taken = std::iter::successors(Some(to.clone()), FilePath::parent).any(|p| gone.contains(&p));
            taken.then(|| beside(&file.path, &key)).flatten()
        };
        match (&file.op, &file.to) {
            (Op::Create(content), _) => {
                let write = Write::new(file.path.clone(), content.clone());
                last.push(Change::Write(Write { mode: file.mode, ..write }));
            }
            (Op::Delete(_), _) => then.push(Change::set_aside(file.path.clone())),
            (Op::Copy(hunks), to) => {
                let to = to.as_ref().unwrap_or(&file.path);
                let waiting = waits(to);
                let copy = waiting.as_ref().unwrap_or(to);
                first.push(Change::Copy { from: file.path.clone(), to: copy.clone(), clash: Clash::Skip });
                match file.mode {
                    _ if !hunks.is_empty() => first.push(write(file, copy, hunks, &key, Known::Nothing)),
                    Some(mode) => first.push(Change::Mode { path: copy.clone(), mode }),
                    None => {}
                }
                last.extend(waiting.map(|from| step(&from, to)));
            }
            (Op::Update(hunks), to) => {
                match file.mode {
                    _ if !hunks.is_empty() => then.push(write(file, &file.path, hunks, &key, known)),
                    Some(mode) => then.push(Change::Mode { path: file.path.clone(), mode }),
                    None => {}
                }
                let Some(to) = to else { continue };
                match waits(to) {
                    Some(waiting) => {
                        then.push(step(&file.path, &waiting));
                        last.push(step(&waiting, to));
                    }
                    None => then.push(step(&file.path, to)),
                }
            }
        }
    }
    first.into_iter().chain(then).chain(last).collect()
}

fn write(file: &Planned, path: &FilePath, hunks: &[Hunk], key: &str, known: Known) -> Change {
    let make = Patched { key: key.to_owned(), path: path.clone(), hunks: hunks.to_vec() };
    let content = Content::Made(Arc::new(make));
    let write = Write { may_shrink: true, mode: file.mode, ..Write::new(path.clone(), content) };
    Change::Write(write.replacing(known))
}

/// Gives a name in the same folder that nothing else has.
fn beside(path: &FilePath, key: &str) -> Option<FilePath> {
    let key = key.trim_start_matches("patch:");
    let (hash, index) = key.split_once(':')?;
    Some(path.parent()?.join_bytes(format!(".patch-{}-{index}", hash.get(..16)?).as_bytes()))
}
