//! The suite of models over the scripted one, and models that it catches.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use async_trait::async_trait;
use cowork_core::{
    Block, CancellationToken, Error, Head, Kind, Message, Model, ModelAnswer, ModelCall, ModelCard, ModelRequest,
    Result, Retry, Said, Say, Stop, ToolSpec,
};
use cowork_testkit::{
    ScriptedModel,
    model::{Reply, Subject, cases},
    tell,
};
use serde_json::{Value, json};

fn request(text: &str) -> ModelRequest {
    let look = ToolSpec { name: "look".into(), about: "Looks.".into(), schema: json!({ "type": "object" }) };
    let head = Arc::new(Head { tools: vec![look].into(), ..Head::default() });
    ModelRequest {
        head,
        messages: vec![Arc::new(Message::user(text))].into(),
        most_tokens: 1_000,
        ..ModelRequest::default()
    }
}

fn called(id: &str, args: Value) -> Block {
    Block::Call(ModelCall { id: id.into(), tool: "look".into(), args: args.into(), fault: None })
}

fn script(request: &ModelRequest) -> Reply {
    let text = request.messages.first().map(|m| m.text()).unwrap_or_default();
    let fail = |said: &str, why: &str| Reply::Fail {
        said: said.into(),
        error: Error::new(Kind::Unavailable, "answer", why).with_retry(Retry::AfterMs(1_000)),
    };
    match text.as_str() {
        "call" => Reply::Answer(ModelAnswer {
            blocks: vec![
                Block::text("I will look twice."),
                called("a", json!({ "at": 1 })),
                called("b", json!({ "at": 2 })),
            ],
            stop: Stop::Calls,
            ..ModelAnswer::default()
        }),
        "endless" => Reply::Hang { said: "Once upon a time".into() },
        "cut off" => fail("I will", "the answer was cut off in the middle of a call"),
        "overloaded" => fail("", "the service is overloaded"),
        text => Reply::text(&format!("You said {text}, and that is fine.")),
    }
}

fn subject(model: impl Model, reached: Arc<AtomicU64>) -> Subject {
    Subject {
        model: Arc::new(model),
        reached: Box::new(move || reached.load(Ordering::SeqCst)),
        talk: request("talk"),
        call: request("call"),
        endless: request("endless"),
        cut_off: request("cut off"),
        overloaded: request("overloaded"),
        keep: Box::new(()),
    }
}

async fn scripted() -> Subject {
    let reached = Arc::new(AtomicU64::new(0));
    let count = reached.clone();
    let counted = move |request: &ModelRequest| {
        count.fetch_add(1, Ordering::SeqCst);
        script(request)
    };
    subject(ScriptedModel::new(counted), reached)
}
cowork_testkit::model::suite!(scripted);

/// Wrong in every way: speaks otherwise than it answers, counts its turns, gives arguments as text, tries again, is deaf
/// to cancelling, and takes what was cut off for whole.
struct Wrong {
    inner: ScriptedModel,
    reached: Arc<AtomicU64>,
}

#[async_trait]
impl Model for Wrong {
    fn name(&self) -> &str {
        "wrong"
    }

    fn card(&self) -> &ModelCard {
        self.inner.card()
    }

    async fn answer(&self, request: ModelRequest, say: Say, _: CancellationToken) -> Result<ModelAnswer> {
        say(Said::Text("er, "));
        for _ in 0..2 {
            let turn = self.reached.fetch_add(1, Ordering::SeqCst);
            let deaf = CancellationToken::new();
            if let Ok(mut answer) = self.inner.answer(request.clone(), Box::new(|_| {}), deaf).await {
                answer.blocks.push(Block::text(turn.to_string()));
                for block in &mut answer.blocks {
                    if let Block::Call(call) = block {
                        call.args = json!(call.args.to_string()).into();
                    }
                }
                return Ok(answer);
            }
        }
        match request.messages[0].text().as_str() {
            "cut off" => Ok(ModelAnswer::default()),
            _ => Err(Error::new(Kind::Unavailable, "answer", "it did not work twice").with_retry(Retry::Now)),
        }
    }
}

async fn wrong() -> Subject {
    let reached = Arc::new(AtomicU64::new(0));
    subject(Wrong { inner: ScriptedModel::new(script), reached: reached.clone() }, reached)
}

#[test]
#[should_panic(expected = "the request is all it goes by")]
fn a_model_that_counts_is_caught() {
    tell(wrong, cases::it_keeps_no_conversation);
}

#[test]
#[should_panic(expected = "what was said is the answer's text")]
fn a_model_that_speaks_with_two_tongues_is_caught() {
    tell(wrong, cases::what_it_said_is_the_answers_text);
}

#[test]
#[should_panic(expected = "arguments are parsed")]
fn arguments_as_text_are_caught() {
    tell(wrong, cases::calls_have_parsed_arguments);
}

#[test]
#[should_panic(expected = "a call that was cut off is an error")]
fn a_model_that_takes_half_an_answer_for_a_whole_one_is_caught() {
    tell(wrong, cases::a_call_that_was_cut_off_is_an_error);
}

#[test]
#[should_panic(expected = "nothing is tried again inside")]
fn a_model_that_tries_again_is_caught() {
    tell(wrong, cases::nothing_is_tried_again_inside);
}

#[test]
#[should_panic(expected = "a cancelled answer is `Cancelled`")]
fn a_deaf_model_is_caught() {
    tell(wrong, cases::a_cancelled_answer_ends_soon);
}
