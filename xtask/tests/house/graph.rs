//! The crate graph: dependencies point to core, siblings never import each other.

use std::fs;

use cargo_metadata::{DependencyKind, Edition, Metadata, MetadataCommand, Package};

use crate::{Failure, none_broken, root};

const CORE: &str = "cowork-core";
const TESTKIT: &str = "cowork-testkit";
const SIBLINGS: [&str; 6] =
    ["cowork-models", "cowork-playbooks", "cowork-tools", "cowork-sandbox", "cowork-store", "cowork-dispatch"];

/// Whom a crate of ours may use of our crates: always, and in its tests besides.
enum MayUse {
    Anything,
    These(Vec<&'static str>, Vec<&'static str>),
}

/// The table. A crate without a row may not be: a new one needs an ADR.
fn row(name: &str, folder: &str) -> Option<MayUse> {
    use MayUse::{Anything, These};
    let host = || Some(These(vec!["cowork"], vec![TESTKIT]));
    match name {
        CORE => Some(These(vec![], vec![TESTKIT])),
        TESTKIT => Some(These(vec![CORE], vec![])),
        "cowork" => Some(These([&[CORE], &SIBLINGS[..]].concat(), vec![TESTKIT])),
        "cowork-cli" | "cowork-ffi" | "cowork-peer" => host(),
        "cowork-benches" | "xtask" => Some(Anything),
        _ if SIBLINGS.contains(&name) => Some(These(vec![CORE], vec![TESTKIT])),
        _ if folder.starts_with("bindings/") => Some(These(vec!["cowork", "cowork-ffi"], vec![TESTKIT])),
        // Whether its records are those of other languages is judged where theirs are.
        _ if folder.starts_with("examples/") => Some(These(vec!["cowork"], vec![TESTKIT, "cowork-ffi"])),
        _ => None,
    }
}

/// Gives what is wrong with a dependency of one of our crates on another, or nothing.
fn judge(name: &str, folder: &str, uses: &str, kind: DependencyKind) -> Option<String> {
    let rule = match row(name, folder) {
        None => return Some(format!("{name} has no row in the crate graph (a new crate needs an ADR)")),
        Some(MayUse::Anything) => return None,
        Some(MayUse::These(always, in_tests)) => {
            let fits = always.contains(&uses) || (kind == DependencyKind::Development && in_tests.contains(&uses));
            if fits {
                return None;
            }
            format!("it may use {always:?}, and in tests {in_tests:?}")
        }
    };
    Some(format!("{name} depends on {uses} ({kind}): {rule}"))
}

fn metadata() -> Result<Metadata, Failure> {
    let manifest = root()?.join("Cargo.toml");
    Ok(MetadataCommand::new().manifest_path(manifest).no_deps().other_options(["--offline".to_owned()]).exec()?)
}

fn folder(metadata: &Metadata, package: &Package) -> String {
    let manifest = package.manifest_path.strip_prefix(&metadata.workspace_root).unwrap_or(&package.manifest_path);
    manifest.parent().map(ToString::to_string).unwrap_or_default()
}

#[test]
fn dependencies_point_to_core() -> Result<(), Failure> {
    let metadata = metadata()?;
    let packages = metadata.workspace_packages();
    let ours: Vec<&str> = packages.iter().map(|p| p.name.as_str()).collect();
    assert!(ours.contains(&CORE), "the workspace was read: {ours:?}");
    let mut broken = Vec::new();
    for package in &packages {
        let folder = folder(&metadata, package);
        if row(&package.name, &folder).is_none() {
            broken.push(format!(
                "{} in {folder}/ has no row in the crate graph (a new crate needs an ADR)",
                package.name
            ));
        }
        let edges = package.dependencies.iter().filter(|d| ours.contains(&d.name.as_str()));
        broken.extend(edges.filter_map(|d| judge(&package.name, &folder, &d.name, d.kind)));
    }
    none_broken(&broken);
    Ok(())
}

#[test]
fn every_crate_keeps_the_workspace_terms() -> Result<(), Failure> {
    let mut broken = Vec::new();
    for package in metadata()?.workspace_packages() {
        let name = &package.name;
        if package.edition != Edition::E2024 {
            broken.push(format!("{name} is of edition {}, not 2024", package.edition));
        }
        if package.license.as_deref() != Some("MIT OR Apache-2.0") {
            broken.push(format!("{name} has the licence {:?}, not `license.workspace = true`", package.license));
        }
        if !inherits_lints(&fs::read_to_string(&package.manifest_path)?) {
            broken.push(format!("{name} does not take the lints over: `[lints] workspace = true` is missing"));
        }
    }
    none_broken(&broken);
    Ok(())
}

fn inherits_lints(manifest: &str) -> bool {
    let mut section = "";
    manifest.lines().map(str::trim).any(|line| {
        if line.starts_with('[') {
            section = line;
        }
        line == "lints.workspace = true" || (section == "[lints]" && line == "workspace = true")
    })
}

#[test]
fn an_edge_that_points_elsewhere_is_found() {
    use DependencyKind::{Build, Development, Normal};
    let wrong = [
        ("cowork-tools", "crates/cowork-tools", "cowork-sandbox", Normal),
        ("cowork-store", "crates/cowork-store", "cowork-sandbox", Development),
        ("cowork-store", "crates/cowork-store", TESTKIT, Normal),
        ("cowork-store", "crates/cowork-store", TESTKIT, Build),
        (CORE, "crates/cowork-core", "cowork-store", Normal),
        (CORE, "crates/cowork-core", TESTKIT, Normal),
        (TESTKIT, "crates/cowork-testkit", "cowork-store", Normal),
        ("cowork", "crates/cowork", TESTKIT, Normal),
        ("cowork-cli", "crates/cowork-cli", CORE, Normal),
        ("cowork-python", "bindings/python", CORE, Normal),
        ("cowork-ffi", "crates/cowork-ffi", CORE, Normal),
        ("cowork-cli", "crates/cowork-cli", "cowork-ffi", Normal),
        ("cowork-helpers", "crates/cowork-helpers", CORE, Normal),
    ];
    for (name, folder, uses, kind) in wrong {
        assert!(judge(name, folder, uses, kind).is_some(), "{name} → {uses} ({kind}) was let through");
    }
    let right = [
        ("cowork-store", "crates/cowork-store", CORE, Normal),
        ("cowork-store", "crates/cowork-store", TESTKIT, Development),
        (CORE, "crates/cowork-core", TESTKIT, Development),
        ("cowork", "crates/cowork", "cowork-dispatch", Normal),
        ("cowork-cli", "crates/cowork-cli", "cowork", Normal),
        ("cowork-python", "bindings/python", "cowork-ffi", Normal),
        ("cowork-ffi", "crates/cowork-ffi", "cowork", Normal),
        ("cowork-benches", "benches", TESTKIT, Normal),
    ];
    for (name, folder, uses, kind) in right {
        assert_eq!(judge(name, folder, uses, kind), None);
    }
}

#[test]
fn lints_that_are_not_taken_over_are_found() {
    assert!(inherits_lints("[package]\nname = \"a\"\n\n[lints]\nworkspace = true\n"));
    assert!(inherits_lints("lints.workspace = true\n"));
    assert!(!inherits_lints("[package]\nedition.workspace = true\n"));
    assert!(!inherits_lints("[lints]\n[dependencies.a]\nworkspace = true\n"));
}
