//! The playbooks `tables` and `notes-report` as a person has them: through the command, on real folders.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

mod support;

use std::{fs, os::unix::fs::PermissionsExt};

use serde_json::Value;
use support::Place;

const TIME: u64 = 1_772_000_000;

fn with(files: &[(&str, &[u8])]) -> Place {
    let place = Place::new();
    for (n, (name, content)) in files.iter().enumerate() {
        place.file(name, "", 0o644, TIME);
        fs::write(place.folder.join(name), content).unwrap();
        let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(TIME + n as u64 * 86_400);
        fs::File::options().append(true).open(place.folder.join(name)).unwrap().set_modified(time).unwrap();
    }
    place
}

/// Runs a playbook; gives its summary, its data and its log without what differs each time.
fn run(place: &Place, playbook: &str, params: &[&str]) -> (String, Value, String) {
    let mut args = vec!["--yes", "--json", "--playbook", playbook];
    params.iter().for_each(|p| args.extend(["--param", p]));
    let said = place.run(&args);
    let records = said.records();
    let end = &records.last().unwrap()["event"]["result"];
    assert_eq!((said.code, end["end"].as_str()), (0, Some("done")), "{end}\n{}", said.err);
    let decided: Vec<Value> = records
        .iter()
        .filter(|r| r["event"]["type"] == "decided")
        .map(|r| {
            let event = &r["event"];
            let calls: Vec<Value> = event["calls"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|c| serde_json::json!([c["tool"], c["args"]]))
                .collect();
            serde_json::json!({ "say": event["say"], "plan": event["plan"], "calls": calls })
        })
        .collect();
    let log = serde_json::to_string_pretty(&decided).unwrap();
    (end["summary"].as_str().unwrap().to_owned(), end["data"].clone(), log)
}

fn messy_tables() -> Place {
    let wide: Vec<u8> = [0xFF, 0xFE]
        .into_iter()
        .chain("Customer name\tAmount\nZoë\t3.50\n".encode_utf16().flat_map(u16::to_le_bytes))
        .collect();
    with(&[
        ("2026-01.csv", b"Customer name,Amount,Date\nAcme,\"1,234.56\",2026-01-05\nGlobex,20.00,2026-01-31\nbroken\n"),
        ("2026-02.csv", b"\xef\xbb\xbfCUSTOMER NAME;Amount;Date\r\nAcme;1.000,44;05.02.2026\r\n\"Fran\xc3\xa7ois\r\n& Co\";0;28.02.2026\r\n"),
        ("2026-03.tsv", &wide),
        ("latin.csv", b"customer name;note\nM\xfcller;=caf\xe9\n"),
        ("more.jsonl", b"{\"Customer name\":\"Globex\",\"Amount\":0.1}\n{\"Customer name\":\"Globex\",\"Amount\":0.1}\nnonsense\n"),
        ("empty.csv", b""),
        ("Merged.csv", b"of an earlier run\n"),
        ("book.xlsx", b"PK"),
        ("notes.txt", b"no table"),
        ("sub/deeper.csv", b"a,b\n1,2\n"),
    ])
}

#[test]
fn tables_of_many_kinds_become_one_and_nothing_is_lost_in_silence() {
    let place = messy_tables();
    let before = place.tree();
    let (summary, _, log) = run(&place, "tables", &[]);
    let merged = fs::read_to_string(place.folder.join("Merged (2).csv")).unwrap();
    insta::assert_snapshot!("tables_merged", format!("{summary}\n\n{merged}\n{log}"));
    let mut after = place.tree();
    after.retain(|path, _| !path.ends_with("Merged (2).csv"));
    let rest = |t: support::Tree| support::without_folder_times(t);
    assert_eq!(rest(after), rest(before.clone()), "the files themselves stay as they are");
    place.cowork(&["undo", "--yes", &place.last_task()]).ends(0);
    assert_eq!(place.tree(), before);
}

#[test]
fn tables_are_grouped_and_totalled_exactly() {
    let place = messy_tables();
    let (summary, data, _) = run(&place, "tables", &["group=customer", "dedupe=true", "to=By customer.csv"]);
    let merged = fs::read_to_string(place.folder.join("By customer.csv")).unwrap();
    insta::assert_snapshot!("tables_grouped", format!("{summary}\n\n{merged}"));
    assert_eq!(data["totals"]["Amount"], "2258.60");
}

#[test]
fn a_column_that_is_not_there_or_could_be_two_is_asked_about_and_nothing_is_written() {
    let place = with(&[("a.csv", b"Customer name,Customer city,Amount\nAcme,Rome,1\n")]);
    let before = place.tree();
    for (group, says) in
        [("customer", "could be any of these columns: Customer name, Customer city"), ("colour", "No column fits")]
    {
        let group = format!("group={group}");
        place.run(&["--yes", "--playbook", "tables", "--param", &group]).ends(1).says(says);
        assert_eq!(place.tree(), before);
    }
    place.run(&["--yes", "--playbook", "tables", "--param", "locale=klingon"]).ends(1).says("locale");
    assert_eq!(place.tree(), before);
}

#[test]
fn a_folder_without_tables_or_notes_is_told_so() {
    let place = with(&[("empty.csv", b""), ("picture.png", b"\x89PNG")]);
    let before = place.tree();
    assert!(run(&place, "tables", &[]).0.starts_with("Nothing to merge"));
    assert!(run(&place, "notes-report", &[]).0.starts_with("Nothing to do: no notes"));
    assert_eq!(place.tree(), before);
    let bare = Place::new();
    assert_eq!(run(&bare, "tables", &[]).0, "Nothing to merge: no CSV, TSV or JSON lines here.");
}

fn notes() -> Place {
    with(&[
        ("2026-01-05 Kickoff.md", b"---\ntitle: Kickoff\ntags: [a]\n---\n# Kickoff\n\nSee [plan](Plan.md#next-steps) and [[plan|the plan]].\n\n## Next steps\n\n- [ ] call Ann\n- [x] done\n"),
        ("2026-02-01 Review.md", b"Review\n======\n\n![chart](img/chart.png) [web](https://x.org/Plan.md)\n\n```\n# no heading\n- [ ] no to-do\n```\nTODO: write it up\n"),
        ("2026-03-01 latin.txt", b"Caf\xe9 with Zo\xeb\n# 1 thing\n"),
        ("Plan.md", b"\xef\xbb\xbfIntro\n\n# Next steps\n\n[back](2026-01-05%20Kickoff.md)\n"),
        ("sub/2026-02-02.md", b"[up](../Plan.md)\n\n## Next steps\n"),
        ("empty.md", b"\n"),
        ("photo.md", b"\x89PNG\r\n\x1a\n\0\0"),
        ("img/chart.png", b"\x89PNG"),
    ])
}

#[test]
fn notes_become_one_document_with_contents_sources_and_to_dos() {
    let place = notes();
    let before = place.tree();
    let (summary, _, log) = run(&place, "notes-report", &["title=Project"]);
    let report = fs::read_to_string(place.folder.join("Notes report.md")).unwrap();
    insta::assert_snapshot!("notes_report", format!("{summary}\n\n{report}\n{log}"));
    // A second run leaves the first report out.
    let again = run(&place, "notes-report", &["title=Project"]).0;
    assert!(again.contains("it is called like the report"), "{again}");
    assert_eq!(fs::read_to_string(place.folder.join("Notes report (2).md")).unwrap(), report);
    let last = place.last_task();
    place.cowork(&["undo", "--yes", &last]).ends(0);
    fs::remove_file(place.folder.join("Notes report.md")).unwrap();
    assert_eq!(support::without_folder_times(place.tree()), support::without_folder_times(before));
}

#[test]
fn open_to_dos_alone_write_nothing_unless_a_file_is_named() {
    let place = notes();
    let before = place.tree();
    let (summary, data, _) = run(&place, "notes-report", &["what=todos"]);
    assert_eq!(data["todo_count"], 2);
    assert!(summary.contains("2026-01-05 Kickoff.md:11  call Ann"), "{summary}");
    assert!(summary.contains("2026-02-01 Review.md:10  write it up"), "{summary}");
    assert_eq!(place.tree(), before);
    run(&place, "notes-report", &["what=todos", "to=To-dos"]);
    let written = fs::read_to_string(place.folder.join("To-dos.md")).unwrap();
    assert_eq!(
        written,
        "# Open to-dos\n\n- [ ] call Ann (`Downloads/2026-01-05 Kickoff.md:11`)\n- [ ] write it up (`Downloads/2026-02-01 Review.md:10`)\n"
    );
}

#[test]
fn names_of_two_lines_and_files_that_can_t_be_read_are_no_obstacle() {
    let place = with(&[
        ("two\nlines.csv", b"a\n1\n"),
        ("locked.csv", b"a\n2\n"),
        ("two\nlines.md", b"# A\n[self](two%0Alines.md)\n"),
    ]);
    fs::set_permissions(place.folder.join("locked.csv"), fs::Permissions::from_mode(0o000)).unwrap();
    let readable = fs::read(place.folder.join("locked.csv")).is_ok();
    let (summary, data, _) = run(&place, "tables", &[]);
    assert_eq!(data["rows_out"], if readable { 2 } else { 1 }, "{summary}");
    run(&place, "notes-report", &[]);
    assert!(place.folder.join("Notes report.md").exists());
}
