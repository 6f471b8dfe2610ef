//! Asking models for a planner: within the budget, in the log, with patience.

use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::{
    Inner,
    live::Live,
    spans,
    told::{Line, Listener, Told},
};
use crate::{
    AskId, Circuit, Delta, DeltaKind, Error, Event, Kind, Label, Model, ModelAnswer, ModelCard, ModelRequest, Patience,
    Reserve, Result, Retry, Runtime, Said, Say, TaskId, ThreadId, Timestamp, Usage,
};

/// How long a service that is down is left alone before one task tries again, at the most.
const PAUSE: Duration = Duration::from_secs(15);
const LATER: &str = "try again later, or choose another model";

/// The models of an engine, as a planner may ask them.
///
/// What is asked is in the task's log before a service hears of it, with the most that it may cost; what it came to follows. A
/// service that fails in a way that may pass is asked again, with growing pauses; one that fails again and again is left alone
/// for a while, by all tasks.
#[derive(Clone, Default)]
pub struct Models {
    desk: Option<Arc<Desk>>,
}

struct Desk {
    runtime: Arc<dyn Runtime>,
    models: Vec<Arc<dyn Model>>,
    patience: Patience,
    circuits: Arc<Circuits>,
    cancel: CancellationToken,
    /// The driver that commits; none outside an engine.
    tell: Option<Arc<Line>>,
    /// Where what is said is shown; nowhere outside an engine.
    screen: Option<Screen>,
}

struct Screen {
    engine: Arc<Inner>,
    thread: ThreadId,
    task: TaskId,
}

impl Screen {
    fn show(&self, said: Said<'_>) {
        self.engine.hub.say(self.thread, self.task, said);
    }

    fn tell(&self, what: DeltaKind) {
        let delta = Delta { thread: self.thread, task: self.task, call: None, what };
        self.engine.hub.send(self.thread, Live::Delta(delta.into()));
    }
}

/// Which services are taken to be down, by where they are.
pub(super) type Circuits = Mutex<HashMap<String, Circuit>>;

impl Desk {
    fn at_circuit<T>(&self, model: &dyn Model, act: impl FnOnce(&mut Circuit, Timestamp, Duration) -> T) -> T {
        let mut circuits = self.circuits.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, now) = (&model.card().at, self.runtime.now());
        // Whoever waits for it has patience for a few tries more: nobody is refused only because a pause is longer than that.
        let pause = PAUSE.min(self.patience.total / 4);
        match circuits.get_mut(at) {
            Some(circuit) => act(circuit, now, pause),
            None => act(circuits.entry(at.clone()).or_default(), now, pause),
        }
    }
}

impl Models {
    /// Makes models that a planner can ask outside an engine: without a log and without a budget.
    pub fn alone(runtime: Arc<dyn Runtime>, models: Vec<Arc<dyn Model>>) -> Self {
        let desk = Desk {
            runtime,
            models,
            patience: Patience::default(),
            circuits: Arc::default(),
            cancel: CancellationToken::new(),
            tell: None,
            screen: None,
        };
        Self { desk: Some(Arc::new(desk)) }
    }

    pub(super) fn of(
        engine: &Arc<Inner>,
        (thread, task): (ThreadId, TaskId),
        cancel: CancellationToken,
    ) -> (Self, Listener) {
        let (tell, told) = Line::open();
        let parts = &engine.parts;
        let desk = Desk {
            runtime: parts.runtime.clone(),
            models: parts.models.clone(),
            patience: parts.limits.patience,
            circuits: engine.circuits.clone(),
            cancel,
            tell: Some(tell),
            screen: Some(Screen { engine: engine.clone(), thread, task }),
        };
        (Self { desk: Some(Arc::new(desk)) }, told)
    }

    /// Gives the models' names, the first being the one that is asked where none is named.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.desk.iter().flat_map(|desk| desk.models.iter().map(|m| m.name()))
    }

    /// Gives what is known about a model.
    ///
    /// # Errors
    /// `NotFound` if there is no such model, with those that there are.
    pub fn card(&self, name: Option<&str>) -> Result<&ModelCard> {
        self.find(name).map(|(_, model)| model.card())
    }

    /// Asks a model, or the first one. `purpose` says what for, in a word: `plan`.
    ///
    /// Dropping the future gives the answer up; that is recorded too.
    ///
    /// # Errors
    /// `NotFound`; `LimitExceeded` if the task's budget does not allow it; the model's, once patience is at its end.
    pub async fn ask(&self, name: Option<&str>, purpose: &str, request: ModelRequest) -> Result<ModelAnswer> {
        self.put(name, purpose, request, false).await
    }

    /// Asks a model for which another one stands in. A service that is down is left within about two seconds of its first
    /// failure, and for a while it is not asked at all; then it is tried once.
    ///
    /// # Errors
    /// As [`Models::ask`]'s; `Unavailable` at once while its service is taken to be down.
    pub async fn ask_briefly(&self, name: Option<&str>, purpose: &str, request: ModelRequest) -> Result<ModelAnswer> {
        self.put(name, purpose, request, true).await
    }

    async fn put(
        &self,
        name: Option<&str>,
        purpose: &str,
        request: ModelRequest,
        is_brief: bool,
    ) -> Result<ModelAnswer> {
        let (desk, model) = self.find(name)?;
        if is_brief && !desk.at_circuit(&**model, |circuit, now, pause| circuit.left(now, pause)).is_zero() {
            return Err(down(&**model));
        }
        let ask = AskId::new(&*desk.runtime);
        let read = request.estimate().count;
        let most = Reserve::of(&request, read, model.card());
        // From here on the question is closed whenever this future is dropped. The driver passes over what it did not commit.
        let mut open = Open {
            desk: desk.clone(),
            model: model.clone(),
            ask,
            read: 0,
            most: most.tokens.saturating_sub(read),
            said: Arc::default(),
            tries: 0,
            is_brief,
            brought: false,
            is_closed: false,
        };
        if let Some(tell) = &desk.tell {
            let (model, at) = (model.name().to_owned(), model.card().at.clone());
            let asked = Event::ModelAsked { ask, model, at, purpose: purpose.to_owned(), most };
            let (ack, acked) = oneshot::channel();
            if !tell.tell(Told::Asked((asked, ack).into())) {
                return Err(given_up());
            }
            acked.await.map_err(|_| given_up())??;
        }
        open.read = read;
        let span = spans::chat(&**model, desk.screen.as_ref().map(|s| s.thread), purpose, &request);
        let answer = open.persist(request).instrument(span.clone()).await;
        spans::answered(&span, open.tries, &answer);
        open.close(&answer);
        answer
    }

    fn find(&self, name: Option<&str>) -> Result<(&Arc<Desk>, &Arc<dyn Model>)> {
        let found = self.desk.as_ref().and_then(|desk| {
            let model = desk.models.iter().find(|m| name.is_none_or(|name| m.name() == name))?;
            Some((desk, model))
        });
        found.ok_or_else(|| {
            let there: Vec<&str> = self.names().collect();
            let why = match name {
                Some(name) if !there.is_empty() => format!("there is no model called `{}`", name.escape_debug()),
                _ => "there is no model to ask".to_owned(),
            };
            let fix = match there.as_slice() {
                [] => "set a key, or start a local server: `cowork doctor` says what is missing".to_owned(),
                there => format!("the models are: {}", there.join(", ")),
            };
            Error::new(Kind::NotFound, "ask model", why).with_fix(fix)
        })
    }
}

/// A question that was put to a model and has no end in the log yet.
struct Open {
    desk: Arc<Desk>,
    model: Arc<dyn Model>,
    ask: AskId,
    /// How many tokens it reads, by estimate.
    read: u64,
    /// How many tokens it may write.
    most: u64,
    /// How many bytes were said.
    said: Arc<AtomicU64>,
    tries: u32,
    /// Whether another model stands in for it.
    is_brief: bool,
    /// Whether its service's own tools brought something.
    brought: bool,
    is_closed: bool,
}

impl Open {
    /// Asks until there is an answer, or an error that is not worth another try.
    async fn persist(&mut self, request: ModelRequest) -> Result<ModelAnswer> {
        let begun = self.desk.runtime.now();
        loop {
            let passed = || self.desk.runtime.now().since(begun);
            let left = self.desk.patience.total.saturating_sub(passed());
            let enter = if self.is_brief { Circuit::enter_briefly } else { Circuit::enter };
            let held = self.at_circuit(enter);
            if !held.is_zero() {
                if self.is_brief || held >= left {
                    return Err(down(&*self.model));
                }
                self.rest(held).await?;
                continue;
            }
            self.tries += 1;
            let said = self.said.load(Ordering::Relaxed);
            let error = match self.once(request.clone(), left).await {
                Ok(answer) => {
                    self.at_circuit(|circuit, now, pause| circuit.ended(false, now, pause));
                    return Ok(answer);
                }
                Err(error) => error,
            };
            // One that spoke is not down, however it ended.
            let spoke = self.said.load(Ordering::Relaxed) > said;
            let is_down = error.kind == Kind::Unavailable && error.retry != Retry::Never && !spoke;
            self.at_circuit(|circuit, now, pause| circuit.ended(is_down, now, pause));
            let Some(wait) = self.wait(&error, passed(), spoke) else { return Err(self.at_the_end(error)) };
            tracing::debug!(%error, tries = self.tries, wait_ms = wait.as_millis(), "the model is asked again");
            if self.said.load(Ordering::Relaxed) > 0 {
                self.desk.screen.iter().for_each(|screen| screen.tell(DeltaKind::Restarted));
            }
            let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
            if let Some(screen) = &self.desk.screen {
                screen.tell(DeltaKind::Retrying { tries: self.tries, wait_ms, why: error.message });
            }
            self.rest(wait).await?;
        }
    }

    async fn once(&self, request: ModelRequest, left: Duration) -> Result<ModelAnswer> {
        let (model, say, cancel) = (self.model.clone(), self.say(), self.desk.cancel.clone());
        let (mut tell, told) = oneshot::channel();
        // On its own, so that each piece that arrives wakes what reads it, and not all that waits for the whole.
        self.desk.runtime.spawn(Box::pin(async move {
            let answer = tokio::select! {
                biased;
                answer = model.answer(request, say, cancel) => answer,
                // Nobody waits for it any more.
                () = tell.closed() => return,
            };
            drop(tell.send(answer));
        }));
        tokio::select! {
            biased;
            answer = told => answer.unwrap_or_else(|_| Err(broken())),
            () = self.desk.runtime.sleep(left) => {
                let why = format!("{} did not come to an end within {} s", self.model.name(), left.as_secs());
                Err(Error::new(Kind::Unavailable, "ask model", why).with_fix(LATER))
            }
        }
    }

    fn say(&self) -> Say {
        let (desk, count) = (self.desk.clone(), self.said.clone());
        Box::new(move |said| {
            let (Said::Text(text) | Said::Thinking(text) | Said::Call(text)) = said;
            count.fetch_add(text.len() as u64, Ordering::Relaxed);
            desk.screen.iter().for_each(|screen| screen.show(said));
        })
    }

    async fn rest(&self, wait: Duration) -> Result<()> {
        tokio::select! {
            biased;
            () = self.desk.cancel.cancelled() => Err(given_up()),
            () = self.desk.runtime.sleep(wait) => Ok(()),
        }
    }

    /// Says how long to wait before the next try; none if there is to be none. A service that another one stands in for is
    /// left alone from then on, by those who have another one.
    fn wait(&self, error: &Error, passed: Duration, spoke: bool) -> Option<Duration> {
        let (patience, chance) = (self.desk.patience, self.desk.runtime.entropy());
        if !self.is_brief || !error.is_absence() || spoke {
            return patience.wait(error, self.tries, passed, chance);
        }
        let wait = patience.wait_briefly(error, self.tries, passed, chance);
        self.at_circuit(|circuit, now, pause| {
            let wait = wait.filter(|_| circuit.left(now, pause).is_zero());
            if wait.is_none() {
                circuit.leave(now, pause);
            }
            wait
        })
    }

    fn at_circuit<T>(&self, act: impl FnOnce(&mut Circuit, Timestamp, Duration) -> T) -> T {
        self.desk.at_circuit(&*self.model, act)
    }

    fn at_the_end(&self, error: Error) -> Error {
        let error = error.with("tries", self.tries.to_string());
        match error.kind {
            Kind::Unavailable if error.fix().is_none() => error.with_fix(LATER),
            _ => error,
        }
    }

    fn close(mut self, answer: &Result<ModelAnswer>) {
        self.brought = answer.as_ref().is_ok_and(|answer| answer.brought);
        let (usage, error) = match answer {
            Ok(answer) => (answer.usage, None),
            Err(error) => (self.so_far(), Some(error.clone())),
        };
        self.record(usage, error);
    }

    /// What an answer took that never came to its end: nobody says, so it is estimated.
    fn so_far(&self) -> Usage {
        match self.said.load(Ordering::Relaxed) {
            0 => Usage::default(),
            // It writes no more than it was asked for, whatever was sent.
            said => Usage { input: self.read, output: said.div_ceil(3).min(self.most), ..Usage::default() },
        }
    }

    fn record(&mut self, usage: Usage, error: Option<Error>) {
        let cost = self.model.card().price.map(|price| price.of(&usage));
        let answered = Event::ModelAnswered { ask: self.ask, usage, cost, tries: self.tries, error };
        self.is_closed = true;
        if let Some(tell) = &self.desk.tell {
            // A driver that is gone leaves the question open; whoever takes the task up closes it.
            let label = if self.brought { Label::service(&self.model.card().at) } else { Label::trusted() };
            tell.tell(Told::Answered(answered.into(), label));
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if !self.is_closed {
            self.record(self.so_far(), Some(given_up()));
        }
    }
}

fn down(model: &dyn Model) -> Error {
    let why = format!("{} has not answered for a while and is left alone", model.card().at);
    Error::new(Kind::Unavailable, "ask model", why).with_fix(LATER)
}

fn broken() -> Error {
    Error::new(Kind::Internal, "ask model", "the model's client panicked").with_fix("please report it")
}

fn given_up() -> Error {
    Error::new(Kind::Cancelled, "ask model", "the answer was not waited for any more")
}

impl fmt::Debug for Models {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}
