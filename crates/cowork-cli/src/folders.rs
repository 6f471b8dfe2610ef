//! From what was typed after `--folder` to grants.

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
};

use cowork::Folder;

use crate::fail::{Fail, usage, wrong};

/// Makes grants of the folders that were named. `whole` are those that were named a second time.
///
/// The same folder twice is one grant; one inside another is refused, for a file in it would have two names.
pub(crate) fn grants(
    folders: &[PathBuf],
    whole: &[PathBuf],
    home: Option<&Path>,
    data: &Path,
) -> Result<Vec<Folder>, Fail> {
    let home = home.and_then(|h| fs::canonicalize(h).ok());
    let data = fs::canonicalize(data).unwrap_or_else(|_| data.to_owned());
    let whole: HashSet<PathBuf> = whole.iter().filter_map(|w| fs::canonicalize(w).ok()).collect();
    let mut grants: Vec<Folder> = Vec::new();
    let mut real: Vec<PathBuf> = Vec::new();
    for path in folders {
        let mut folder = cowork::folder(path).map_err(usage)?;
        let at = fs::canonicalize(path).unwrap_or_else(|_| path.clone());
        if real.contains(&at) {
            continue;
        }
        folder.whole = is_large(&at, home.as_deref());
        if folder.whole && !whole.contains(&at) {
            return Err(too_large(path, &at));
        }
        if at.starts_with(&data) {
            let why = format!("{} is where cowork keeps its own data; a task can't work there", path.display());
            return Err(wrong(why, "name another folder"));
        }
        if let Some(other) = real.iter().find(|other| at.starts_with(other) || other.starts_with(&at)) {
            let (inner, outer) = if at.starts_with(other) { (&at, other) } else { (other, &at) };
            let why = format!("{} lies inside {}", inner.display(), outer.display());
            return Err(wrong(why, "name only one of the two"));
        }
        folder.name = free_name(&folder.name, &grants);
        real.push(at);
        grants.push(folder);
    }
    Ok(grants)
}

/// Says whether a folder holds all that a person has.
fn is_large(at: &Path, home: Option<&Path>) -> bool {
    at == Path::new("/") || home.is_some_and(|home| home.starts_with(at))
}

fn too_large(path: &Path, at: &Path) -> Fail {
    // A full stop at the end of a command would be lost.
    let shown = if path.as_os_str().as_encoded_bytes().ends_with(b".") { at.display() } else { path.display() };
    let what = if at == Path::new("/") { "the whole computer" } else { "your whole home folder, or holds it" };
    let why = format!("`{shown}` is {what}, and that is only allowed when it is said twice");
    wrong(
        why,
        format!("name a folder in it; `cowork run` takes it if it is said twice: --folder {shown} --whole {shown}"),
    )
}

/// Gives each folder its own name: `Photos`, `Photos-2`.
fn free_name(name: &str, taken: &[Folder]) -> String {
    let is_free = |name: &str| taken.iter().all(|f| f.name != name);
    if is_free(name) {
        return name.to_owned();
    }
    (2..).map(|n| format!("{name}-{n}")).find(|n| is_free(n)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting() -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(dir.path()).unwrap();
        ["home/a/Photos", "home/b/Photos", "data/cowork"]
            .iter()
            .for_each(|d| fs::create_dir_all(root.join(d)).unwrap());
        (dir, root)
    }

    fn made(root: &Path, folders: &[&str], whole: &[&str]) -> Result<Vec<String>, String> {
        let paths = |names: &[&str]| names.iter().map(|n| root.join(n)).collect::<Vec<_>>();
        grants(&paths(folders), &paths(whole), Some(&root.join("home")), &root.join("data/cowork"))
            .map(|g| g.into_iter().map(|f| f.name).collect())
            .map_err(|f| f.error.message)
    }

    #[test]
    fn folders_of_one_name_are_told_apart_and_the_same_one_twice_is_one() {
        let (_dir, root) = setting();
        assert_eq!(made(&root, &["home/a/Photos", "home/b/Photos"], &[]).unwrap(), ["Photos", "Photos-2"]);
        assert_eq!(made(&root, &["home/a/Photos", "home/a/../a/Photos"], &[]).unwrap(), ["Photos"]);
    }

    #[test]
    fn the_home_folder_and_what_holds_it_must_be_said_twice() {
        let (_dir, root) = setting();
        for large in ["home", "home/.", "", "/"] {
            assert!(made(&root, &[large], &[]).unwrap_err().contains("said twice"), "{large}");
            assert!(made(&root, &[large], &["home/a"]).is_err(), "{large}");
            assert_eq!(made(&root, &[large], &[large]).unwrap().len(), 1, "{large}");
        }
    }

    #[test]
    fn one_folder_inside_another_and_our_own_data_are_refused() {
        let (_dir, root) = setting();
        assert!(made(&root, &["home/a", "home/a/Photos"], &[]).unwrap_err().contains("lies inside"));
        assert!(made(&root, &["home/a/Photos", "home/a"], &[]).unwrap_err().contains("lies inside"));
        assert!(made(&root, &["data/cowork"], &[]).unwrap_err().contains("own data"));
        assert!(made(&root, &["home/c"], &[]).is_err());
    }
}
