//! Each built-in playbook on what no playbook likes to be given: it ends with an answer in a person's words, loses nothing, and undo
//! gives back the same tree.
//!
//! The table is here, playbooks by inputs; to add an input, write how it is made, and what each playbook must say of it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

mod support;

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs,
    os::unix::{ffi::OsStrExt, fs::PermissionsExt},
    path::Path,
    process::{Command, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, UNIX_EPOCH},
};

use support::{Place, Said, Tree, without_folder_times};

/// The playbooks that end by themselves, each with what it needs to be told.
const ALL: [(&str, &[&str]); 14] = [
    ("organise", &["by=type"]),
    ("organise", &["by=date"]),
    ("organise", &["by=name"]),
    ("find", &["query=lease"]),
    ("duplicates", &[]),
    ("rename", &["by=tidy"]),
    ("rename", &["by=date"]),
    ("rename", &["by=number"]),
    ("clean-up", &[]),
    ("folder-report", &[]),
    ("tables", &[]),
    ("notes-report", &[]),
    ("photos", &["by=day"]),
    ("replace", &["find=lease", "with=rent"]),
];

fn args<'a>(name: &'a str, params: &[&'a str]) -> Vec<&'a str> {
    let params = params.iter().flat_map(|param| ["--param", *param]);
    ["--yes", "--playbook", name].into_iter().chain(params).collect()
}

/// Says which run it is: `organise by=type`.
fn label(name: &str, params: &[&str]) -> String {
    [&[name], params].concat().join(" ")
}

/// What a person reads is in sentences, and none of them is for whoever wrote the program.
#[track_caller]
fn in_plain_words(said: &Said, what: &str) {
    let all = format!("{}{}", said.out, said.err);
    for never in ["Error:", "Error(", ".py, line", "panicked", "None", "Some(", "\u{1b}[31m", "null"] {
        assert!(!all.contains(never), "{what}: {never:?} in\n{all}");
    }
}

/// Runs each playbook on a folder that is made anew for each; what was changed is given back.
fn each(make: impl Fn(&Place) + Sync, expected: &[(&str, &str)]) {
    let expected: BTreeMap<&str, &str> = expected.iter().copied().collect();
    let known = |asked: &str| ALL.iter().any(|(name, params)| label(name, params) == asked);
    assert!(expected.keys().all(|asked| known(asked)), "{expected:?}");
    std::thread::scope(|all| {
        for (name, params) in ALL {
            let (make, expected) = (&make, &expected);
            all.spawn(move || {
                let place = Place::new();
                make(&place);
                let before = place.tree();
                let said = place.run(&args(name, params));
                let what = format!("{name} {params:?}");
                in_plain_words(&said, &what);
                assert_eq!(said.code, 0, "{what}:\n{}{}", said.out, said.err);
                let flat = said.out.split_whitespace().collect::<Vec<_>>().join(" ");
                if let Some(words) = expected.get(&*label(name, params)) {
                    assert!(flat.contains(words), "{what}: {words:?} is not in\n{}", said.out);
                }
                kept(&before, &place.tree(), name, &what);
                if flat.contains("Undo: cowork undo") && place.tree() != before {
                    place.cowork(&["undo", "--yes"]).ends(0);
                }
                assert_eq!(without_folder_times(place.tree()), without_folder_times(before), "{what} is given back");
            });
        }
    });
}

/// Makes sure that every content is still there, but where it is meant to be replaced or set aside.
#[track_caller]
fn kept(before: &Tree, after: &Tree, name: &str, what: &str) {
    if matches!(name, "replace" | "duplicates" | "clean-up") {
        return;
    }
    let mut contents: Vec<&Vec<u8>> = after.values().filter(|thing| thing.0 == 'f').map(|thing| &thing.3).collect();
    for thing in before.values().filter(|thing| thing.0 == 'f') {
        let at = contents.iter().position(|content| **content == thing.3);
        contents.swap_remove(at.unwrap_or_else(|| panic!("{what}: a content is lost")));
    }
}

fn write(place: &Place, name: impl AsRef<OsStr>, content: &[u8], modified: u64) {
    let path = place.folder.join(Path::new(name.as_ref()));
    fs::write(&path, content).unwrap();
    let file = fs::File::options().append(true).open(&path).unwrap();
    file.set_modified(UNIX_EPOCH + Duration::from_secs(modified)).unwrap();
}

const OLD: u64 = 1_500_000_000;

#[test]
fn an_empty_folder_is_told_and_left_as_it_is() {
    let nothing = "Nothing to ";
    each(
        |_| {},
        &[
            ("organise by=type", nothing),
            ("find query=lease", "Nothing found"),
            ("duplicates", "No files to compare here."),
            ("rename by=number", nothing),
            ("clean-up", "Nothing to clean up here."),
            ("folder-report", "0 files, 0 B in 0 folders."),
            ("tables", "Nothing to merge: no CSV, TSV or JSON lines here."),
            ("notes-report", "Nothing to do: no notes (.md, .txt) here."),
            ("photos by=day", "Nothing to move: no photos here."),
            ("replace find=lease with=rent", "Nothing to replace"),
        ],
    );
}

#[test]
fn a_file_in_place_of_a_folder_and_a_folder_that_went_away_are_told_before_anything_runs() {
    for (name, params) in ALL.into_iter().chain([("watch", &["hours=1"][..])]) {
        let place = Place::with_files();
        let (before, file) = (place.tree(), place.folder.join("a.pdf"));
        let run =
            |at: &Path| place.cowork(&[&["run", "--folder", at.to_str().unwrap()], &args(name, params)[..]].concat());
        run(&file).ends(2).says("is not a folder").says("name the folder that it lies in").briefly();
        run(&place.folder.join("gone")).ends(2).says("is not there").briefly();
        assert_eq!(place.tree(), before);
    }
}

#[test]
fn names_that_are_no_names_for_a_screen() {
    let names: [&[u8]; 12] = [
        b"two\nlines.txt",
        b"red \x1b[31m.txt",
        b"bell\x07 and tab\t.md",
        b"latin \xff\xfe.txt",
        b"turned \xe2\x80\xae gpj.exe",
        b"caf\xe9.csv",
        b"cells\n.csv",
        b" first",
        b"trail. ",
        b"-rf",
        b"back\\slash.txt",
        b"two\nlines.jpg",
    ];
    each(
        |place| {
            for name in names {
                let content: &[u8] = if name.ends_with(b".csv") { b"a,b\n1,lease\n" } else { b"the lease\n" };
                write(place, OsStr::from_bytes(name), content, OLD);
            }
            write(place, "x".repeat(250) + ".md", b"lease", OLD);
        },
        &[
            ("organise by=type", "13 files moved, 0 left"),
            ("find query=lease", "“lease” is in 13 files"),
            ("rename by=date", "Not done: the name"),
            ("tables", "2 rows from 2 tables"),
            ("photos by=day", "photos that do not say when they were taken: 1"),
            ("replace find=lease with=rent", "13 files changed"),
        ],
    );
}

#[test]
fn tables_with_broken_rows_and_texts_in_four_encodings() {
    let utf16 =
        |text: &str| [&b"\xff\xfe"[..], &text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>()].concat();
    each(
        |place| {
            let files: [(&str, Vec<u8>); 10] = [
                ("broken.csv", b"a,b,c\n1,2,3\n4,5\n\"open,6\n7,8,9,10\n".to_vec()),
                ("latin.csv", b"a,b,c\nJos\xe9,lease,3\n".to_vec()),
                ("wide.csv", utf16("a,b,c\nZoë,lease,3\n")),
                ("mark.csv", b"\xef\xbb\xbfa,b,c\n\xc3\x86,lease,3\n".to_vec()),
                ("nothing.csv", Vec::new()),
                ("zeros.csv", b"a,b\0\0\0\n1,2\n".to_vec()),
                ("bad.jsonl", b"{\"a\":1}\n{\"a\":\n".to_vec()),
                ("note.md", b"\xef\xbb\xbf# Title\n- [ ] sign the lease\n".to_vec()),
                ("latin.md", b"# Caf\xe9\n- [ ] t\xe4glich\n".to_vec()),
                ("wide.txt", utf16("the lease of Zoë\n")),
            ];
            files.iter().for_each(|(name, content)| write(place, name, content, OLD));
        },
        &[
            ("tables", "Not written: 4 broken rows."),
            ("notes-report", "3 notes"),
            ("find query=lease", "“lease” is in 5 files"),
            ("replace find=lease with=rent", "5 files changed, 5 lines"),
        ],
    );
}

#[test]
fn pdf_files_that_lie_and_dates_that_can_not_be_right() {
    each(
        |place| {
            let dated =
                b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n\
                3 0 obj<</CreationDate(D:99991399999999)>>endobj\ntrailer<</Root 1 0 R/Info 3 0 R>>\n%%EOF";
            let looped = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 1 0 R>>endobj\ntrailer<</Root 1 0 R/Prev 0>>\nstartxref\n0\n%%EOF";
            write(place, "a lie.pdf", b"no PDF at all\n", OLD);
            write(place, "cut.pdf", b"%PDF-1.4\n1 0 obj\n<< /Type /Catal", OLD);
            write(place, "dated.pdf", dated, OLD);
            write(place, "looped.pdf", looped, OLD);
            write(place, "empty.pdf", b"", OLD);
            write(place, "never set.jpg", b"\xff\xd8\xff\xe0\0\x10JFIF\0", 0);
            write(place, "to come.jpg", b"\xff\xd8\xff\xe0\0\x10JFIF\0", 9_000_000_000);
        },
        &[
            (
                "organise by=date",
                "5 files moved, 2 left as they were (files with a date that can't be right: 2), nothing deleted.",
            ),
            ("rename by=date", "5 files renamed, 2 left as they were (files without a date: 2)."),
            ("photos by=day", "photos that do not say when they were taken: 2"),
        ],
    );
}

#[test]
fn a_folder_in_which_somebody_works_meanwhile_loses_nothing() {
    for (name, params) in ALL {
        let place = Place::new();
        let ending = |n: usize| ["pdf", "jpg", "txt", "csv", "md"][n % 5];
        (0..60).for_each(|n| {
            write(&place, format!("file {n}.{}", ending(n)), format!("lease,{n}\n1,2\n").as_bytes(), OLD);
        });
        let over = AtomicBool::new(false);
        std::thread::scope(|both| {
            both.spawn(|| {
                // Renames, lengthens and makes files as fast as it can; what is gone already is somebody else's.
                for n in (0..60).cycle().take_while(|_| !over.load(Ordering::Relaxed)) {
                    let path = place.folder.join(format!("file {n}.{}", ending(n)));
                    if n % 3 == 0 {
                        let _ = fs::rename(&path, place.folder.join(format!("mine {n}.txt")));
                    } else if n % 3 == 1 && path.exists() {
                        use std::io::Write as _;
                        let _ = fs::File::options().append(true).open(&path).map(|mut file| file.write_all(b"3,4\n"));
                    }
                    let _ = fs::write(place.folder.join(format!("new {}.md", n % 7)), "a new lease\n");
                }
            });
            let said = place.run(&args(name, params));
            over.store(true, Ordering::Relaxed);
            in_plain_words(&said, name);
            assert!(matches!(said.code, 0 | 1), "{name}: {}{}", said.out, said.err);
        });
        // Undo leaves what was changed since, and says so; then every file that was there is there once more.
        place.cowork(&["undo", "--yes"]);
        let tree = place.tree();
        let has = |n: usize| {
            let own = format!("{n}\n1,2");
            let fits = |text: &str| ["lease,", "rent,"].iter().any(|word| text.starts_with(&format!("{word}{own}")));
            tree.values().any(|thing| thing.0 == 'f' && fits(&String::from_utf8_lossy(&thing.3)))
        };
        (0..60).for_each(|n| assert!(has(n), "{name}: what was in file {n} is lost"));
    }
}

/// Runs the command as somebody who may do here what the permissions say: root may do everything, so it is another user then.
fn as_somebody(place: &Place, args: &[&str]) -> Said {
    let theirs = place.home().parent().unwrap().join("theirs");
    fs::create_dir_all(&theirs).unwrap();
    fs::set_permissions(theirs.parent().unwrap(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(&theirs, fs::Permissions::from_mode(0o777)).unwrap();
    let own = place.command(args);
    let mut command = Command::new(own.get_program());
    if rustix::process::geteuid().is_root() {
        command = Command::new("setpriv");
        command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]).arg(own.get_program());
    }
    command.args(own.get_args()).env_clear().env("HOME", &theirs).env("TZ", "UTC").env("PATH", "/usr/bin:/bin");
    command.stdin(Stdio::null()).output().unwrap().into()
}

#[test]
fn a_folder_that_may_not_be_opened_or_changed_says_so_and_what_to_do() {
    for (name, params) in ALL {
        let place = Place::with_files();
        place.file("old.tmp", "the lease", 0o644, OLD);
        place.file("t.csv", "a,b\n1,2\n", 0o644, OLD);
        place.file("two equal.txt", "the lease", 0o644, OLD);
        place.file("note.md", "the lease", 0o644, OLD);
        for path in place.tree().keys().filter(|path| !path.as_os_str().is_empty()) {
            fs::set_permissions(place.folder.join(path), fs::Permissions::from_mode(0o644)).unwrap();
        }
        let folder = place.folder.to_str().unwrap().to_owned();
        let may = |mode: u32| fs::set_permissions(&place.folder, fs::Permissions::from_mode(mode)).unwrap();
        let run = || as_somebody(&place, &[&["run", "--folder", &folder], &args(name, params)[..]].concat());
        let before = place.tree();
        may(0o000);
        let said = run();
        in_plain_words(&said, name);
        said.ends(1).says("there is no permission to open the folder").says("let your user open it");
        may(0o555);
        let said = run();
        in_plain_words(&said, name);
        // What has nothing to do here has no need of a permission.
        let idle = said.code == 0 && (said.out.contains("Nothing to ") || name == "find");
        let told = ["let your user", "see to that"]
            .iter()
            .any(|fix| said.err.to_lowercase().contains(fix) || said.out.to_lowercase().contains(fix));
        assert!(idle || (said.code == 1 && told), "{name} {params:?}: {}{}", said.out, said.err);
        may(0o755);
        assert_eq!(without_folder_times(place.tree()), without_folder_times(before), "{name} changed nothing");
    }
}
