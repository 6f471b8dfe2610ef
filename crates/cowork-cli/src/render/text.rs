//! Text for a terminal: what a name holds is shown, never obeyed, and measured as it will be seen.

use std::{borrow::Cow, time::Duration};

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Shows control characters and those that turn or hide text as `\u{…}`, so that a file's name can't act on the terminal.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let shown = text.chars().map(|c| if is_hidden(c) { c.escape_default().to_string() } else { c.to_string() });
    Cow::Owned(shown.collect())
}

fn is_hidden(c: char) -> bool {
    // The joiners U+200C and U+200D are parts of ordinary words and emoji.
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{feff}')
        || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Gives the columns that a text takes.
pub(crate) fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// Shortens a text in the middle so that it takes at most `most` columns. Of a path, the last name is kept if it can be.
pub(crate) fn shorten(text: &str, most: usize) -> Cow<'_, str> {
    if width(text) <= most {
        return Cow::Borrowed(text);
    }
    if most == 0 {
        return Cow::Borrowed("");
    }
    let room = most - 1;
    let name = text.rsplit_once('/').map_or(0, |(_, name)| width(name) + 1);
    let tail = if name <= room.saturating_sub(2) { name.max(room / 2) } else { room / 2 };
    Cow::Owned(format!("{}…{}", head(text, room - tail), self::tail(text, tail)))
}

/// Shortens a text at its end, between words where it can, so that it takes at most `most` columns: for what is no path.
pub(crate) fn cut(text: &str, most: usize) -> Cow<'_, str> {
    if width(text) <= most {
        return Cow::Borrowed(text);
    }
    if most == 0 {
        return Cow::Borrowed("");
    }
    let kept = head(text, most - 1);
    // A word that is longer than half of the room is broken.
    let words = kept.rfind(' ').filter(|at| !text[kept.len()..].starts_with(' ') && width(&kept[..*at]) * 2 >= most);
    let kept = words.map_or(kept, |at| &kept[..at]);
    Cow::Owned(format!("{}…", kept.trim_end_matches([' ', ',', ';', ':'])))
}

/// Breaks a text into at most `rows` lines of at most `most` columns; what is beyond them is cut off.
pub(crate) fn fold(text: &str, most: usize, rows: usize) -> Vec<String> {
    let mut lines = wrap(text, most);
    if lines.len() > rows {
        let rest = lines.drain(rows.saturating_sub(1)..).collect::<Vec<_>>().join(" ");
        lines.extend((rows > 0).then(|| cut(&rest, most).into_owned()));
    }
    lines
}

fn head(text: &str, most: usize) -> &str {
    let mut used = 0;
    let end = text.char_indices().find(|(_, c)| {
        used += c.width().unwrap_or(0);
        used > most
    });
    &text[..end.map_or(text.len(), |(at, _)| at)]
}

fn tail(text: &str, most: usize) -> &str {
    let mut used = 0;
    let start = text.char_indices().rev().find(|(_, c)| {
        used += c.width().unwrap_or(0);
        used > most
    });
    &text[start.map_or(0, |(at, c)| at + c.len_utf8())..]
}

/// Breaks a text into lines of at most `most` columns, between words where it can. Its own line breaks stay.
pub(crate) fn wrap(text: &str, most: usize) -> Vec<String> {
    let most = most.max(8);
    let mut lines = Vec::new();
    for line in text.lines() {
        // A line that fits keeps its columns.
        if width(line) <= most {
            lines.push(line.to_owned());
            continue;
        }
        let indent = &line[..line.len() - line.trim_start().len()];
        let mut now = String::new();
        // What blanks keep apart more than words stays together and apart.
        let apart = line.trim().contains("   ");
        let words: Vec<&str> =
            if apart { line.trim().split("   ").map(str::trim).collect() } else { line.split_whitespace().collect() };
        let gap = if apart { "   " } else { " " };
        for word in words.into_iter().filter(|w| !w.is_empty()) {
            // A path that is longer than a line is broken: its end may be what matters.
            for piece in broken(word, most) {
                if !now.is_empty() && width(&now) + gap.len() + width(&piece) > most {
                    lines.push(std::mem::take(&mut now));
                }
                now.push_str(if now.is_empty() { indent } else { gap });
                now.push_str(&piece);
            }
        }
        lines.push(now);
    }
    lines
}

/// Breaks a line into pieces of at most `most` columns, wherever that is.
pub(crate) fn broken(line: &str, most: usize) -> Vec<String> {
    let most = most.max(8);
    let mut pieces = vec![String::new()];
    let mut used = 0;
    for c in line.chars() {
        let columns = width(c.encode_utf8(&mut [0; 4]));
        if used + columns > most {
            pieces.push(String::new());
            used = 0;
        }
        used += columns;
        pieces.last_mut().unwrap_or(&mut String::new()).push(c);
    }
    pieces
}

/// Fills a text with spaces up to `columns`.
pub(crate) fn pad(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(width(text))))
}

/// Shows a text on one line: the first words of what was asked for.
pub(crate) fn one_line(text: &str) -> String {
    visible(&text.split_whitespace().collect::<Vec<_>>().join(" ")).into_owned()
}

/// Shows a text of several lines as [`visible`] does, without what is blank at its start and end.
pub(crate) fn visible_lines(text: &str) -> String {
    let lines: Vec<Cow<'_, str>> = text.trim_matches(['\n', '\r']).lines().map(|l| visible(l.trim_end())).collect();
    lines.join("\n")
}

/// Writes the home folder as `~`.
pub(crate) fn tilde(path: &str, home: Option<&str>) -> String {
    match home.and_then(|home| path.strip_prefix(home)) {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => format!("~{rest}"),
        _ => path.to_owned(),
    }
}

/// Ends what follows a colon: a full stop last, and the first letter as it is.
pub(crate) fn clause(message: &str) -> String {
    let stop = if message.ends_with(['.', '?', '!', ':', '…']) { "" } else { "." };
    format!("{message}{stop}")
}

/// Makes a sentence of a message: a capital first, a full stop last. Code and names such as `api.example.com` stay as they are.
pub(crate) fn sentence(message: &str) -> String {
    clause(&capital(message))
}

/// Begins a message with a capital, as [`sentence`] does.
pub(crate) fn capital(message: &str) -> String {
    let word = message.split_whitespace().next().unwrap_or_default();
    if word.trim_end_matches(['.', ':']).contains(['.', '/', ':', '(', '_']) {
        return message.to_owned();
    }
    let mut chars = message.chars();
    let first: String = chars.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}", chars.as_str())
}

/// Writes a next step: a capital first, and no full stop that would be copied with a command.
pub(crate) fn step(fix: &str) -> String {
    let text = sentence(fix);
    text.strip_suffix('.').unwrap_or(&text).to_owned()
}

/// Counts things: `1 file`, `2 files`.
pub(crate) fn count(number: u64, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{} {what}s", grouped(number)) }
}

/// Writes a number with thousands apart: `50 000` is easily misread as two in a row of columns, so `50,000`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Writes the numbers of things in a text as [`grouped`] does, for who wrote it did not: `10000 files`. What may be a year, a name
/// or a part of one stays as it is.
pub(crate) fn figures(text: &str) -> String {
    const THINGS: [&str; 24] = [
        "file", "folder", "row", "table", "photo", "page", "line", "place", "name", "thing", "change", "group", "entr",
        "copies", "hit", "of", "more", "moved", "renamed", "left", "stay", "set", "other", "would",
    ];
    const DEEDS: [&str; 5] = ["move", "rename", "set aside", "copy", "change"];
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        let end = rest[at..].find(|c: char| !c.is_ascii_digit()).map_or(rest.len(), |n| at + n);
        let (before, number, after) = (&rest[..at], &rest[at..end], &rest[end..]);
        let stands = before.is_empty() && out.is_empty() || before.ends_with([' ', '(']);
        let counted = after.strip_prefix(' ').is_some_and(|next| {
            let deed = next.strip_prefix("to ").is_some_and(|deed| DEEDS.iter().any(|d| deed.starts_with(d)));
            deed || THINGS.iter().any(|thing| next.starts_with(thing))
        });
        out.push_str(before);
        match number.parse() {
            Ok(value) if stands && counted && !number.starts_with('0') => out.push_str(&grouped(value)),
            _ => out.push_str(number),
        }
        rest = after;
    }
    out + rest
}

/// Writes a size: `512 B`, `1.2 KB`, `34 MB`; a KB is 1,000 bytes.
pub(crate) fn size(bytes: u64) -> String {
    let mut unit = 1_000;
    for name in ["KB", "MB", "GB"] {
        // What would be written as 1000 is one of the next unit.
        if bytes >= 1_000 && (bytes < unit * 999 + unit / 2 || name == "GB") {
            let tenths = (bytes * 10 + unit / 2) / unit;
            return if tenths < 100 {
                format!("{}.{} {name}", tenths / 10, tenths % 10)
            } else {
                format!("{} {name}", grouped((bytes + unit / 2) / unit))
            };
        }
        unit = unit.saturating_mul(1_000);
    }
    format!("{bytes} B")
}

/// Writes how long something took: `0.2 s`, `4 s`, `1 min 20 s`, `2 h 5 min`.
pub(crate) fn took(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..10 if time.subsec_millis() >= 50 => format!("{:.1} s", time.as_secs_f64()),
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
    }
}

/// Writes how long ago something was: `now`, `3 min`, `5 h`, `12 d`.
pub(crate) fn age(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..10 => "now".to_owned(),
        10..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..86_400 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_act_on_the_terminal() {
        assert_eq!(visible("a\u{1b}[31mred\n\u{202e}fdp.exe"), "a\\u{1b}[31mred\\n\\u{202e}fdp.exe");
        assert_eq!(visible("Überblick – 図.pdf"), "Überblick – 図.pdf");
    }

    #[test]
    fn shortening_keeps_the_start_the_last_name_and_the_columns() {
        assert_eq!(shorten("Downloads/letters/2026/may.txt", 20), "Downloads/…6/may.txt");
        assert_eq!(shorten("Documents/a/long/way/down/to/invoice-2026-03.pdf", 26), "Docum…/invoice-2026-03.pdf");
        for most in 0..30 {
            assert!(width(&shorten("図書館/あいうえお/とても長い名前.pdf", most)) <= most, "{most}");
        }
    }

    #[test]
    fn a_sentence_begins_with_a_capital_unless_it_begins_with_a_name() {
        assert_eq!(sentence("nothing was changed"), "Nothing was changed.");
        assert_eq!(sentence("done: all of it"), "Done: all of it.");
        assert_eq!(sentence("api.example.com can't be reached"), "api.example.com can't be reached.");
        assert_eq!(sentence("127.0.0.1:8080 does not answer"), "127.0.0.1:8080 does not answer.");
        assert_eq!(sentence("`x` is not there"), "`x` is not there.");
    }

    #[test]
    fn a_sentence_is_cut_at_its_end_and_between_words() {
        assert_eq!(cut("Find files with the same content", 26), "Find files with the same…");
        assert_eq!(cut("Find files with the same content", 32), "Find files with the same content");
        assert_eq!(cut("Lebensversicherungsgesellschaft", 12), "Lebensversi…");
        assert_eq!(fold("one two three four five", 9, 2), ["one two", "three…"]);
        assert_eq!(fold("one two", 9, 2), ["one two"]);
        for most in 0..30 {
            let text = cut("図書館の とても長い名前 です", most);
            assert!(width(&text) <= most, "{most}: {text}");
        }
    }

    #[test]
    fn wrapping_keeps_to_the_columns_and_loses_no_word() {
        let text = "one two three four five six seven eight nine ten\n\n  indented line here";
        let lines = wrap(text, 16);
        assert!(lines.iter().all(|l| width(l) <= 18), "{lines:?}");
        assert_eq!(lines.join(" ").split_whitespace().count(), text.split_whitespace().count());
        assert_eq!(wrap("  Images/ 21   Audio/ 3   Archives/ 1", 24), ["  Images/ 21   Audio/ 3", "  Archives/ 1"]);
    }

    #[test]
    fn numbers_and_times_read_well() {
        assert_eq!(count(1, "file"), "1 file");
        assert_eq!(count(50_000, "file"), "50,000 files");
        assert_eq!(
            figures("10000 files, 0 folders; 1500 to move, 1200 stay"),
            "10,000 files, 0 folders; 1,500 to move, 1,200 stay"
        );
        for same in
            ["from 2019 to 2024", "IMG_2024 files", "scan 2024-05 of", "10,000 files", "in 2024", "1.5000 files"]
        {
            assert_eq!(figures(same), same);
        }
        let times = [0, 40, 200, 4_000, 9_960, 80_000, 7_500_000].map(|ms| took(Duration::from_millis(ms)));
        assert_eq!(times, ["0 s", "0 s", "0.2 s", "4 s", "10.0 s", "1 min 20 s", "2 h 5 min"]);
        let sizes = [0, 999, 1_000, 1_234, 99_400, 999_499, 999_500, 34_000_000, 5_000_000_000_000].map(size);
        assert_eq!(sizes, ["0 B", "999 B", "1.0 KB", "1.2 KB", "99 KB", "999 KB", "1.0 MB", "34 MB", "5,000 GB"]);
        assert_eq!(tilde("/home/ann/Downloads", Some("/home/ann")), "~/Downloads");
        assert_eq!(tilde("/home/anna", Some("/home/ann")), "/home/anna");
    }
}
