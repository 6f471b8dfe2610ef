//! `cargo xtask soak`: long campaigns, of which the tests run a small fixed dose.

use std::{
    process::ExitCode,
    time::{SystemTime, UNIX_EPOCH},
};

use crate::{cargo, hand_over, misuse, planted};

struct Campaign {
    name: &'static str,
    package: &'static str,
    /// The test file. It reads `COWORK_SOAK_RUNS` and `COWORK_SOAK_SEED`; without them it is the small dose.
    test: &'static str,
    about: &'static str,
}

const CAMPAIGNS: &[Campaign] = &[
    Campaign {
        name: "attacks",
        package: "cowork-sandbox",
        test: "attacked_reads",
        about: "swaps files and folders while they are read, a thousand rounds a run",
    },
    Campaign {
        name: "faults",
        package: "cowork",
        test: "faults",
        about: "lets model services fail at random, and looks at what they are sent and what runs",
    },
    Campaign { name: "kills", package: "cowork-cli", test: "kills", about: "kills runs at any point and resumes them" },
    Campaign {
        name: "plans",
        package: "cowork",
        test: "plans",
        about: "plans, kills and undoes at random, and compares with a model",
    },
    Campaign {
        name: "power",
        package: "cowork-sandbox",
        test: "power",
        about: "drops what was not synced and recovers",
    },
];

/// Runs the campaign that the words name.
pub(crate) fn run(words: &[&str]) -> ExitCode {
    let Some((name, options)) = words.split_first() else {
        CAMPAIGNS.iter().for_each(|c| println!("  {:<10} {}", c.name, c.about));
        println!("  {:<10} puts weaknesses into the sandbox one at a time, and shows what catches each", "planted");
        return ExitCode::SUCCESS;
    };
    if *name == "planted" {
        return planted::run(options);
    }
    let Some(campaign) = CAMPAIGNS.iter().find(|c| c.name == *name) else {
        let names: Vec<&str> = CAMPAIGNS.iter().map(|c| c.name).collect();
        return misuse(&format!("There is no campaign `{name}`. There are: {}, planted.", names.join(", ")));
    };
    let (mut runs, mut seed) = (1_000, seed_of_today());
    for option in options.chunks(2) {
        match (option[0], option.get(1).and_then(|n| n.parse().ok())) {
            ("--runs", Some(n)) => runs = n,
            ("--seed", Some(n)) => seed = n,
            _ => return misuse(&format!("`{}` is not an option with a number here.", option.join(" "))),
        }
    }
    println!("cargo xtask soak {name} --runs {runs} --seed {seed}\n");
    hand_over(
        cargo()
            .args(["test", "--locked", "--package", campaign.package, "--test", campaign.test])
            .args(["--", "--include-ignored", "--nocapture"])
            .env("COWORK_SOAK_RUNS", runs.to_string())
            .env("COWORK_SOAK_SEED", seed.to_string()),
    )
}

fn seed_of_today() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs())
}
