//! Names by which something runs, or is believed, later and unseen: hooks, start-up files, settings of editors and of agents. A change to
//! one of them is asked about in every mode, also where there was none before.
//!
//! Disks and programs take many spellings for one name: capitals on some disks, other forms of the same letters, characters that are not
//! seen, dots and spaces at an end. All of these are taken for the name here.

use unicode_normalization::UnicodeNormalization;

/// Files by their names, anywhere, and why they are guarded.
const FILES: &[(&[&str], &str)] = &[
    (
        &[
            ".bashrc",
            ".bash_profile",
            ".bash_login",
            ".bash_logout",
            ".bash_aliases",
            ".profile",
            ".zshrc",
            ".zshenv",
            ".zprofile",
            ".zlogin",
            ".zlogout",
            ".kshrc",
            ".mkshrc",
            ".cshrc",
            ".tcshrc",
            ".login",
            ".logout",
            ".inputrc",
            ".xprofile",
            ".xinitrc",
            ".xsession",
            ".xsessionrc",
            ".pam_environment",
            ".envrc",
            ".mise.toml",
            "mise.toml",
        ],
        "runs when a shell or a session starts",
    ),
    (
        &[
            ".gdbinit",
            ".lldbinit",
            ".vimrc",
            ".gvimrc",
            ".exrc",
            ".nvimrc",
            ".nvim.lua",
            ".emacs",
            ".dir-locals.el",
            ".tmux.conf",
            ".screenrc",
            ".wgetrc",
            ".curlrc",
            ".rprofile",
            ".irbrc",
            ".pythonrc",
            ".pythonrc.py",
            ".npmrc",
            ".yarnrc",
            ".yarnrc.yml",
            ".pypirc",
            ".netrc",
            ".pnpmfile.cjs",
            ".gitconfig",
            ".hgrc",
            ".ideavimrc",
        ],
        "sets what a program does when somebody starts it",
    ),
    (
        &[
            ".mcp.json",
            "mcp.json",
            "agents.md",
            "claude.md",
            "claude.local.md",
            "gemini.md",
            ".cursorrules",
            ".windsurfrules",
            ".clinerules",
            ".roorules",
            ".goosehints",
            ".aider.conf.yml",
            "copilot-instructions.md",
            "skill.md",
        ],
        "tells an agent what to do",
    ),
    (
        &[".pre-commit-config.yaml", "lefthook.yml", ".lefthook.yml", "lefthook.yaml", ".gitlab-ci.yml", ".gitmodules"],
        "runs when somebody commits, fetches or pushes",
    ),
    (&["autorun.inf", "desktop.ini"], "is looked at by the desktop when somebody opens the folder"),
];

/// Files by how their names end.
const ENDINGS: &[(&str, &str)] = &[
    (".desktop", "starts a program when somebody opens it"),
    (".code-workspace", "sets what an editor does and runs"),
];

/// Folders with all that is in them, by the names that lead to them.
const FOLDERS: &[(&[&str], &str)] = &[
    (&[".vscode"], "sets what an editor does and runs"),
    (&[".idea"], "sets what an editor does and runs"),
    (&[".zed"], "sets what an editor does and runs"),
    (&[".fleet"], "sets what an editor does and runs"),
    (&[".helix"], "sets what an editor does and runs"),
    (&[".devcontainer"], "sets what an editor does and runs"),
    (&[".cursor"], "tells an agent what to do"),
    (&[".claude"], "tells an agent what to do"),
    (&[".codex"], "tells an agent what to do"),
    (&[".gemini"], "tells an agent what to do"),
    (&[".continue"], "tells an agent what to do"),
    (&[".roo"], "tells an agent what to do"),
    (&[".clinerules"], "tells an agent what to do"),
    (&[".cowork"], "tells an agent what to do"),
    (&[".husky"], "runs when somebody commits, fetches or pushes"),
    (&[".githooks"], "runs when somebody commits, fetches or pushes"),
    (&[".github", "workflows"], "runs when somebody commits, fetches or pushes"),
    (&[".circleci"], "runs when somebody commits, fetches or pushes"),
    (&[".ssh"], "lets somebody in, or out to other computers"),
    (&[".gnupg"], "holds keys"),
    (&[".aws"], "holds keys"),
    (&[".kube"], "holds keys"),
    (&[".docker"], "holds keys"),
    (&[".config", "autostart"], "runs when a shell or a session starts"),
    (&[".config", "systemd"], "runs when a shell or a session starts"),
    (&[".config", "fish"], "runs when a shell or a session starts"),
    (&[".config", "git"], "sets what a program does when somebody starts it"),
    (&[".config", "environment.d"], "runs when a shell or a session starts"),
    (&[".local", "bin"], "is found before other programs"),
    (&[".local", "share", "applications"], "starts a program when somebody opens it"),
    (&[".local", "share", "systemd"], "runs when a shell or a session starts"),
];

/// What in a folder of Git's own runs something or leads elsewhere, file or folder; its objects, its index and its branches don't.
const GITS: &[&str] =
    &["hooks", "config", "config.worktree", "commondir", "gitdir", "attributes", "alternates", "filter-repo"];

pub(crate) const GIT: &str = "runs when somebody uses Git there";

/// Says why a path below a granted folder is guarded, by its names; nothing if it isn't. `is_git` says whether the last folder on the way
/// is one of Git's own whatever it is called.
pub(crate) fn guarded(names: &[&[u8]], is_git: bool) -> Option<&'static str> {
    let names: Vec<String> = names.iter().map(|name| plain(&String::from_utf8_lossy(name))).collect();
    let last = names.last()?;
    let is_gits = |name: &String| name == ".git" || name.ends_with(".git");
    let below_git = names.iter().position(is_gits).map(|at| &names[at + 1..]);
    match below_git {
        // A file in its place leads elsewhere; a folder is what is in it.
        Some([]) => return Some(GIT),
        Some(below) if below.iter().any(|name| GITS.contains(&name.as_str())) => return Some(GIT),
        _ => {}
    }
    if is_git && GITS.contains(&last.as_str()) {
        return Some(GIT);
    }
    let file = FILES.iter().find(|(all, _)| all.contains(&last.as_str())).map(|(_, why)| *why);
    let ending = || ENDINGS.iter().find(|(ending, _)| last.ends_with(ending)).map(|(_, why)| *why);
    let is_on_way = |way: &[&str]| names.windows(way.len()).any(|part| part.iter().zip(way).all(|(a, b)| a == b));
    let folder = || FOLDERS.iter().find(|(way, _)| is_on_way(way)).map(|(_, why)| *why);
    file.or_else(ending).or_else(folder)
}

/// Says whether a name is one of those by which a folder becomes one of Git's own.
pub(crate) fn makes_git(name: &[u8]) -> bool {
    ["head", "objects", "refs", "commondir"].contains(&plain(&String::from_utf8_lossy(name)).as_str())
}

/// Says why a link is guarded that leads to a folder of another name: what lies there has a guarded name by it.
pub(crate) fn guarded_link(names: &[&[u8]]) -> Option<&'static str> {
    let names: Vec<String> = names.iter().map(|name| plain(&String::from_utf8_lossy(name))).collect();
    let last = names.last()?;
    if names.iter().any(|name| name == ".git" || name.ends_with(".git")) {
        return Some(GIT);
    }
    FOLDERS.iter().find(|(way, _)| way.contains(&last.as_str())).map(|(_, why)| *why)
}

/// Says whether a folder with such names in it is one of Git's own, whatever it is called itself.
pub(crate) fn is_git_folder(mut has: impl FnMut(&str) -> bool) -> bool {
    has("HEAD") && (has("objects") || has("commondir") || has("refs"))
}

/// Gives a name as all its spellings are written.
fn plain(name: &str) -> String {
    let seen = name.nfkc().filter(|c| !is_unseen(*c));
    let lower: String = seen.flat_map(char::to_lowercase).collect::<String>().nfkc().collect();
    // What follows a colon is, on some disks, another part of the same file; dots and spaces at the end are cut off there.
    let stem = lower.split(':').next().unwrap_or_default();
    let stem = stem.trim_end_matches(['.', ' ']);
    // The short name that such disks give it.
    match stem.strip_prefix("git~").is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit())) {
        true => ".git".to_owned(),
        false => stem.to_owned(),
    }
}

/// Characters that are not seen, and that some disks leave out when they compare names.
fn is_unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
        || c.is_control()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_guarded(path: &str) -> bool {
        let names: Vec<&[u8]> = path.split('/').map(str::as_bytes).collect();
        guarded(&names, false).is_some()
    }

    #[test]
    fn what_runs_later_is_guarded_wherever_it_is() {
        for path in [
            ".git/hooks/pre-commit",
            ".git/config",
            "a/b/.git/hooks",
            ".git",
            "sub/.git",
            ".git/modules/x/config",
            ".git/worktrees/w/gitdir",
            ".git/info/attributes",
            ".git/objects/info/alternates",
            "x.git/config",
            ".bashrc",
            "deep/.bashrc",
            ".vscode/tasks.json",
            ".envrc",
            ".mcp.json",
            ".claude/settings.json",
            "AGENTS.md",
            "x/CLAUDE.md",
            ".husky/pre-push",
            ".github/workflows/ci.yml",
            ".config/autostart/x",
            "mail.desktop",
            ".ssh/authorized_keys",
        ] {
            assert!(is_guarded(path), "{path}");
        }
        for path in [
            ".git/index",
            ".git/objects/ab/cdef",
            ".git/refs/heads/main",
            ".git/HEAD",
            ".git/COMMIT_EDITMSG",
            ".gitignore",
            "bashrc",
            "my.bashrc.txt",
            "vscode/tasks.json",
            "agents.markdown",
            "src/main.rs",
            "hooks/use.ts",
            "config",
            ".github/CODEOWNERS",
            ".config/other/x",
            "workflows/ci.yml",
            "digit~1",
        ] {
            assert!(!is_guarded(path), "{path}");
        }
    }

    #[test]
    fn every_spelling_of_a_name_is_the_name() {
        for path in [
            ".GIT/Hooks/x",
            ".Git/CONFIG",
            ".g\u{200c}it/hooks/x",
            ".gi\u{feff}t/config",
            ".git./hooks/x",
            ".git /config",
            "git~1/hooks/x",
            "GIT~1/config",
            ".git::$INDEX_ALLOCATION/hooks/x",
            ".BashRC",
            ".\u{ff42}ashrc",
            ".ba\u{17f}hrc",
            ".ENVRC",
            ".VSCode/tasks.json",
            "agents.MD",
            ".\u{212a}ube/config",
            "CLAUDE.md.",
            ".mcp.json ",
            ".mcp\u{200b}.json",
        ] {
            assert!(is_guarded(path), "{path:?}");
        }
    }

    #[test]
    fn a_link_by_which_a_name_becomes_guarded_is_guarded() {
        for path in [".git/info", "sub/.git/modules", ".config", ".local", ".github", ".config/fish"] {
            let names: Vec<&[u8]> = path.split('/').map(str::as_bytes).collect();
            assert!(guarded_link(&names).is_some(), "{path}");
        }
        assert_eq!(guarded_link(&[b"lib", b"current"]), None);
        assert!(makes_git(b"HEAD") && makes_git(b"Objects") && !makes_git(b"hooks"));
    }

    #[test]
    fn a_folder_of_gits_own_is_told_by_what_is_in_it() {
        assert!(is_git_folder(|name| ["HEAD", "objects", "refs"].contains(&name)));
        assert!(!is_git_folder(|name| name == "HEAD"));
        assert_eq!(guarded(&[b"repo", b"config"], true), Some(GIT));
        assert_eq!(guarded(&[b"repo", b"hooks"], true), Some(GIT));
        assert_eq!(guarded(&[b"repo", b"config"], false), None);
    }
}
