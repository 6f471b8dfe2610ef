//! What stays where it is, because something else looks for it there.

use std::collections::{HashMap, HashSet};

use cowork_core::{Entry, FileKind};

use super::{extension, has, is_unfinished};

/// What a LaTeX document is made of, and what is made of it.
const LATEX: &str =
    "tex ltx bib sty cls bst bbl bcf blg aux toc lof lot idx ind ilg gls glo fls fdb_latexmk synctex nav snm vrb";
/// Beside which a `.tex` is a part of a document.
const LATEX_MARKS: &str = "bib sty cls bst bbl aux synctex fdb_latexmk";
/// What browsers put after the name of what they have not whole yet.
const HALF: &str = "crdownload part partial download opdownload aria2 !ut";
/// What is set up in these, other programs look for by its path.
const SETTINGS: &str = "yml yaml toml ini cfg conf env properties code-workspace tf tfvars";
const SETTINGS_BY_NAME: &str =
    "dockerfile containerfile vagrantfile justfile procfile jenkinsfile tiltfile makefile rakefile brewfile";

/// Says whether a file of this name is one of settings or of what is to be built: `docker-compose.yml`, `Dockerfile`.
pub(crate) fn is_setting(name: &str) -> bool {
    has(SETTINGS, &extension(name)) || has(SETTINGS_BY_NAME, &name.to_lowercase())
}

/// Gives the files that stay, by their names, and why: what is not whole yet, and the parts of a LaTeX document.
pub(crate) fn kept(entries: &[Entry]) -> HashMap<&str, &'static str> {
    let files = || entries.iter().filter(|e| e.kind == FileKind::File).map(|e| e.path.name());
    let mut kept = HashMap::new();
    let mut half = HashSet::new();
    let (mut sources, mut marked) = (HashSet::new(), false);
    for entry in entries {
        let name = entry.path.name();
        let extension = extension(name);
        // A browser may put what it has of a file into a folder.
        if has(HALF, &extension) {
            half.insert(&name[..name.len() - extension.len() - 1]);
        }
        if entry.kind != FileKind::File {
            continue;
        }
        if extension == "tex" {
            sources.insert(stem(name));
            marked |= name.eq_ignore_ascii_case("main.tex");
        }
        marked |= has(LATEX_MARKS, &extension) || is_synctex(name);
        if is_unfinished(name) {
            kept.insert(name, "files in use or not complete");
        }
    }
    if !half.is_empty() {
        kept.extend(files().filter(|name| half.contains(*name)).map(|name| (name, "files in use or not complete")));
    }
    if marked && !sources.is_empty() {
        let part = |name: &&str| has(LATEX, &extension(name)) || is_synctex(name) || sources.contains(stem(name));
        kept.extend(files().filter(part).map(|name| (name, "parts of a LaTeX document")));
    }
    kept
}

fn is_synctex(name: &str) -> bool {
    name.ends_with(".synctex.gz")
}

fn stem(name: &str) -> &str {
    name.rfind('.').filter(|at| *at > 0).map_or(name, |at| &name[..at])
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test says so by failing")]
mod tests {
    use super::*;

    fn told(names: &[&str]) -> Vec<String> {
        let entry = |name: &&str| Entry {
            path: format!("D/{}", name.trim_end_matches('/')).parse().unwrap(),
            kind: if name.ends_with('/') { FileKind::Folder } else { FileKind::File },
            size: 0,
            modified: 0,
            mode: 0o644,
            links: 1,
            identity: [0, 0],
            placeholder: false,
            stored: None,
        };
        let entries: Vec<Entry> = names.iter().map(entry).collect();
        let mut kept: Vec<String> = kept(&entries).into_keys().map(str::to_owned).collect();
        kept.sort();
        kept
    }

    #[test]
    fn what_is_half_downloaded_stays_with_what_is_there_of_it() {
        let names = ["a.iso", "a.iso.part", "b.zip", "b.zip.download/", "c.iso", "d.mp4.crdownload", "~$e.docx"];
        assert_eq!(told(&names), ["a.iso", "a.iso.part", "b.zip", "d.mp4.crdownload", "~$e.docx"]);
    }

    #[test]
    fn the_parts_of_a_latex_document_stay() {
        let parts = ["thesis.tex", "thesis.pdf", "refs.bib", "thesis.synctex.gz", "thesis.log"];
        let mut with_others = parts.to_vec();
        with_others.extend(["letter.pdf", "photo.jpg", "data.csv"]);
        let mut sorted = parts.to_vec();
        sorted.sort_unstable();
        assert_eq!(told(&with_others), sorted);
        assert_eq!(told(&["main.tex", "chapter.tex", "a.pdf"]), ["chapter.tex", "main.tex"]);
        assert_eq!(told(&["note.tex", "note.pdf", "a.csv"]), [""; 0], "a text alone is a file like others");
    }

    #[test]
    fn settings_are_known_by_their_names() {
        assert!(["docker-compose.yml", "compose.yaml", "Dockerfile", "app.toml", "x.env"].into_iter().all(is_setting));
        assert!(!["a.pdf", "yaml", "Dockerfile.txt", "data.json"].into_iter().any(is_setting));
    }
}
