//! What is enforced, by the facts.

use super::{Facts, Feature, Tier, enforced};

fn told(tier: Tier, landlock: u32, groups: bool) -> String {
    let all = enforced(&Facts { tier, landlock, groups }, Vec::new());
    let line = |it: &super::Enforced| format!("    {}: {}", it.feature.name(), it.by.as_deref().unwrap_or("-"));
    let lines: Vec<String> = all.features.iter().map(line).collect();
    format!("{}\n{}\n  {}", all.told(), lines.join("\n"), all.told_of_each())
}

#[test]
fn each_feature_says_what_enforces_it() {
    let all = [
        told(Tier::Namespaces, 7, true),
        told(Tier::Bubblewrap, 7, false),
        told(Tier::Landlock, 7, true),
        told(Tier::Landlock, 1, false),
    ];
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn without_namespaces_a_command_is_run_only_from_the_version_on_that_holds_signals() {
    let missing =
        |tier, landlock| enforced(&Facts { tier, landlock, groups: false }, Vec::new()).missing(&Feature::least());
    for landlock in 1..=7 {
        assert_eq!(missing(Tier::Namespaces, landlock), []);
        assert_eq!(missing(Tier::Bubblewrap, landlock), []);
    }
    assert_eq!(missing(Tier::Landlock, 7), []);
    assert_eq!(missing(Tier::Landlock, 6), []);
    assert_eq!(missing(Tier::Landlock, 5), [Feature::Processes, Feature::Ending]);
    assert_eq!(missing(Tier::Landlock, 2), [Feature::Writing, Feature::Processes, Feature::Ending]);
}
