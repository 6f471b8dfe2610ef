//! `cowork tasks`

use cowork::{Runtime, Status, Summary, TokioRuntime};
use tokio::runtime::Handle;

use crate::{
    app::App,
    fail::{Exit, Fail},
    look::Look,
    out::Out,
    render::{
        line::{Line, Role},
        text::{age, cut, one_line, pad, sentence, shorten, tilde, width},
    },
};

/// More are seldom looked at, and each open one costs a look at its lease.
const LAST: usize = 50;

/// Lists the tasks, the newest last.
pub(crate) async fn tasks(app: &App, json: bool, all: bool) -> Result<Exit, Fail> {
    let tasks = app.engine.tasks().await?;
    let first = if all || json { 0 } else { tasks.len().saturating_sub(LAST) };
    let look = Look::of_stdout();
    let now = TokioRuntime::new(Handle::current()).now();
    let mut rows = Vec::new();
    let mut text = String::new();
    for task in &tasks[first..] {
        let state = state(app, task).await?;
        if json {
            text.push_str(&format!("{}\n", as_json(task, &state)?));
        } else {
            rows.push(Row::of(task, &state, &age(now.since(task.at)), &look));
        }
    }
    let mut out = Out::default();
    out.text(&text);
    if !json {
        out.lines(&table(&rows, first, &look), &look);
    }
    Ok(Exit::Done)
}

/// A task's state in a word, with what only the leases know: that its process is dead.
pub(crate) struct State {
    pub(crate) word: &'static str,
    pub(crate) role: Role,
    pub(crate) interrupted: bool,
}

/// Says where a task is.
pub(crate) async fn state(app: &App, task: &Summary) -> Result<State, Fail> {
    let open = matches!(task.status, Status::Running | Status::Queued | Status::Stopped);
    let interrupted = open && !app.engine.is_held(task.task).await?;
    let (word, role) = match task.status {
        _ if interrupted => ("interrupted", Role::Waiting),
        Status::Queued => ("queued", Role::Accent),
        Status::Running | Status::Stopped => ("running", Role::Accent),
        Status::Waiting => ("waiting", Role::Waiting),
        Status::Paused => ("paused", Role::Waiting),
        Status::Done => ("done", Role::Done),
        Status::Failed => ("failed", Role::Failed),
        Status::Refused => ("not done", Role::Quiet),
        Status::Cancelled => ("cancelled", Role::Quiet),
        Status::Undone => ("undone", Role::Quiet),
        _ => ("unknown", Role::Quiet),
    };
    Ok(State { word, role, interrupted })
}

/// A task as it stands in the table.
struct Row {
    id: String,
    age: String,
    state: (Role, &'static str),
    text: String,
    place: String,
}

impl Row {
    fn of(task: &Summary, state: &State, age: &str, look: &Look) -> Self {
        let place = |folder: &String| tilde(&one_line(folder), look.home.as_deref());
        Self {
            id: task.task.short(),
            age: if age == "now" { age.to_owned() } else { format!("{age} ago") },
            state: (state.role, state.word),
            text: one_line(&task.text),
            place: match &task.folders[..] {
                [] => String::new(),
                [one] => place(one),
                [one, more @ ..] => format!("{} + {}", place(one), more.len()),
            },
        }
    }

    /// Takes two lines, where there is hardly room for one.
    fn stacked(&self, room: usize) -> [Line; 2] {
        let line = Line::margin().add(Role::Accent, &self.id).add(self.state.0, format!(" {}", self.state.1));
        let text = Line::of("    ").add(Role::Plain, cut(&self.text, room.saturating_sub(4)));
        [line.fit(room), text]
    }

    fn spoken(&self) -> Line {
        let place = if self.place.is_empty() { String::new() } else { format!(", in {}", self.place) };
        Line::of(format!("Task {}, {}, {}{place}: {}", self.id, self.age, self.state.1, sentence(&self.text)))
    }
}

/// The columns that the table needs to name where a task works, and what it needs for what was asked.
const WIDE: usize = 72;
const PLACE: usize = 40;
/// Below this when it was is left out.
const NARROW: usize = 40;
const TINY: usize = 32;

/// Lays the rows out in columns, the newest last, above them what the columns are.
fn table(rows: &[Row], older: usize, look: &Look) -> Vec<Line> {
    let mut lines = Vec::new();
    if older > 0 {
        lines.push(Line::margin().add(Role::Quiet, format!("{older} older ones: cowork tasks --all")));
    }
    if rows.is_empty() {
        lines.push(Line::margin().add(Role::Plain, "No tasks yet. Start one:"));
        lines
            .push(Line::margin().add(Role::Strong, "cowork run --folder ~/Downloads \"Organise these files by type\""));
        return lines;
    }
    if look.spoken {
        return lines.into_iter().chain(rows.iter().map(Row::spoken)).collect();
    }
    let room = look.table();
    if room < TINY {
        return lines.into_iter().chain(rows.iter().flat_map(|r| r.stacked(room))).collect();
    }
    let widest = |what: fn(&Row) -> &str| rows.iter().map(|r| width(what(r))).max().unwrap_or(0);
    let (age, state) = (widest(|r| &r.age), widest(|r| r.state.1).max(5));
    let place = if room >= WIDE { widest(|r| &r.place).min((room / 4).min(PLACE)) } else { 0 };
    let row = |roles: [Role; 4], id: &str, when: &str, (role, word): (Role, &str), text: &str, at: &str| {
        let mut line = Line::margin().add(roles[0], pad(id, 6)).add(Role::Plain, "  ");
        if room >= NARROW {
            line = line
                .add(roles[1], format!("{}{when}", " ".repeat(age.saturating_sub(width(when)))))
                .add(Role::Plain, "  ");
        }
        let line = line.add(role, pad(word, state)).add(Role::Plain, "  ");
        let left = room.saturating_sub(line.width() + if place > 0 { place + 2 } else { 0 });
        let text = cut(text, left).into_owned();
        if place == 0 {
            return line.add(roles[2], text);
        }
        let longest = widest(|r| &r.text).min(left);
        line.add(roles[2], pad(&text, longest)).add(Role::Plain, "  ").add(roles[3], shorten(at, place))
    };
    if look.live {
        let quiet = [Role::Quiet; 4];
        lines.push(row(quiet, "task", "when", (Role::Quiet, "state"), "what", "where"));
    }
    let roles = [Role::Accent, Role::Quiet, Role::Plain, Role::Quiet];
    lines.extend(rows.iter().map(|r| row(roles, &r.id, &r.age, r.state, &r.text, &r.place)));
    lines
}

fn as_json(task: &Summary, state: &State) -> Result<String, Fail> {
    let internal =
        |e| cowork::Error::new(cowork::Kind::Internal, "write task", "a task can't be written as JSON").with_source(e);
    let mut value = serde_json::to_value(task).map_err(internal)?;
    value["interrupted"] = state.interrupted.into();
    Ok(value.to_string())
}
