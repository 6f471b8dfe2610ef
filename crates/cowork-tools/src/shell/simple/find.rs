//! What `find` does: it runs and deletes as readily as it finds.

use super::{Place, arguments::may_be_option, operands, shown, words::Word};

/// Tests and actions that take nothing.
const ALONE: &str = "( ) , ! -a -and -daystart -depth -empty -executable -false -follow -ignore_readdir_race -ls -mount -nogroup -noleaf \
    -noignore_readdir_race -not -nouser -nowarn -o -or -print -print0 -prune -quit -readable -true -warn -writable -xdev";

/// Tests and actions that take a word.
const WITH_TEXT: &str = "-amin -atime -cmin -ctime -fstype -gid -group -ilname -iname -inum -ipath -iregex -iwholename -links -lname \
    -maxdepth -mindepth -mmin -mtime -name -newerat -newerct -newermt -path -perm -printf -regex -regextype -size -type -uid -used \
    -user -wholename -xtype";

/// Tests that look at a file beside.
const WITH_FILE: &str = "-anewer -cnewer -newer -samefile";

/// What is left out on purpose.
const BUT: &[(&str, &str)] = &[
    ("-exec -execdir -ok -okdir", "runs a program"),
    ("-delete", "deletes files"),
    ("-fprint -fprint0 -fprintf -fls", "writes a file"),
    ("-files0-from", "reads the files that a file names"),
];

/// Gives the places that it reads, or says why it may do more.
pub(super) fn judge(words: &[Word]) -> Result<Vec<Place>, String> {
    let mut reads = Vec::new();
    let links = words.iter().take_while(|word| ["-H", "-L", "-P"].contains(&word.text.as_str())).count();
    let rest = &words[links..];
    if rest.first().is_some_and(|word| [")", ","].contains(&word.text.as_str())) {
        return Err("the expression of `find` begins with its end".to_owned());
    }
    let folders = rest.iter().take_while(|word| !begins_expression(&word.text)).count();
    for folder in &rest[..folders] {
        if folder.pattern.is_some() && may_be_option(folder) {
            return Err(format!("a file that {} stands for can be an action of `find`", shown(&folder.text)));
        }
        reads.extend(operands::name(folder)?);
    }
    if folders == 0 {
        reads.push(Place { path: ".".to_owned(), home: false });
    }
    let mut expression = rest[folders..].iter();
    while let Some(word) = expression.next() {
        let listed = |list: &str| list.split_ascii_whitespace().any(|known| known == word.text);
        if word.pattern.is_some() {
            return Err(unquoted(word));
        }
        if listed(ALONE) {
            continue;
        }
        if !listed(WITH_TEXT) && !listed(WITH_FILE) {
            let why =
                BUT.iter().find(|(left_out, _)| listed(left_out)).map_or("is not known to only read", |(_, why)| why);
            return Err(format!("{} of `find` {why}", shown(&word.text)));
        }
        let value = expression.next().ok_or_else(|| format!("{} has no value", shown(&word.text)))?;
        if value.pattern.is_some() {
            return Err(unquoted(value));
        }
        if listed(WITH_FILE) {
            reads.extend(operands::name(value)?);
        }
    }
    Ok(reads)
}

/// As `find` does it: whatever may be an expression begins one.
fn begins_expression(text: &str) -> bool {
    (text.starts_with('-') && text.len() > 1) || ["(", ")", ",", "!"].contains(&text)
}

fn unquoted(word: &Word) -> String {
    format!("the pattern {} is not in quotes: the shell puts file names for it", shown(&word.text))
}
