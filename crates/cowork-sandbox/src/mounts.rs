//! What is mounted below a folder. A rename takes it along: to where nobody looks for it, and into a journal that is one day let
//! go of. Such a folder is left where it is.

use std::os::unix::ffi::OsStrExt;

use cowork_core::{FilePath, path::escape};

use crate::{
    fault::{Fault, Trouble},
    plan::{Plan, Planner},
    sys::{Look, content},
};

/// Where the system says what is mounted.
const TABLE: &str = "/proc/self/mountinfo";

/// The places where something is mounted, as this process sees them.
#[derive(Debug)]
pub(crate) struct Mounts(Vec<Vec<u8>>);

impl Mounts {
    fn read() -> Result<Self, Fault> {
        Ok(Self(parse(&std::fs::read(TABLE)?)))
    }

    /// Gives a place where something is mounted: the folder itself or one below it.
    fn below(&self, folder: &[u8]) -> Option<&[u8]> {
        let is_below = |at: &&Vec<u8>| at.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest[0] == b'/');
        self.0.iter().find(is_below).map(Vec::as_slice)
    }
}

/// Says whether anything is mounted in a folder, somewhere below it; not on it.
#[cfg(confined)]
pub(crate) fn has_within(folder: &std::path::Path) -> bool {
    let is_within = |mounts: Mounts| {
        let folder = folder.as_os_str().as_bytes();
        mounts.0.iter().any(|at| at.strip_prefix(folder).is_some_and(|rest| rest.starts_with(b"/") && rest.len() > 1))
    };
    // What can't be looked at may be so.
    Mounts::read().map_or(true, is_within)
}

impl Planner<'_> {
    /// Refuses a folder with something mounted below it. The table is read once for a batch, and only for folders.
    pub(crate) fn has_no_mount(&mut self, path: &FilePath, look: &Look) -> Plan<()> {
        if !look.is_folder() {
            return Ok(());
        }
        let mounts = match self.batch.mounts.take() {
            Some(mounts) => mounts,
            None => Mounts::read().map_err(|e| e.at(TABLE))?,
        };
        let root = content::path_of(&self.view.root(path)?.dir.fd).map_err(|e| Fault::Os(e).at(path.root()))?;
        let names: Vec<_> = path.below().collect();
        // Of a grant of `/` itself the way begins with two slashes.
        let folder = [root.as_os_str().as_bytes(), &names.join(&b'/')].join(&b'/');
        let found = mounts.below(folder.strip_prefix(b"/").filter(|rest| rest.starts_with(b"/")).unwrap_or(&folder));
        let text = found.map(|at| {
            format!("something is mounted at `{}`, so `{path}` stays where it is; unmount it first", escape(at))
        });
        self.batch.mounts = Some(mounts);
        text.map_or(Ok(()), |text| Err(Trouble::This(text)))
    }
}

/// Reads the fifth field of each line, in which blanks and the like are written `\NNN`.
fn parse(table: &[u8]) -> Vec<Vec<u8>> {
    let at = |line: &[u8]| line.split(|b| *b == b' ').nth(4).map(plain);
    table.split(|b| *b == b'\n').filter_map(at).collect()
}

fn plain(mut text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    while let Some((first, rest)) = text.split_first() {
        let digits = rest.get(..3).and_then(|d| u8::from_str_radix(std::str::from_utf8(d).ok()?, 8).ok());
        match digits.filter(|_| *first == b'\\') {
            Some(byte) => {
                plain.push(byte);
                text = &rest[3..];
            }
            None => {
                plain.push(*first);
                text = rest;
            }
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read_with_its_escapes() {
        let table = b"22 1 8:1 / / rw - ext4 /dev/sda1 rw\n\
            36 22 8:2 /a\\040b /home/my\\040stick\\134\\011x rw,noatime master:1 - ext4 /dev/sdb rw\n";
        let mounts = Mounts(parse(table));
        assert_eq!(mounts.0, [b"/".to_vec(), b"/home/my stick\\\tx".to_vec()]);
        assert_eq!(mounts.below(b"/home"), Some(&b"/home/my stick\\\tx"[..]));
        assert_eq!(mounts.below(b"/home/my stick\\\tx"), Some(&b"/home/my stick\\\tx"[..]));
        assert_eq!((mounts.below(b"/home/my"), mounts.below(b"/home/my stick\\\tx/y")), (None, None));
    }
}
