//! Where keys are, and how they come from there.

use std::{
    borrow::Cow,
    fmt, fs,
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use cowork_core::{Error, Kind, Result};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};
use zeroize::Zeroizing;

use crate::Secret;

const OP: &str = "find key";

/// No key is longer, with the end of its line; what is, is no key.
const LONGEST: u64 = 16 << 10;

/// Where a key is. In settings: `env:NAME`, `keyring`, `keyring:NAME`, `file:PATH` or `none`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// In this variable of the environment.
    Env(String),
    /// In the system's keyring: under this name, or that of the service.
    Keyring(Option<String>),
    /// In this file, which only its owner may read.
    File(PathBuf),
    /// Nowhere: none is sent.
    None,
}

/// Where a key was put, or taken away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// In the system's keyring.
    Keyring,
    /// In this file.
    File(PathBuf),
}

/// Gives what a variable holds.
type Environment = dyn Fn(&str) -> Option<String> + Send + Sync;

/// The places in which keys are looked for: the environment, a folder of the host's with a file for each, the system's keyring.
#[derive(Clone)]
pub struct Keys {
    folder: Option<PathBuf>,
    home: Option<PathBuf>,
    env: Arc<Environment>,
}

impl<'de> Deserialize<'de> for KeySource {
    fn deserialize<D: Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
        let text = Zeroizing::new(String::deserialize(from)?);
        let rest =
            |prefix: &str| text.strip_prefix(prefix).map(str::trim).filter(|rest| !rest.is_empty()).map(str::to_owned);
        match text.as_str() {
            "none" => Ok(Self::None),
            "keyring" => Ok(Self::Keyring(None)),
            _ => rest("env:")
                .map(Self::Env)
                .or_else(|| rest("keyring:").map(|name| Self::Keyring(Some(name))))
                .or_else(|| rest("file:").map(PathBuf::from).filter(|p| p.is_absolute() || p.starts_with("~")).map(Self::File))
                // What stands there is not repeated: it may be the key.
                .ok_or_else(|| {
                    de::Error::custom(
                        "`key` says where the key is, never the key itself: env:NAME, keyring, file:PATH (whole, or with ~/) or \
                         none; `cowork models key set NAME` keeps one",
                    )
                }),
        }
    }
}

impl JsonSchema for KeySource {
    fn schema_name() -> Cow<'static, str> {
        "KeySource".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let about =
            "Where a key is, never the key itself: `env:NAME`, `keyring`, `keyring:NAME`, `file:PATH` or `none`.";
        json_schema!({ "type": "string", "description": about })
    }
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keyring => f.write_str("the system's keyring"),
            Self::File(path) => write!(f, "{}", path.display()),
        }
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl Keys {
    /// Looks in this folder, in the environment as `env` gives it, and in the keyring, if this build has that. `home` is what `~/`
    /// stands for.
    pub fn new(
        folder: Option<PathBuf>,
        home: Option<PathBuf>,
        env: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        Self { folder, home, env: Arc::new(env) }
    }

    /// Gives the key from where the settings say that it is.
    ///
    /// # Errors
    /// `NotFound` if it is not there, `NotAllowed` if others may read it.
    pub fn at(&self, source: &KeySource, name: &str) -> Result<Option<Secret>> {
        match source {
            KeySource::None => Ok(None),
            KeySource::Env(variable) => self.in_env(variable).map(Some).ok_or_else(|| {
                let why = format!("the key is to come from the variable {variable}, which is not set");
                Error::new(Kind::NotFound, OP, why)
                    .with_fix(format!("set {variable}, or say elsewhere where the key is"))
            }),
            KeySource::File(path) => {
                let path = self.whole(path);
                in_file(&path)?.map(Some).ok_or_else(|| {
                    let why = format!("the key is to come from the file {}, which is not there", path.display());
                    Error::new(Kind::NotFound, OP, why)
                        .with_fix("write the key into it, for you alone to read (chmod 600)")
                })
            }
            KeySource::Keyring(own) => {
                let name = own.as_deref().unwrap_or(name);
                in_keyring(name)?.map(Some).ok_or_else(|| {
                    let why = format!("the keyring has no key named {name}");
                    Error::new(Kind::NotFound, OP, why).with_fix(format!("keep it there: cowork models key set {name}"))
                })
            }
        }
    }

    /// Looks for a key in the usual places: this variable, the folder, the keyring. None if it is in none of them.
    ///
    /// # Errors
    /// `NotAllowed` if it is in a file that others may read.
    pub fn usual(&self, variable: &str, name: &str) -> Result<Option<Secret>> {
        if let Some(key) = self.in_env(variable) {
            return Ok(Some(key));
        }
        if let Some(path) = self.file(name)
            && let Some(key) = in_file(&path)?
        {
            return Ok(Some(key));
        }
        // A system without a keyring has no key there.
        Ok(in_keyring(name).ok().flatten())
    }

    /// Says whether the environment has a key in this variable.
    pub fn is_in_env(&self, variable: &str) -> bool {
        self.in_env(variable).is_some()
    }

    /// Says whether a text can be a key: one word, and not longer than any key is.
    ///
    /// # Errors
    /// `InvalidInput` for what can't be.
    pub fn check(key: &Secret) -> Result<()> {
        let text = key.expose();
        let is_odd = |c: char| c.is_control() || c.is_whitespace();
        if !text.is_empty() && (text.len() as u64) < LONGEST && !text.chars().any(is_odd) {
            return Ok(());
        }
        let why = "what was given is no key: it is empty, too long, or more than one word";
        Err(Error::new(Kind::InvalidInput, OP, why).with_fix("copy the key anew, whole and alone on one line"))
    }

    /// Keeps a key under a name: in the keyring, or in a file if there is no keyring or `in_file` says so.
    ///
    /// # Errors
    /// `InvalidInput` for a name or a key that can't be; what the system says where it can't be written.
    pub fn keep(&self, name: &str, key: &Secret, in_file: bool) -> Result<Kept> {
        check_name(name)?;
        Self::check(key)?;
        let text = key.expose();
        if !in_file && keep_in_keyring(name, text).is_ok() {
            // One that is kept in two places is one too many.
            self.file(name).into_iter().for_each(|old| drop(fs::remove_file(old)));
            return Ok(Kept::Keyring);
        }
        let path = self.file(name).ok_or_else(|| {
            let why = "there is no keyring here, and no folder to keep keys in";
            Error::new(Kind::Unsupported, OP, why).with_fix("set the key in the environment")
        })?;
        write(&path, text)?;
        Ok(Kept::File(path))
    }

    /// Takes a key away, and gives where it was.
    ///
    /// # Errors
    /// `NotFound` if no such key is kept.
    pub fn forget(&self, name: &str) -> Result<Vec<Kept>> {
        check_name(name)?;
        let mut gone = Vec::new();
        if forget_in_keyring(name)? {
            gone.push(Kept::Keyring);
        }
        if let Some(path) = self.file(name) {
            match fs::remove_file(&path) {
                Ok(()) => gone.push(Kept::File(path)),
                Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                Err(e) => return Err(unwritten(&path, &e)),
            }
        }
        if gone.is_empty() {
            return Err(Error::new(Kind::NotFound, OP, format!("no key named {name} is kept"))
                .with_fix("`cowork models` says where each model's key is from"));
        }
        Ok(gone)
    }

    fn in_env(&self, variable: &str) -> Option<Secret> {
        let value = Zeroizing::new((self.env)(variable).filter(|_| !variable.is_empty())?);
        (!value.trim().is_empty()).then(|| Secret::new(&value, variable))
    }

    fn file(&self, name: &str) -> Option<PathBuf> {
        check_name(name).ok()?;
        self.folder.as_ref().map(|folder| folder.join(name))
    }

    fn whole(&self, path: &Path) -> PathBuf {
        match (path.strip_prefix("~"), &self.home) {
            (Ok(rest), Some(home)) => home.join(rest),
            _ => path.to_owned(),
        }
    }
}

fn check_name(name: &str) -> Result<()> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if !name.is_empty() && name.len() <= 64 && !name.starts_with('.') && name.chars().all(fits) {
        return Ok(());
    }
    Err(Error::new(Kind::InvalidInput, OP, format!("`{}` can't be the name of a key", name.escape_debug()))
        .with_fix("name a service or one of your models: anthropic, openai, …"))
}

/// Reads a key from a file, if that is there and nobody else may read it.
fn in_file(path: &Path) -> Result<Option<Secret>> {
    let unread = |e: &io::Error| {
        Error::new(Kind::NotAllowed, OP, format!("the key in {} can't be read: {e}", path.display()))
            .with_fix("see whose file it is, and whether you may read it")
    };
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(unread(&e)),
    };
    let meta = file.metadata().map_err(|e| unread(&e))?;
    if !meta.is_file() || meta.len() > LONGEST {
        return Err(Error::new(Kind::InvalidInput, OP, format!("{} is no file with a key", path.display()))
            .with_fix("name a file that holds the key and nothing else"));
    }
    guard(path, &meta)?;
    let mut text = Zeroizing::new(String::with_capacity(LONGEST as usize));
    file.take(LONGEST).read_to_string(&mut text).map_err(|e| unread(&e))?;
    if text.trim().is_empty() {
        return Err(Error::new(Kind::NotFound, OP, format!("the file {} holds no key", path.display()))
            .with_fix("write the key into it"));
    }
    Ok(Some(Secret::new(&text, path.display().to_string())))
}

/// Refuses a file that anybody but its owner may read or write.
#[cfg(unix)]
fn guard(path: &Path, meta: &fs::Metadata) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = meta.permissions().mode() & 0o777;
    if mode & 0o077 == 0 {
        return Ok(());
    }
    let why = format!("others on this computer may read the key in {} (its mode is {mode:o})", path.display());
    Err(Error::new(Kind::NotAllowed, OP, why).with_fix(format!("chmod 600 {}", path.display())))
}

/// Elsewhere a file in a person's own folder is theirs alone.
#[cfg(not(unix))]
fn guard(_: &Path, _: &fs::Metadata) -> Result<()> {
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let new = path.with_extension("new");
    let written = private_folder(folder).and_then(|()| {
        // One that was left half written is nobody's.
        drop(fs::remove_file(&new));
        let mut file = private_file(&new)?;
        file.write_all(text.as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        fs::rename(&new, path)
    });
    written.map_err(|e| unwritten(path, &e))
}

fn unwritten(path: &Path, e: &io::Error) -> Error {
    Error::new(Kind::NotAllowed, OP, format!("{} can't be written: {e}", path.display()))
        .with_fix("see whether you may write there, and whether there is room")
}

fn private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(folder)
}

fn private_file(path: &Path) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.write(true).create_new(true).open(path)
}

#[cfg(feature = "keyring")]
use super::keyring::{forget as forget_in_keyring, get as in_keyring, set as keep_in_keyring};

#[cfg(not(feature = "keyring"))]
fn in_keyring(_: &str) -> Result<Option<Secret>> {
    Err(no_keyring())
}

#[cfg(not(feature = "keyring"))]
fn keep_in_keyring(_: &str, _: &str) -> Result<()> {
    Err(no_keyring())
}

#[cfg(not(feature = "keyring"))]
fn forget_in_keyring(_: &str) -> Result<bool> {
    Ok(false)
}

#[cfg(not(feature = "keyring"))]
fn no_keyring() -> Error {
    Error::new(Kind::Unsupported, OP, "this build does not use the system's keyring")
        .with_fix("keep the key in a file, or in the environment")
}
