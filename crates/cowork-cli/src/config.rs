//! What a person set: `config.toml` and their playbooks, in one folder.

use std::{
    collections::BTreeMap,
    env, fs,
    io::Write,
    path::{Component, Path, PathBuf},
};

use cowork::{
    Access, AllowRule, FilePath, Folder, Limits, TrustedFile,
    models::config::{BudgetSettings, ModelSettings, Models},
};
use serde::Deserialize;
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table};

use crate::{
    app::home,
    args::Mode,
    fail::{Fail, wrong},
    mistake,
};

const FILE: &str = "config.toml";

/// What a file that is not there yet begins as.
const BLANK: &str = "\
# What cowork knows of you. `cowork init` asks for it; any editor can change it.
# A key that is not known is an error. Take a line out to have its default again.

# How much a task may do unasked: ask, plan or auto. `--mode` overrules it.
mode = \"ask\"

# Folders by short names, for `cowork run --folder NAME`. A task reaches only
# the folders that it names.
[folders]
";

/// What is in `config.toml`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// How much a task may do unasked, if the command line does not say.
    pub(crate) mode: Option<Mode>,
    /// Folders by the names that `--folder` takes.
    pub(crate) folders: BTreeMap<String, String>,
    /// What may be done without a question.
    pub(crate) always: Vec<Always>,
    /// The instruction files that are followed, as they were when they were read.
    pub(crate) trusted: Vec<Trusted>,
    /// The model that does what no playbook does, if the command line names none.
    pub(crate) model: Option<String>,
    /// Models by the names that `--model` takes.
    pub(crate) models: Models,
    /// What a task may spend on models, if the command line does not say.
    pub(crate) budget: BudgetSettings,
}

/// A tool that may make changes in a folder, if they can be undone, without a question.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Always {
    pub(crate) tool: String,
    /// The folder's whole path, as a grant writes it.
    pub(crate) folder: String,
}

/// An instruction file that a person trusts as it was.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Trusted {
    /// Its whole path: the folder's as a grant writes it, then its name.
    pub(crate) file: String,
    /// The BLAKE3 hash of its content, in 64 hexadecimal digits.
    pub(crate) hash: String,
}

/// Gives the folder for what a person sets: `$COWORK_CONFIG`, or where the system keeps such things.
pub(crate) fn dir() -> Result<PathBuf, Fail> {
    let set = |name: &str| env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    let found = match set("COWORK_CONFIG") {
        Some(told) => std::path::absolute(told).ok(),
        None => kept_in(env::consts::OS, &set, home().as_deref(), &|p| p.is_dir()),
    };
    found.ok_or_else(|| {
        wrong("there is no home folder to keep your settings in", "name a folder for them in $COWORK_CONFIG")
    })
}

/// Gives the folder of a person's own playbooks.
pub(crate) fn playbooks_dir() -> Result<PathBuf, Fail> {
    Ok(dir()?.join("playbooks"))
}

fn kept_in(
    os: &str,
    set: &dyn Fn(&str) -> Option<PathBuf>,
    home: Option<&Path>,
    is_there: &dyn Fn(&Path) -> bool,
) -> Option<PathBuf> {
    if let Some(xdg) = set("XDG_CONFIG_HOME").filter(|p| p.is_absolute()) {
        return Some(xdg.join("cowork"));
    }
    let unix = home.map(|h| h.join(".config/cowork"));
    match os {
        "windows" => set("APPDATA").map(|p| p.join("cowork")),
        // Who keeps such things in ~/.config on a Mac goes on doing so.
        "macos" => unix.filter(|p| is_there(p)).or_else(|| home.map(|h| h.join("Library/Application Support/cowork"))),
        _ => unix,
    }
}

impl Config {
    /// Reads it; one that is not there is empty.
    pub(crate) fn load() -> Result<Self, Fail> {
        let path = dir()?.join(FILE);
        match text(&path)? {
            Some(text) => Self::parse(&text, &path),
            None => Ok(Self::default()),
        }
    }

    fn parse(text: &str, path: &Path) -> Result<Self, Fail> {
        let config: Self = toml::from_str(text).map_err(|e| {
            let line = e.span().map_or(1, |s| text[..s.start.min(text.len())].matches('\n').count() + 1);
            let (why, fix) = mistake::plain(e.message());
            wrong(format!("{}, line {line}: {why}", path.display()), fix)
        })?;
        for (name, at) in &config.folders {
            if !is_name(name) {
                let fix = "use letters, digits and `-`, such as: downloads = \"~/Downloads\"";
                return Err(wrong(format!("{}: `{name}` can't be the name of a folder", path.display()), fix));
            }
            if expand(at).is_none() {
                let why = format!("{}: the folder `{name}` is `{at}`, which is no whole path", path.display());
                return Err(wrong(why, "begin it with / or with ~/"));
            }
        }
        config.check_models(text, path)?;
        Ok(config)
    }

    /// Looks whether all models that are named are there.
    fn check_models(&self, text: &str, path: &Path) -> Result<(), Fail> {
        if let Some(name) = self.models.keys().find(|name| !is_name(name)) {
            let fix = "use letters, digits and `-`, such as: [models.sonnet]";
            return Err(wrong(format!("{}: `{name}` can't be the name of a model", path.display()), fix));
        }
        if let Some((name, _)) = self.models.iter().find(|(name, m)| m.fallback.as_ref() == Some(name)) {
            let why = format!("{}: the model `{name}` can't stand in for itself", path.display());
            return Err(wrong(why, format!("name another one as the `fallback` of [models.{name}], or take it out")));
        }
        let chosen = self.model.iter().map(|name| ("model", name));
        let fallbacks = self.models.values().filter_map(|m| m.fallback.as_ref()).map(|name| ("fallback", name));
        for (key, name) in chosen.chain(fallbacks) {
            if let Err(error) = ModelSettings::find(&self.models, name) {
                let is_it = |l: &str| l.trim_start().starts_with(key) && l.contains(name.as_str());
                let line = text.lines().position(is_it).map_or(1, |at| at + 1);
                let fix = error.fix().unwrap_or_default().to_owned();
                return Err(wrong(format!("{}, line {line}: {}", path.display(), error.message), fix));
            }
        }
        Ok(())
    }

    /// Gives what holds for all tasks together.
    pub(crate) fn limits(&self) -> Limits {
        Limits { day: self.budget.day.budget(), ..Limits::default() }
    }

    /// Gives what a task may do in these folders without a question.
    pub(crate) fn allowed(&self, folders: &[Folder]) -> Vec<AllowRule> {
        let fits = |(rule, folder): &(&Always, &Folder)| rule.folder == folder.at && folder.access == Access::Write;
        let pairs = self.always.iter().flat_map(|rule| folders.iter().map(move |folder| (rule, folder)));
        pairs.filter(fits).map(|(r, f)| AllowRule { tool: r.tool.clone(), folder: f.name.clone() }).collect()
    }

    /// Gives the instruction files that are trusted in these folders.
    pub(crate) fn trusted(&self, folders: &[Folder]) -> Vec<TrustedFile> {
        let fits = |trusted: &Trusted, folder: &Folder| {
            let name = trusted.file.strip_prefix(folder.at.trim_end_matches('/'))?.strip_prefix('/')?;
            let path = FilePath::parse(&format!("{}/{name}", folder.name)).ok().filter(|_| !name.contains('/'))?;
            let hash = serde_json::from_value(trusted.hash.as_str().into()).ok()?;
            Some(TrustedFile { path, hash })
        };
        self.trusted.iter().flat_map(|t| folders.iter().filter_map(move |f| fits(t, f))).collect()
    }

    /// Puts folders' paths in the place of their names. A path that is none of these names stays as it was typed.
    pub(crate) fn name_folders(&self, folders: &mut [PathBuf]) -> Result<(), Fail> {
        folders.iter_mut().try_for_each(|folder| {
            if let Some(at) = self.named(folder)? {
                *folder = at;
            }
            Ok(())
        })
    }

    fn named(&self, typed: &Path) -> Result<Option<PathBuf>, Fail> {
        let mut parts = typed.components();
        let (Some(Component::Normal(word)), None) = (parts.next(), parts.next()) else { return Ok(None) };
        let Some(word) = word.to_str().filter(|w| typed.as_os_str().len() == w.len()) else { return Ok(None) };
        let found = self.folders.iter().find(|(name, _)| name.eq_ignore_ascii_case(word));
        let here = fs::canonicalize(typed).ok();
        match (found.and_then(|(_, at)| expand(at)), here) {
            (Some(at), Some(here)) if fs::canonicalize(&at).is_ok_and(|at| at != here) => {
                let why = format!("`{word}` is a folder here, and the name that you gave to {}", at.display());
                Err(wrong(why, format!("write ./{word} for the one here, or the whole path of the other")))
            }
            (Some(at), _) => Ok(Some(at)),
            (None, None) if !self.folders.is_empty() => {
                let names: Vec<&str> = self.folders.keys().map(String::as_str).collect();
                let why = format!("there is no folder `{word}` here, and none of that name is set");
                Err(wrong(why, format!("your folders are: {}; `cowork init` sets others", names.join(", "))))
            }
            _ => Ok(None),
        }
    }
}

/// The file, to be changed: what others wrote into it stays, comments too.
pub(crate) struct Edit {
    path: PathBuf,
    document: DocumentMut,
}

impl Edit {
    /// Begins with what is there.
    pub(crate) fn open() -> Result<Self, Fail> {
        let path = dir()?.join(FILE);
        let text = text(&path)?.unwrap_or_else(|| BLANK.to_owned());
        // What can't be read can't be kept either.
        Config::parse(&text, &path)?;
        let document = text.parse().map_err(|e| wrong(format!("{}: {e}", path.display()), "mend that line"))?;
        Ok(Self { path, document })
    }

    /// Sets how much a task may do unasked.
    pub(crate) fn set_mode(&mut self, mode: Mode) {
        if self.document.get("mode").and_then(|m| m.as_str()) != Some(mode.word()) {
            self.document["mode"] = toml_edit::value(mode.word());
        }
    }

    /// Sets the model that does what no playbook does; none for none.
    pub(crate) fn set_model(&mut self, name: Option<&str>) {
        match name {
            Some(name) if self.document.get("model").and_then(Item::as_str) == Some(name) => {}
            Some(name) => self.document["model"] = toml_edit::value(name),
            None => drop(self.document.remove("model")),
        }
    }

    /// Sets the folders, in place of those that there were.
    pub(crate) fn set_folders(&mut self, folders: &BTreeMap<String, String>) {
        let table = self.document["folders"].or_insert(toml_edit::table());
        let Some(table) = table.as_table_like_mut() else { return };
        let gone: Vec<String> = table.iter().map(|(k, _)| k.to_owned()).filter(|k| !folders.contains_key(k)).collect();
        gone.iter().for_each(|k| drop(table.remove(k)));
        for (name, at) in folders {
            if table.get(name).and_then(|v| v.as_str()) != Some(at) {
                table.insert(name, toml_edit::value(at));
            }
        }
    }

    /// Adds what may be done in these folders without a question.
    pub(crate) fn allow(&mut self, rules: &[AllowRule], folders: &[Folder]) {
        let always = self.document["always"].or_insert(Item::ArrayOfTables(ArrayOfTables::new()));
        let Some(tables) = always.as_array_of_tables_mut() else { return };
        for rule in rules {
            let Some(folder) = folders.iter().find(|f| f.name == rule.folder) else { continue };
            let is = |table: &Table, key: &str, value: &str| table.get(key).and_then(Item::as_str) == Some(value);
            if tables.iter().any(|t| is(t, "tool", &rule.tool) && is(t, "folder", &folder.at)) {
                continue;
            }
            let mut table = Table::new();
            table.insert("tool", toml_edit::value(&rule.tool));
            table.insert("folder", toml_edit::value(&folder.at));
            tables.push(table);
        }
    }

    /// Takes back what may be done without a question: those of these places, from 0.
    pub(crate) fn forget(&mut self, gone: impl Fn(usize) -> bool) {
        let Some(tables) = self.document.get_mut("always").and_then(Item::as_array_of_tables_mut) else { return };
        let mut index = 0;
        tables.retain(|_| {
            index += 1;
            !gone(index - 1)
        });
    }

    /// Trusts an instruction file as it is, and no more as it was.
    pub(crate) fn trust(&mut self, trusted: &Trusted) {
        self.distrust(&trusted.file);
        let all = self.document["trusted"].or_insert(Item::ArrayOfTables(ArrayOfTables::new()));
        let Some(tables) = all.as_array_of_tables_mut() else { return };
        let mut table = Table::new();
        table.insert("file", toml_edit::value(&trusted.file));
        table.insert("hash", toml_edit::value(&trusted.hash));
        tables.push(table);
    }

    /// Trusts a file no more; says whether it was trusted.
    pub(crate) fn distrust(&mut self, file: &str) -> bool {
        let Some(tables) = self.document.get_mut("trusted").and_then(Item::as_array_of_tables_mut) else {
            return false;
        };
        let before = tables.len();
        tables.retain(|table| table.get("file").and_then(Item::as_str) != Some(file));
        tables.len() < before
    }

    /// Writes it at once or not at all, and gives its place.
    pub(crate) fn save(self) -> Result<PathBuf, Fail> {
        write(&self.path, self.document.to_string().as_bytes())?;
        Ok(self.path)
    }
}

/// Writes a file so that there is never half of it. A link is followed: the file behind it is the person's own.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), Fail> {
    let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = real.parent().unwrap_or(Path::new("."));
    let failed = |e: std::io::Error| {
        wrong(
            format!("can't write {}: {e}", path.display()),
            "see whether you may write there, and whether there is room",
        )
    };
    fs::create_dir_all(folder).map_err(failed)?;
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    file.write_all(bytes).and_then(|()| file.as_file().sync_all()).map_err(failed)?;
    file.persist(&real).map(|_| ()).map_err(|e| failed(e.error))
}

/// Makes a whole path of one that may begin with `~/`.
pub(crate) fn expand(at: &str) -> Option<PathBuf> {
    match at.strip_prefix("~/") {
        Some(rest) => home().map(|h| h.join(rest)),
        None => Some(PathBuf::from(at)).filter(|p| p.is_absolute()),
    }
}

/// Says whether something can be the name of a folder in `config.toml`.
pub(crate) fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_')
}

fn text(path: &Path) -> Result<Option<String>, Fail> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(wrong(format!("can't read {}: {e}", path.display()), "mend the file, or take it away")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_system_keeps_settings_where_it_does() {
        let home = Path::new("/home/ann");
        let at = |os: &str, set: &[(&str, &str)], there: bool| {
            let get = |name: &str| set.iter().find(|(n, _)| *n == name).map(|(_, v)| PathBuf::from(v));
            kept_in(os, &get, Some(home), &|_| there).map(|p| p.display().to_string())
        };
        assert_eq!(at("linux", &[], false).as_deref(), Some("/home/ann/.config/cowork"));
        assert_eq!(at("linux", &[("XDG_CONFIG_HOME", "/x")], false).as_deref(), Some("/x/cowork"));
        assert_eq!(at("linux", &[("XDG_CONFIG_HOME", "x")], false).as_deref(), Some("/home/ann/.config/cowork"));
        assert_eq!(at("macos", &[], false).as_deref(), Some("/home/ann/Library/Application Support/cowork"));
        assert_eq!(at("macos", &[], true).as_deref(), Some("/home/ann/.config/cowork"));
        assert_eq!(at("windows", &[("APPDATA", "/roaming")], false).as_deref(), Some("/roaming/cowork"));
        assert_eq!(at("windows", &[], false), None);
    }

    #[test]
    fn what_is_not_known_is_an_error_with_its_line() {
        let why = |text: &str| Config::parse(text, Path::new("config.toml")).unwrap_err().error.message;
        assert!(why("mode = \"ask\"\nfolder = 3\n").starts_with("config.toml, line 2: there is no key `folder`"));
        assert!(why("\nmode = \"asks\"\n").starts_with("config.toml, line 2:"));
        assert!(why("[folders]\na = \"b\"\n").contains("no whole path"));
        assert!(why("[folders]\n\"a b\" = \"/b\"\n").contains("can't be the name"));
        let blank = Config { mode: Some(Mode::Ask), ..Config::default() };
        assert_eq!(Config::parse(BLANK, Path::new("x")).unwrap(), blank);
    }

    #[test]
    fn an_edit_keeps_what_others_wrote() {
        let mut edit = Edit {
            path: PathBuf::new(),
            document: "# mine\nmode = \"plan\" # why\n[folders]\nold = \"/old\"\nkept = \"/kept\" # here\n\n[[other]]\nx = 1\n".parse().unwrap(),
        };
        edit.set_mode(Mode::Auto);
        edit.set_folders(&[("kept".to_owned(), "/kept".to_owned()), ("new".to_owned(), "/new".to_owned())].into());
        let text = edit.document.to_string();
        assert!(text.starts_with("# mine\nmode = \"auto\""), "{text}");
        assert!(text.contains("kept = \"/kept\" # here") && text.contains("new = \"/new\""), "{text}");
        assert!(text.contains("[[other]]") && !text.contains("/old"), "{text}");
    }
}
