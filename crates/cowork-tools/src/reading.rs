//! Work over many files in one go, where it may block.

use std::sync::{Arc, Mutex, PoisonError};

use cowork_core::{Error, FileKind, FilePath, Handed, Kind, Part, Reader, Result, ToolContext, Visitor};

type Work<T> = Box<dyn FnOnce(&dyn Reader) -> Result<T> + Send>;

/// Does work that reads files, where it may block: in a walk over the first of these that is there.
pub(crate) async fn reading<T: Send + 'static>(
    op: &'static str,
    ctx: &ToolContext,
    sources: &[FilePath],
    work: impl FnOnce(&dyn Reader) -> Result<T> + Send + 'static,
) -> Result<T> {
    let files = ctx.files()?;
    let mut missing = None;
    let mut begin = None;
    for path in sources {
        match files.stat(path.clone()).await {
            Ok(entry) if entry.kind == FileKind::File => {
                begin = Some(path);
                break;
            }
            Ok(_) => {
                let why = format!("`{path}` is no file");
                missing = missing.or(Some(Error::new(Kind::InvalidInput, op, why).with("path", path.as_str())));
            }
            Err(e) if is_left_out(&e) => missing = missing.or(Some(e)),
            Err(e) => return Err(e),
        }
    }
    let Some(begin) = begin else {
        let nothing = || Error::new(Kind::InvalidInput, op, "there is nothing to read: the list is empty");
        return Err(missing.unwrap_or_else(nothing));
    };
    let once = Arc::new(Once { work: Mutex::new(Some(Box::new(work) as Work<T>)), done: Mutex::new(None) });
    files.walk(vec![begin.clone()], once.clone(), ctx.watch.clone()).await?;
    let done = once.done.lock().unwrap_or_else(PoisonError::into_inner).take();
    done.ok_or_else(|| Error::new(Kind::Conflict, op, format!("`{begin}` went away meanwhile")).with_fix("try again"))
}

/// Says whether an error is about one file alone, which is then left out: it is not there, or may not or can't be read.
pub(crate) fn is_left_out(error: &Error) -> bool {
    matches!(error.kind, Kind::NotFound | Kind::NotAllowed | Kind::Unavailable | Kind::InvalidInput)
}

/// Work that is done once, on the first part of a walk.
struct Once<T> {
    work: Mutex<Option<Work<T>>>,
    done: Mutex<Option<T>>,
}

impl<T: Send + 'static> Visitor for Once<T> {
    fn enter(&self, _: &FilePath, _: &Handed, _: &dyn Reader) -> Result<Handed> {
        Ok(None)
    }

    fn visit(&self, part: &dyn Part, _: &Handed) -> Result<Vec<usize>> {
        let work = self.work.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(work) = work {
            let done = work(part.reader())?;
            *self.done.lock().unwrap_or_else(PoisonError::into_inner) = Some(done);
        }
        Ok(Vec::new())
    }
}
