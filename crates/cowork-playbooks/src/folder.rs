//! The person's own playbooks: files in a folder, looked at again whenever they are needed.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use crate::{
    check::Problem,
    header::{self, MOST_SOURCE},
    library::{Library, Playbook},
};

/// More files than this are not looked at.
const MOST_FILES: usize = 1_000;

/// A folder with playbooks of a person's own: each file in it that ends in `.py` is one, and needs nothing beside it.
///
/// It need not be there. It is looked at when a task begins, on the thread that plans; a file is read again only if its size or
/// time is another. Cancellation: none, it is quick.
#[derive(Debug)]
pub struct PlaybookFolder {
    path: PathBuf,
    seen: Mutex<State>,
}

/// What was found the last time.
#[derive(Debug, Default)]
struct State {
    files: BTreeMap<PathBuf, Seen>,
    whole: Option<Whole>,
}

/// The playbooks of the folder with those beside it, kept until one of them is another.
#[derive(Clone, Debug)]
struct Whole {
    beside: Arc<Library>,
    library: Arc<Library>,
    own: Arc<[OwnPlaybook]>,
}

/// One of a person's own playbooks, in order or not.
#[derive(Clone, Debug)]
pub struct OwnPlaybook {
    /// Its name; for one whose header can't be read, the file's name without `.py`.
    pub name: String,
    /// Where it lies.
    pub file: PathBuf,
    /// The playbook, or what is wrong with it.
    pub playbook: Result<Arc<Playbook>, Vec<Problem>>,
}

/// A file as it was when it was read.
#[derive(Clone, Debug)]
struct Seen {
    stamp: Stamp,
    own: OwnPlaybook,
}

type Stamp = (u64, Option<SystemTime>);

impl PlaybookFolder {
    /// Takes the playbooks from this folder.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), seen: Mutex::default() }
    }

    /// Gives the folder's place.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Gives these playbooks and one's own beside them, and what was found in the folder.
    ///
    /// A name is given once: a file with the name of a built-in playbook, or of another file before it, is not in order.
    pub(crate) fn read(&self, beside: &Arc<Library>) -> (Arc<Library>, Arc<[OwnPlaybook]>) {
        let mut state = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let (found, same) = self.files(&mut state.files);
        let whole = state.whole.take().filter(|whole| same && Arc::ptr_eq(&whole.beside, beside));
        let whole = whole.unwrap_or_else(|| Whole::of(beside, found));
        state.whole = Some(whole.clone());
        (whole.library, whole.own)
    }

    /// Looks at the files, and says whether all are as they were.
    fn files(&self, seen: &mut BTreeMap<PathBuf, Seen>) -> (Vec<OwnPlaybook>, bool) {
        let paths = match listed(&self.path) {
            Ok(paths) => paths,
            Err(problem) => {
                let name = self.path.display().to_string();
                return (vec![OwnPlaybook { name, file: self.path.clone(), playbook: Err(vec![problem]) }], false);
            }
        };
        let mut same = paths.len() == seen.len();
        let mut now = BTreeMap::new();
        for path in paths {
            let stamp = fs::metadata(&path).map_or((0, None), |m| (m.len(), m.modified().ok()));
            let known = seen.remove(&path).filter(|s| s.stamp == stamp && stamp.1.is_some());
            same &= known.is_some();
            let own = known.map_or_else(|| read(&path), |s| s.own);
            now.insert(path, Seen { stamp, own });
        }
        *seen = now;
        (seen.values().map(|s| s.own.clone()).collect(), same)
    }
}

impl Whole {
    fn of(beside: &Arc<Library>, mut found: Vec<OwnPlaybook>) -> Self {
        let mut library = Library::clone(beside);
        for own in &mut found {
            let Ok(playbook) = &own.playbook else { continue };
            if library.add_checked(playbook.clone()) {
                continue;
            }
            let built_in = beside.iter().any(|p| p.header.name == own.name);
            let whose = if built_in { "a built-in playbook" } else { "another file here" };
            let mut problem = Problem::whole(format!("`{}` is the name of {whose} already", own.name));
            problem.line = name_line(&playbook.source);
            own.playbook = Err(vec![problem.fix("give it another name in its header")]);
        }
        Self { beside: beside.clone(), library: Arc::new(library), own: found.into() }
    }
}

fn listed(folder: &Path) -> Result<Vec<PathBuf>, Problem> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(Problem::whole(format!("the folder of your playbooks can't be read: {e}"))),
    };
    let is_playbook = |path: &PathBuf| {
        let hidden = path.file_name().is_some_and(|n| n.as_encoded_bytes().starts_with(b"."));
        !hidden && path.extension().is_some_and(|e| e == "py")
    };
    let mut paths: Vec<PathBuf> = entries.filter_map(|e| e.ok().map(|e| e.path())).filter(is_playbook).collect();
    paths.sort();
    if paths.len() > MOST_FILES {
        return Err(Problem::whole(format!("there are more than {MOST_FILES} playbooks in this folder")));
    }
    Ok(paths)
}

fn read(path: &Path) -> OwnPlaybook {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let wrong = |problems| OwnPlaybook { name: stem.clone(), file: path.to_owned(), playbook: Err(problems) };
    let source = match source(path) {
        Ok(source) => source,
        Err(problem) => return wrong(vec![problem]),
    };
    let name = header::read_header(&source).map_or(stem.clone(), |h| h.name);
    match header::check(&source) {
        Ok(header) => {
            let playbook = Playbook { header, source: source.into(), file };
            OwnPlaybook { name, file: path.to_owned(), playbook: Ok(Arc::new(playbook)) }
        }
        Err(problems) => {
            let problems = problems.into_iter().map(|p| Problem { line: p.line, ..Problem::whole(p.what) }).collect();
            OwnPlaybook { name, ..wrong(problems) }
        }
    }
}

fn source(path: &Path) -> Result<String, Problem> {
    let unreadable = |e: std::io::Error| Problem::whole(format!("it can't be read: {e}"));
    // A pipe would never come to its end, so it is not opened.
    if !fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(Problem::whole("it is not a file"));
    }
    let mut bytes = Vec::new();
    File::open(path).and_then(|f| f.take(MOST_SOURCE as u64 + 1).read_to_end(&mut bytes)).map_err(unreadable)?;
    if bytes.len() > MOST_SOURCE {
        return Err(Problem::whole("it is larger than 1 MB, which no playbook is"));
    }
    String::from_utf8(bytes).map_err(|_| Problem::whole("it is not text in UTF-8").fix("save it again as UTF-8"))
}

fn name_line(source: &str) -> Option<u32> {
    let line = source.lines().position(|l| l.trim_start_matches(['#', ' ']).starts_with("name"))?;
    u32::try_from(line + 1).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn playbook(name: &str, more: &str) -> String {
        format!(
            "# /// playbook\n# name = \"{name}\"\n# about = \"x\"\n# title = \"x\"\n# examples = [\"x\"]\n# ///\n{more}\n"
        )
    }

    fn names(folder: &PlaybookFolder, beside: &Arc<Library>) -> (Vec<String>, Vec<String>) {
        let (library, own) = folder.read(beside);
        let all = library.iter().map(|p| p.header.name.clone()).collect();
        (all, own.iter().filter(|o| o.playbook.is_err()).map(|o| o.name.clone()).collect())
    }

    #[test]
    fn what_is_put_there_changed_or_taken_away_counts_the_next_time() {
        let dir = tempfile::tempdir().unwrap();
        let folder = PlaybookFolder::new(dir.path().join("playbooks"));
        let none = Arc::default();
        assert_eq!(names(&folder, &none), (vec![], vec![]));
        fs::create_dir(folder.path()).unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("a.py"), playbook("first", "finish('x')")).unwrap();
        fs::write(at(".b.py"), "not looked at").unwrap();
        fs::write(at("notes.txt"), "not looked at").unwrap();
        assert_eq!(names(&folder, &none).0, ["first"]);
        fs::write(at("a.py"), playbook("second-of-it", "finish('x')")).unwrap();
        assert_eq!(names(&folder, &none).0, ["second-of-it"]);
        fs::remove_file(at("a.py")).unwrap();
        assert_eq!(names(&folder, &none).0, Vec::<String>::new());
    }

    #[test]
    fn nothing_is_built_again_while_no_file_is_another() {
        let dir = tempfile::tempdir().unwrap();
        let folder = PlaybookFolder::new(dir.path());
        let beside = Arc::new(Library::built_in().unwrap());
        fs::write(folder.path().join("a.py"), playbook("first", "finish('x')")).unwrap();
        let (first, _) = folder.read(&beside);
        assert!(Arc::ptr_eq(&first, &folder.read(&beside).0));
        fs::write(folder.path().join("b.py"), playbook("second", "finish('x')")).unwrap();
        let (second, _) = folder.read(&beside);
        assert!(!Arc::ptr_eq(&first, &second) && second.get("second").is_ok());
        let other = Arc::new(Library::default());
        assert!(folder.read(&other).0.get("find").is_err());
    }

    #[test]
    fn a_broken_file_or_a_name_that_is_taken_hinders_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let folder = PlaybookFolder::new(dir.path());
        let at = |name: &str| folder.path().join(name);
        fs::write(at("a.py"), playbook("good", "finish('x')")).unwrap();
        fs::write(at("b.py"), playbook("good", "finish('x')")).unwrap();
        fs::write(at("c.py"), playbook("find", "finish('x')")).unwrap();
        fs::write(at("d.py"), playbook("broken", "if (")).unwrap();
        fs::write(at("e.py"), b"\xff").unwrap();
        fs::create_dir(at("f.py")).unwrap();
        let built_in = Arc::new(Library::built_in().unwrap());
        let (all, wrong) = names(&folder, &built_in);
        assert!(all.contains(&"good".to_owned()), "{all:?}");
        assert_eq!(all.len(), built_in.iter().count() + 1);
        assert_eq!(wrong, ["good", "find", "broken", "e", "f"]);
    }
}
