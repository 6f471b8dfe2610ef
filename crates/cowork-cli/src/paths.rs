//! From what was typed after `--path` to a path in a task's folders.

use std::{
    ffi::OsStr,
    fs,
    os::unix::ffi::OsStrExt,
    path::{Component, Path, PathBuf},
};

use cowork::{FilePath, Folder, Task, path::escape};

use crate::{
    fail::{Fail, wrong},
    render::text::visible,
};

/// Finds the path that is meant: `Folder/rest`, as `cowork show` writes it, or one of the file system. It need not be there
/// any more.
pub(crate) fn in_task(task: &Task, typed: &OsStr) -> Result<FilePath, Fail> {
    let folders = &task.submit.folders;
    if let Some(path) = as_shown(folders, typed) {
        return Ok(path);
    }
    let path = std::path::absolute(typed).unwrap_or_else(|_| typed.into());
    let straight = straight(&path);
    [real(&straight), straight].iter().find_map(|p| below(folders, p)).ok_or_else(|| {
        let shown = visible(&typed.to_string_lossy()).into_owned();
        let there: Vec<&str> = folders.iter().map(|f| f.at.as_str()).collect();
        let why = format!("`{shown}` lies in none of the folders of task {}", task.id.short());
        wrong(why, format!("its folders are: {}", visible(&there.join(", "))))
    })
}

fn as_shown(folders: &[Folder], typed: &OsStr) -> Option<FilePath> {
    let path = FilePath::parse(typed.to_str()?).ok()?;
    folders.iter().any(|f| f.name == path.root()).then_some(path)
}

/// Takes `.` and `..` out.
fn straight(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(out.pop()),
            Component::CurDir => {}
            part => out.push(part),
        }
    }
    out
}

/// Follows the links in what is there of the way down, but not one at its end.
fn real(path: &Path) -> PathBuf {
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else { return path.to_owned() };
    fs::canonicalize(parent).unwrap_or_else(|_| real(parent)).join(name)
}

fn below(folders: &[Folder], path: &Path) -> Option<FilePath> {
    let path = escape(path.as_os_str().as_bytes());
    folders.iter().find_map(|folder| {
        let rest = path.strip_prefix(folder.at.trim_end_matches('/'))?;
        let inside = rest.is_empty() || rest.starts_with('/');
        inside.then(|| FilePath::parse(&format!("{}{rest}", folder.name)).ok()).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_the_system_or_one_as_it_is_shown_leads_into_the_folder() {
        let dir = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(dir.path()).unwrap();
        fs::create_dir_all(root.join("Photos/in")).unwrap();
        std::os::unix::fs::symlink(root.join("Photos"), root.join("link")).unwrap();
        let folders = [cowork::folder(root.join("Photos")).unwrap()];
        let found = |typed: PathBuf| {
            let path = straight(&typed);
            let found = as_shown(&folders, typed.as_os_str()).or_else(|| below(&folders, &real(&path)));
            found.map(|p| p.to_string())
        };
        assert_eq!(found("Photos/gone/x.jpg".into()).as_deref(), Some("Photos/gone/x.jpg"));
        assert_eq!(found(root.join("Photos")).as_deref(), Some("Photos"));
        assert_eq!(found(root.join("Photos/in/../in/./x.jpg")).as_deref(), Some("Photos/in/x.jpg"));
        assert_eq!(found(root.join("link/gone/deep/x.jpg")).as_deref(), Some("Photos/gone/deep/x.jpg"));
        let odd = root.join("Photos").join(OsStr::from_bytes(b"\xff\\"));
        assert_eq!(found(odd).as_deref(), Some("Photos/\\xff\\\\"));
        assert_eq!(found(root.join("Photos-2/x")), None);
        assert_eq!(found(root.join("Photos/../x")), None);
    }
}
