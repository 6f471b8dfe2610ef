//! Tables as people and programs leave them behind, read and combined.

#![allow(
    clippy::unwrap_used,
    clippy::needless_pass_by_value,
    reason = "a story that goes wrong ends; `json!` is passed on"
)]

use std::sync::Arc;

use cowork_core::{CancellationToken, Error, Kind, Registry};
use cowork_testkit::{MemorySession, Node, TestRuntime, tool::context};
use proptest::{
    collection::vec,
    prelude::{Just, Strategy},
    prop_assert_eq,
};
use serde_json::{Value, json};

fn desk(files: &[(&str, &[u8])]) -> Arc<MemorySession> {
    let paths: Vec<String> = files.iter().map(|(name, _)| format!("Desk/{name}")).collect();
    let nodes: Vec<(&str, Node)> =
        paths.iter().zip(files).map(|(path, (_, bytes))| (path.as_str(), Node::File(bytes.to_vec()))).collect();
    MemorySession::new(&nodes)
}

async fn call(desk: &Arc<MemorySession>, tool: &str, args: Value) -> Result<Value, Error> {
    let mut registry = Registry::new();
    cowork_tools::builtin().into_iter().for_each(|t| registry.add(t).unwrap());
    registry.effects(tool, &args)?;
    registry.get(tool)?.run(args, context(Some(desk.clone()), TestRuntime::new())).await.map(|out| out.value)
}

fn sources(files: &[(&str, &[u8])]) -> Vec<String> {
    files.iter().map(|(name, _)| format!("Desk/{name}")).collect()
}

/// Combines these files; gives what was written and what was told.
async fn combined(files: &[(&str, &[u8])], more: Value) -> (String, Value) {
    let desk = desk(files);
    let mut args = json!({ "path": "Desk/all.csv", "sources": sources(files) });
    args.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let told = call(&desk, "combine_tables", args).await.unwrap();
    let written = desk.content_at(told["path"].as_str().unwrap()).unwrap();
    (String::from_utf8(written).unwrap(), told)
}

fn utf16(text: &str) -> Vec<u8> {
    [0xFF, 0xFE].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect()
}

#[tokio::test]
async fn tables_with_other_columns_become_one_with_all_of_them() {
    let files: [(&str, &[u8]); 4] = [
        ("a.csv", b"Customer name,Amount\nAcme,10\n"),
        ("b.csv", b"amount;customer  NAME;Note\n5;\"Globex; Inc\";\"two\nlines\"\n"),
        ("c.tsv", b"CUSTOMER_NAME\tCity\nInitech\tParis\n"),
        ("d.jsonl", b"{\"amount\": 1.50, \"vip\": true, \"tags\": [1, 2], \"note\": null}\n\n{\"City\": \"Rome\"}\n"),
    ];
    let (written, told) = combined(&files, json!({ "source_column": "File" })).await;
    let expected = "Customer name,Amount,Note,City,vip,tags,File\nAcme,10,,,,,a.csv\nGlobex; Inc,5,\"two\nlines\",,,,b.csv\n\
        Initech,,,Paris,,,c.tsv\n,1.50,,,true,\"[1, 2]\",d.jsonl\n,,,Rome,,,d.jsonl\n";
    assert_eq!(written, expected);
    assert_eq!((&told["rows_in"], &told["rows_out"], &told["files"]), (&json!(5), &json!(5), &json!(4)));
}

#[tokio::test]
async fn any_encoding_is_found_even_where_it_shows_late() {
    let late = [b"name,n\n".as_slice(), b"plain,1\n".repeat(60_000).as_slice(), b"Caf\xe9 M\xfcller,2\n"].concat();
    let wide = utf16("name,n\nZoë,3\n");
    let files: [(&str, &[u8]); 4] = [
        ("late.csv", &late),
        ("mark.csv", b"\xef\xbb\xbfname,n\nJos\xc3\xa9,4\n"),
        ("wide.csv", &wide),
        ("latin.csv", b"name;n\nFran\xe7ois;5\n"),
    ];
    let (written, told) = combined(&files, json!({ "group_by": ["name"], "sum": ["n"] })).await;
    let expected = "name,Rows,n\nCafé Müller,1,2\nFrançois,1,5\nJosé,1,4\nplain,60000,60000\nZoë,1,3\n";
    assert_eq!(written, expected);
    assert_eq!(told["totals"]["n"], "60014");
    let read = call(&desk(&files), "read_tables", json!({ "paths": sources(&files) })).await.unwrap();
    let found: Vec<&str> = read["tables"].as_array().unwrap().iter().map(|t| t["encoding"].as_str().unwrap()).collect();
    assert_eq!(found, ["windows-1252", "UTF-8", "UTF-16LE", "windows-1252"]);
    assert_eq!(
        read["columns"],
        json!([
            { "name": "name", "type": "text", "filled": 60_004, "files": 4 },
            { "name": "n", "type": "number", "filled": 60_004, "files": 4 },
        ])
    );
}

#[tokio::test]
async fn broken_rows_are_named_and_no_other_is_lost_with_them() {
    let files: [(&str, &[u8]); 5] = [
        ("rows.csv", b"a,b\n1,2\n3\n4,5,6\n7,\"open\n8,9\n"),
        ("lines.jsonl", b"{\"a\":1}\nnot json\n[1]\n{\"a\":2,\"a\":3}\n{\"a\":4}\n"),
        ("empty.csv", b""),
        ("picture.csv", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"),
        ("list.json", b"[{\"a\": 1}]"),
    ];
    let (written, told) = combined(&files, json!({})).await;
    assert_eq!(written, "a,b\n1,2\n8,9\n1,\n4,\n");
    let named: Vec<String> = told["broken_rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| format!("{}:{} {}", r["path"].as_str().unwrap(), r["line"], r["why"].as_str().unwrap()))
        .collect();
    assert_eq!(
        named,
        [
            "Desk/rows.csv:3 it has 1 cell, not 2",
            "Desk/rows.csv:4 it has 3 cells, not 2",
            "Desk/rows.csv:5 a quote is opened and not closed",
            "Desk/lines.jsonl:2 it is not JSON",
            "Desk/lines.jsonl:3 it is no JSON object",
            "Desk/lines.jsonl:4 it has two values of one name",
        ]
    );
    assert_eq!(told["broken"], 6);
    let left: Vec<&str> = told["left"].as_array().unwrap().iter().map(|l| l["why"].as_str().unwrap()).collect();
    assert_eq!(left, ["it is empty", "it is not text", "it is JSON, but not a line for each row"]);
    let (written, told) = combined(&files[..1], json!({ "uneven": "keep" })).await;
    assert_eq!(written, "a,b,Column 3\n1,2,\n3,,\n4,5,6\n8,9,\n");
    assert_eq!((&told["kept"], &told["broken"], &told["rows_out"]), (&json!(2), &json!(3), &json!(4)));
}

#[tokio::test]
async fn headers_may_be_missing_doubled_or_all_there_is() {
    let files: [(&str, &[u8]); 4] = [
        ("none.csv", b"1,Ann\n2,Bob\n"),
        ("twice.csv", b"Amount,Amount,,amount\n1,2,3,4\n"),
        ("only.csv", b"Column 1,Extra\n"),
        ("years.csv", b"Region,2023,2024\nNorth,1,2\n"),
    ];
    let read = call(&desk(&files), "read_tables", json!({ "paths": sources(&files) })).await.unwrap();
    let columns: Vec<String> =
        read["tables"].as_array().unwrap().iter().map(|t| format!("{} {}", t["rows"], t["columns"])).collect();
    assert_eq!(
        columns,
        [
            "2 [\"Column 1\",\"Column 2\"]",
            "1 [\"Amount\",\"Amount (2)\",\"Column 3\",\"amount (3)\"]",
            "0 [\"Column 1\",\"Extra\"]",
            "1 [\"Region\",\"2023\",\"2024\"]",
        ]
    );
    let (written, _) = combined(&files[..1], json!({ "header": true })).await;
    assert_eq!(written, "1,Ann\n2,Bob\n");
    let (written, _) = combined(&files[2..3], json!({})).await;
    assert_eq!(written, "Column 1,Extra\n");
}

#[tokio::test]
async fn sums_are_exact_and_what_is_unclear_is_not_guessed() {
    let files: [(&str, &[u8]); 3] = [
        ("de.csv", b"Kunde;Betrag;Am\nA;1.234,56;31.12.2025\nB;2.000;1.1.2026\nA;0,10;2.2.2026\n"),
        ("en.csv", b"Kunde,Betrag,Am\nA,\"1,234.56\",2026-03-01\nB,2.000,\n"),
        ("which.csv", b"Kunde,Betrag,Am\nA,2.000,03/04/2026\nA,1.5 apples,\n"),
    ];
    let how = json!({ "group_by": ["kunde"], "sum": ["Betrag"], "dates": ["am"] });
    let (written, told) = combined(&files, how).await;
    // 2.000 is two thousand in the first file and two in the second, as the rest of its column proves; in the third it is neither.
    assert_eq!(
        written,
        "Kunde,Rows,Betrag,First Am,Last Am\nA,5,2469.22,2025-12-31,2026-03-01\nB,2,2002.000,2026-01-01,2026-01-01\n"
    );
    assert_eq!(told["totals"], json!({ "Betrag": "4471.220" }));
    assert_eq!(
        told["unclear"],
        json!([
            { "column": "Betrag", "cells": 2, "named": [
                { "path": "Desk/which.csv", "line": 2, "cell": "2.000", "why": "it could be two numbers: say which `locale`" },
                { "path": "Desk/which.csv", "line": 3, "cell": "1.5 apples", "why": "it is no number" },
            ] },
            { "column": "Am", "cells": 1, "named": [
                { "path": "Desk/which.csv", "line": 2, "cell": "03/04/2026", "why": "it could be two days: say which `locale`" },
            ] },
        ])
    );
    assert_eq!(told["groups"][0]["Betrag"], "2469.22");
}

#[tokio::test]
async fn a_title_above_a_table_and_a_row_of_sums_below_it_are_no_rows_of_it() {
    let files: [(&str, &[u8]); 3] = [
        (
            "titled.csv",
            b"Kontoauszug Sparkasse\nKonto: 123\n\nDatum;Kunde;Betrag\n01.03.2026;A;5,00\n02.03.2026;Total;1,00\n",
        ),
        ("summed.csv", b"Datum;Kunde;Betrag\n01.04.2026;A;EUR 1.000,00\n02.04.2026;B;2,50\n;Summe;1.002,50\n;;\n"),
        ("other.csv", b"Wer;Was\nx;y\n"),
    ];
    let how = json!({ "group_by": ["Kunde"], "sum": ["Betrag"], "decimal_comma": true });
    let (written, told) = combined(&files, how).await;
    // A customer who is called Total is one, where the row is none that only adds up: it has a date.
    let expected = "\u{feff}Kunde;Rows;Betrag\n;1;0\nA;2;1005,00\nB;1;2,50\nTotal;1;1,00\n";
    assert_eq!(written, expected, "as a spreadsheet opens it that knows decimal commas");
    assert_eq!((&told["total_rows"], &told["unclear"], &told["broken"]), (&json!(1), &json!([]), &json!(0)));
    let lacking = |column: &str| json!({ "column": column, "files": 1, "rows": 1, "paths": ["Desk/other.csv"] });
    assert_eq!(told["lacking"], json!([lacking("Kunde"), lacking("Betrag")]));
}

#[tokio::test]
async fn numbers_and_dates_are_cleaned_by_a_stated_locale_and_nothing_else_is_touched() {
    let text = "Id;Kunde;Betrag;Am;Formel;Nr\n1;A;1.234,56;03/04/2026;=1+1;007\n2;B;-5;31/12/2026;@x;008\n3;+C;n/a;;-y;009\n\
        4;C;1;;z;1\n5;C;2;;z;1\n6;C;2;;z;1\n7;C;2.000;;z;1\n8;C;2;;z;1\n9;C;2;;z;1\n10;C;2;;z;1\n";
    let files: [(&str, &[u8]); 1] = [("de.csv", text.as_bytes())];
    let (written, told) = combined(&files, json!({ "clean": true, "locale": "de" })).await;
    let lines: Vec<&str> = written.lines().collect();
    assert_eq!(
        lines[..5],
        [
            "Id,Kunde,Betrag,Am,Formel,Nr",
            "1,A,1234.56,2026-04-03,=1+1,007",
            "2,B,-5,2026-12-31,@x,008",
            "3,+C,n/a,,-y,009",
            "4,C,1,,z,1",
        ]
    );
    assert_eq!(lines[7], "7,C,2000,,z,1");
    assert_eq!(told["unclear"], json!([]));
    let (written, _) = combined(&files, json!({})).await;
    assert!(
        written.contains("1,A,\"1.234,56\",03/04/2026,=1+1,007\n"),
        "nothing is cleaned that was not asked for: {written}"
    );
    let error = call(
        &desk(&files),
        "combine_tables",
        json!({ "path": "Desk/x.csv", "sources": ["Desk/de.csv"], "locale": "klingon" }),
    )
    .await;
    assert_eq!(error.unwrap_err().kind, Kind::InvalidInput);
}

#[tokio::test]
async fn a_row_that_is_there_twice_is_written_once_if_so_asked() {
    let files: [(&str, &[u8]); 2] = [("a.csv", b"a,b\n1,x\n1,x\n2,y\n"), ("b.csv", b"B,A\nx,1\ny, 2\nz,3\n,\n")];
    let (written, told) = combined(&files, json!({ "distinct": true, "source_column": "from" })).await;
    assert_eq!(written, "a,b,from\n1,x,a.csv\n2,y,a.csv\n3,z,b.csv\n");
    assert_eq!((&told["duplicates"], &told["empty"], &told["rows_in"]), (&json!(3), &json!(1), &json!(7)));
}

#[tokio::test]
async fn json_lines_come_out_as_they_went_in() {
    let desk = desk(&[
        ("a.jsonl", b"{\"n\":12345678901234567890.10,\"s\":\"007\",\"t\":\"a\\nb\"}\n"),
        ("b.csv", b"n,s\n1.5,x\n"),
    ]);
    let args = json!({ "path": "Desk/all.jsonl", "sources": ["Desk/a.jsonl", "Desk/b.csv"], "sum": ["n"] });
    let told = call(&desk, "combine_tables", args).await.unwrap();
    let written = String::from_utf8(desk.content_at("Desk/all.jsonl").unwrap()).unwrap();
    assert_eq!(
        written,
        "{\"n\":12345678901234567890.10,\"s\":\"007\",\"t\":\"a\\nb\"}\n{\"n\":1.5,\"s\":\"x\",\"t\":null}\n"
    );
    assert_eq!(told["totals"]["n"], "12345678901234567891.60");
}

#[tokio::test]
async fn what_can_t_work_says_what_to_do() {
    let files: [(&str, &[u8]); 2] = [("a.csv", b"Customer name,Amount\nAcme,10\n"), ("taken.csv", b"x\n")];
    let desk = desk(&files);
    let ask = |more: Value| {
        let mut args = json!({ "path": "Desk/all.csv", "sources": ["Desk/a.csv"] });
        args.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        args
    };
    let error = call(&desk, "combine_tables", ask(json!({ "group_by": ["client"] }))).await.unwrap_err();
    assert_eq!(error.message, "there is no column `client` in these tables");
    assert_eq!(error.fix(), Some("the columns are: Customer name, Amount"));
    for (more, kind) in [
        (json!({ "path": "Desk/a.csv" }), Kind::InvalidInput),
        (json!({ "path": "Desk/all.xlsx" }), Kind::InvalidInput),
        (json!({ "path": "Desk/taken.csv" }), Kind::Conflict),
        (json!({ "sources": ["Desk/gone.csv"] }), Kind::NotFound),
        (json!({ "dates": ["Amount"] }), Kind::InvalidInput),
        (json!({ "delimiter": "ab" }), Kind::InvalidInput),
    ] {
        assert_eq!(call(&desk, "combine_tables", ask(more.clone())).await.unwrap_err().kind, kind, "{more}");
    }
    assert_eq!(desk.content_at("Desk/all.csv"), None);
    let told =
        call(&desk, "combine_tables", ask(json!({ "path": "Desk/taken.csv", "if_taken": "number" }))).await.unwrap();
    assert_eq!(told["path"], "Desk/taken (2).csv");
}

#[tokio::test]
async fn a_large_table_can_be_stopped() {
    let large = b"a,b\n1,2\n".repeat(500_000);
    let desk = desk(&[("large.csv", &large)]);
    let mut registry = Registry::new();
    cowork_tools::builtin().into_iter().for_each(|t| registry.add(t).unwrap());
    let mut ctx = context(Some(desk.clone()), TestRuntime::new());
    let cancel = CancellationToken::new();
    ctx.watch.cancel = cancel.clone();
    // Stopped as soon as it says how far it is.
    ctx.watch.progress = Arc::new(move |_, _, _| cancel.cancel());
    let args = json!({ "path": "Desk/all.csv", "sources": ["Desk/large.csv"] });
    let error = registry.get("combine_tables").unwrap().run(args, ctx).await.unwrap_err();
    assert_eq!(error.kind, Kind::Cancelled);
    assert_eq!(desk.content_at("Desk/all.csv"), None);
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(64))]

    /// Whatever a table holds, another reader finds the same in what was combined of its halves.
    #[test]
    fn no_cell_is_lost_or_changed(
        (delimiter, rows) in (0..3_usize, 2..5_usize).prop_flat_map(|(delimiter, width)| {
            let cell = "[a-zé,;\t\"\n =+@0-9|.-]{0,8}";
            (Just([b',', b';', b'\t'][delimiter]), vec(vec(cell, width..=width), 0..12))
        }),
        half in 0..12_usize,
    ) {
        let half = half.min(rows.len());
        let header: Vec<String> = (0..rows.first().map_or(2, Vec::len)).map(|n| format!("c{n}")).collect();
        let written = |rows: &[Vec<String>]| {
            let mut writer = csv::WriterBuilder::new().delimiter(delimiter).from_writer(Vec::new());
            writer.write_record(&header).unwrap();
            rows.iter().for_each(|row| writer.write_record(row).unwrap());
            writer.into_inner().unwrap()
        };
        let (first, second) = (written(&rows[..half]), written(&rows[half..]));
        let how = json!({ "delimiter": char::from(delimiter).to_string(), "header": true });
        let (all, told) = cowork_testkit::block_on(combined(&[("1.csv", &first), ("2.csv", &second)], how));
        let mut reader = csv::Reader::from_reader(all.as_bytes());
        let read: Vec<Vec<String>> =
            reader.records().map(|r| r.unwrap().iter().map(str::to_owned).collect()).collect();
        let expected: Vec<Vec<String>> =
            rows.iter().filter(|row| row.iter().any(|c| !c.trim().is_empty())).cloned().collect();
        prop_assert_eq!(read, expected);
        prop_assert_eq!(&told["broken"], 0);
    }
}
