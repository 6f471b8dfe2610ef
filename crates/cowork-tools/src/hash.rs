//! Hashing files and whole folders.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use async_trait::async_trait;
use cowork_core::{
    CancellationToken, Effects, FileKind, FilePath, Handed, OpenFile, Part, Reader, Result, ToolContext, ToolOutput,
    TypedTool, Visitor,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::{
    find_first::{First, Place, may_come},
    find_rules::Paths,
    hash_each::{self, Task},
    show::{self, count, stopped},
};

const OP: &str = "hash files";

pub(crate) struct HashFiles;

/// The arguments of `hash_files`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-seldom" = true))]
pub(crate) struct HashArgs {
    /// Files, and folders with all that is in them, up to 10,000.
    #[schemars(length(min = 1, max = 10_000))]
    paths: Vec<FilePath>,
    /// The hash: `sha256` (the usual) or `blake3`, which is faster.
    #[serde(default)]
    algorithm: Algorithm,
    /// The most files to hash, the first by path, up to 100,000; 500 if left out.
    #[serde(default = "usual")]
    #[schemars(range(min = 1, max = 100_000))]
    most: u32,
    /// The `next` of the answer before, to go on from there.
    #[serde(default)]
    after: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Algorithm {
    /// SHA-256.
    #[default]
    Sha256,
    /// BLAKE3.
    Blake3,
}

fn usual() -> u32 {
    500
}

impl Algorithm {
    fn hash(self, file: &dyn OpenFile, stop: &CancellationToken) -> Result<(String, u64)> {
        match self {
            Self::Blake3 => {
                let mut hasher = blake3::Hasher::new();
                let size = hash_each::pieces(file, stop, |piece| {
                    hasher.update(piece);
                })?;
                Ok((hasher.finalize().to_hex().to_string(), size))
            }
            Self::Sha256 => {
                let mut hasher = Sha256::new();
                let size = hash_each::pieces(file, stop, |piece| hasher.update(piece))?;
                Ok((hex(&hasher.finalize()), size))
            }
        }
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[async_trait]
impl TypedTool for HashFiles {
    type Args = HashArgs;
    const NAME: &'static str = "hash_files";
    const ABOUT: &'static str = "Computes the SHA-256 or BLAKE3 of files, and of all files in folders.\n\nGives the `count` of all files, \
        `hashes` as lines `HASH  PATH` in the order of paths, how many `bytes` were read, and `unread`: files that could not be, each \
        with `why`; `next` is what to give as `after` to go on (null at the end). To find equal files, use find_duplicates.";

    fn effects(&self, args: &HashArgs) -> Result<Effects> {
        show::check_size(OP, args.paths.len())?;
        args.after.as_deref().map(Place::parse).transpose()?;
        let paths: Vec<&FilePath> = args.paths.iter().collect();
        let title = format!("hash {}", count(paths.len(), "file or folder").replace("folders", "folder"));
        Ok(Effects::reads(show::touched(&paths)).showing(show::list(title, &paths)))
    }

    async fn run(&self, args: HashArgs, ctx: ToolContext) -> Result<ToolOutput> {
        let label = show::label(show::folders(&args.paths));
        let files = ctx.files()?;
        let place = args.after.as_deref().map(Place::parse).transpose()?;
        let gather = Arc::new(Gather {
            first: First::new(args.most.clamp(1, 100_000) as usize, place),
            all: AtomicU64::new(0),
            stopped: ctx.watch.cancel.clone(),
        });
        let walked = files.walk(outermost(args.paths), gather.clone(), ctx.watch.clone()).await?;
        let (list, next) = gather.first.take();
        let lines = Arc::new(Mutex::new(vec![Err("it could not be read".to_owned()); list.len()]));
        let (to, stop, algorithm, paths) = (lines.clone(), ctx.watch.cancel.clone(), args.algorithm, list.clone());
        let task: Task = Box::new(move |index, file| {
            let hashed = match file.and_then(|file| algorithm.hash(file, &stop)) {
                Err(e) if !hash_each::is_of_file(&e) => return Err(e),
                hashed => hashed.map_err(|e| e.message),
            };
            if let Some(line) = to.lock().unwrap_or_else(PoisonError::into_inner).get_mut(index) {
                *line = hashed;
            }
            Ok(())
        });
        hash_each::file(&*files, list, task, &ctx.watch).await?;
        let lines = std::mem::take(&mut *lines.lock().unwrap_or_else(PoisonError::into_inner));
        let (mut hashes, mut unread, mut bytes) = (Vec::new(), Vec::new(), 0);
        for (path, line) in paths.iter().zip(lines) {
            match line {
                Ok((hash, size)) => {
                    hashes.push(format!("{hash}  {path}"));
                    bytes += size;
                }
                Err(why) => unread.push(json!({ "path": path.as_str(), "why": why })),
            }
        }
        let number = gather.all.load(Ordering::Relaxed);
        let note = format!("{} hashed of {number}", count(hashes.len(), "file"));
        let value = json!({
            "count": number, "hashes": hashes, "bytes": bytes, "unread": unread,
            "skipped": { "unreadable": walked.unreadable, "mounts": walked.mounts }, "next": next,
        });
        Ok(ToolOutput { value, note, label })
    }
}

/// Gives the paths without those inside another of them.
pub(crate) fn outermost(mut paths: Vec<FilePath>) -> Vec<FilePath> {
    paths.sort_by_cached_key(|p| p.as_str().replace('/', "\0"));
    let mut kept: Vec<FilePath> = Vec::new();
    for path in paths {
        if kept.last().is_none_or(|last| !path.is_within(last)) {
            kept.push(path);
        }
    }
    kept
}

/// Gathers the first files by path.
struct Gather {
    first: First<FilePath>,
    all: AtomicU64,
    stopped: CancellationToken,
}

impl Visitor for Gather {
    fn enter(&self, _: &FilePath, _: &Handed, _: &dyn Reader) -> Result<Handed> {
        Ok(None)
    }

    fn visit(&self, part: &dyn Part, _: &Handed) -> Result<Vec<usize>> {
        if self.stopped.is_cancelled() {
            return Err(stopped(OP));
        }
        let mut paths = Paths::of(part.folder());
        let bound = self.first.bound();
        let (mut into, mut over, mut all) = (Vec::new(), false, 0);
        for at in 0..part.len() {
            match part.kind(at) {
                FileKind::Folder => into.push(at),
                FileKind::Link | FileKind::Other => {}
                FileKind::File => {
                    all += 1;
                    let path = paths.of_name(part.name(at));
                    if may_come(bound.as_ref(), 0, path, 0) {
                        self.first.offer(0, path, 0, || part.path(at));
                    } else {
                        over = true;
                    }
                }
            }
        }
        if over {
            self.first.passed_over();
        }
        self.all.fetch_add(all, Ordering::Relaxed);
        Ok(into)
    }
}
