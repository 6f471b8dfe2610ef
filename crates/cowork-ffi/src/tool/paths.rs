//! Where on this computer the files are that a call names.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use cowork::{Error, FilePath, Folder, Kind, Result, path::unescape};
use serde_json::Value;

const OP: &str = "find file";

/// Gives the place of each file that these arguments name, by what the call calls it: `Desk/a.txt` is `/home/ann/Desk/a.txt`. It touches the disk.
///
/// # Errors
/// `NotAllowed` for one that a link leads out of its folder, `Unsupported` for one whose name is not Unicode.
pub(super) fn places(args: &Value, named: &[String], folders: &[Folder]) -> Result<BTreeMap<String, String>> {
    let texts = named.iter().filter_map(|name| args.get(name)).flat_map(|given| match given {
        Value::Array(all) => all.iter().filter_map(Value::as_str).collect(),
        one => one.as_str().into_iter().collect::<Vec<_>>(),
    });
    texts.map(|text| Ok((text.to_owned(), place(text, folders)?))).collect()
}

fn place(text: &str, folders: &[Folder]) -> Result<String> {
    let named = FilePath::parse(text)?;
    let folder = folders.iter().find(|folder| folder.name == named.root());
    let Some(at) = folder.and_then(|folder| unescape(&folder.at)) else {
        return Err(Error::new(Kind::NotAllowed, OP, format!("{named} is in no folder of this task")));
    };
    let root = PathBuf::from(OsStr::from_bytes(&at));
    let whole = named.below().fold(root.clone(), |path, name| path.join(OsStr::from_bytes(&name)));
    if !is_inside(&whole, &root) {
        return Err(Error::new(Kind::NotAllowed, OP, format!("a link leads {named} out of its folder")));
    }
    whole.into_os_string().into_string().map_err(|_| {
        Error::new(Kind::Unsupported, OP, format!("the name of {named} is not Unicode"))
            .with_fix("rename it, or use a built-in tool")
    })
}

/// Says whether it is in the folder, links followed as far as there is something.
fn is_inside(whole: &Path, root: &Path) -> bool {
    let Ok(root) = fs::canonicalize(root) else { return false };
    let there = whole.ancestors().find_map(|path| {
        // A link to nothing is something too: what is written there would be made where it leads.
        path.symlink_metadata().is_ok().then(|| fs::canonicalize(path))
    });
    there.is_some_and(|real| real.is_ok_and(|real| real.starts_with(&root)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_named_file_has_its_place_and_none_that_a_link_leads_out() {
        let (place, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::write(place.path().join("a.txt"), "a").unwrap();
        fs::write(out.path().join("secret"), "s").unwrap();
        symlink(out.path(), place.path().join("out")).unwrap();
        symlink(out.path().join("not there"), place.path().join("lost")).unwrap();
        symlink("a.txt", place.path().join("same")).unwrap();
        let folder = cowork::folder_named(place.path(), "Desk").unwrap();
        let find =
            |given: Value| places(&json!({ "path": given }), &["path".to_owned()], std::slice::from_ref(&folder));
        let at = |name: &str| fs::canonicalize(place.path()).unwrap().join(name).to_str().unwrap().to_owned();
        assert_eq!(find(json!("Desk/a.txt")).unwrap()["Desk/a.txt"], at("a.txt"));
        let both = find(json!(["Desk/same", "Desk/new/b.txt"])).unwrap();
        assert_eq!((&both["Desk/same"], &both["Desk/new/b.txt"]), (&at("same"), &at("new/b.txt")));
        for wrong in ["Desk/out/secret", "Desk/out/new", "Desk/lost", "Other/a.txt"] {
            assert_eq!(find(json!(wrong)).unwrap_err().kind, Kind::NotAllowed, "{wrong}");
        }
        assert!(find(json!(7)).unwrap().is_empty());
    }
}
