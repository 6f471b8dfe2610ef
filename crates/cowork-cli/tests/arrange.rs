//! The built-in playbooks that put folders in order, as a person has them: through `cowork run`, on a folder that no tidy person has.
//!
//! The outcome of each and what it changed are compared with its snapshot, and what it changed is given back.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

mod support;

use std::{
    ffi::OsStr,
    fs,
    os::unix::{ffi::OsStrExt, fs::symlink},
    path::PathBuf,
    process::Command,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use support::{Place, Tree};

/// Long ago, for what is to be old on any day that this is run on.
const OLD: u64 = 1_500_000_000;

/// Makes a JPEG that holds nothing but when and where it was taken.
fn photo(taken: Option<&str>, place: Option<(u32, u32, u8, u32, u32, u8)>) -> Vec<u8> {
    let mut ifd: Vec<[u8; 12]> = Vec::new();
    let mut data: Vec<u8> = Vec::new();
    let entry = |tag: u16, kind: u16, count: u32, value: [u8; 4]| -> [u8; 12] {
        [&tag.to_be_bytes()[..], &kind.to_be_bytes(), &count.to_be_bytes(), &value].concat().try_into().unwrap()
    };
    let fields = u32::from(taken.is_some()) + u32::from(place.is_some());
    // The header, the first directory, then that of the place if there is one, then what they point at.
    let gps_at = 8 + 2 + 12 * fields + 4;
    let data_at = gps_at + if place.is_some() { 2 + 12 * 4 + 4 } else { 0 };
    if let Some(taken) = taken {
        ifd.push(entry(0x0132, 2, 20, data_at.to_be_bytes()));
        data.extend(taken.bytes().chain([0]));
    }
    let mut gps = Vec::new();
    if let Some((north, minutes, side, east, more, other)) = place {
        ifd.push(entry(0x8825, 4, 1, gps_at.to_be_bytes()));
        for (tag, side, degrees, minutes) in [(1, side, north, minutes), (3, other, east, more)] {
            let at = data_at + u32::try_from(data.len()).unwrap();
            gps.push(entry(tag, 2, 2, [side, 0, 0, 0]));
            gps.push(entry(tag + 1, 5, 3, at.to_be_bytes()));
            data.extend([degrees, 1, minutes, 1, 0, 1].into_iter().flat_map(u32::to_be_bytes));
        }
    }
    let directory = |entries: &[[u8; 12]]| -> Vec<u8> {
        let count = u16::try_from(entries.len()).unwrap().to_be_bytes();
        [&count[..], &entries.concat(), &[0; 4]].concat()
    };
    let gps = if gps.is_empty() { Vec::new() } else { directory(&gps) };
    let tiff = [&b"MM\0*\0\0\0\x08"[..], &directory(&ifd), &gps, &data].concat();
    let body = [&b"Exif\0\0"[..], &tiff].concat();
    let length = u16::try_from(body.len() + 2).unwrap().to_be_bytes();
    [&[0xff, 0xd8, 0xff, 0xe1], &length[..], &body, &[0xff, 0xd9]].concat()
}

fn put(place: &Place, name: &str, content: &[u8], modified: u64) {
    let path = place.folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, content).unwrap();
    fs::File::options()
        .append(true)
        .open(&path)
        .unwrap()
        .set_modified(UNIX_EPOCH + Duration::from_secs(modified))
        .unwrap();
}

fn messy() -> Place {
    let place = Place::new();
    put_photos(&place);
    let files = [
        "IMG_1.CR2",
        "IMG_1.xmp",
        "my film.mp4",
        "my film.en.srt",
        "Invoice (3).PDF",
        "invoice_3.pdf",
        "two\nlines.txt",
        "ü ñ 図.txt",
        ".hidden",
        "half.mkv.part",
        "old.tmp",
        "~$letter.docx",
        "setup-app.exe",
        "putty.exe",
        "app_1.2_amd64.deb",
        "page.html",
        "page_files/style.css",
        "code/Cargo.toml",
        "code/old.tmp",
        "kept/notes.md",
        "deep/Thumbs.db",
    ];
    for (n, name) in files.iter().enumerate() {
        put(&place, name, format!("content of {name}").as_bytes(), OLD + n as u64 * 86_400);
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    put(&place, "in use.tmp", b"now", now);
    put(&place, "new setup.msi", b"now", now);
    put(&place, "rules.txt", b"# mine\n*.pdf -> Papers/{year}\n*.jpg, *.jpeg -> Pictures\n", OLD);
    let at = |name: &str| place.folder.join(name);
    fs::write(place.folder.join(OsStr::from_bytes(b"latin \xe9.txt")), b"caf\xe9\n").unwrap();
    for empty in ["empty", "nothing/in/here", "code/target"] {
        fs::create_dir_all(at(empty)).unwrap();
    }
    symlink("kept/notes.md", at("a link")).unwrap();
    symlink("../gone", at("kept/broken link")).unwrap();
    symlink("/nowhere/at/all", at("link out")).unwrap();
    symlink("a link/../gone", at("unsure")).unwrap();
    assert!(Command::new("mkfifo").arg(at("a pipe")).status().unwrap().success());
    be_old(&place);
    place
}

fn put_photos(place: &Place) {
    let florence = Some((43, 46, b'N', 11, 15, b'E'));
    let photos = [
        ("IMG_1.JPG", photo(Some("2024:05:17 18:03:22"), florence)),
        ("holiday 2.jpg", photo(Some("2023:12:24 10:00:00"), Some((0, 0, b'N', 140, 0, b'W')))),
        ("no clock.jpg", photo(Some("1970:01:01 00:00:00"), None)),
        ("to come.jpg", photo(Some("2126:01:01 00:00:00"), florence)),
        ("no facts.jpg", b"\xff\xd8\xff\xe0\0\x10JFIF\0".to_vec()),
        ("a lie.jpg", b"this is no photo\n".to_vec()),
    ];
    for (n, (name, content)) in photos.iter().enumerate() {
        put(place, name, content, OLD + n as u64 * 86_400);
    }
}

/// Makes all folders, and the one file whose name is no text, as old as the rest.
fn be_old(place: &Place) {
    let mut at_rest: Vec<PathBuf> =
        place.tree().keys().map(|path| place.folder.join(path)).filter(|path| path.is_dir()).collect();
    at_rest.extend([place.folder.clone(), place.folder.join(OsStr::from_bytes(b"latin \xe9.txt"))]);
    for path in at_rest.iter().filter(|path| !path.is_symlink()) {
        fs::File::open(path).unwrap().set_modified(UNIX_EPOCH + Duration::from_secs(OLD)).unwrap();
    }
}

/// Says what of a folder is another than before: gone from here, or new there.
fn changed(before: &Tree, after: &Tree) -> String {
    let line = |sign: char, path: &PathBuf| format!("{sign} {}", path.to_string_lossy().escape_debug());
    let gone = before.keys().filter(|path| !after.contains_key(*path)).map(|path| line('-', path));
    let new = after.keys().filter(|path| !before.contains_key(*path)).map(|path| line('+', path));
    gone.chain(new).collect::<Vec<_>>().join("\n")
}

/// Runs a playbook, compares what came of it with its snapshot, and undoes it.
fn seen_and_given_back(name: &str, params: &[&str]) {
    let place = messy();
    let before = place.tree();
    let mut args = vec!["--yes", "--json", "--playbook", name];
    params.iter().for_each(|param| args.extend(["--param", param]));
    let said = place.run(&args);
    let records = said.records();
    let end = &records.last().unwrap()["event"]["result"];
    assert_eq!((said.code, end["end"].as_str()), (0, Some("done")), "{name}: {end}\n{}", said.err);
    let after = place.tree();
    let label = [&[name], params].concat().join("_").replace(['=', '{', '}'], "-");
    let stayed = serde_json::to_string_pretty(&end["data"]["stayed"]).unwrap();
    let changes = changed(&before, &after);
    // What is new today is called otherwise tomorrow.
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let seen = format!("{}\n\n{stayed}\n\n{changes}", end["summary"].as_str().unwrap())
        .replace(&today.to_string(), "TODAY")
        .replace(&today.strftime("%Y/%m").to_string(), "YEAR/MONTH")
        .replace(&format!("+ {}\n", today.year()), "+ YEAR\n");
    insta::assert_snapshot!(label, seen);
    if changes.is_empty() {
        assert_eq!(after, before);
        return;
    }
    place.cowork(&["undo", "--yes", &place.last_task()]).ends(0).says("Undone.");
    assert_eq!(place.tree(), before, "{name} is not given back to the byte");
    place.cowork(&["doctor"]).ends(0);
}

#[test]
fn organise_by_type_and_by_rules() {
    seen_and_given_back("organise", &[]);
    seen_and_given_back("organise", &["rules=rules.txt"]);
    seen_and_given_back("organise", &["by=date"]);
}

#[test]
fn rename_in_every_way() {
    for by in ["tidy", "date", "number", "slug", "case"] {
        seen_and_given_back("rename", &[&format!("by={by}")]);
    }
    seen_and_given_back("rename", &["by=pattern", "pattern={date}_{name}{ext}"]);
    seen_and_given_back("rename", &["by=replace", "find=IMG", "with=Trip"]);
}

#[test]
fn clean_up_what_only_takes_room() {
    seen_and_given_back("clean-up", &[]);
    seen_and_given_back("clean-up", &["what=broken-links"]);
    seen_and_given_back("clean-up", &["what=installers", "older_than=1"]);
    seen_and_given_back("clean-up", &["dry_run=true"]);
}

#[test]
fn photos_by_place_and_by_time() {
    for by in ["place", "day", "month", "year"] {
        seen_and_given_back("photos", &[&format!("by={by}")]);
    }
}

#[test]
fn an_empty_folder_and_a_file_are_told_clearly() {
    for name in ["organise", "rename", "clean-up", "photos"] {
        let place = Place::new();
        let before = place.tree();
        place.run(&["--yes", "--playbook", name]).ends(0).says("nothing to");
        assert_eq!(place.tree(), before, "nothing of ours is left");
        place.file("a.txt", "a", 0o644, OLD);
        let file = place.folder.join("a.txt");
        let said = place.cowork(&["run", "--yes", "--folder", file.to_str().unwrap(), "--playbook", name]);
        assert_ne!(said.code, 0);
        said.says("folder");
    }
}
