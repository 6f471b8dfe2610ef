//! Lines that are known to only read, made by chance: whatever is put into one makes it code, and really run they change nothing.

use std::{
    collections::BTreeMap,
    env, fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
    process::{Command, Stdio},
};

use proptest::{
    collection::vec,
    prelude::{Just, Strategy, any, prop_oneof},
    prop_assert, prop_assume, proptest,
    sample::{Index, select},
    strategy::{BoxedStrategy, ValueTree},
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

use super::{super::programs::PROGRAMS, CODE, Known, SIMPLE, judge};

/// What an attacker would put into a line.
const PUT_IN: &[&str] = &[";rm x", "$(x)", "`", ">f", "&", "\nxyzzy"];

fn simple(line: &str) -> bool {
    matches!(judge(line), Known::Simple { .. })
}

/// Says in what quotes each place of a line is: `'`, `"`, `\` behind a backslash, or none.
fn quotes(line: &str) -> Vec<(usize, char)> {
    let (mut places, mut open) = (Vec::new(), ' ');
    for (at, c) in line.char_indices() {
        places.push((at, open));
        open = match (open, c) {
            ('\\', _) => ' ',
            ('\'', '\'') | ('"', '"') => ' ',
            (' ', '\'' | '"' | '\\') => c,
            // A pair within double quotes counts as behind a backslash for one place only.
            _ => open,
        };
    }
    places.push((line.len(), open));
    places
}

/// Words that make sense to some program, and some that make sense to none.
fn argument() -> impl Strategy<Value = String> {
    let options: Vec<String> = PROGRAMS
        .iter()
        .flat_map(|program| {
            let letters = program.letters.chars().filter(|c| !":#<?".contains(*c)).map(|c| format!("-{c}"));
            let long =
                program.long.split_ascii_whitespace().map(|o| format!("--{}", o.trim_end_matches([':', '<', '?'])));
            let but = program.but.iter().map(|(option, _)| (*option).to_owned());
            letters.chain(long).chain(but).collect::<Vec<_>>()
        })
        .collect();
    let words = [
        "a", "b.txt", "d", "d/c", "-", "--", "./*", "d/*", "*", "3", "'*'", "x", "'a b'", "-n", "-o", "+%F", "-print",
        "-name", "2p", ".",
    ];
    prop_oneof![select(options), select(words.to_vec()).prop_map(str::to_owned)]
}

fn command(names: Vec<&'static str>) -> BoxedStrategy<String> {
    let words = (select(names), vec(argument(), 0..5));
    words.prop_map(|(name, words)| [name.to_owned()].into_iter().chain(words).collect::<Vec<_>>().join(" ")).boxed()
}

fn names() -> impl Iterator<Item = &'static str> {
    PROGRAMS.iter().flat_map(|program| program.names.split(' '))
}

fn line() -> impl Strategy<Value = String> {
    let command = command(names().collect());
    let joint = select(vec![" | ", " && ", " || ", "; ", "\n", " 2>&1 | ", " <a | ", " 2>/dev/null; "]);
    (command.clone(), vec((joint, command), 0..3))
        .prop_map(|(first, more)| more.into_iter().fold(first, |line, (joint, next)| line + joint + &next))
}

/// Lines of the table, changed a little, and lines by chance.
fn any_line() -> impl Strategy<Value = String> {
    let known: Vec<&str> = SIMPLE.iter().map(|(line, _)| *line).chain(CODE.iter().map(|(line, _)| *line)).collect();
    let bits = select(vec![
        "'", "\"", "\\", "$", "`", "(", ")", "<", ">", "|", "&", ";", "\n", " ", "*", "-", "~", "é", "{", "#", "\u{0}",
    ]);
    let changed = (select(known), vec((any::<Index>(), bits), 0..4)).prop_map(|(line, bits)| {
        bits.into_iter().fold(line.to_owned(), |mut line, (at, bit)| {
            let mut at = at.index(line.len() + 1);
            while !line.is_char_boundary(at) {
                at -= 1;
            }
            line.insert_str(at, bit);
            line
        })
    });
    prop_oneof![9 => any::<String>(), 9 => changed, 9 => line(), 1 => Just("ls&&".repeat(2040) + "ls")]
}

proptest! {
    // Half of what is made is code before anything is put into it.
    #![proptest_config(Config { max_global_rejects: 100_000, ..Config::default() })]

    #[test]
    fn whatever_the_line_there_is_an_answer(line in any_line()) {
        match judge(&line) {
            Known::Simple { .. } => prop_assert!(crate::fuzzed::shell(&line).is_some()),
            Known::Code { why } => prop_assert!(!why.is_empty() && !why.contains(char::is_control)),
        }
    }

    #[test]
    fn what_is_put_into_a_line_makes_it_code(line in prop_oneof![select(SIMPLE).prop_map(|(line, _)| line.to_owned()), line()], put in select(PUT_IN), at in any::<Index>()) {
        prop_assume!(simple(&line));
        let places = quotes(&line);
        let (at, quote) = places[at.index(places.len())];
        // In double quotes the shell still expands; the rest is text there.
        let acts = match quote { ' ' => true, '"' => put.starts_with(['$', '`']) && !line[..at].ends_with('\\'), _ => false };
        prop_assume!(acts);
        let more = format!("{}{put}{}", &line[..at], &line[at..]);
        prop_assert!(!simple(&more), "{more:?} is {:?}", judge(&more));
    }
}

/// Gives all that can be seen of a tree: names, kinds, modes, times of change and content.
fn seen(folder: &Path) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        let about = fs::symlink_metadata(&next).unwrap();
        all.insert(next.display().to_string(), format!("{:?} {:?}", about.permissions(), about.modified().unwrap()));
        for entry in fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            let about = fs::symlink_metadata(&path).unwrap();
            if about.is_dir() {
                folders.push(path);
                continue;
            }
            let content = if about.is_symlink() {
                format!("{:?}", fs::read_link(&path))
            } else {
                format!("{:?}", fs::read(&path).unwrap())
            };
            let what = format!("{:?} {:?} {content}", about.permissions(), about.modified().unwrap());
            all.insert(path.display().to_string(), what);
        }
    }
    all
}

/// Lays out a tree in which names look like options, and a pattern finds them.
fn lay_out(folder: &Path) {
    for sub in ["d", "d/e", "home"] {
        fs::create_dir(folder.join(sub)).unwrap();
    }
    let files = [
        "a",
        "b.txt",
        "d/c",
        "d/e/f.rs",
        "x",
        "-o",
        "-delete",
        "-r",
        "--output=b.txt",
        "--pre=cat",
        "a b",
        "*",
        "home/notes",
        "d/-i",
    ];
    for (at, name) in files.iter().enumerate() {
        fs::write(folder.join(name), format!("{name}\nb\na\n{at}\n")).unwrap();
    }
    fs::write(folder.join("d/run"), "#!/bin/sh\ntouch ran\n").unwrap();
    fs::set_permissions(folder.join("d/run"), fs::Permissions::from_mode(0o755)).unwrap();
    symlink("a", folder.join("link")).unwrap();
}

/// Says whether a program that a line begins with is missing; where nothing may be, that is a failure.
fn is_missing(name: &str) -> bool {
    let there = ["/usr/bin", "/bin"].iter().any(|folder| Path::new(folder).join(name).exists());
    if !there {
        assert!(env::var_os("CI").is_none_or(|ci| ci != "true"), "{name} is not installed");
        eprintln!("skipped: {name} is not installed");
    }
    !there
}

fn run(line: &str, folder: &Path) -> (Option<i32>, String) {
    let mut bash = Command::new("/bin/bash");
    bash.args(["--norc", "--noprofile", "-c", line]).current_dir(folder).env_clear();
    bash.env("PATH", "/usr/bin:/bin").env("HOME", folder.join("home")).env("LANG", "C.UTF-8").env("TMPDIR", folder);
    let done = bash.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).output().unwrap();
    (done.status.code(), String::from_utf8_lossy(&done.stderr).into_owned())
}

#[test]
fn what_is_known_to_only_read_changes_nothing_when_it_is_run() {
    let keep = tempfile::tempdir().unwrap();
    let folder = keep.path();
    lay_out(folder);
    let mut dice = TestRunner::new_with_rng(Config::default(), TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]));
    let mut made = |lines: BoxedStrategy<String>, most: usize| -> Vec<String> {
        let lines = std::iter::repeat_with(|| lines.new_tree(&mut dice).unwrap().current());
        lines.take(1000).filter(|line| simple(line)).take(most).collect()
    };
    let mut lines: Vec<String> = SIMPLE.iter().map(|(line, _)| (*line).to_owned()).collect();
    lines.extend(made(line().boxed(), 60));
    for name in names() {
        let its_own = made(command(vec![name]), 4);
        assert!(!its_own.is_empty(), "{name} is never known to only read");
        lines.extend(its_own);
    }

    let before = seen(folder);
    let mut well = 0;
    for line in &lines {
        let wanted = names().filter(|name| line.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == *name));
        if wanted.filter(|name| is_missing(name)).count() > 0 {
            continue;
        }
        let (code, said) = run(line, folder);
        well += usize::from(code == Some(0));
        assert!(!said.contains("syntax error"), "{line:?}: {said}");
        assert_eq!(seen(folder), before, "{line:?} changed something");
    }
    assert!(well > lines.len() / 3, "most of what is run does something: {well} of {}", lines.len());
}
