//! What a change asks for: whether it may be asked, what it is about, and what tells it from another.

use cowork_core::{Change, Clash, Content, Error, FilePath, Kind, Result, Still, Write};

use crate::view::View;

/// Refuses changes that no disk could make right: outside the grants, or not to be asked for.
pub(crate) fn validate(view: &View, change: &Change) -> Result<()> {
    let below = |path: &FilePath| {
        view.may_change(path)?;
        if path.parent().is_none() {
            let text = format!("`{path}` is a granted folder itself, which can't be moved, replaced or put aside");
            return Err(Error::new(Kind::NotAllowed, "change", text).with("path", path.as_str()));
        }
        Ok(())
    };
    match change {
        Change::Write(Write { path, content: Content::Edited(_), clash: Clash::Skip | Clash::Number, .. }) => {
            let text = format!("`{path}` is to be edited, which means that it is replaced");
            Err(Error::new(Kind::InvalidInput, "change", text).with_fix("say that it may be replaced"))
        }
        Change::Mode { path, mode } if *mode > 0o1777 => {
            let text = format!("`{path}` can't be given permissions that let a program run as its owner");
            Err(Error::new(Kind::InvalidInput, "change", text).with_fix("give at most 1777, in octal"))
        }
        Change::Link { path, to } if !stays(path, to) => {
            let text =
                format!("`{path}` can't lead to `{}`: that may be outside of its granted folder", to.escape_debug());
            let fix = "give where it leads from the folder that it lies in, with `..` at the beginning only";
            Err(Error::new(Kind::NotAllowed, "change", text).with("path", path.as_str()).with_fix(fix))
        }
        Change::SetAside { path, still: Some(Still { copy_of: Some(copied), .. }) } => {
            view.root(copied).map(drop).and_then(|()| below(path))
        }
        Change::Write(Write { path, .. })
        | Change::Link { path, .. }
        | Change::SetAside { path, .. }
        | Change::Restore { path }
        | Change::Mode { path, .. } => below(path),
        Change::MakeFolder { path, .. } => view.may_change(path),
        Change::Move { clash: Clash::Replace, to, .. } | Change::Copy { clash: Clash::Replace, to, .. } => {
            let text = format!("a move or a copy can't replace what is at `{to}`");
            Err(Error::new(Kind::InvalidInput, "change", text).with_fix("put the old one aside first"))
        }
        Change::Move { from, to, .. } => below(from).and_then(|()| below(to)),
        Change::Copy { from, to, .. } => view.root(from).map(drop).and_then(|()| below(to)),
    }
}

/// Says whether a link can't lead out of its granted folder, whatever other links there are on its way that can't either: it goes up from
/// the folder that it lies in, which is none, and only then down.
pub(crate) fn stays(path: &FilePath, to: &str) -> bool {
    let parts: Vec<&str> = to.split('/').collect();
    let up = parts.iter().take_while(|part| **part == "..").count();
    let depth = path.below().count().saturating_sub(1);
    let is_plain = |part: &&str| !matches!(*part, "" | "." | "..") && !part.contains('\0');
    // A last `/` says that it is a folder.
    let down = parts[up..].strip_suffix(&[""]).unwrap_or(&parts[up..]);
    up <= depth && !to.is_empty() && down.iter().all(is_plain) && (up > 0 || !down.is_empty())
}

/// Gives a change's checksum, by which a call that runs again is compared with the first time.
pub(crate) fn checksum(change: &Change) -> u32 {
    let mut sum = crc32fast::Hasher::new();
    let mut add = |bytes: &[u8]| {
        sum.update(&(bytes.len() as u64).to_le_bytes());
        sum.update(bytes);
    };
    match change {
        Change::Write(Write { path, content, clash, mode, modified, .. }) => {
            [b"write", path.as_str().as_bytes()].into_iter().for_each(&mut add);
            match content {
                Content::Bytes(bytes) => add(bytes),
                Content::Made(make) => [b"made", make.key().as_bytes()].into_iter().for_each(&mut add),
                // Its pieces follow from what the file was, and are others once they are replaced.
                Content::Edited(_) => add(b"edited"),
            }
            add(&[*clash as u8]);
            mode.iter().for_each(|mode| add(&mode.to_le_bytes()));
            modified.iter().for_each(|modified| add(&modified.to_le_bytes()));
        }
        Change::MakeFolder { path, mode } => {
            [b"make".as_slice(), path.as_str().as_bytes()].into_iter().for_each(&mut add);
            mode.iter().for_each(|mode| add(&mode.to_le_bytes()));
        }
        Change::Move { from, to, clash } => {
            [b"move", from.as_str().as_bytes(), to.as_str().as_bytes(), &[*clash as u8]].into_iter().for_each(&mut add);
        }
        Change::Copy { from, to, clash } => {
            [b"copy", from.as_str().as_bytes(), to.as_str().as_bytes(), &[*clash as u8]].into_iter().for_each(&mut add);
        }
        Change::Link { path, to } => {
            [b"link", path.as_str().as_bytes(), to.as_bytes()].into_iter().for_each(&mut add);
        }
        Change::SetAside { path, .. } => [b"aside".as_slice(), path.as_str().as_bytes()].into_iter().for_each(&mut add),
        Change::Restore { path } => [b"restore".as_slice(), path.as_str().as_bytes()].into_iter().for_each(&mut add),
        Change::Mode { path, mode } => {
            [b"mode".as_slice(), path.as_str().as_bytes(), &mode.to_le_bytes()].into_iter().for_each(&mut add);
        }
    }
    sum.finalize()
}

/// Gives the path that a change's content goes to.
pub(crate) fn target(change: &Change) -> &FilePath {
    match change {
        Change::Write(Write { path, .. })
        | Change::MakeFolder { path, .. }
        | Change::Link { path, .. }
        | Change::SetAside { path, .. }
        | Change::Restore { path }
        | Change::Mode { path, .. } => path,
        Change::Move { to, .. } | Change::Copy { to, .. } => to,
    }
}

/// Gives the path that a change is about.
pub(crate) fn about(change: &Change) -> &FilePath {
    match change {
        Change::Write(Write { path, .. })
        | Change::MakeFolder { path, .. }
        | Change::Link { path, .. }
        | Change::SetAside { path, .. }
        | Change::Restore { path }
        | Change::Mode { path, .. } => path,
        Change::Move { from, .. } | Change::Copy { from, .. } => from,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_leads_to_its_own_folder_only() {
        let stays = |path: &str, to: &str| stays(&FilePath::parse(path).unwrap(), to);
        for (path, to) in [("F/a", "b"), ("F/a", "b/c"), ("F/x/a", "../b"), ("F/x/y/a", "../../b/c/"), ("F/x/a", "..")]
        {
            assert!(stays(path, to), "{path} -> {to}");
        }
        for to in ["", "/etc", "..", "../b", "b/../..", "b/../c", "./b", "b//c", "/", ".", "b\0c"] {
            assert!(!stays("F/a", to), "{to}");
        }
        assert!(!stays("F/x/a", "../../b"));
    }
}
