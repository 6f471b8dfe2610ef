//! The words that cross every boundary, and the laws they keep.

use std::collections::BTreeSet;

use cowork_core::{Confidentiality, FilePath, Integrity, Label, Lock, schema};
use proptest::prelude::*;

#[test]
fn the_schema_of_every_word_is_what_it_was() {
    insta::assert_json_snapshot!(schema());
}

fn names() -> impl Strategy<Value = BTreeSet<String>> {
    proptest::collection::btree_set("[a-c]", 0..3)
}

fn label() -> impl Strategy<Value = Label> {
    let integrity = prop_oneof![
        Just(Integrity::User),
        Just(Integrity::Trusted),
        names().prop_map(|names| Integrity::Untrusted(names.into()))
    ];
    let confidentiality =
        prop_oneof![Just(Confidentiality::Public), names().prop_map(|names| Confidentiality::Private(names.into()))];
    (integrity, confidentiality).prop_map(|(integrity, confidentiality)| Label { integrity, confidentiality })
}

fn joined(a: &Label, b: &Label) -> Label {
    let mut joined = a.clone();
    joined.join(b);
    joined
}

proptest! {
    #[test]
    fn labels_join_as_a_lattice(a in label(), b in label(), c in label()) {
        prop_assert_eq!(joined(&a, &b), joined(&b, &a));
        prop_assert_eq!(joined(&joined(&a, &b), &c), joined(&a, &joined(&b, &c)));
        prop_assert_eq!(joined(&a, &a), a.clone());
        prop_assert_eq!(joined(&a, &Label::default()), Label::default());
        prop_assert_eq!(Label::from_text(&a.to_text()), a);
    }

    #[test]
    fn any_name_a_file_system_can_hold_has_one_text(name in proptest::collection::vec(any::<u8>(), 1..40)) {
        prop_assume!(!name.contains(&0) && !name.contains(&b'/') && name != b"." && name != b"..");
        let path = FilePath::parse("Desk").unwrap().join_bytes(&name);
        let read = FilePath::parse(path.as_str()).unwrap();
        prop_assert_eq!(read.below().collect::<Vec<_>>(), vec![name]);
        prop_assert_eq!(read, path);
    }

    #[test]
    fn no_text_leads_out_of_a_folder(text in "\\PC{0,30}") {
        if let Ok(path) = FilePath::parse(&text) {
            prop_assert!(!path.as_str().starts_with('/'));
            prop_assert!(path.below().all(|part| !part.is_empty() && part != b"." && part != b".." && !part.contains(&b'/')));
        }
    }
}

#[test]
fn paths_that_lead_elsewhere_are_refused() {
    for text in
        ["", "/", "/etc/passwd", "a//b", "a/..", "a/../b", "./a", "a/.", "a\\", "a/\\x2e\\x2e", "a/\\x00", "a/\\x2fb"]
    {
        let error = FilePath::parse(text).unwrap_err();
        assert!(error.fix().is_some(), "{text}");
    }
    assert_eq!(FilePath::parse("a/b/").unwrap().as_str(), "a/b");
}

#[test]
fn locks_conflict_along_the_way_down() {
    let lock = |name: &str, alone| Lock { name: name.into(), alone };
    for (a, b, conflict) in [
        (lock("files/a", true), lock("files/a/b", false), true),
        (lock("files/a/b", false), lock("files/a", true), true),
        (lock("files/a", false), lock("files/a", false), false),
        (lock("files/a", true), lock("files/ab", true), false),
        (lock("", true), lock("screen", false), true),
    ] {
        assert_eq!(a.conflicts(&b), conflict, "{a:?} {b:?}");
        assert_eq!(b.conflicts(&a), conflict, "{b:?} {a:?}");
    }
}
