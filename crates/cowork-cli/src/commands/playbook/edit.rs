//! `cowork playbook new` and `edit`

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

use super::{
    check,
    list::{next, shown_folder},
    planner, template,
};
use crate::{
    config,
    fail::{Exit, Fail, wrong},
    look::Look,
    out::Out,
    render::{
        line::{Line, Role},
        text::{one_line, tilde},
    },
};

/// Writes a starting point that works, under a name that is free.
pub(crate) fn new(name: &str) -> Result<Exit, Fail> {
    let file = save(name, &template::of(name))?;
    let look = Look::of_stdout();
    let mut lines =
        vec![Line::margin().add(Role::Done, "Written.").add(Role::Plain, " It lists large files, and works as it is.")];
    let shown = tilde(&file.display().to_string(), look.home.as_deref());
    lines.push(next("It lies in:", &one_line(&shown)));
    lines.push(next("Change it:", &format!("cowork playbook edit {name}")));
    lines.push(next("Check it:", &format!("cowork playbook check {name}")));
    lines.push(next("Try it:", &format!("cowork playbook run {name} --folder DIR --try")));
    Out::default().lines(&lines, &look);
    Ok(Exit::Done)
}

/// Writes a playbook among the person's own, under a name that is free.
pub(super) fn save(name: &str, text: &str) -> Result<PathBuf, Fail> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.is_empty() || name.len() > 64 || !name.chars().all(fits) {
        return Err(wrong(format!("`{}` can't be a playbook's name", name.escape_debug()), "use a-z, 0-9 and `-`"));
    }
    let planner = planner()?;
    if planner.playbooks().any(|p| p.name == name) || planner.own().iter().any(|o| o.name == name) {
        return Err(wrong(format!("there is a playbook called `{name}` already"), "take another name"));
    }
    let file = config::playbooks_dir()?.join(format!("{name}.py"));
    let failed = |e: std::io::Error| {
        wrong(format!("can't write {}: {e}", file.display()), "see whether you may write there, or set $COWORK_CONFIG")
    };
    fs::create_dir_all(config::playbooks_dir()?).map_err(failed)?;
    let mut made = fs::File::options().write(true).create_new(true).open(&file).map_err(failed)?;
    made.write_all(text.as_bytes()).map_err(failed)?;
    Ok(file)
}

/// Opens one of the person's own in their editor, and checks it afterwards.
pub(crate) async fn edit(name: &str) -> Result<Exit, Fail> {
    let planner = planner()?;
    let Some(own) = planner.own().into_iter().find(|o| o.name == name) else {
        let fix = format!("begin one: cowork playbook new NAME; yours lie in {}", shown_folder(&Look::of_stdout())?);
        if planner.playbook(name).is_ok() {
            let why = format!("`{name}` is built in, and can't be changed");
            return Err(wrong(why, format!("copy it under another name: cowork playbook show {name} --source")));
        }
        return Err(wrong(format!("you have no playbook called `{}`", name.escape_debug()), fix));
    };
    open(&own.file)?;
    // Its name may be another now; the file is the same.
    check::check(&[own.file.display().to_string()], false).await
}

fn open(file: &Path) -> Result<(), Fail> {
    let set = |name: &str| std::env::var(name).ok().filter(|v| !v.trim().is_empty());
    let by_hand = format!("open {} in an editor, then: cowork playbook check", file.display());
    let Some(editor) = set("VISUAL").or_else(|| set("EDITOR")).or_else(|| cfg!(windows).then(|| "notepad".to_owned()))
    else {
        return Err(wrong("no editor is set in $VISUAL or $EDITOR", by_hand));
    };
    let mut command = if cfg!(windows) {
        let mut words = editor.split_whitespace();
        let mut command = Command::new(words.next().unwrap_or("notepad"));
        command.args(words).arg(file);
        command
    } else {
        // An editor may be set with arguments, as in `code --wait`.
        let mut command = Command::new("sh");
        command.arg("-c").arg(format!("{editor} \"$1\"")).arg("sh").arg(file);
        command
    };
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(wrong(format!("the editor `{editor}` ended with an error"), by_hand)),
        Err(e) => Err(wrong(format!("the editor `{editor}` can't be started: {e}"), by_hand)),
    }
}
