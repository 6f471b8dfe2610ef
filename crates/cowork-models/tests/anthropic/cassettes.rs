//! What Anthropic really answered, as somebody recorded it, cut anywhere. The records are not part of this repository.

use std::{fs, path::Path};

use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
struct Cassette {
    interactions: Vec<Interaction>,
}

#[derive(Deserialize)]
struct Interaction {
    request: Recorded,
    response: Recorded,
}

#[derive(Deserialize)]
struct Recorded {
    body: Option<Body>,
    parsed_body: Option<Value>,
}

#[derive(Deserialize)]
struct Body {
    string: String,
}

/// Gives the recorded exchanges with their file's names; none, and says so, where they are not.
fn recorded() -> Vec<(String, Interaction)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/cassettes");
    let Ok(files) = fs::read_dir(&folder) else {
        eprintln!("SKIPPED: the recorded exchanges are not here ({})", folder.display());
        return Vec::new();
    };
    let mut paths: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    paths.retain(|path| path.file_name().unwrap().to_string_lossy().starts_with("anthropic_"));
    paths.sort();
    assert!(!paths.is_empty(), "there is a folder of records, but none of Anthropic's");
    let mut all = Vec::new();
    for path in paths {
        let cassette: Cassette = serde_saphyr::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        all.extend(cassette.interactions.into_iter().map(|interaction| (name.clone(), interaction)));
    }
    all
}

/// What a stream comes to, put together in the plainest way: the oracle.
fn put_together(body: &str) -> Value {
    let mut message = Value::Null;
    let mut blocks: Vec<(Value, String)> = Vec::new();
    for event in body.lines().filter_map(|line| line.strip_prefix("data: ")) {
        let event: Value = serde_json::from_str(event).unwrap();
        let at = event["index"].as_u64().unwrap_or_default() as usize;
        match event["type"].as_str().unwrap() {
            "message_start" => message = event["message"].clone(),
            "content_block_start" => blocks.push((event["content_block"].clone(), String::new())),
            "content_block_delta" => {
                let (block, input) = &mut blocks[at];
                let delta = event["delta"].as_object().unwrap();
                for (name, part) in delta.iter().filter(|(name, _)| *name != "type") {
                    match name.as_str() {
                        "partial_json" => input.push_str(part.as_str().unwrap()),
                        "citation" => block["citations"].as_array_mut().unwrap().push(part.clone()),
                        _ => {
                            let before = block[name].as_str().unwrap_or_default().to_owned();
                            block[name] = (before + part.as_str().unwrap()).into();
                        }
                    }
                }
            }
            "message_delta" => {
                message["stop_reason"] = event["delta"]["stop_reason"].clone();
                for (name, count) in event["usage"].as_object().unwrap() {
                    message["usage"][name] = count.clone();
                }
            }
            _ => {}
        }
    }
    let whole = |(mut block, input): (Value, String)| {
        if !input.is_empty() {
            block["input"] = serde_json::from_str(&input).unwrap();
        }
        block
    };
    message["content"] = blocks.into_iter().map(whole).collect();
    message
}

fn without_empty_citations(content: &Value) -> Value {
    let mut content = content.clone();
    for block in content.as_array_mut().unwrap() {
        if block["citations"].as_array().is_some_and(Vec::is_empty) {
            block.as_object_mut().unwrap().remove("citations");
        }
    }
    content
}

/// Numbers without order, the same each time.
fn shuffled(seed: u64) -> impl FnMut(usize) -> usize {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    move |below| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    }
}

/// Answers as recorded, whatever is asked; the second request is to show how the answer goes back.
async fn replay(name: &str, body: Answer, expected: &Value) {
    let service = Service::always(body);
    let (said, heard) = (Arc::new(Mutex::new(String::new())), Arc::new(Mutex::new(String::new())));
    let (listen, think) = (said.clone(), heard.clone());
    let say = Box::new(move |piece: Said<'_>| match piece {
        Said::Text(text) => listen.lock().unwrap().push_str(text),
        Said::Thinking(text) => think.lock().unwrap().push_str(text),
        _ => {}
    });
    let model = model_of(&service, expected["model"].as_str().unwrap());
    let answer = model.answer(hello(), say, CancellationToken::new()).await.unwrap();

    let of = |field: &str| -> String {
        let blocks = expected["content"].as_array().unwrap().iter().filter(|block| block["type"] != "server_tool_use");
        blocks.filter_map(|block| block[field].as_str()).collect()
    };
    assert_eq!((answer.text(), said.lock().unwrap().clone()), (of("text"), of("text")), "{name}");
    assert_eq!(*heard.lock().unwrap(), of("thinking"), "{name}");
    assert_eq!((&json!(answer.id), &json!(answer.model)), (&expected["id"], &expected["model"]), "{name}");
    let stop = match expected["stop_reason"].as_str().unwrap() {
        "end_turn" => Stop::End,
        "tool_use" => Stop::Calls,
        other => panic!("{name}: {other} is not in the records"),
    };
    assert_eq!(answer.stop, stop, "{name}");
    let count = |name: &str| expected["usage"][name].as_u64().unwrap_or_default();
    let thinking = expected["usage"]["output_tokens_details"]["thinking_tokens"].as_u64().unwrap_or_default();
    let usage = Usage {
        input: count("input_tokens"),
        cache_read: count("cache_read_input_tokens"),
        cache_write: count("cache_creation_input_tokens"),
        output: count("output_tokens"),
        thinking,
    };
    assert_eq!(answer.usage, usage, "{name}");

    let turn = Message::new(Role::Assistant, answer.blocks);
    let again = request(vec![Message::user("hello"), turn, Message::user("and then?")]);
    model.answer(again, Box::new(|_| {}), CancellationToken::new()).await.unwrap();
    let sent = service.asked()[1].json()["messages"][1]["content"].clone();
    assert_eq!(sent, without_empty_citations(&expected["content"]), "{name}: the answer goes back as it came");
}

#[tokio::test]
async fn each_recorded_answer_is_read_as_it_was_however_it_is_cut() {
    for (n, (name, interaction)) in recorded().into_iter().enumerate() {
        let Recorded { body, parsed_body } = interaction.response;
        match (body, parsed_body) {
            (Some(Body { string }), _) => {
                let expected = put_together(&string);
                let mut below = shuffled(n as u64 + 1);
                for cuts in [0, 3, 200] {
                    let cuts: Vec<usize> = (0..cuts).map(|_| below(string.len())).collect();
                    replay(&name, Answer::events(string.clone()).cut_at(cuts), &expected).await;
                }
                let each = 1..string.len().min(4_000);
                replay(&name, Answer::events(string).cut_at(each), &expected).await;
            }
            (None, Some(expected)) => replay(&name, Answer::json(200, &expected), &expected).await,
            (None, None) => panic!("{name} has an answer without a body"),
        }
    }
}

#[tokio::test]
async fn recorded_turns_go_back_as_somebody_elses_client_sent_them() {
    let mut compared = 0;
    let all = recorded();
    for pair in all.windows(2).filter(|pair| pair[0].0 == pair[1].0) {
        let (Some(answer), Some(next)) = (&pair[0].1.response.parsed_body, &pair[1].1.request.parsed_body) else {
            continue;
        };
        let service = Service::always(Answer::json(200, answer));
        let model = model_of(&service, "m");
        let answer = ask(&model, hello()).await.unwrap();
        let turn = Message::new(Role::Assistant, answer.blocks);
        ask(&model, request(vec![Message::user("hello"), turn, Message::user("x")])).await.unwrap();
        assert_eq!(service.asked()[1].json()["messages"][1], next["messages"][1], "{}", pair[0].0);
        compared += 1;
    }
    assert!(all.is_empty() || compared >= 2, "there are turns to compare: {compared}");
}
