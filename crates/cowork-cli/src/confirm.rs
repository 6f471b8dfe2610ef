//! A question that is answered with one key: yes or no.

use crate::{
    keys::Keys,
    look::Look,
    out::Out,
    render::line::{Line, Role},
    signals::Signals,
};

/// Shows what comes before a question, says what `y` and `n` mean, and waits for one of them. `None`: interrupted.
pub(crate) async fn yes_or_no(
    before: Vec<Line>,
    [yes, no]: [&str; 2],
    out: &mut Out,
    look: &Look,
    signals: &mut Signals,
) -> Option<bool> {
    let yes = Line::margin().add(Role::Strong, "[y]").add(Role::Plain, format!(" {yes}   "));
    let question = yes.add(Role::Strong, "[n]").add(Role::Plain, format!(" {no}"));
    // What is typed from the moment that the question is seen counts.
    let mut keys = Keys::read()?;
    out.lines(&before.into_iter().chain([question]).collect::<Vec<_>>(), look);
    loop {
        let key = tokio::select! {
            biased;
            () = signals.next() => return None,
            key = keys.next() => key,
        };
        match key {
            Some(b'y' | b'Y') => return Some(true),
            Some(b'n' | b'N' | b'q' | 0x1b) | None => return Some(false),
            Some(_) => {}
        }
    }
}
