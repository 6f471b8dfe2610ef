//! What the service's cache needs: a prefix that never changes, and marks where the step before ended.

use proptest::prelude::*;

use super::*;

/// Gives the bodies that are sent for a conversation as it grows by each of these turns, and what stands in them without marks.
async fn grown(turns: Vec<Vec<Message>>) -> Vec<(String, String)> {
    let service = Service::always(Answer::events(stream(text(0, "ok"), "end_turn")));
    let model = model_of(&service, "claude-sonnet-5-5");
    let mut request = ModelRequest { messages: Messages::default(), ..hello() };
    for turn in turns {
        turn.into_iter().for_each(|message| request.messages.push(message));
        ask(&model, request.clone()).await.unwrap();
    }
    let asked = service.asked();
    asked.iter().map(|asked| (asked.text(), asked.text().replace(MARK, ""))).collect()
}

const MARK: &str = r#","cache_control":{"type":"ephemeral"}"#;

fn called(id: &str) -> Block {
    Block::Call(ModelCall { id: id.into(), tool: "look".into(), args: json!({ "at": id }).into(), fault: None })
}

fn result(id: &str) -> Block {
    Block::Result { call: id.into(), text: "seen \u{1F600}".into(), failed: false }
}

/// A turn of so many calls, and their results.
fn turn(n: usize, calls: usize) -> Vec<Message> {
    let ids: Vec<String> = (0..calls).map(|call| format!("toolu_{n}_{call}")).collect();
    let thought = opaque(&format!(r#"{{"type":"thinking","thinking":"{n}","signature":"c2ln"}}"#));
    let calls = [thought, Block::text("Look.")].into_iter().chain(ids.iter().map(|id| called(id)));
    vec![
        Message::new(Role::Assistant, calls.collect()),
        Message::new(Role::User, ids.iter().map(|id| result(id)).collect()),
    ]
}

/// Gives the places of the marks: the number of the message and of the block in it.
fn marks(body: &str) -> Vec<(usize, usize)> {
    let body: Value = serde_json::from_str(body).unwrap();
    let mut found = Vec::new();
    for (n, message) in body["messages"].as_array().unwrap().iter().enumerate() {
        let blocks = message["content"].as_array().unwrap().iter().enumerate();
        found.extend(blocks.filter(|(_, block)| block.get("cache_control").is_some()).map(|(block, _)| (n, block)));
    }
    found
}

#[tokio::test]
async fn a_step_reads_what_the_step_before_wrote_however_many_blocks_came_in_between() {
    let turns = [vec![Message::user("hello")]].into_iter().chain((0..6).map(|n| turn(n, 25))).collect();
    let bodies = grown(turns).await;
    for (n, pair) in bodies.windows(2).enumerate() {
        let (before, after) = (marks(&pair[0].0), marks(&pair[1].0));
        let wrote = before.last().unwrap();
        assert!(
            after.contains(wrote),
            "step {}: {after:?} does not mark {wrote:?}, where the step before ended",
            n + 1
        );
    }
    for (body, _) in &bodies {
        assert!(body.matches(MARK).count() <= 4, "the service takes four marks at most");
    }
}

#[tokio::test]
async fn a_person_who_speaks_in_between_and_a_turn_that_was_paused_do_not_move_the_marks_away() {
    let search = opaque(r#"{"type":"server_tool_use","id":"srvtoolu_1","name":"web_search","input":{}}"#);
    let paused = vec![Message::new(Role::Assistant, vec![Block::text("I search."), search])];
    let mut steered = turn(1, 1);
    steered.push(Message::user("and quickly"));
    let bodies = grown(vec![vec![Message::user("hello")], paused, steered, turn(2, 1)]).await;
    let marks: Vec<_> = bodies.iter().map(|(body, _)| marks(body)).collect();
    assert_eq!(marks, [vec![(0, 0)], vec![(0, 0)], vec![(0, 0), (4, 0)], vec![(4, 0), (6, 0)]]);
}

#[tokio::test]
async fn messages_are_written_once() {
    let service = Service::always(Answer::events(stream(text(0, "ok"), "end_turn")));
    let model = model_of(&service, "claude-sonnet-5-5");
    let request = hello();
    ask(&model, request.clone()).await.unwrap();
    assert!(format!("{:?}", request.messages[0].written).contains("anthropic"), "{:?}", request.messages[0].written);
    assert!(format!("{:?}", request.head.written).contains("anthropic"));
    ask(&model, request.clone()).await.unwrap();
    assert_eq!(service.asked()[0].text(), service.asked()[1].text());
}

fn some_text() -> impl Strategy<Value = String> {
    prop_oneof!["[ -~é€\\n\"]{0,12}", Just(" ".to_owned()), Just("]}\u{1F600}".to_owned())]
}

/// A conversation as an engine grows it: each turn of the model's, the results of its calls, and now and then a word of the person's.
fn conversation() -> impl Strategy<Value = Vec<Vec<Message>>> {
    let turn = (some_text(), 0..4_usize, prop::option::of(some_text()), any::<bool>());
    (some_text(), prop::collection::vec(turn, 0..6)).prop_map(|(first, turns)| {
        let mut all = vec![vec![Message::user(format!("{first}."))]];
        for (n, (said, calls, steer, thinks)) in turns.into_iter().enumerate() {
            let ids: Vec<String> = (0..calls).map(|call| format!("toolu_{n}_{call}")).collect();
            let thought = opaque(r#"{"type":"thinking","thinking":"…","signature":"c2ln"}"#);
            let blocks = thinks.then_some(thought).into_iter().chain([Block::text(said)]);
            let mut step = vec![Message::new(Role::Assistant, blocks.chain(ids.iter().map(|id| called(id))).collect())];
            let results = steer.into_iter().map(Block::text).chain(ids.iter().map(|id| result(id)));
            step.push(Message::new(Role::User, results.collect()));
            step.push(Message::user("go on"));
            all.push(step);
        }
        all
    })
}

/// Says what is wrong with a request by the service's rules.
pub(crate) fn check(body: &Value) -> Result<(), String> {
    let messages = body["messages"].as_array().ok_or("no messages")?;
    if messages.first().is_none_or(|first| first["role"] != "user") {
        return Err("it does not begin with the person".to_owned());
    }
    let mut open: Vec<&str> = Vec::new();
    for message in messages {
        let blocks = message["content"].as_array().filter(|blocks| !blocks.is_empty()).ok_or("an empty message")?;
        let results = blocks.iter().take_while(|block| block["type"] == "tool_result");
        let results: Vec<&str> = results.filter_map(|block| block["tool_use_id"].as_str()).collect();
        if results != open || blocks[results.len()..].iter().any(|block| block["type"] == "tool_result") {
            return Err(format!("calls {open:?} are followed by {results:?}"));
        }
        let empty =
            |block: &Value| block["type"] == "text" && block["text"].as_str().is_none_or(|t| t.trim().is_empty());
        if blocks.iter().any(empty) {
            return Err("an empty text".to_owned());
        }
        if message["role"] == "assistant" && blocks.last().is_some_and(|block| block["type"] == "thinking") {
            return Err("a turn that ends with a thought".to_owned());
        }
        let calls = || blocks.iter().filter(|block| block["type"] == "tool_use");
        if calls().any(|call| !is_name(&call["id"]) || !is_name(&call["name"]) || !call["input"].is_object()) {
            return Err("a call that can't be".to_owned());
        }
        open = calls().filter_map(|block| block["id"].as_str()).collect();
        if open.iter().enumerate().any(|(n, id)| open[..n].contains(id)) {
            return Err(format!("two calls of one name: {open:?}"));
        }
    }
    let marks = body.to_string().matches("cache_control").count();
    if marks <= 4 { Ok(()) } else { Err(format!("{marks} marks")) }
}

fn is_name(name: &Value) -> bool {
    let signs = |name: &str| name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    name.as_str().is_some_and(|name| (1..=64).contains(&name.len()) && signs(name))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_request_begins_with_the_bytes_of_the_one_before_and_is_always_well_formed(turns in conversation()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let bodies = runtime.block_on(grown(turns));
        for (marked, plain) in &bodies {
            let body: Value = serde_json::from_str(marked).unwrap();
            prop_assert_eq!(check(&body), Ok(()), "{}", marked);
            prop_assert_eq!(&plain[plain.len() - 2..], "]}");
        }
        for pair in bodies.windows(2) {
            let before = pair[0].1.strip_suffix("]}").unwrap();
            prop_assert!(pair[1].1.starts_with(before), "{}\nis not how this begins:\n{}", before, pair[1].1);
        }
    }
}
