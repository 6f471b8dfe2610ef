//! `cowork playbook run --try`: on a copy of the folders, which is thrown away.

use std::{
    fs,
    io::Read,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use cowork::{Folder, path::escape};

use super::{
    Source,
    engine::{Aside, Ran},
    unless_stopped,
};
use crate::{
    app::home,
    args::PlaybookRun,
    commands::run::params,
    fail::{Exit, Fail, wrong},
    folders,
    look::Look,
    out::Out,
    render::{
        line::{Line, Role},
        outcome::next,
        text::{count, grouped, one_line, sentence, size, step, visible, wrap},
        tree,
    },
    signals::Signals,
};

/// More than this is not copied for a try.
const MOST_FILES: u64 = 20_000;
const MOST_BYTES: u64 = 1_000_000_000;
/// How many lines of changes are shown.
const MOST_LINES: usize = 60;

/// Runs it on copies, shows what it changed there, and takes them away again.
pub(crate) async fn try_out(args: &PlaybookRun, found: &Source, data: &Path) -> Result<Exit, Fail> {
    let params = params(&args.param)?;
    let granted = folders::grants(&args.folder, &args.whole, home().as_deref(), data)?;
    let mut signals = Signals::listen()?;
    let aside = Aside::start().await?;
    let work = async {
        let mut copies = Vec::new();
        let mut copied = Copied::default();
        for (number, folder) in granted.iter().enumerate() {
            copies.push(copy(&aside, number, folder, &args.folder, &mut copied)?);
        }
        let file = found
            .file
            .as_deref()
            .and_then(Path::file_name)
            .map_or_else(|| found.name.clone(), |f| f.to_string_lossy().into_owned());
        Ok::<_, Fail>((aside.run(&found.text, &file, &params, copies).await?, copied))
    };
    let ran = unless_stopped(&mut signals, work).await;
    aside.stop().await;
    let Some(ran) = ran else { return Ok(Exit::Interrupted) };
    let (ran, copied) = ran?;
    Ok(tell(args, found, &ran, &copied))
}

fn tell(args: &PlaybookRun, found: &Source, ran: &Ran, copied: &Copied) -> Exit {
    let look = Look::of_stdout();
    let room = look.columns().saturating_sub(4);
    let plain = |text: &str, role: Role| -> Vec<Line> {
        wrap(&visible(text), room).into_iter().map(|l| Line::margin().add(role, l)).collect()
    };
    let mut lines = vec![Line::default()];
    let what = format!("Tried on a copy of {}, {}.", count(copied.files, "file"), size(copied.bytes));
    lines.extend([Line::margin().add(Role::Quiet, what), Line::default()]);
    let changes = &ran.changes.changes;
    let (drawn, more) = tree::tree(changes, MOST_LINES, &look);
    if !drawn.is_empty() {
        lines.extend(drawn);
        if more > 0 {
            lines.push(Line::of("    ").add(Role::Quiet, format!("and {} more", grouped(more as u64))));
        }
        lines.push(Line::default());
        lines.push(Line::margin().add(Role::Plain, format!("It would be: {}.", tree::counts(changes))));
    }
    match &ran.end {
        Ok(summary) => {
            lines.extend(summary.lines().flat_map(|l| plain(if l.is_empty() { " " } else { l }, Role::Plain)));
        }
        Err(error) => {
            lines.extend(plain(&format!("It failed: {}", sentence(&error.message)), Role::Failed));
            lines.extend(error.fix().into_iter().flat_map(|f| plain(&step(f), Role::Plain)));
        }
    }
    if copied.left > 0 {
        lines.extend(plain(&format!("Not copied: {} that can't be read.", count(copied.left, "thing")), Role::Waiting));
    }
    lines.push(Line::margin().add(Role::Done, "Nothing of yours was changed.").add(Role::Plain, " The copy is gone."));
    if ran.end.is_ok() {
        let folders: String = args.folder.iter().map(|f| format!(" --folder {}", f.display())).collect();
        lines.push(next("Do it:", &one_line(&format!("cowork playbook run {}{folders}", found.name))));
    }
    Out::default().lines(&lines, &look);
    if ran.end.is_ok() { Exit::Done } else { Exit::Failed }
}

/// What was copied.
#[derive(Default)]
struct Copied {
    files: u64,
    bytes: u64,
    /// What can't be read, and what is neither file, folder nor link.
    left: u64,
}

fn copy(aside: &Aside, number: usize, folder: &Folder, typed: &[PathBuf], copied: &mut Copied) -> Result<Folder, Fail> {
    let real = typed.iter().filter_map(|f| fs::canonicalize(f).ok());
    let from = real.into_iter().find(|p| escape(p.as_os_str().as_bytes()) == folder.at);
    let from = from.ok_or_else(|| wrong(format!("the folder {} is gone", folder.name), "look whether it is there"))?;
    let to = aside.folder(number, "copy").map_err(|e| no_room(&e))?;
    copy_folder(&from, &to, copied)?;
    let mut made = cowork::folder_named(&to, &folder.name)?;
    made.access = folder.access;
    Ok(made)
}

fn copy_folder(from: &Path, to: &Path, copied: &mut Copied) -> Result<(), Fail> {
    let Ok(entries) = fs::read_dir(from) else {
        copied.left += 1;
        return Ok(());
    };
    for entry in entries.flatten() {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        let Ok(meta) = entry.metadata() else { continue };
        if meta.is_dir() {
            fs::create_dir(&target).map_err(|e| no_room(&e))?;
            copy_folder(&path, &target, copied)?;
        } else if meta.is_symlink() {
            let link = fs::read_link(&path).and_then(|to| std::os::unix::fs::symlink(to, &target));
            copied.left += u64::from(link.is_err());
        } else if meta.is_file() {
            copied.files += 1;
            copied.bytes += meta.len();
            if copied.files > MOST_FILES || copied.bytes > MOST_BYTES {
                let why = format!(
                    "the folder holds more than {} files or {}, too much for a copy",
                    grouped(MOST_FILES),
                    size(MOST_BYTES)
                );
                return Err(wrong(
                    why,
                    "try it on a smaller folder, or use --dry-run, which stops before the first change",
                ));
            }
            // One that can't be read is left out; one that can't be written ends it.
            if fs::File::open(&path).and_then(|mut f| f.read(&mut [0])).is_err() {
                copied.left += 1;
                continue;
            }
            fs::copy(&path, &target).map_err(|e| no_room(&e))?;
        } else {
            copied.left += 1;
        }
        if let (true, Ok(time), Ok(file)) = (!meta.is_symlink(), meta.modified(), fs::File::open(&target)) {
            // A time that can't be set makes the copy no worse for a try.
            let _ = file.set_modified(time);
        }
    }
    Ok(())
}

fn no_room(error: &std::io::Error) -> Fail {
    wrong(format!("the copy can't be made: {error}"), "see whether there is room where $TMPDIR is")
}
