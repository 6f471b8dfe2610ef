//! Streams of events, cut in any way.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that can't go on says so by panicking")]

use cowork_core::{Kind, Result};
use cowork_models::sse::Parser;
use proptest::prelude::*;

/// Gives the events of a stream that comes in these pieces.
fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<(String, String)>> {
    let (mut parser, mut events) = (Parser::default(), Vec::new());
    let mut pieces = pieces.into_iter();
    let fed = pieces.try_for_each(|piece| {
        parser.feed(piece, |event| {
            events.push((event.name.to_owned(), event.data.to_owned()));
            Ok(())
        })
    });
    fed?;
    parser.finish(|event| {
        events.push((event.name.to_owned(), event.data.to_owned()));
        Ok(())
    })?;
    Ok(events)
}

fn whole(stream: &str) -> Vec<(String, String)> {
    read([stream.as_bytes()]).unwrap()
}

fn events(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, data)| ((*name).to_owned(), (*data).to_owned())).collect()
}

#[test]
fn an_event_has_a_name_and_data() {
    let stream = "event: ping\ndata: {\"type\": \"ping\"}\n\ndata: x\n\n";
    assert_eq!(whole(stream), events(&[("ping", "{\"type\": \"ping\"}"), ("", "x")]));
}

#[test]
fn lines_end_in_every_way() {
    for end in ["\n", "\r", "\r\n"] {
        let stream = ["data: a", "data: b", "", "event: e", "data: c", "", ""].join(end);
        assert_eq!(whole(&stream), events(&[("", "a\nb"), ("e", "c")]), "{end:?}");
    }
}

#[test]
fn comments_and_unknown_fields_are_passed_over() {
    assert_eq!(whole(": keep-alive\n\nid: 7\nretry: 10\nfoo\ndata: a\n: in between\n\n"), events(&[("", "a")]));
}

#[test]
fn only_one_blank_is_taken_off_and_none_need_be_there() {
    assert_eq!(whole("data:a\n\ndata:  b\n\ndata\ndata\n\n"), events(&[("", "a"), ("", " b"), ("", "\n")]));
}

#[test]
fn a_byte_order_mark_is_passed_over_even_when_it_is_cut() {
    let stream = "\u{feff}data: a\n\n".as_bytes();
    for at in 0..stream.len() {
        let (one, two) = stream.split_at(at);
        assert_eq!(read([one, two]).unwrap(), events(&[("", "a")]), "cut at {at}");
    }
}

#[test]
fn an_event_without_data_is_none_and_leaves_no_name_behind() {
    assert_eq!(whole("event: a\n\ndata: b\n\n"), events(&[("", "b")]));
}

#[test]
fn a_last_event_without_a_blank_line_counts() {
    assert_eq!(whole("data: [DONE]"), events(&[("", "[DONE]")]));
    assert_eq!(whole("data: [DONE]\n"), events(&[("", "[DONE]")]));
}

#[test]
fn bytes_that_are_not_utf8_are_an_error_that_says_so() {
    let error = read([&b"data: a\xff\n\n"[..]]).unwrap_err();
    assert_eq!(error.kind, Kind::Unavailable);
    assert!(error.message.contains("not UTF-8"), "{error}");
}

#[test]
fn a_line_that_says_nothing_counts_however_it_is_cut() {
    let stream = [": ", &"x".repeat(200), "\n\n"].concat();
    for size in [1, 7, stream.len()] {
        let mut parser = Parser::new(100);
        let fed = stream.as_bytes().chunks(size).try_for_each(|piece| parser.feed(piece, |_| Ok(())));
        assert_eq!(fed.unwrap_err().kind, Kind::LimitExceeded, "in pieces of {size}");
    }
}

#[test]
fn an_event_that_does_not_end_is_given_up_at_its_limit() {
    for piece in [&b"data: xxxxxxxxxx"[..], b"data: xxxxxxxxxx\n", b"event: xxxxxxxxxx"] {
        let mut parser = Parser::new(100);
        let error = (0..20).find_map(|_| parser.feed(piece, |_| Ok(())).err()).expect("it ends");
        assert_eq!(error.kind, Kind::LimitExceeded);
    }
}

#[test]
fn what_the_listener_says_ends_it() {
    let stop = || cowork_core::Error::new(Kind::Cancelled, "test", "enough");
    let (mut parser, mut told) = (Parser::default(), 0);
    let ended = parser.feed(b"data: a\n\ndata: b\n\n", |_| {
        told += 1;
        Err(stop())
    });
    assert_eq!((ended.unwrap_err(), told), (stop(), 1));
}

/// Something like a stream: the marks that matter are frequent.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let part = prop_oneof![
        4 => Just("data: ".to_owned()),
        2 => Just("event: ".to_owned()),
        4 => Just("\n".to_owned()),
        2 => Just("\r".to_owned()),
        2 => Just("\r\n".to_owned()),
        1 => Just(": ".to_owned()),
        1 => Just("\u{feff}".to_owned()),
        4 => "[a-zäß€😀{}\":]{0,6}",
    ];
    prop::collection::vec(part, 0..60).prop_map(|parts| parts.concat().into_bytes())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn however_a_stream_is_cut_its_events_are_the_same(
        stream in stream(),
        mut cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        bad in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut stream = stream;
        if let Some(at) = bad.filter(|_| !stream.is_empty()) {
            let at = at.index(stream.len());
            stream[at] = 0xff;
        }
        let mut cuts: Vec<usize> = cuts.drain(..).map(|cut| cut.index(stream.len() + 1)).collect();
        cuts.sort_unstable();
        let (mut pieces, mut from) = (Vec::new(), 0);
        for cut in cuts {
            pieces.push(&stream[from..cut]);
            from = cut;
        }
        pieces.push(&stream[from..]);
        prop_assert_eq!(read(pieces), read([&stream[..]]));
        prop_assert_eq!(read(stream.chunks(1)), read([&stream[..]]));
    }
}
