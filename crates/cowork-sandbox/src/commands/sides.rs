//! A file as it is in the folder, and as a call's commands left it.

use std::os::fd::{AsFd, OwnedFd};

use cowork_core::{CallId, Error, FilePath, Kind, Result, Sides};
use rustix::io::{Errno, fcntl_dupfd_cloexec};

use crate::{
    fault::error,
    session::Held,
    stage::read_at,
    staged::part,
    sys::{self, content::open_regular},
};

/// Gives both, each if it is a file of at most so many bytes.
pub(crate) fn sides(held: &Held, call: CallId, path: &FilePath, most: usize) -> Result<Sides> {
    held.room.is_still(call)?;
    let at = held.room.layer(call);
    super::kept::since(&at)?;
    let place = held.view.roots.iter().position(|root| root.name == path.root()).ok_or_else(|| {
        let why = format!("`{path}` is in none of the folders");
        Error::new(Kind::NotAllowed, "look at changes", why).with_fix("name a file that the command changed")
    })?;
    let names: Vec<Vec<u8>> = path.below().collect();
    let in_folder = content(fcntl_dupfd_cloexec(held.view.roots[place].dir.fd.as_fd(), 0), &names, most);
    let in_layer = content(sys::open_real(&part(&at, place).0), &names, most);
    let failed = |e| error(e, "look at changes", path.as_str());
    Ok(Sides { before: in_folder.map_err(failed)?, after: in_layer.map_err(failed)? })
}

/// Gives what a file holds that lies below a folder; none if it is no file, or holds more.
fn content(folder: Result<OwnedFd, Errno>, names: &[Vec<u8>], most: usize) -> Result<Option<Vec<u8>>, Errno> {
    let Some((name, folders)) = names.split_last() else { return Ok(None) };
    let opened = folders.iter().try_fold(folder?, |folder, name| sys::open_below(&folder, name));
    let file = match opened.and_then(|folder| open_regular(&folder, name)) {
        Err(Errno::NOENT | Errno::NOTDIR | Errno::INVAL | Errno::LOOP) => return Ok(None),
        file => file?,
    };
    let size = usize::try_from(sys::look_at(&file)?.size).unwrap_or(usize::MAX);
    if size > most {
        return Ok(None);
    }
    let mut bytes = vec![0; size];
    let read = read_at(&file, &mut bytes, 0)?;
    bytes.truncate(read);
    Ok(Some(bytes))
}
