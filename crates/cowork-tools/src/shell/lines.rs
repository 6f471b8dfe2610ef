//! What comes and goes in the files that a command changed, line by line, for a person to read before it is kept.

use std::{fmt::Write as _, sync::Arc, time::Duration};

use cowork_core::{CallId, Difference, FileKind, FilePath, Session, Sides, Staged, What};
use similar::{ChangeTag, TextDiff};

use crate::show::{code, count};

/// Longer files, and those of more lines, are named only.
const LONG: usize = 64 << 10;
const MANY: usize = 4_000;
/// How long two files are compared: what is found by then is told, in larger pieces.
const WORTH: Duration = Duration::from_millis(20);
/// So many files are looked at, and so many lines of each and of all are told.
const FILES: usize = 20;
const OF_EACH: usize = 60;
const OF_ALL: usize = 200;
/// So much of a line.
const WIDE: usize = 200;
/// So many lines that stay are told around what changes.
const AROUND: usize = 2;

/// Gives the differences of the files of text among what changed: first of those that let something run. What can't be looked at is named
/// like all else, and no more.
pub(super) async fn lines(session: &Arc<dyn Session>, call: CallId, staged: &Staged) -> String {
    let (mut text, mut room) = (String::new(), OF_ALL);
    for change in ordered(staged).into_iter().take(FILES) {
        if room == 0 {
            break;
        }
        let path = &change.path;
        let all = match holds_secrets(path) {
            true => vec!["  … not shown: files of this name usually hold keys".to_owned()],
            false => {
                let sides = session.sides(call, path.clone(), LONG).await.unwrap_or_default();
                // What was there and can't be told must not look as if nothing went.
                let is_half = sides.before.is_none() && change.what == What::Edited;
                let told = if is_half { None } else { difference(&sides) };
                told.unwrap_or_else(|| vec!["  … not shown: too long, or no text".to_owned()])
            }
        };
        let most = all.len().min(OF_EACH).min(room);
        room -= most;
        // Writing to a text can't fail.
        _ = writeln!(text, "{}", code(path.as_str()));
        all.iter().take(most).for_each(|line| text.push_str(&format!("{line}\n")));
        if most < all.len() {
            _ = writeln!(text, "  … {}", count(all.len() - most, "more line"));
        }
    }
    text
}

/// Gives the files that are new or were changed: first those that run something, then those that were there.
fn ordered(staged: &Staged) -> Vec<&Difference> {
    let has_lines =
        |change: &&Difference| change.kind == FileKind::File && matches!(change.what, What::Created | What::Edited);
    let runs = |change: &Difference| {
        let is_guarded = staged.guarded.iter().any(|remark| remark.path == change.path);
        is_guarded || change.after.as_ref().is_some_and(|after| after.mode & 0o111 != 0)
    };
    let mut changes: Vec<&Difference> = staged.changes.changes.iter().filter(has_lines).collect();
    changes.sort_by_key(|change| (!runs(change), change.what == What::Created));
    changes
}

/// Says whether a file by this name usually holds keys or passwords: what is told stays in the log.
fn holds_secrets(path: &FilePath) -> bool {
    let name = path.name().to_lowercase();
    let begins = [".env", ".netrc", ".npmrc", ".pgpass", ".pypirc", "credentials", "id_", "secret"];
    let ends = [".jks", ".kdbx", ".key", ".keystore", ".p12", ".pem", ".pfx"];
    begins.iter().any(|with| name.starts_with(with)) || ends.iter().any(|with| name.ends_with(with))
}

/// Gives what goes and what comes, with a little of what stays; none for what is no text, or too long.
fn difference(sides: &Sides) -> Option<Vec<String>> {
    let text = |bytes: &[u8]| str::from_utf8(bytes).ok().filter(|text| !text.contains('\0')).map(str::to_owned);
    let after = text(sides.after.as_deref()?)?;
    let before = match &sides.before {
        Some(before) => text(before)?,
        None => String::new(),
    };
    let line = |mark: &str, line: &str| {
        let line = code(line.trim_end_matches(['\n', '\r']));
        let cut = if line.chars().count() > WIDE { "…" } else { "" };
        format!("{mark}{}{cut}", line.chars().take(WIDE).collect::<String>())
    };
    if before.lines().count().max(after.lines().count()) > MANY {
        return None;
    }
    let compared = TextDiff::configure().timeout(WORTH).diff_lines(&before, &after);
    let mut lines = Vec::new();
    for (n, group) in compared.grouped_ops(AROUND).iter().enumerate() {
        lines.extend((n > 0).then(|| "  …".to_owned()));
        for change in group.iter().flat_map(|op| compared.iter_changes(op)) {
            let mark = match change.tag() {
                ChangeTag::Delete => "- ",
                ChangeTag::Insert => "+ ",
                ChangeTag::Equal => "  ",
            };
            lines.push(line(mark, change.value()));
        }
    }
    Some(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(before: Option<&str>, after: &str) -> Vec<String> {
        let bytes = |text: &str| text.as_bytes().to_vec();
        difference(&Sides { before: before.map(bytes), after: Some(bytes(after)) }).unwrap_or_default()
    }

    #[test]
    fn what_goes_and_comes_is_told_with_a_little_of_what_stays() {
        let before = (1..=9).map(|n| format!("{n}\n")).collect::<String>();
        let after = before.replace("5\n", "five\n").replace("9\n", "9");
        let expected = ["  3", "  4", "- 5", "+ five", "  6", "  7", "  8", "- 9", "+ 9"];
        assert_eq!(told(Some(&before), &after), expected);
        assert_eq!(
            told(Some("1\n2\n3\n4\n5\n6\n7\n8\n"), "2\n3\n4\n5\n6\n7\n"),
            ["- 1", "  2", "  3", "  …", "  6", "  7", "- 8"]
        );
        assert_eq!(told(None, "#!/bin/sh\n\trm \u{202e}x\n"), ["+ #!/bin/sh", "+     rm \u{fffd}x"]);
    }

    #[test]
    fn files_that_have_nothing_in_common_are_compared_no_longer_than_it_is_worth() {
        let (before, after) = ("a\n".repeat(MANY), "b\n".repeat(MANY));
        assert_eq!(told(Some(&before), &after).len(), 2 * MANY);
        assert_eq!(told(None, &"a\n".repeat(MANY + 1)), [""; 0]);
    }

    #[test]
    fn a_file_that_usually_holds_keys_is_not_told() {
        let told = |name: &str| !holds_secrets(&format!("Desk/{name}").parse().unwrap_or_else(|_| unreachable!()));
        assert!(told("notes.md") && told("environment.txt") && told("keys.md"));
        assert!(
            [".env", ".env.local", "id_ed25519", "server.KEY", "cert.pem", "credentials.json"]
                .iter()
                .all(|it| !told(it))
        );
    }

    #[test]
    fn what_is_no_text_is_not_told_and_a_long_line_is_cut() {
        assert_eq!(told(None, "a\0b"), [""; 0]);
        let other = Sides { before: Some(vec![0xff, 0xfe]), after: Some(b"x".to_vec()) };
        assert_eq!(difference(&other), None);
        assert_eq!(difference(&Sides::default()), None);
        assert_eq!(told(None, &"x".repeat(500))[0].chars().count(), "+ ".len() + WIDE + 1);
    }
}
