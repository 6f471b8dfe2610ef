//! A program in which pieces of code run one after the other.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use cowork_core::{CallId, Error, Exec, Exit, FilePath, Kind, Process, ProcessEvent, Result, Runtime, Session, Visit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::shell::output::Output;

/// How large an answer may be, in bytes: ten artifacts of 2 MB each, and what they are called.
const ANSWER: usize = 32 << 20;

/// How long a kernel may be there.
const LIFE: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// How long one has to come to its senses when it is to stop.
const GRACE: Duration = Duration::from_secs(2);

/// What a kernel speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Language {
    #[default]
    Python,
    Javascript,
}

/// A program that goes on. Dropping it ends it.
pub(super) struct Kernel {
    process: Box<dyn Process>,
    /// The call that it runs under, which no call of a task is.
    pub(super) call: CallId,
    /// How many pieces it was given.
    cells: u32,
    /// What it answered, as far as that came.
    answer: Vec<u8>,
}

/// What came of a piece of code.
#[derive(Debug)]
pub(super) enum Came {
    /// It ran to its end.
    Answer(Answer),
    /// Its time was over; the kernel is there still, or not.
    Late { is_there: bool },
    /// The kernel ended.
    Ended(Exit),
    /// There is none, for this reason.
    Missing(String),
}

/// What a kernel answers.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Answer {
    /// What the last expression gave, as the language writes it.
    pub(super) result: Option<String>,
    pub(super) error: Option<String>,
    #[serde(default)]
    pub(super) artifacts: Vec<cowork_core::Artifact>,
}

/// How many artifacts a piece may give, how large they may be together in Base64, and how long a name.
const ARTIFACTS: usize = 10;
const ALL: usize = 6 << 20;
const NAME: usize = 200;

impl Answer {
    /// Leaves out what is no artifact, whatever was answered: the code may have written the answer.
    fn checked(mut self) -> Self {
        let mut left = ALL;
        self.artifacts.retain(|artifact| {
            let fits = artifact.data.len() <= left && artifact.name.len() <= NAME && is_base64(&artifact.data);
            left -= if fits { artifact.data.len() } else { 0 };
            fits
        });
        self.artifacts.truncate(ARTIFACTS);
        for artifact in &mut self.artifacts {
            // What is no picture is not shown as one: a service would refuse all that is asked with it.
            let begins = [
                ("image/png", "iVBORw0KGgo"),
                ("image/jpeg", "/9j/"),
                ("image/gif", "R0lGOD"),
                ("image/webp", "UklGR"),
            ];
            let is_what_it_says = match begins.iter().find(|(kind, _)| *kind == artifact.media_type) {
                Some((_, begin)) => artifact.data.starts_with(begin),
                None => artifact.media_type.len() <= NAME && artifact.media_type != "application/pdf",
            };
            if !is_what_it_says && !artifact.data.starts_with("JVBERi0") {
                artifact.media_type = "application/octet-stream".to_owned();
            }
        }
        self
    }
}

fn is_base64(text: &str) -> bool {
    let data = text.trim_end_matches('=');
    let is_data = data.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/'));
    text.len().is_multiple_of(4) && text.len() - data.len() <= 2 && is_data
}

impl Language {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Python => "Python",
            Self::Javascript => "JavaScript",
        }
    }

    /// Gives what is executed: orders come by handle 4, answers go by handle 3; all that is written goes one way, so that it stays in order.
    fn args(self) -> Vec<String> {
        let (line, program) = match self {
            Self::Python => ("exec python3 -u -c \"$0\"", include_str!("kernel.py")),
            Self::Javascript => ("exec node -e \"$0\"", include_str!("kernel.js")),
        };
        ["sh", "-c", &format!("{line} 3>&1 1>&2 4<&0 0</dev/null"), program].map(str::to_owned).into()
    }

    fn file(self, cell: u32) -> String {
        match self {
            Self::Python => format!("<cell {cell}>"),
            Self::Javascript => format!("cell-{cell}.js"),
        }
    }

    fn missing(self) -> &'static str {
        match self {
            Self::Python => "install Python 3 on this computer, or use another language",
            Self::Javascript => "install Node.js on this computer, or use another language",
        }
    }
}

impl Kernel {
    pub(super) async fn start(
        language: Language,
        folder: Option<FilePath>,
        session: &Arc<dyn Session>,
        runtime: &dyn Runtime,
    ) -> Result<Self> {
        let call = CallId::new(runtime);
        let exec = Exec { args: language.args(), folder, wall: LIFE, input: true, terminal: None };
        let process = session.exec(call, exec).await?;
        Ok(Self { process, call, cells: 0, answer: Vec::new() })
    }

    /// Runs a piece of code, no longer than this; what it writes is added to `said`, and told to `hear`.
    pub(super) async fn run(
        &mut self,
        (language, code): (Language, &str),
        (most, runtime): (Duration, &dyn Runtime),
        said: &mut Output,
        hear: &(dyn Fn(&Output) + Send + Sync),
    ) -> Result<Came> {
        self.cells += 1;
        self.answer.clear();
        let mut mark = Marked::new(CallId::new(runtime));
        let order = json!({ "code": code, "file": language.file(self.cells), "mark": mark.text });
        let is_told = AtomicBool::new(false);
        let work = async {
            self.process.renew().await?;
            self.write(&order).await?;
            is_told.store(true, Ordering::Relaxed);
            self.follow(&mut mark, said, hear).await
        };
        if let Some(came) = within(most, runtime, work).await? {
            return Ok(came.or_missing(language, self.cells));
        }
        if !is_told.into_inner() {
            // It reads half an order: nothing more can be told to it.
            return Ok(Came::Late { is_there: false });
        }
        // It hears that, if it hears anything.
        let work = async {
            self.write(&json!({ "stop": true })).await?;
            self.follow(&mut mark, said, hear).await
        };
        let answered = within(GRACE, runtime, work).await?;
        Ok(Came::Late { is_there: matches!(answered, Some(Came::Answer(_))) })
    }

    /// Gives what it asked of the network.
    pub(super) fn visits(&mut self) -> Vec<Visit> {
        self.process.visits()
    }

    async fn write(&mut self, order: &serde_json::Value) -> Result<()> {
        match self.process.write(format!("{order}\n").as_bytes()).await {
            // That it has ended is told by what it says next.
            Err(e) if e.kind == Kind::Unavailable => Ok(()),
            written => written,
        }
    }

    async fn follow(
        &mut self,
        mark: &mut Marked,
        said: &mut Output,
        hear: &(dyn Fn(&Output) + Send + Sync),
    ) -> Result<Came> {
        loop {
            match self.process.next().await? {
                ProcessEvent::Stdout(bytes) => self.answer.extend(bytes),
                ProcessEvent::Stderr(bytes) => {
                    mark.pass(&bytes, said);
                    hear(said);
                }
                ProcessEvent::Exited(exit) => {
                    mark.end(said);
                    return Ok(Came::Ended(exit));
                }
            }
            if self.answer.len() > ANSWER {
                return Err(foreign("more than an answer can be"));
            }
            if mark.is_found && self.answer.ends_with(b"\n") {
                let answer = serde_json::from_slice::<Answer>(&self.answer);
                return answer.map(|a| Came::Answer(a.checked())).map_err(|_| foreign("what is no answer"));
            }
        }
    }
}

/// Does it, no longer than this; none if its time is over before.
async fn within<T>(most: Duration, runtime: &dyn Runtime, work: impl Future<Output = Result<T>>) -> Result<Option<T>> {
    use futures_util::future::{Either, select};
    // Time comes first: one that says something all the time would have it wait for ever.
    match select(runtime.sleep(most), std::pin::pin!(work)).await {
        Either::Left(_) => Ok(None),
        Either::Right((came, _)) => came.map(Some),
    }
}

impl Came {
    /// One that ended before it did anything was not there.
    fn or_missing(self, language: Language, cell: u32) -> Self {
        use cowork_core::ExitKind;
        match self {
            Self::Ended(exit) if cell == 1 && exit.how == ExitKind::Code(127) => {
                Self::Missing(format!("there is no {} here; {}", language.name(), language.missing()))
            }
            came => came,
        }
    }
}

fn foreign(what: &str) -> Error {
    Error::new(Kind::InvalidInput, "run code", format!("the code wrote {what} where only its kernel writes"))
        .with_fix("leave the handles 3 and 4 alone")
}

/// What is written until a mark comes, which may come in pieces.
struct Marked {
    text: String,
    /// What may be the beginning of the mark.
    kept: Vec<u8>,
    is_found: bool,
}

impl Marked {
    fn new(id: CallId) -> Self {
        Self { text: format!("\u{0}{}\n", id.uuid().simple()), kept: Vec::new(), is_found: false }
    }

    /// Passes on what is not the mark.
    fn pass(&mut self, bytes: &[u8], to: &mut Output) {
        self.kept.extend_from_slice(bytes);
        let mark = self.text.as_bytes();
        if let Some(at) = memchr::memmem::find(&self.kept, mark) {
            self.is_found = true;
            to.add(&self.kept[..at]);
            to.add(&self.kept[at + mark.len()..]);
            self.kept.clear();
            return;
        }
        let begins = |n: &usize| self.kept.ends_with(&mark[..*n]);
        let held = (1..mark.len()).rev().find(begins).unwrap_or(0);
        let rest = self.kept.split_off(self.kept.len() - held);
        to.add(&self.kept);
        self.kept = rest;
    }

    fn end(&mut self, to: &mut Output) {
        to.add(&std::mem::take(&mut self.kept));
    }
}

#[cfg(test)]
mod tests {
    use cowork_testkit::TestRuntime;

    use super::*;

    #[test]
    fn a_mark_is_found_however_it_comes_and_is_never_shown() {
        let id = CallId::new(&*TestRuntime::new());
        let whole = format!("before\u{0}0000\u{0}{}\nafter", id.uuid().simple()).into_bytes();
        for piece in 1..whole.len() {
            let (mut mark, mut said) = (Marked::new(id), Output::default());
            whole.chunks(piece).for_each(|bytes| mark.pass(bytes, &mut said));
            mark.end(&mut said);
            assert!(mark.is_found);
            assert_eq!(said.text(), "before\u{0}0000after", "in pieces of {piece}");
        }
    }

    #[test]
    fn what_only_looks_like_the_mark_is_passed_on() {
        let (mut mark, mut said) = (Marked::new(CallId::new(&*TestRuntime::new())), Output::default());
        let begins = mark.text[..5].to_owned();
        mark.pass(format!("a{begins}").as_bytes(), &mut said);
        assert_eq!((said.text().as_str(), mark.is_found), ("a", false));
        mark.pass(b"x", &mut said);
        assert_eq!(said.text(), format!("a{begins}x"));
    }
}
