//! Patches: several files changed as a whole, or not at all.
//!
//! [`parse`] and [`apply`] are pure: a text in, a text out. The tool `apply_patch` is made of them.
//!
//! A patch is read and turned into changes by its text alone, so that a call that runs again asks for the same; what a file
//! becomes is worked out while it is written. Before that, every hunk of every file is tried on what is there. A file need
//! not have been read before: the lines that a hunk names are what must still be there, and are looked at when it is written.

mod content;
mod envelope;
mod hunks;
mod order;
mod unified;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use cowork_core::{
    Effects, Error, FileKind, FilePath, Files, Group, Handed, Kind, Known, Label, Part, Preview, Reader, Result,
    ToolContext, ToolOutput, TypedTool, Visitor, path::escape,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use self::content::patched;
pub use self::hunks::{FilePatch, Hunk, Line, Misfit, Op, Place, Sign, apply};
use crate::show::{MOST_IN_BATCH, count, label, shown};

const LONGEST_PATCH: usize = 16 * 1024 * 1024;
/// What to do when a patch does not fit what is there.
const ANEW: &str = "nothing was changed; read the file again and make the patch anew";
/// How many misfits are told at once.
const MOST_TOLD: usize = 5;

/// Reads a patch of either form: an envelope, `*** Begin Patch`, or a unified diff, of whose names `strip` takes that many folders
/// off (`a/` and `b/` if none is said).
///
/// # Errors
/// The first line that does not belong where it is.
pub fn parse(patch: &str, strip: Option<usize>) -> Result<Vec<FilePatch>, Misfit> {
    if envelope::is_envelope(patch) { envelope::parse(patch) } else { unified::parse(patch, strip) }
}

pub(crate) struct ApplyPatch;

/// The arguments of `apply_patch`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-seldom" = true))]
pub(crate) struct PatchArgs {
    /// The patch, in one of two forms. Either `*** Begin Patch`, then for each file `*** Add File: PATH` with lines that begin with
    /// `+`, `*** Delete File: PATH`, or `*** Update File: PATH`, perhaps `*** Move to: PATH`, and hunks, each below `@@` and perhaps
    /// a line of the file that is above it, of lines that begin with a space, `-` or `+`; at last `*** End Patch`. Or a unified
    /// diff as by `diff -u` or `git diff`.
    #[schemars(length(min = 1, max = 16_777_216))]
    patch: String,
    /// The folder that the names in the patch begin in: `Projects/site`. If left out, they begin with the name of a granted folder.
    #[serde(default)]
    folder: Option<FilePath>,
    /// How many folders to take off the names in a unified diff, as `patch -p` does; if left out, git's `a/` and `b/`.
    #[serde(default)]
    #[schemars(range(max = 100))]
    strip: Option<u8>,
}

#[async_trait]
impl TypedTool for ApplyPatch {
    type Args = PatchArgs;
    const NAME: &'static str = "apply_patch";
    const ABOUT: &'static str = "Applies a patch to text files: new files, changes, renames, permissions, and deletions, which set the file aside. \
        All of it or nothing: if a hunk does not fit exactly (it may lie some lines off), nothing is changed, and the error names the hunk, \
        what it expected and what is there.\n\nGives `made` and `files`, each with `path`, `did`, `to`, and how many lines were `added` and `removed`.";

    fn effects(&self, args: &PatchArgs) -> Result<Effects> {
        let files = read(args)?;
        let mut groups: BTreeMap<&str, Group> = BTreeMap::new();
        for file in &files {
            let group = groups.entry(file.did()).or_insert_with(|| Group {
                count: 0,
                label: file.did().to_owned(),
                examples: Vec::new(),
            });
            group.count += 1;
            if group.examples.len() < 3 {
                group.examples.push(shown(file.path.as_str()));
            }
        }
        let (added, removed) = files.iter().map(Planned::lines).fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
        let mut groups: Vec<Group> = groups.into_values().collect();
        groups.sort_by_key(|g| std::cmp::Reverse(g.count));
        let title = format!("patch {} ({added} lines more, {removed} less)", count(files.len(), "file"));
        let paths = files.iter().flat_map(|f| [Some(&f.path), f.to.as_ref()]).flatten().cloned();
        let paths: BTreeSet<FilePath> = paths.collect();
        Ok(Effects::changes(paths).showing(Preview { title, groups, ..Preview::default() }))
    }

    async fn run(&self, args: PatchArgs, ctx: ToolContext) -> Result<ToolOutput> {
        let plan = read(&args)?;
        let files = ctx.files()?;
        // A call that runs again may have made some of it: what it made fits no more, and the journal knows.
        if ctx.attempt <= 1 {
            check(&plan, &files, &ctx).await?;
        }
        let key = blake3::hash(args.patch.as_bytes()).to_hex();
        let mut knowns = Vec::with_capacity(plan.len());
        for file in &plan {
            knowns.push(match file.op {
                // What was looked at a moment ago is what is changed.
                Op::Update(_) => match files.read(file.path.clone(), 0, 1).await {
                    Ok(piece) => Known::Stamp(piece.stamp),
                    Err(_) => Known::Seen,
                },
                _ => Known::Nothing,
            });
        }
        let changes = order::changes(&plan, &format!("patch:{key}"), knowns);
        files.change_all(changes, ctx.watch.clone()).await.map_err(|e| match e.kind {
            Kind::Conflict => e.with_fix(ANEW),
            _ => e,
        })?;
        let told: Vec<Value> = plan.iter().map(Planned::told).collect();
        let mut label = label(plan.iter().map(|f| f.path.clone()));
        label.join(&Label::file(plan.first().map_or("", |f| f.path.as_str())));
        let note = count(plan.len(), "file") + " patched";
        Ok(ToolOutput { value: json!({ "made": plan.len(), "files": told }), note, label })
    }
}

/// A file of a patch, by its path in the session.
struct Planned {
    path: FilePath,
    to: Option<FilePath>,
    op: Op,
    mode: Option<u32>,
    line: usize,
}

/// Reads the patch and the paths in it.
fn read(args: &PatchArgs) -> Result<Vec<Planned>> {
    if args.patch.len() > LONGEST_PATCH {
        let why = format!("the patch is {} bytes long; at most {LONGEST_PATCH} are taken", args.patch.len());
        return Err(Error::new(Kind::LimitExceeded, "read patch", why).with_fix("split it over several calls"));
    }
    let is_envelope = envelope::is_envelope(&args.patch);
    let parsed = parse(&args.patch, args.strip.map(usize::from)).map_err(|misfit| unreadable(&misfit))?;
    if parsed.len() > MOST_IN_BATCH {
        let why = format!("the patch is about {} files; at most {MOST_IN_BATCH} are taken", parsed.len());
        return Err(Error::new(Kind::LimitExceeded, "read patch", why));
    }
    let mut planned = Vec::with_capacity(parsed.len());
    let mut seen = BTreeSet::new();
    for file in parsed {
        let at = |raw: &[u8]| {
            in_session(raw, args.folder.as_ref(), is_envelope).map_err(|e| e.with("line", file.line.to_string()))
        };
        let FilePatch { op, mode, line, .. } = &file;
        let path = at(&file.path)?;
        let to = file.to.as_deref().map(at).transpose()?.filter(|to| *to != path);
        for path in [Some(&path), to.as_ref()].into_iter().flatten() {
            in_folder(path, args.folder.is_some()).map_err(|e| e.with("line", line.to_string()))?;
        }
        if !matches!(op, Op::Copy(_)) && !seen.insert(path.clone()) {
            let why = format!("`{}` is in the patch twice", shown(path.as_str()));
            let error = Error::new(Kind::InvalidInput, "read patch", why).with("line", line.to_string());
            return Err(error.with_fix("put all hunks of a file under one heading"));
        }
        planned.push(Planned { path, to, op: op.clone(), mode: *mode, line: *line });
    }
    Ok(planned)
}

/// Refuses a name that is that of a granted folder, or of nothing: it lies in no folder.
fn in_folder(path: &FilePath, below_one: bool) -> Result<()> {
    if path.parent().is_some() {
        return Ok(());
    }
    let why = format!("`{}` in the patch lies in no folder", shown(path.as_str()));
    let fix = if below_one {
        "name a file in the folder"
    } else {
        "let the names in the patch begin with that of a granted folder, or say in `folder` where they begin"
    };
    Err(Error::new(Kind::InvalidInput, "apply patch", why).with("path", path.as_str()).with_fix(fix))
}

fn unreadable(misfit: &Misfit) -> Error {
    let Misfit { why, line } = misfit;
    Error::new(Kind::InvalidInput, "read patch", format!("line {line} of the patch can't be read: {why}"))
        .with("line", line.to_string())
}

/// Gives the path of a name in a patch. In an envelope it is written as everywhere in a session, in a diff it is raw bytes.
fn in_session(raw: &[u8], folder: Option<&FilePath>, is_envelope: bool) -> Result<FilePath> {
    if is_envelope {
        let text = String::from_utf8_lossy(raw);
        return folder.map_or_else(|| FilePath::parse(&text), |folder| folder.join(&text));
    }
    let text: Vec<String> = raw.split(|b| *b == b'/').map(escape).collect();
    let text = text.join("/");
    folder.map_or_else(|| FilePath::parse(&text), |folder| folder.join(&text))
}

impl Planned {
    fn did(&self) -> &'static str {
        match (&self.op, &self.to) {
            (Op::Create(_), _) => "created",
            (Op::Delete(_), _) => "set aside",
            (Op::Copy(_), _) => "copied",
            (Op::Update(_), Some(_)) => "moved",
            (Op::Update(hunks), None) if hunks.is_empty() => "given other permissions",
            (Op::Update(_), None) => "changed",
        }
    }

    /// Says whether its name gets free.
    fn goes(&self) -> bool {
        matches!(self.op, Op::Delete(_)) || (self.to.is_some() && !matches!(self.op, Op::Copy(_)))
    }

    /// Counts the lines that come and go.
    fn lines(&self) -> (usize, usize) {
        let hunks = match &self.op {
            Op::Create(content) => return (content.split_inclusive(|b| *b == b'\n').count(), 0),
            Op::Delete(hunks) | Op::Update(hunks) | Op::Copy(hunks) => hunks,
        };
        let of = |sign: Sign| hunks.iter().flat_map(|h| &h.lines).filter(|l| l.sign == sign).count();
        (of(Sign::Add), of(Sign::Remove))
    }

    fn told(&self) -> Value {
        let (added, removed) = self.lines();
        let mut told = json!({ "path": self.path, "did": self.did(), "added": added, "removed": removed });
        if let Some(to) = &self.to {
            told["to"] = json!(to);
        }
        told
    }
}

/// Tries every hunk on what is there, and whether the new names are free.
async fn check(plan: &[Planned], files: &Arc<dyn Files>, ctx: &ToolContext) -> Result<()> {
    let gone: BTreeSet<&FilePath> = plan.iter().filter(|f| f.goes()).map(|f| &f.path).collect();
    let mut old = Vec::new();
    for file in plan {
        let new = if matches!(file.op, Op::Create(_)) { Some(&file.path) } else { file.to.as_ref() };
        // Where a file goes, another may come, or a folder with others in it.
        let freed =
            |new: &FilePath| std::iter::successors(Some(new.clone()), FilePath::parent).any(|p| gone.contains(&p));
        if let Some(new) = new.filter(|new| !freed(new)) {
            match files.stat(new.clone()).await {
                Ok(_) => {
                    let why = format!("there is a `{new}` already");
                    return Err(Error::new(Kind::Conflict, "apply patch", why).with("path", new.as_str()));
                }
                Err(e) if e.kind == Kind::NotFound => {}
                Err(e) => return Err(e),
            }
        }
        if !matches!(file.op, Op::Create(_)) {
            files.stat(file.path.clone()).await.map_err(|e| e.with("line", file.line.to_string()))?;
            old.push(file.path.clone());
        }
    }
    let mut hunks: BTreeMap<FilePath, Vec<(Vec<Hunk>, bool)>> = BTreeMap::new();
    for file in plan {
        let (tried, whole) = match &file.op {
            Op::Create(_) => continue,
            Op::Delete(hunks) => (hunks, true),
            Op::Update(hunks) | Op::Copy(hunks) => (hunks, false),
        };
        hunks.entry(file.path.clone()).or_default().push((tried.clone(), whole));
    }
    let trial = Arc::new(Trial { hunks, misfits: Mutex::default() });
    if !old.is_empty() {
        files.walk(old, trial.clone(), ctx.watch.clone()).await?;
    }
    let mut misfits = std::mem::take(&mut *trial.misfits.lock().unwrap_or_else(PoisonError::into_inner));
    misfits.sort_by_key(|(line, _)| *line);
    let told: Vec<String> = misfits.iter().take(MOST_TOLD).map(|(_, e)| e.message.clone()).collect();
    let Some((_, mut error)) = misfits.into_iter().next() else { return Ok(()) };
    error.message = told.join("; ");
    Err(if error.fix().is_some() { error } else { error.with_fix(ANEW) })
}

/// Tries hunks on the files of a walk.
struct Trial {
    /// The hunks of each file, once for each file that is made of it, and whether they must leave nothing of it.
    hunks: BTreeMap<FilePath, Vec<(Vec<Hunk>, bool)>>,
    /// What does not fit, by line of the patch.
    misfits: Mutex<Vec<(usize, Error)>>,
}

impl Visitor for Trial {
    fn enter(&self, folder: &FilePath, _: &Handed, _: &dyn Reader) -> Result<Handed> {
        Err(Error::new(
            Kind::InvalidInput,
            "apply patch",
            format!("`{folder}` is a folder, and only files are patched"),
        ))
    }

    fn visit(&self, part: &dyn Part, _: &Handed) -> Result<Vec<usize>> {
        for at in 0..part.len() {
            let path = part.path(at);
            let Some(all) = self.hunks.get(&path) else { continue };
            if part.kind(at) != FileKind::File {
                let why = format!("`{path}` is no regular file, and only such are patched");
                return Err(Error::new(Kind::InvalidInput, "apply patch", why));
            }
            let tried = all.iter().filter(|(hunks, _)| !hunks.is_empty());
            for (hunks, whole) in tried {
                let misfit = match patched(&*part.open(at)?, &path, hunks) {
                    Ok(left) if *whole && !left.is_empty() => {
                        let why = format!("`{path}` holds more than the patch deletes");
                        Error::new(Kind::Conflict, "apply patch", why).with("path", path.as_str())
                    }
                    Ok(_) => continue,
                    Err(e) if e.kind == Kind::Conflict => e,
                    Err(e) => return Err(e),
                };
                let line = misfit.fact("line").and_then(|line| line.parse().ok()).unwrap_or(0);
                self.misfits.lock().unwrap_or_else(PoisonError::into_inner).push((line, misfit));
            }
        }
        Ok(Vec::new())
    }
}
