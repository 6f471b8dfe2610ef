//! How what goes wrong in a program becomes an [`Error`], with the file and the line.

use cowork_core::{Error, Kind};
use monty_types::{ExcType, MontyException};

use crate::limits::Limits;

/// What errors say of a program.
pub(crate) struct Program {
    /// The name of its file.
    pub(crate) file: String,
    /// Where its loops are, to be put after a hint: `; there are loops in line 7 and 12`.
    loops: String,
}

impl Program {
    pub(crate) fn new(file: &str, source: &str) -> Self {
        let is_loop = |line: &str| line.trim_start().starts_with("while ") || line.trim_start().starts_with("for ");
        let lines = source.lines().enumerate().filter(|(_, line)| is_loop(line));
        let lines: Vec<String> = lines.take(5).map(|(index, _)| (index + 1).to_string()).collect();
        let loops =
            if lines.is_empty() { String::new() } else { format!("; it has loops in line {}", lines.join(", ")) };
        Self { file: file.to_owned(), loops }
    }
}

/// Says what is wrong with a program that does not compile.
pub(crate) fn syntax(e: &MontyException) -> (Option<u32>, String) {
    let message = e.message().unwrap_or("it can't be read").trim().trim_end_matches('.').to_owned();
    let what = match e.exc_type() {
        // The interpreter words these for its own readers: what counts here is the name of what is missing.
        ExcType::NotImplementedError => {
            let missing = message
                .trim_start_matches("The monty syntax parser does not yet support ")
                .trim_start_matches("the monty syntax parser does not yet support ");
            format!("this Python does not have {missing}")
        }
        _ => message,
    };
    (line(e), what)
}

/// Makes the error of a program that does not compile.
pub(crate) fn syntax_error(file: &str, e: &MontyException) -> Error {
    let (line, what) = syntax(e);
    placed(Error::new(Kind::InvalidInput, "read playbook", at(file, line, &what)), file, line)
        .with_fix("mend the playbook; docs/playbooks.md says what it can use")
}

/// Makes the error of a program that ended with an exception.
///
/// `raised` are the errors that tools gave it as exceptions: one that it did not catch stays what it was.
pub(crate) fn ended(program: &Program, e: &MontyException, raised: &[(String, Error)], limits: &Limits) -> Error {
    let (file, line) = (program.file.as_str(), line(e));
    let message = e.message().unwrap_or_default();
    let over = |what: String, fix: &str| {
        let why = at(file, line, &what);
        // Between two instructions the interpreter does not say where it stands: then its loops are named.
        let loops = if line.is_none() { program.loops.as_str() } else { "" };
        placed(Error::new(Kind::LimitExceeded, "run playbook", why).with_fix(format!("{fix}{loops}")), file, line)
    };
    match e.exc_type() {
        ExcType::TimeoutError if message.starts_with("time limit exceeded") => over(
            format!("the program ran for more than {} s", limits.time.as_secs_f32()),
            "look for a loop that does not end",
        ),
        ExcType::MemoryError if message.contains("limit exceeded") => {
            let most = limits.memory / (1024 * 1024);
            over(format!("the program took more than {most} MiB of memory"), "keep less at once")
        }
        ExcType::RecursionError => over(
            format!("it goes more than {} deep, in calls of functions or in values inside values", limits.recursion),
            "look for a function that calls itself without end",
        ),
        // Said on purpose, to the person: what is wrong, and on further lines what to do.
        ExcType::SystemExit => {
            let (why, fix) = message.split_once('\n').unwrap_or((message, ""));
            let error = Error::new(Kind::InvalidInput, "run playbook", why);
            placed(if fix.is_empty() { error } else { error.with_fix(fix) }, file, line)
        }
        kind => {
            if let Some((_, error)) = raised.iter().rev().find(|(text, _)| text == message) {
                return placed(error.clone(), file, line);
            }
            let text = if message.is_empty() { kind.to_string() } else { format!("{kind}: {message}") };
            placed(Error::new(Kind::InvalidInput, "run playbook", at(file, line, &text)), file, line)
        }
    }
}

/// Makes the error of a limit that the planner itself keeps.
pub(crate) fn limit(what: &str) -> Error {
    Error::new(Kind::LimitExceeded, "run playbook", what)
}

/// Adds where it happened.
pub(crate) fn placed(error: Error, file: &str, line: Option<u32>) -> Error {
    let error = error.with("playbook", file);
    match line {
        Some(line) => error.with("line", line.to_string()),
        None => error,
    }
}

/// Gives the line where it happened: the innermost one.
pub(crate) fn line(e: &MontyException) -> Option<u32> {
    e.traceback().last().map(|frame| frame.start.line)
}

fn at(file: &str, line: Option<u32>, what: &str) -> String {
    const MOST: usize = 500;
    let plain = what.chars().map(|c| if c.is_control() { ' ' } else { c });
    let cut = if what.chars().nth(MOST).is_some() { "…" } else { "" };
    let what: String = plain.take(MOST).chain(cut.chars()).collect();
    match line {
        Some(line) => format!("{file}, line {line}: {what}"),
        None => format!("{file}: {what}"),
    }
}
