//! Reading patches as coding models write them: `*** Begin Patch` … `*** End Patch`.

use super::hunks::{FilePatch, Hunk, Line, Misfit, Op, Place, Sign};

const BEGIN: &str = "*** Begin Patch";
const END: &str = "*** End Patch";
const AT_END: &str = "*** End of File";

/// Says whether a patch is written so.
pub(super) fn is_envelope(patch: &str) -> bool {
    patch.trim_start().starts_with(BEGIN)
}

/// Reads such a patch.
///
/// # Errors
/// The first line that does not belong where it is.
pub(super) fn parse(patch: &str) -> Result<Vec<FilePatch>, Misfit> {
    let mut lines = Lines { all: patch.lines().collect(), at: 0 };
    while lines.peek().is_some_and(|l| l.trim().is_empty()) {
        lines.at += 1;
    }
    if lines.peek().map(str::trim_end) != Some(BEGIN) {
        return lines.misfit(format!("a patch begins with `{BEGIN}`"));
    }
    lines.at += 1;
    let mut files = Vec::new();
    loop {
        let line = lines.at + 1;
        let Some(text) = lines.next() else { return lines.misfit(format!("the patch does not end with `{END}`")) };
        let text = text.trim_end();
        if text == END {
            break;
        } else if let Some(path) = text.strip_prefix("*** Add File: ") {
            let content = added(&mut lines);
            files.push(file(path, None, Op::Create(content), line));
        } else if let Some(path) = text.strip_prefix("*** Delete File: ") {
            files.push(file(path, None, Op::Delete(Vec::new()), line));
        } else if let Some(path) = text.strip_prefix("*** Update File: ") {
            files.push(update(path, &mut lines, line)?);
        } else if !text.is_empty() {
            let why = "this line should begin a file: `*** Add File: `, `*** Update File: ` or `*** Delete File: `, with its path";
            return Misfit::at(line, why);
        }
    }
    while let Some(text) = lines.next() {
        if !text.trim().is_empty() {
            return Misfit::at(lines.at, format!("there is more after `{END}`"));
        }
    }
    if files.is_empty() {
        return lines.misfit("there is no file in the patch");
    }
    Ok(files)
}

struct Lines<'a> {
    all: Vec<&'a str>,
    at: usize,
}

impl<'a> Lines<'a> {
    fn peek(&self) -> Option<&'a str> {
        self.all.get(self.at).copied()
    }

    fn next(&mut self) -> Option<&'a str> {
        let line = self.peek()?;
        self.at += 1;
        Some(line)
    }

    fn misfit<T>(&self, why: impl Into<String>) -> Result<T, Misfit> {
        Misfit::at(self.at + 1, why)
    }
}

fn file(path: &str, to: Option<&str>, op: Op, line: usize) -> FilePatch {
    let bytes = |path: &str| path.trim().as_bytes().to_vec();
    FilePatch { path: bytes(path), to: to.map(bytes), op, mode: None, line }
}

fn added(lines: &mut Lines<'_>) -> Vec<u8> {
    let mut content = Vec::new();
    while let Some(text) = lines.peek().and_then(|l| l.strip_prefix('+')) {
        content.extend_from_slice(text.as_bytes());
        content.push(b'\n');
        lines.at += 1;
    }
    content
}

fn update(path: &str, lines: &mut Lines<'_>, line: usize) -> Result<FilePatch, Misfit> {
    let to = lines.peek().and_then(|l| l.strip_prefix("*** Move to: "));
    lines.at += usize::from(to.is_some());
    let mut hunks = Vec::new();
    while let Some(text) = lines.peek() {
        if text.starts_with("*** ") && text.trim_end() != AT_END {
            break;
        }
        if text.trim().is_empty() && lines.all.get(lines.at + 1).is_none_or(|l| l.starts_with("*** ")) {
            lines.at += 1;
            continue;
        }
        hunks.push(hunk(lines)?);
    }
    if hunks.is_empty() && to.is_none() {
        return Misfit::at(line, "this file has no hunk: nothing is to be changed in it");
    }
    Ok(file(path, to, Op::Update(hunks), line))
}

fn hunk(lines: &mut Lines<'_>) -> Result<Hunk, Misfit> {
    let line = lines.at + 1;
    let (mut heads, mut at_end, mut body) = (Vec::new(), false, Vec::new());
    while let Some(rest) = lines.peek().and_then(|l| l.strip_prefix("@@")) {
        // `@@ -1,4 +1,5 @@` is a unified diff's; here it says nothing that holds.
        if rest.trim_start().starts_with('-') && rest.trim_end().ends_with("@@") {
            return lines.misfit("line numbers don't belong here: after `@@` comes a line of the file, or nothing");
        }
        if !rest.trim().is_empty() {
            heads.push(rest.trim().as_bytes().to_vec());
        }
        lines.at += 1;
    }
    while let Some(text) = lines.peek() {
        let (sign, rest) = match text.as_bytes().first() {
            Some(b' ') => (Sign::Keep, &text[1..]),
            Some(b'+') => (Sign::Add, &text[1..]),
            Some(b'-') => (Sign::Remove, &text[1..]),
            // An empty line between two files or hunks is none of the hunk's; elsewhere it is one that stays.
            None if lines.all.get(lines.at + 1).is_none_or(|l| l.starts_with("*** ") || l.starts_with("@@")) => {
                lines.at += 1;
                continue;
            }
            None => (Sign::Keep, text),
            Some(b'*') if text.trim_end() == AT_END => {
                at_end = true;
                lines.at += 1;
                break;
            }
            Some(b'*') if text.starts_with("*** ") => break,
            Some(b'@') if text.starts_with("@@") => break,
            Some(_) => return lines.misfit("a line of a hunk begins with a space, `+` or `-`"),
        };
        body.push(Line { sign, text: [rest.as_bytes(), b"\n"].concat() });
        lines.at += 1;
    }
    if body.iter().all(|l| l.sign == Sign::Keep) {
        return Misfit::at(line, "this hunk changes nothing: none of its lines begins with `+` or `-`");
    }
    Ok(Hunk { place: Place::Below(heads, at_end), lines: body, line })
}
