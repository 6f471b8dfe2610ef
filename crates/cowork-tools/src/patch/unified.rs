//! Reading unified diffs, as `diff -u` and git write them.

use super::hunks::{FilePatch, Hunk, Line, Misfit, Op, Place, Sign};

/// A link, and a repository inside another, as git writes their modes.
const LINK: u32 = 0o120_000;
const MODULE: u32 = 0o160_000;

/// Reads a diff of one or more files. `strip` takes that many folders off each name; `None` takes off `a/` and `b/`.
///
/// # Errors
/// The first line that does not belong where it is, and what can't be done: a binary diff, a link.
pub(super) fn parse(patch: &str, strip: Option<usize>) -> Result<Vec<FilePatch>, Misfit> {
    let mut lines = Lines { all: patch.split_inclusive('\n').collect(), at: 0 };
    let mut files = Vec::new();
    while let Some(text) = lines.text() {
        if text.starts_with("diff --git ") || lines.begins_names() {
            files.push(file(&mut lines, strip)?);
        } else if text.starts_with("Binary files ") || text == "GIT binary patch" {
            return lines.misfit("this is a binary diff, and only texts are patched");
        } else if text.starts_with("@@ -") {
            return lines.misfit("this hunk belongs to no file: lines with `--- ` and `+++ ` come before it");
        } else {
            // Words around a diff: a mail's, a commit's.
            lines.at += 1;
        }
    }
    if files.is_empty() {
        return Misfit::at(1, "there is no diff here: neither `*** Begin Patch`, nor lines with `--- ` and `+++ `");
    }
    Ok(files)
}

struct Lines<'a> {
    all: Vec<&'a str>,
    at: usize,
}

impl<'a> Lines<'a> {
    fn raw(&self) -> Option<&'a str> {
        self.all.get(self.at).copied()
    }

    /// Gives the line without what ends it, for lines that are no content.
    fn text(&self) -> Option<&'a str> {
        self.raw().map(|l| l.trim_end_matches(['\n', '\r']))
    }

    fn begins_names(&self) -> bool {
        self.text().is_some_and(|l| l.starts_with("--- "))
            && self.all.get(self.at + 1).is_some_and(|l| l.starts_with("+++ "))
    }

    fn misfit<T>(&self, why: impl Into<String>) -> Result<T, Misfit> {
        Misfit::at(self.at + 1, why)
    }
}

/// What the lines before a file's hunks say.
#[derive(Default)]
struct Head {
    old: Option<Name>,
    new: Option<Name>,
    renamed: Option<(Vec<u8>, Vec<u8>)>,
    copied: bool,
    created: bool,
    deleted: bool,
    mode: Option<u32>,
}

#[derive(Clone, PartialEq)]
enum Name {
    /// `/dev/null`, or a time at the beginning of time, where there is no file.
    Nothing,
    File(Vec<u8>),
}

fn file(lines: &mut Lines<'_>, strip: Option<usize>) -> Result<FilePatch, Misfit> {
    let line = lines.at + 1;
    let mut head = Head::default();
    if let Some(names) = lines.text().and_then(|l| l.strip_prefix("diff --git ")) {
        lines.at += 1;
        extended(lines, &mut head)?;
        if !lines.begins_names() && head.renamed.is_none() {
            let (old, new) =
                both(names).ok_or(()).or_else(|()| Misfit::at(line, "the two names can't be told apart"))?;
            (head.old, head.new) = (Some(Name::File(old)), Some(Name::File(new)));
        }
    }
    if lines.begins_names() {
        head.old = Some(name(&lines.text().unwrap_or_default()[4..]));
        lines.at += 1;
        head.new = Some(name(&lines.text().unwrap_or_default()[4..]));
        lines.at += 1;
    }
    let mut hunks = Vec::new();
    while lines.text().is_some_and(|l| l.starts_with("@@ -")) {
        hunks.push(hunk(lines)?);
    }
    if let Some("GIT binary patch") = lines.text() {
        return lines.misfit("this is a binary diff, and only texts are patched");
    }
    head.created |= head.old == Some(Name::Nothing);
    head.deleted |= head.new == Some(Name::Nothing);
    whole(head, hunks, strip, line)
}

/// Reads git's lines between `diff --git` and the names.
fn extended(lines: &mut Lines<'_>, head: &mut Head) -> Result<(), Misfit> {
    let (mut from, mut to) = (None, None);
    while let Some(text) = lines.text() {
        let word = |prefix: &str| text.strip_prefix(prefix);
        if let Some(mode) = word("new mode ").or_else(|| word("new file mode ")).or_else(|| word("deleted file mode "))
        {
            let bits = u32::from_str_radix(mode, 8).ok().filter(|bits| *bits <= 0o177_777);
            let Some(bits) = bits else { return lines.misfit("this mode is no octal number") };
            match bits & 0o170_000 {
                LINK => return lines.misfit("this is about a link, and links are neither made nor changed"),
                MODULE => return lines.misfit("this is about a repository inside the repository, not about a file"),
                _ => {}
            }
            head.created |= text.starts_with("new file");
            head.deleted |= text.starts_with("deleted");
            head.mode = (!head.deleted).then_some(bits & 0o777);
        } else if let Some(path) = word("rename from ").or_else(|| word("copy from ")) {
            head.copied = text.starts_with("copy");
            from = Some(plain(path));
        } else if let Some(path) = word("rename to ").or_else(|| word("copy to ")) {
            to = Some(plain(path));
        } else if text.starts_with("Binary files ") {
            return lines.misfit("this is a binary diff, and only texts are patched");
        } else if !["old mode ", "similarity index ", "dissimilarity index ", "index "]
            .iter()
            .any(|p| text.starts_with(p))
        {
            break;
        }
        lines.at += 1;
    }
    head.renamed = from.zip(to);
    Ok(())
}

/// Puts together what is said of a file.
fn whole(head: Head, hunks: Vec<Hunk>, strip: Option<usize>, line: usize) -> Result<FilePatch, Misfit> {
    let Head { old, new, renamed, copied, created, deleted, mode } = head;
    if let Some((from, to)) = renamed {
        let op = if copied { Op::Copy(hunks) } else { Op::Update(hunks) };
        let cut = |path: &[u8]| stripped(path, strip.map_or(0, |n| n.saturating_sub(1)), line);
        return Ok(FilePatch { path: cut(&from)?, to: Some(cut(&to)?), op, mode, line });
    }
    let both_marked = [(&old, b"a/"), (&new, b"b/")].iter().all(|(name, mark)| match name {
        Some(Name::File(path)) => path.starts_with(*mark),
        _ => true,
    });
    let strip = strip.unwrap_or(usize::from(both_marked));
    let path = match (old, new) {
        (Some(Name::File(old)), Some(Name::Nothing)) => old,
        (_, Some(Name::File(new))) => new,
        _ => return Misfit::at(line, "this diff is about no file on either side"),
    };
    let path = stripped(&path, strip, line)?;
    let op = if created {
        let all_new = hunks.iter().flat_map(|h| &h.lines).all(|l| l.sign == Sign::Add);
        if !all_new {
            return Misfit::at(line, "the file is new, but a hunk names lines that are there already");
        }
        Op::Create(hunks.into_iter().flat_map(|h| h.lines).flat_map(|l| l.text).collect())
    } else if deleted {
        Op::Delete(hunks)
    } else if hunks.is_empty() && mode.is_none() {
        return Misfit::at(line, "this diff has no hunk: nothing is to be changed");
    } else {
        Op::Update(hunks)
    };
    Ok(FilePatch { path, to: None, op, mode, line })
}

fn stripped(path: &[u8], strip: usize, line: usize) -> Result<Vec<u8>, Misfit> {
    let mut rest = path;
    for _ in 0..strip {
        match rest.iter().position(|b| *b == b'/') {
            Some(at) => rest = &rest[at + 1..],
            None => return Misfit::at(line, format!("its name has fewer than {strip} folders to take off")),
        }
    }
    Ok(rest.to_vec())
}

fn hunk(lines: &mut Lines<'_>) -> Result<Hunk, Misfit> {
    let line = lines.at + 1;
    let ranges = lines.text().and_then(ranges);
    let Some(((start, mut old), mut new)) = ranges else {
        return lines.misfit("a hunk begins with `@@ -LINE,COUNT +LINE,COUNT @@`");
    };
    lines.at += 1;
    let mut body: Vec<Line> = Vec::new();
    let short = "this hunk has fewer lines than its first line says";
    while old > 0 || new > 0 {
        let Some(raw) = lines.raw() else { return lines.misfit(short) };
        let (sign, rest) = match raw.as_bytes().first() {
            Some(b' ') => (Sign::Keep, &raw[1..]),
            Some(b'+') => (Sign::Add, &raw[1..]),
            Some(b'-') => (Sign::Remove, &raw[1..]),
            // Some programs take white space off the ends of lines.
            Some(b'\n' | b'\r') => (Sign::Keep, raw),
            Some(b'\\') => {
                unended(&mut body, lines)?;
                continue;
            }
            _ => return lines.misfit(short),
        };
        let fits = match sign {
            Sign::Keep => old.checked_sub(1).zip(new.checked_sub(1)),
            Sign::Remove => old.checked_sub(1).map(|old| (old, new)),
            Sign::Add => new.checked_sub(1).map(|new| (old, new)),
        };
        let Some(left) = fits else { return lines.misfit("this hunk has more lines than its first line says") };
        (old, new) = left;
        let mut text = rest.as_bytes().to_vec();
        if text.last() != Some(&b'\n') {
            text.push(b'\n');
        }
        body.push(Line { sign, text });
        lines.at += 1;
    }
    if lines.raw().is_some_and(|l| l.starts_with('\\')) {
        unended(&mut body, lines)?;
    }
    Ok(Hunk { place: Place::Line(start), lines: body, line })
}

/// Takes the newline off the line before `\ No newline at end of file`.
fn unended(body: &mut [Line], lines: &mut Lines<'_>) -> Result<(), Misfit> {
    match body.last_mut() {
        Some(last) if last.text.last() == Some(&b'\n') => {
            last.text.pop();
            lines.at += 1;
            Ok(())
        }
        _ => lines.misfit("this line belongs below a line of the hunk"),
    }
}

/// Reads `@@ -1,2 +1,3 @@`: where the old lines begin, how many there are, how many the new ones.
fn ranges(text: &str) -> Option<((usize, usize), usize)> {
    let (old, rest) = text.strip_prefix("@@ -")?.split_once(" +")?;
    let (new, _) = rest.split_once(" @@")?;
    let range = |text: &str| -> Option<(usize, usize)> {
        let (start, count) = text.split_once(',').unwrap_or((text, "1"));
        let number = |text: &str| text.parse().ok().filter(|n| *n <= usize::MAX / 4);
        Some((number(start)?, number(count)?))
    };
    Some((range(old)?, range(new)?.1))
}

/// Reads what stands after `--- ` or `+++ `.
fn name(text: &str) -> Name {
    // In quotes a tab is escaped; behind them, as behind a name with a space, git puts one.
    let (path, time) = text.split_once('\t').unwrap_or((text, ""));
    let path = plain(path);
    // Where there is no file, `diff -N` gives the time 0, in whatever zone.
    let no_time =
        ["1970-01-01 ", "1969-12-31 "].iter().any(|day| time.starts_with(day)) && time.contains(":00.000000000");
    if path == b"/dev/null" || no_time { Name::Nothing } else { Name::File(path) }
}

/// Reads the two names of `diff --git a/x b/x`, which are the same but for the mark.
fn both(text: &str) -> Option<(Vec<u8>, Vec<u8>)> {
    if text.contains('"') {
        let at = text.find("\" ").map(|at| at + 1).or_else(|| text.find(" \""))?;
        return Some((plain(&text[..at]), plain(&text[at + 1..])));
    }
    let (old, new) = (text.get(..text.len() / 2)?, text.get(text.len() / 2 + 1..)?);
    let bare = |t: &str| t.split_once('/').map_or(t.to_owned(), |(_, rest)| rest.to_owned());
    (text.as_bytes().get(text.len() / 2) == Some(&b' ') && (old == new || bare(old) == bare(new)))
        .then(|| (old.as_bytes().to_vec(), new.as_bytes().to_vec()))
}

/// Takes off the quotes that git puts around names with special bytes.
fn plain(text: &str) -> Vec<u8> {
    let Some(inner) = text.strip_prefix('"').and_then(|t| t.strip_suffix('"')) else { return text.as_bytes().to_vec() };
    let (mut out, mut rest) = (Vec::new(), inner.as_bytes());
    while let Some((&b, tail)) = rest.split_first() {
        rest = tail;
        if b != b'\\' {
            out.push(b);
            continue;
        }
        let digits = tail.iter().take(3).take_while(|d| matches!(d, b'0'..=b'7')).count();
        if digits == 3 {
            let value = tail[..3].iter().fold(0_u32, |v, d| v * 8 + u32::from(d - b'0'));
            out.push(u8::try_from(value).unwrap_or(b'?'));
            rest = &tail[3..];
            continue;
        }
        let Some((&c, tail)) = tail.split_first() else { break };
        rest = tail;
        out.push(match c {
            b'n' => b'\n',
            b't' => b'\t',
            b'r' => b'\r',
            b'a' => 7,
            b'b' => 8,
            b'v' => 11,
            b'f' => 12,
            other => other,
        });
    }
    out
}
