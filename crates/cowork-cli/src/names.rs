//! Finding what a person means by a few digits.

use cowork::{Ask, CallId, Engine, Error, Kind, Status, Summary, Task, TaskId, ThreadId};

use crate::{
    fail::{Fail, usage},
    render::text::{cut, one_line},
};

/// With fewer digits than this too much would fit by chance.
const FEWEST: usize = 4;
const MOST_NAMED: usize = 6;
const START: &str = "start one: cowork run --folder ~/Downloads \"Organise these files by type\"";

/// Finds a task by its id, or by four or more digits that it ends or begins with; where no task fits, a part of one.
pub(crate) async fn task(engine: &Engine, text: &str) -> Result<Summary, Fail> {
    let tasks = engine.tasks().await?;
    let last = || tasks.iter().rev().take(MOST_NAMED).collect::<Vec<_>>();
    let wanted = digits(text).ok_or_else(|| unknown("task", text, &last()))?;
    let mut found: Vec<Summary> = tasks.iter().filter(|t| fits(&t.task.to_string(), &wanted)).cloned().collect();
    if found.is_empty() {
        let parts = engine.subtasks().await?.into_iter();
        found.extend(parts.filter(|t| fits(&t.task.to_string(), &wanted)));
    }
    match &found[..] {
        [] => Err(unknown("task", text, &last())),
        [one] => Ok(one.clone()),
        many => Err(ambiguous("task", text, many.iter().map(|t| name(t.task)))),
    }
}

/// Gives every task and every part of one.
pub(crate) async fn all(engine: &Engine) -> Result<Vec<Summary>, Fail> {
    let mut all = engine.tasks().await?;
    all.extend(engine.subtasks().await?);
    Ok(all)
}

/// Finds a task by what was typed, or the last one if nothing was.
pub(crate) async fn task_or_last(engine: &Engine, text: Option<&str>) -> Result<Summary, Fail> {
    if let Some(text) = text {
        return task(engine, text).await;
    }
    let none = || Error::new(Kind::NotFound, "find task", "there are no tasks yet").with_fix(START);
    engine.tasks().await?.pop().ok_or_else(|| usage(none()))
}

/// Finds a call of a task by its id, or by four or more digits that it ends or begins with.
pub(crate) fn call(task: &Task, text: &str) -> Result<CallId, Fail> {
    let all: Vec<CallId> = task.turns.iter().flat_map(|t| t.calls.iter().map(|c| c.id)).collect();
    let wanted = digits(text).unwrap_or_default();
    let found: Vec<CallId> = all.iter().copied().filter(|c| fits(&c.to_string(), &wanted)).collect();
    match &found[..] {
        [one] => Ok(*one),
        [] => {
            let why = format!("task {} made no call `{}`", task.id.short(), cut(&one_line(text), 60));
            let fix = format!("`cowork show {}` lists its calls", task.id.short());
            Err(usage(Error::new(Kind::NotFound, "find call", why).with_fix(fix)))
        }
        many => Err(ambiguous("call", text, many.iter().map(ToString::to_string))),
    }
}

/// Finds an open question by its call, or by its task if that asks only one.
pub(crate) async fn ask(engine: &Engine, text: &str) -> Result<Ask, Fail> {
    let tasks = engine.tasks().await?;
    let mut asks = Vec::new();
    for task in tasks.iter().filter(|t| t.status == Status::Waiting) {
        asks.extend(engine.asks(task.task).await?);
    }
    let wanted = digits(text).unwrap_or_default();
    let by_call: Vec<&Ask> = asks.iter().filter(|a| fits(&a.call.id.to_string(), &wanted)).collect();
    let by_task = || asks.iter().filter(|a| fits(&a.task.to_string(), &wanted)).collect::<Vec<_>>();
    let found = if by_call.is_empty() { by_task() } else { by_call };
    match &found[..] {
        [one] => Ok((*one).clone()),
        [] => {
            let why = format!("no question `{}` waits for an answer", text.escape_debug());
            let open: Vec<String> = asks.iter().take(MOST_NAMED).map(|a| a.call.id.short()).collect();
            let fix = if open.is_empty() {
                "nothing is asked now".to_owned()
            } else {
                format!("open are: {}", open.join(", "))
            };
            Err(usage(Error::new(Kind::NotFound, "find question", why).with_fix(fix)))
        }
        many => {
            let title = |ask: &Ask| cut(&one_line(&ask.effects.preview.title), 40).into_owned();
            Err(ambiguous("question", text, many.iter().map(|a| format!("{} ({})", a.call.id.short(), title(a)))))
        }
    }
}

/// Finds a thread by its name or its id.
pub(crate) async fn thread(engine: &Engine, text: &str) -> Result<ThreadId, Fail> {
    let threads = engine.threads().await?;
    let named = ThreadId::named(text);
    let by_id = text.parse::<ThreadId>().ok();
    let found = threads.iter().find(|(id, _)| *id == named || Some(*id) == by_id);
    let found = found.or_else(|| threads.iter().find(|(_, title)| title == text));
    found.map(|(id, _)| *id).ok_or_else(|| {
        let why = format!("there is no thread `{}`", cut(&one_line(text), 60));
        let there: Vec<String> = threads.iter().take(MOST_NAMED).map(|(_, title)| one_line(title)).collect();
        let fix = match &there[..] {
            [] => "start one: cowork run \"…\"".to_owned(),
            names => format!("the threads are: {}", names.join(", ")),
        };
        usage(Error::new(Kind::NotFound, "find thread", why).with_fix(fix))
    })
}

fn fits(id: &str, wanted: &str) -> bool {
    let id = id.replace('-', "");
    wanted.len() >= FEWEST && (id.ends_with(wanted) || id.starts_with(wanted))
}

/// Gives a name that is long enough where the short one is not.
fn name(task: TaskId) -> String {
    let text = task.to_string().replace('-', "");
    text[text.len() - 12..].to_owned()
}

fn unknown(what: &str, text: &str, last: &[&Summary]) -> Fail {
    let why = format!("there is no {what} `{}`", cut(&one_line(text), 60));
    let fix = if last.is_empty() {
        format!("there are none yet; {START}")
    } else {
        let names = last.iter().map(|t| t.task.short()).collect::<Vec<_>>().join(", ");
        format!("the last ones are {names}; `cowork tasks` lists them")
    };
    usage(Error::new(Kind::NotFound, "find task", why).with_fix(fix))
}

fn ambiguous(what: &str, text: &str, names: impl Iterator<Item = String>) -> Fail {
    let names: Vec<String> = names.collect();
    let why = format!("`{}` fits {} {what}s", text.escape_debug(), names.len());
    let shown = names.iter().take(MOST_NAMED).cloned().collect::<Vec<_>>().join(", ");
    usage(Error::new(Kind::InvalidInput, "find task", why).with_fix(format!("name one of them: {shown}")))
}

/// Gives the hexadecimal digits of a text that is an id or a part of one.
fn digits(text: &str) -> Option<String> {
    let digits = text.replace('-', "").to_ascii_lowercase();
    let fits = (FEWEST..=32).contains(&digits.len()) && digits.chars().all(|c| c.is_ascii_hexdigit());
    fits.then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::{digits, fits};

    #[test]
    fn four_digits_of_either_end_are_enough_and_three_are_not() {
        let id = "01993a2b-1111-7222-8333-4444557f3a12";
        assert!(fits(id, "7f3a12") && fits(id, "3a12") && fits(id, "0199") && fits(id, &id.replace('-', "")));
        assert!(!fits(id, "a12") && !fits(id, "3a2b"));
        assert_eq!(digits("7F3A-12").as_deref(), Some("7f3a12"));
        assert_eq!(digits("tasks"), None);
    }
}
