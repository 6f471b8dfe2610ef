//! A model that says what a test wrote down for it, and the conformance suite of [`Model`].

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use cowork_core::{
    Block, CancellationToken, Error, Kind, Model, ModelAnswer, ModelCall, ModelCard, ModelRequest, Result, Role, Said,
    Say, Stop,
};

pub mod cases;

/// What a [`ScriptedModel`] does with a request.
#[derive(Clone, Debug)]
pub enum Reply {
    /// Says the text piece by piece, then gives the answer.
    Answer(ModelAnswer),
    /// Says this much, then fails.
    Fail {
        /// What came before.
        said: String,
        /// What went wrong.
        error: Error,
    },
    /// Says this much, then nothing more until it is cancelled or dropped.
    Hang {
        /// What came before.
        said: String,
    },
}

impl Reply {
    /// Says something and wants nothing done.
    pub fn text(text: &str) -> Self {
        Self::Answer(ModelAnswer { blocks: vec![Block::text(text)], ..ModelAnswer::default() })
    }

    /// Calls these tools with these arguments, all at once.
    pub fn calls(all: &[(&str, serde_json::Value)]) -> Self {
        let call = |(n, (tool, args)): (usize, &(&str, serde_json::Value))| {
            Block::Call(ModelCall { id: format!("c{n}"), tool: (*tool).into(), args: args.clone().into(), fault: None })
        };
        let blocks = all.iter().enumerate().map(call).collect();
        Self::Answer(ModelAnswer { blocks, stop: Stop::Calls, ..ModelAnswer::default() })
    }
}

type Script = dyn Fn(&ModelRequest) -> Reply + Send + Sync;

/// A [`Model`] whose every word comes from a test.
///
/// ```
/// use cowork_core::{CancellationToken, Model, ModelRequest};
/// use cowork_testkit::{ScriptedModel, block_on, model::Reply};
///
/// let model = ScriptedModel::list([Reply::text("It is done.")]);
/// let answer = model.answer(ModelRequest::default(), Box::new(|said| print!("{said:?}")), CancellationToken::new());
/// assert_eq!(block_on(answer)?.text(), "It is done.");
/// # Ok::<(), cowork_core::Error>(())
/// ```
#[derive(Clone)]
pub struct ScriptedModel {
    script: Arc<Script>,
    name: Arc<str>,
    card: ModelCard,
}

impl ScriptedModel {
    /// Makes one that asks a closure, which goes by the request alone, as every model must.
    pub fn new(script: impl Fn(&ModelRequest) -> Reply + Send + Sync + 'static) -> Self {
        Self { script: Arc::new(script), name: "scripted".into(), card: ModelCard::local("this process") }
    }

    /// Gives it another name than `scripted`: where there are several, each needs its own.
    #[must_use]
    pub fn with_name(mut self, name: &str) -> Self {
        self.name = name.into();
        self
    }

    /// Gives it another card than that of a small model in this process.
    #[must_use]
    pub fn with_card(mut self, card: ModelCard) -> Self {
        self.card = card;
        self
    }

    /// Makes one that plays a list, one reply for each turn of its own in the conversation. Past its end it fails.
    pub fn list(replies: impl IntoIterator<Item = Reply>) -> Self {
        let replies: Vec<Reply> = replies.into_iter().collect();
        Self::new(move |request| {
            let turn = request.messages.iter().filter(|m| m.role == Role::Assistant).count();
            replies.get(turn).cloned().unwrap_or_else(|| {
                let error = Error::new(Kind::InvalidInput, "answer", "the script has no more replies");
                Reply::Fail { said: String::new(), error }
            })
        })
    }
}

#[async_trait]
impl Model for ScriptedModel {
    fn name(&self) -> &str {
        &self.name
    }

    fn card(&self) -> &ModelCard {
        &self.card
    }

    async fn answer(&self, request: ModelRequest, say: Say, cancel: CancellationToken) -> Result<ModelAnswer> {
        let reply = (self.script)(&request);
        let said = match &reply {
            Reply::Answer(answer) => answer.text(),
            Reply::Fail { said, .. } | Reply::Hang { said } => said.clone(),
        };
        for piece in said.split_inclusive(' ') {
            if cancel.is_cancelled() {
                return Err(stopped());
            }
            say(Said::Text(piece));
            // As between two packets: others run, and may cancel.
            tokio::task::yield_now().await;
        }
        match reply {
            _ if cancel.is_cancelled() => Err(stopped()),
            Reply::Answer(answer) => Ok(answer),
            Reply::Fail { error, .. } => Err(error),
            Reply::Hang { .. } => {
                cancel.cancelled().await;
                Err(stopped())
            }
        }
    }
}

fn stopped() -> Error {
    Error::new(Kind::Cancelled, "answer", "the answer was stopped")
}

impl fmt::Debug for ScriptedModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ScriptedModel")
    }
}

/// A model under test, with requests whose answers are known in kind.
///
/// Behind it is something that answers equal requests equally: a script, a cassette, a server of the test.
pub struct Subject {
    /// The model.
    pub model: Arc<dyn Model>,
    /// Gives how many requests have reached the service so far.
    pub reached: Box<dyn Fn() -> u64 + Send + Sync>,
    /// Is answered with text.
    pub talk: ModelRequest,
    /// Is answered with at least two calls.
    pub call: ModelRequest,
    /// Is answered with some text, and then nothing for ever.
    pub endless: ModelRequest,
    /// Is answered with a call that is cut off in its middle.
    pub cut_off: ModelRequest,
    /// Is refused by the service in a way that might go away: it is overloaded.
    pub overloaded: ModelRequest,
    /// What must live as long as the test: a server, a folder.
    pub keep: Box<dyn std::any::Any + Send + Sync>,
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Subject({})", self.model.name())
    }
}

/// Expands to one test for each promise of [`Model`]. Takes an async function that gives a [`Subject`].
#[doc(inline)]
pub use crate::__model_suite as suite;

#[doc(hidden)]
#[macro_export]
macro_rules! __model_suite {
    ($make:expr) => {
        $crate::__tests! { model, $make;
            it_keeps_no_conversation
            what_it_said_is_the_answers_text
            calls_have_parsed_arguments
            a_call_that_was_cut_off_is_an_error
            nothing_is_tried_again_inside
            it_has_one_name
            a_cancelled_answer_ends_soon
            a_dropped_answer_is_given_up
        }
    };
}
