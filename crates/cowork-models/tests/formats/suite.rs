//! What every model promises.

use cowork_testkit::{
    MockService,
    model::{Subject, suite},
    service::{Ask, Fault, Reply},
};
use serde_json::json;

use super::{Kind, model, request};

fn script(ask: &Ask) -> Reply {
    let calls = || {
        let call = |path: &str| ("list_folder", json!({ "path": path }));
        Reply::calls("I look.", [call("a"), call("b")])
    };
    match ask.text.as_str() {
        "call" => calls(),
        "endless" => Reply::text(&"It never ends. ".repeat(500)).with_fault(Fault::Stall { after: 6000 }),
        "cut off" => calls().with_fault(Fault::CutInArguments),
        "overloaded" => Reply::status(503),
        _ => Reply::text("Hello there, how are you?"),
    }
}

async fn subject(kind: Kind) -> Subject {
    let service = MockService::builder(script).with_seed(3).start();
    Subject {
        model: model(kind, &service),
        reached: service.counter(),
        talk: request("talk"),
        call: request("call"),
        endless: request("endless"),
        cut_off: request("cut off"),
        overloaded: request("overloaded"),
        keep: Box::new(service),
    }
}

mod messages {
    super::suite!(|| super::subject(super::Kind::Messages));
}

mod chat {
    super::suite!(|| super::subject(super::Kind::Chat("openai")));
}

mod mistral {
    super::suite!(|| super::subject(super::Kind::Chat("mistral")));
}

mod responses {
    super::suite!(|| super::subject(super::Kind::Responses));
}
