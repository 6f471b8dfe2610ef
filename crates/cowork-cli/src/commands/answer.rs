//! `cowork answer`

use cowork::Answer;

use crate::{
    app::App,
    args::YesNo,
    fail::{Exit, Fail},
    follow::{How, follow},
    look::Look,
    names,
    out::Out,
    render::{
        line::{Line, Role},
        outcome::next,
        text::one_line,
    },
    signals::Signals,
};

/// Answers a question, and goes on with the task here if nobody else does.
pub(crate) async fn answer(app: &App, call: &str, answer: YesNo, no_wait: bool, json: bool) -> Result<Exit, Fail> {
    let ask = names::ask(&app.engine, call).await?;
    let (answer, word, role) = match answer {
        YesNo::Allow => (Answer::Allow, "Allowed:", Role::Done),
        YesNo::AllowTask => (Answer::AllowTask, "Allowed in this task:", Role::Done),
        YesNo::Deny => (Answer::Deny, "Refused:", Role::Waiting),
    };
    let after = app.engine.task(ask.task).await?.head;
    let mut signals = Signals::listen()?;
    app.answer(&ask, answer).await?;
    if no_wait {
        let look = Look::of_stdout();
        let title = one_line(&ask.effects.preview.title);
        let lines = [
            Line::margin().add(role, word).add(Role::Plain, format!(" {title}")),
            next("Go on:", &format!("cowork resume {}", ask.task.short())),
        ];
        let lines = if app.engine.is_held(ask.task).await? { &lines[..1] } else { &lines[..] };
        Out::default().lines(if json { &[] } else { lines }, &look);
        return Ok(Exit::Done);
    }
    app.adopt(ask.task).await?;
    let exit = follow(app, ask.thread, ask.task, How { yes: false, json, after, cancels: false }, &mut signals).await?;
    app.close(&mut signals).await;
    Ok(exit)
}
