//! Completions, written where the shell looks for them.

use std::{
    env,
    path::{Path, PathBuf},
};

use clap::CommandFactory;
use clap_complete::{Shell, generate};

use super::guide::{Flow, Guide, Typed};
use crate::{app::home, args::Cli, fail::Fail};

pub(super) fn ask(guide: &mut Guide) -> Result<Flow, Fail> {
    let set = |name: &str| env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    let shell = set("SHELL").and_then(Shell::from_shell_path);
    let place = shell.and_then(|shell| Some((shell, place(shell, &set, &home()?)?)));
    let Some((shell, path)) = place else {
        if !guide.yes {
            guide.say("They are there for bash, zsh and fish, and $SHELL names none of these: nothing to do.");
        }
        return Ok(Flow::Next);
    };
    if !guide.yes {
        let there =
            if path.exists() { "They are there already; yes writes them anew." } else { "They are not there yet." };
        guide.say(&format!("For {shell}, in {}. {there}", path.display()));
        match guide.ask("y writes them; Enter does not.") {
            Typed::Leave => return Ok(Flow::Leave),
            Typed::Text(text) if matches!(text.to_lowercase().as_str(), "y" | "yes") => {}
            _ => return Ok(Flow::Next),
        }
    }
    let mut bytes = Vec::new();
    generate(shell, &mut Cli::command(), "cowork", &mut bytes);
    if shell == Shell::Zsh && !guide.yes {
        let folder = path.parent().unwrap_or(Path::new("")).display();
        guide.say(&format!("zsh looks there once ~/.zshrc says, before compinit: fpath=({folder} $fpath)"));
    }
    guide.write(path, bytes, "completions");
    Ok(Flow::Next)
}

/// Gives the file in which a shell looks for a person's own completions of `cowork`.
fn place(shell: Shell, set: &dyn Fn(&str) -> Option<PathBuf>, home: &Path) -> Option<PathBuf> {
    let whole = |name: &str| set(name).filter(|p| p.is_absolute());
    let data = whole("XDG_DATA_HOME").unwrap_or_else(|| home.join(".local/share"));
    match shell {
        Shell::Bash => Some(data.join("bash-completion/completions/cowork")),
        Shell::Zsh => Some(data.join("zsh/site-functions/_cowork")),
        Shell::Fish => {
            Some(whole("XDG_CONFIG_HOME").unwrap_or_else(|| home.join(".config")).join("fish/completions/cowork.fish"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_shell_looks_in_its_own_place() {
        let at = |shell| place(shell, &|_| None, Path::new("/home/ann")).map(|p| p.display().to_string());
        assert_eq!(at(Shell::Bash).as_deref(), Some("/home/ann/.local/share/bash-completion/completions/cowork"));
        assert_eq!(at(Shell::Zsh).as_deref(), Some("/home/ann/.local/share/zsh/site-functions/_cowork"));
        assert_eq!(at(Shell::Fish).as_deref(), Some("/home/ann/.config/fish/completions/cowork.fish"));
        assert_eq!(at(Shell::PowerShell), None);
        let xdg = |name: &str| (name == "XDG_DATA_HOME").then(|| PathBuf::from("/x"));
        let bash = place(Shell::Bash, &xdg, Path::new("/home/ann"));
        assert_eq!(bash, Some(PathBuf::from("/x/bash-completion/completions/cowork")));
    }
}
