//! What a command said, of which the beginning and the end are kept.

use std::collections::VecDeque;

/// How many bytes of each end are kept.
const KEPT: usize = 16 << 10;

/// The beginning and the end of what came by one stream.
#[derive(Debug, Default)]
pub(crate) struct Output {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    /// How many bytes came in all.
    pub(crate) bytes: u64,
}

impl Output {
    /// Takes in what came next.
    pub(crate) fn add(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        let (head, rest) = bytes.split_at(bytes.len().min(KEPT - self.head.len()));
        self.head.extend_from_slice(head);
        let rest = &rest[rest.len().saturating_sub(KEPT)..];
        let over = (self.tail.len() + rest.len()).saturating_sub(KEPT);
        self.tail.drain(..over);
        self.tail.extend(rest);
    }

    /// Gives it as text, with a line where something was left out; bytes that are none are replaced.
    pub(crate) fn text(&self) -> String {
        let tail: Vec<u8> = self.tail.iter().copied().collect();
        let left = self.bytes - (self.head.len() + tail.len()) as u64;
        if left == 0 {
            return String::from_utf8_lossy(&[&*self.head, &*tail].concat()).into_owned();
        }
        let [head, tail] = [&*self.head, &*tail].map(|part| String::from_utf8_lossy(part).into_owned());
        format!(
            "{}\n[{left} bytes are left out here]\n{}",
            head.trim_end_matches('\u{fffd}'),
            tail.trim_start_matches('\u{fffd}')
        )
    }

    /// Gives the last line that has something in it, for a person.
    pub(crate) fn last_line(&self) -> String {
        let tail: Vec<u8> = if self.tail.is_empty() { self.head.clone() } else { self.tail.iter().copied().collect() };
        let text = String::from_utf8_lossy(&tail);
        let line = text.lines().rev().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
        line.chars().take(120).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_much_the_beginning_and_the_end_are_kept() {
        let mut output = Output::default();
        output.add(b"a line\n");
        output.add("ä\n\n".as_bytes());
        assert_eq!((output.text().as_str(), output.last_line().as_str()), ("a line\nä\n\n", "ä"));
        for n in 0..100_000 {
            output.add(format!("{n}\n").as_bytes());
        }
        output.add(&vec![b'x'; 3 * KEPT]);
        output.add(b"\nlast");
        let text = output.text();
        assert!(
            text.starts_with("a line\n") && text.ends_with("x\nlast") && text.len() < 2 * KEPT + 60,
            "{}",
            text.len()
        );
        let left = output.bytes - 2 * KEPT as u64;
        assert!(text.contains(&format!("\n[{left} bytes are left out here]\n")));
        assert_eq!(output.last_line(), "last");
    }
}
