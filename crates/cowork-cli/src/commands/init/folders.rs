//! Where a person's folders are.

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
};

use super::guide::{Flow, Guide, Typed};
use crate::{app::home, config, fail::Fail, render::text::width};

/// The folders that most people have: the name here, the folder's own name, what `user-dirs.dirs` calls it.
const USUAL: [(&str, &str, &str); 6] = [
    ("downloads", "Downloads", "XDG_DOWNLOAD_DIR"),
    ("documents", "Documents", "XDG_DOCUMENTS_DIR"),
    ("desktop", "Desktop", "XDG_DESKTOP_DIR"),
    ("pictures", "Pictures", "XDG_PICTURES_DIR"),
    ("music", "Music", "XDG_MUSIC_DIR"),
    ("videos", "Videos", "XDG_VIDEOS_DIR"),
];

pub(super) fn ask(guide: &mut Guide) -> Result<Flow, Fail> {
    let mut offered = offered(guide);
    if guide.yes {
        guide.set_folders(chosen(&offered));
        return Ok(Flow::Next);
    }
    guide.say("A task reaches only the folders that it names. These get short names, for `cowork run --folder NAME`.");
    loop {
        guide.say("");
        let column = offered.iter().map(|o| width(&o.name)).max().unwrap_or(0);
        for (index, one) in offered.iter().enumerate() {
            let mark = if one.on { 'x' } else { ' ' };
            guide.say(&format!("  {} [{mark}] {:<column$}  {}", index + 1, one.name, one.at));
        }
        guide.say("");
        let enter = if offered.iter().any(|o| o.on) { "Enter takes those marked" } else { "Enter goes on without any" };
        let mark = if offered.is_empty() { "" } else { " A number marks or unmarks;" };
        let path = if offered.is_empty() { " A path adds a folder." } else { " a path adds a folder." };
        match guide.ask(&format!("{enter}.{mark}{path}")) {
            Typed::Keep => break,
            Typed::Skip => return Ok(Flow::Next),
            Typed::Leave => return Ok(Flow::Leave),
            Typed::Text(text) => {
                if let Err(why) = change(&mut offered, &text) {
                    guide.say(&why);
                }
            }
        }
    }
    guide.set_folders(chosen(&offered));
    Ok(Flow::Next)
}

/// A folder that can be taken.
struct Offer {
    name: String,
    at: String,
    on: bool,
}

/// Gives what is set, then what most people have and is there; that is marked the first time only.
fn offered(guide: &Guide) -> Vec<Offer> {
    let set = guide.folders();
    let mut all: Vec<Offer> =
        set.iter().map(|(name, at)| Offer { name: name.clone(), at: at.clone(), on: true }).collect();
    let named = fs::read_to_string(config_home().join("user-dirs.dirs")).unwrap_or_default();
    for (name, usual, key) in USUAL {
        let Some(home) = home() else { continue };
        let path = user_dir(&named, key, &home).unwrap_or_else(|| home.join(usual));
        let at = shown(&path);
        if path.is_dir() && path != home && !all.iter().any(|o| o.at == at || o.name == name) {
            all.push(Offer { name: name.to_owned(), at, on: set.is_empty() });
        }
    }
    all
}

fn chosen(offered: &[Offer]) -> BTreeMap<String, String> {
    offered.iter().filter(|o| o.on).map(|o| (o.name.clone(), o.at.clone())).collect()
}

/// Marks by numbers, or adds a path.
fn change(offered: &mut Vec<Offer>, text: &str) -> Result<(), String> {
    let numbers: Option<Vec<usize>> =
        text.split([' ', ',']).filter(|w| !w.is_empty()).map(|w| w.parse().ok()).collect();
    if let Some(numbers) = numbers {
        for number in numbers {
            let one = number.checked_sub(1).and_then(|at| offered.get_mut(at));
            let one = one.ok_or_else(|| format!("There is no {number}."))?;
            one.on = !one.on;
        }
        return Ok(());
    }
    let path = config::expand(text).ok_or_else(|| format!("`{text}` is no whole path: begin it with / or with ~/"))?;
    if !path.is_dir() {
        return Err(format!("{text} is no folder."));
    }
    if home().is_some_and(|h| h.starts_with(&path)) {
        return Err(format!("{text} is your whole home folder, or holds it: name a folder in it."));
    }
    let at = shown(&path);
    if let Some(one) = offered.iter_mut().find(|o| o.at == at) {
        one.on = true;
        return Ok(());
    }
    let name = free_name(&path, offered);
    offered.push(Offer { name, at, on: true });
    Ok(())
}

fn free_name(path: &Path, offered: &[Offer]) -> String {
    let last = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let plain: String = last.chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).collect();
    let plain = Some(plain.trim_matches('-').to_owned()).filter(|p| config::is_name(p)).unwrap_or("folder".to_owned());
    let is_free = |name: &String| offered.iter().all(|o| o.name != *name);
    if is_free(&plain) {
        return plain;
    }
    (2..).map(|n| format!("{plain}-{n}")).find(is_free).unwrap_or_default()
}

fn shown(path: &Path) -> String {
    let below = home().and_then(|h| path.strip_prefix(h).ok().map(|rest| rest.display().to_string()));
    below.map_or_else(|| path.display().to_string(), |rest| format!("~/{}", rest.trim_end_matches('/')))
}

fn config_home() -> PathBuf {
    let set = env::var_os("XDG_CONFIG_HOME").map(PathBuf::from).filter(|p| p.is_absolute());
    set.or_else(|| home().map(|h| h.join(".config"))).unwrap_or_default()
}

/// Finds a folder in the file in which desktops keep their names: `XDG_DOWNLOAD_DIR="$HOME/Téléchargements"`.
fn user_dir(text: &str, key: &str, home: &Path) -> Option<PathBuf> {
    let value = text.lines().find_map(|l| l.trim().strip_prefix(key)?.trim_start().strip_prefix('='))?;
    let value = value.trim().trim_matches('"');
    match value.strip_prefix("$HOME") {
        Some(rest) => Some(home.join(rest.trim_start_matches('/'))),
        None => Some(PathBuf::from(value)).filter(|p| p.is_absolute()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_in_other_languages_are_found() {
        let text = "# This file\nXDG_DESKTOP_DIR=\"$HOME/Bureau\"\nXDG_DOWNLOAD_DIR=\"$HOME/Téléchargements\"\nXDG_DOCUMENTS_DIR=\"/data/Documents\"\n";
        let at = |key: &str| user_dir(text, key, Path::new("/home/ann")).map(|p| p.display().to_string());
        assert_eq!(at("XDG_DOWNLOAD_DIR").as_deref(), Some("/home/ann/Téléchargements"));
        assert_eq!(at("XDG_DOCUMENTS_DIR").as_deref(), Some("/data/Documents"));
        assert_eq!(at("XDG_MUSIC_DIR"), None);
    }
}
