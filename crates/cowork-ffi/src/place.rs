//! Paths as people write them.

use std::path::{Path, PathBuf};

/// Gives a path with `~`, alone or before a `/`, as this home: no shell does it for a program. Anything else stays as it is.
pub(crate) fn place(path: &Path, home: Option<&Path>) -> PathBuf {
    match (path.strip_prefix("~"), home) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_in_the_home_is_found_and_a_file_of_that_name_is_none() {
        let home = Some(Path::new("/home/ada"));
        for (path, found) in [
            ("~", "/home/ada"),
            ("~/a b", "/home/ada/a b"),
            ("~bob/a", "~bob/a"),
            ("a/~", "a/~"),
            ("/x", "/x"),
            ("./~/a", "./~/a"),
        ] {
            assert_eq!(place(Path::new(path), home), Path::new(found), "{path}");
        }
        assert_eq!(place(Path::new("~/a"), None), Path::new("~/a"));
    }
}
