//! Making grants of paths.

use std::{fs, os::unix::ffi::OsStrExt, path::Path};

use cowork_core::{Access, Error, Folder, Kind, Result, path::escape};

/// Makes a grant to change files in a folder, under its own name.
///
/// # Errors
/// `NotFound` if there is none, `InvalidInput` if it is not a folder.
pub fn folder(path: impl AsRef<Path>) -> Result<Folder> {
    let real = real(path.as_ref())?;
    let name = real.file_name().map_or_else(|| "root".to_owned(), |n| escape(n.as_bytes()));
    folder_named(path, &name)
}

/// Makes a grant to change files in a folder, under a name of your choice.
///
/// # Errors
/// As [`folder`].
pub fn folder_named(path: impl AsRef<Path>, name: &str) -> Result<Folder> {
    let at = escape(real(path.as_ref())?.as_os_str().as_bytes());
    Ok(Folder { name: name.to_owned(), at, access: Access::Write, whole: false })
}

fn real(path: &Path) -> Result<std::path::PathBuf> {
    let shown = path.display();
    let real = fs::canonicalize(path).map_err(|e| {
        Error::new(Kind::NotFound, "open folder", format!("can't open the folder {shown}: {}", reason(&e)))
            .with_fix("check the path, or make the folder first")
            .with_source(e)
    })?;
    if !real.is_dir() {
        let why = format!("{shown} is not a folder");
        return Err(Error::new(Kind::InvalidInput, "open folder", why).with_fix("name the folder that it lies in"));
    }
    Ok(real)
}

fn reason(error: &std::io::Error) -> &'static str {
    match error.kind() {
        std::io::ErrorKind::NotFound => "it is not there",
        std::io::ErrorKind::PermissionDenied => "you may not look into it",
        _ => "the system does not let us",
    }
}
