//! What reads bytes that anybody may have sent, for the fuzz target and the tests.

use super::Reason;
pub use super::{
    address::is_public,
    gate::{Decision, Gate, Pass, Way, Within},
    head::{Body, Head},
    hello::{Hello, Said},
    host::{Host, Place},
};

/// Decides about the head of a request: twice, with the same outcome.
///
/// # Errors
/// `Malformed`, if there is no head that can be read.
pub fn decision(gate: &Gate, within: &Within, bytes: &[u8]) -> Result<Option<Decision>, Reason> {
    let Some((head, len)) = Head::read(bytes)? else { return Ok(None) };
    assert_eq!(Head::read(&bytes[..len]), Ok(Some((head.clone(), len))), "what follows a head does not change it");
    let decision = gate.decide(&head, within);
    assert_eq!(decision, gate.decide(&head, within));
    Ok(Some(decision))
}

/// Reads a `ClientHello`: the same however it is cut.
///
/// # Errors
/// As [`Hello::feed`]'s.
pub fn hello(bytes: &[u8], size: usize) -> Result<Option<Said>, Reason> {
    let whole = Hello::default().feed(bytes);
    let mut hello = Hello::default();
    let mut cut = Ok(None);
    for piece in bytes.chunks(size.max(1)) {
        cut = hello.feed(piece);
        if cut != Ok(None) {
            break;
        }
    }
    // What follows in one segment is looked at only if it is there.
    if whole.is_ok() {
        assert_eq!(whole, cut, "it is the same however it is cut");
    }
    whole
}
