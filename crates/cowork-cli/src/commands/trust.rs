//! `cowork trust`

use std::{
    fs::OpenOptions,
    io::Read,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use cowork::{Hash, LONGEST_INSTRUCTIONS};

use crate::{
    app::home,
    config::{Config, Edit, Trusted},
    confirm::yes_or_no,
    fail::{Exit, Fail, wrong},
    look::Look,
    out::Out,
    render::{
        line::{Line, Role},
        outcome::next,
        text::{one_line, size, tilde, visible, wrap},
    },
    signals::Signals,
};

const FILES: &str = "AGENTS.md or CLAUDE.md in a folder that you give to tasks";

/// Trusts a file, trusts it no more, or lists what is trusted.
pub(crate) async fn trust(file: Option<&Path>, yes: bool, remove: bool) -> Result<Exit, Fail> {
    match file {
        None => list(),
        Some(file) if remove => distrust(file),
        Some(file) => begin(file, yes).await,
    }
}

/// Lists what is trusted.
fn list() -> Result<Exit, Fail> {
    let (config, look) = (Config::load()?, Look::of_stdout());
    let home = home().map(|h| h.display().to_string());
    let mut lines = Vec::new();
    for Trusted { file, hash } in &config.trusted {
        let state = match cowork::path::unescape(file).map(|bytes| read(&as_path(bytes))) {
            Some(Ok(bytes)) if Hash::of(&bytes).to_string() == *hash => "",
            Some(Ok(_)) => "  changed since, so it is not followed",
            _ => "  not there now",
        };
        let path = tilde(&one_line(file), home.as_deref());
        lines.push(Line::margin().add(Role::Plain, path).add(Role::Quiet, state));
    }
    if lines.is_empty() {
        lines.push(Line::margin().add(Role::Plain, "No instruction file is trusted."));
    }
    Out::default().lines(&lines, &look);
    Ok(Exit::Done)
}

/// Shows an instruction file and trusts it as it is, if the person says so.
async fn begin(file: &Path, yes: bool) -> Result<Exit, Fail> {
    let place = place(file)?;
    let bytes = read(file)?;
    let Ok(text) = std::str::from_utf8(&bytes) else {
        return Err(wrong(format!("{} is not text in UTF-8", file.display()), "write it as plain text"));
    };
    let hash = Hash::of(&bytes).to_string();
    let (look, mut out) = (Look::of_stdout(), Out::default());
    show(text, bytes.len(), file, &mut out, &look);
    if !yes {
        if !look.asks {
            let fix = format!("read it, then: cowork trust --yes {}", file.display());
            return Err(wrong("nobody can be asked here whether to trust it", fix));
        }
        let mut signals = Signals::listen()?;
        match asked(&mut out, &look, &mut signals).await {
            Some(true) => {}
            Some(false) => {
                out.lines(&[Line::margin().add(Role::Plain, "It is not trusted, and not followed.")], &look);
                return Ok(Exit::Done);
            }
            None => return Ok(Exit::Interrupted),
        }
    }
    let mut edit = Edit::open()?;
    // What is trusted are the bytes that were shown.
    edit.trust(&Trusted { file: place, hash });
    edit.save()?;
    let said = Line::margin().add(Role::Done, "Trusted.");
    let rest = " Tasks in this folder follow it until it changes.";
    out.lines(
        &[said.add(Role::Plain, rest), next("Take back:", &format!("cowork trust --remove {}", file.display()))],
        &look,
    );
    Ok(Exit::Done)
}

/// Trusts a file no more, whether it is there or not.
fn distrust(file: &Path) -> Result<Exit, Fail> {
    let place = place(file)?;
    let mut edit = Edit::open()?;
    if !edit.distrust(&place) {
        return Err(wrong(format!("{} is not trusted", file.display()), "`cowork trust` lists what is"));
    }
    edit.save()?;
    let line = Line::margin().add(Role::Done, "Done.").add(Role::Plain, " It is not followed any more.");
    Out::default().lines(&[line], &Look::of_stdout());
    Ok(Exit::Done)
}

/// Gives the file as settings name it: its folder as a grant names that, then its own name.
fn place(file: &Path) -> Result<String, Fail> {
    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if !["AGENTS.md", "CLAUDE.md"].contains(&name) {
        return Err(wrong(format!("{} is no instruction file", file.display()), format!("name {FILES}")));
    }
    let folder = file.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let at = cowork::folder(folder)?.at;
    Ok(format!("{}/{name}", at.trim_end_matches('/')))
}

fn as_path(bytes: Vec<u8>) -> PathBuf {
    use std::os::unix::ffi::OsStringExt;
    std::ffi::OsString::from_vec(bytes).into()
}

/// Reads it whole, without following a link: a task does not either.
fn read(file: &Path) -> Result<Vec<u8>, Fail> {
    let failed = |why: &str| wrong(format!("can't read {}: {why}", file.display()), format!("name {FILES}"));
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let opened = OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(file);
    let opened = opened.map_err(|e| match rustix::io::Errno::from_io_error(&e) {
        Some(rustix::io::Errno::LOOP) => failed("it is a link, and links are not followed"),
        _ => failed(&e.to_string()),
    })?;
    if !opened.metadata().is_ok_and(|meta| meta.is_file()) {
        return Err(failed("it is not a file"));
    }
    let mut bytes = Vec::new();
    let most = LONGEST_INSTRUCTIONS as u64 + 1;
    opened.take(most).read_to_end(&mut bytes).map_err(|e| failed(&e.to_string()))?;
    if bytes.len() > LONGEST_INSTRUCTIONS {
        let most = size(LONGEST_INSTRUCTIONS as u64);
        return Err(wrong(format!("{} is longer than {most}, so it is never followed", file.display()), "shorten it"));
    }
    Ok(bytes)
}

fn show(text: &str, bytes: usize, file: &Path, out: &mut Out, look: &Look) {
    let head = format!("{}, {}:", file.display(), size(bytes as u64));
    let mut lines = vec![Line::margin().add(Role::Strong, one_line(&head)), Line::default()];
    let room = look.columns().saturating_sub(6);
    for line in text.lines() {
        match line.trim_end() {
            "" => lines.push(Line::default()),
            line => lines.extend(wrap(&visible(line), room).into_iter().map(|l| Line::of("    ").add(Role::Plain, l))),
        }
    }
    lines.push(Line::default());
    out.lines(&lines, look);
}

/// Asks whether it is trusted. `None`: interrupted.
async fn asked(out: &mut Out, look: &Look, signals: &mut Signals) -> Option<bool> {
    let what = "Is it to be followed in every task in its folder, until it changes?";
    yes_or_no(vec![Line::margin().add(Role::Plain, what)], ["follow it", "leave it"], out, look, signals).await
}
