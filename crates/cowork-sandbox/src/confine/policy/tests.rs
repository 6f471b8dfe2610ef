//! What policies come to, as it can be read.

use cowork_core::ExecLimits;

use super::{Changes, Policy, Shared, WayOut};
use crate::confine::{
    steps::{Resource, Step},
    system::{Place, System, What},
};

fn folder(path: &str, ino: u64) -> Place {
    Place { path: path.to_owned(), what: What::Folder { dev: 0x800_0001, ino } }
}

fn system(landlock: u32) -> System {
    let file = |path: &str, ino| Place { path: path.to_owned(), what: What::File { dev: 5, ino } };
    System {
        uid: 1_001,
        gid: 100,
        landlock,
        aside: "/tmp",
        most: vec![(Resource::Cpu, 60), (Resource::OpenFiles, 1_024)],
        processes: folder("/proc", 1),
        programs: vec![
            folder("/usr", 2),
            Place { path: "/bin".to_owned(), what: What::Link { to: "usr/bin".to_owned() } },
            file("/etc/ld.so.cache", 3),
        ],
        devices: vec![file("/dev/null", 4)],
    }
}

fn policy() -> Policy {
    let shared = |name: &str, ino, changes| {
        let place = folder(&format!("/home/ann/{name}"), ino);
        Shared { name: name.to_owned(), changes, place }
    };
    Policy {
        folders: vec![
            shared("Kept", 10, Changes::Kept),
            shared("Read", 11, Changes::Refused),
            shared("Made", 12, Changes::Made),
        ],
        limits: ExecLimits::default(),
    }
}

fn told(steps: &[Step]) -> String {
    let lines = steps.iter().map(ToString::to_string);
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_policy_comes_to_these_steps() {
    let (policy, system) = (policy(), system(7));
    let world = policy.world(&system, Some(&folder("/data/staged/t1", 20))).unwrap();
    let out = WayOut { proxy: String::new(), trusted: "certificates".to_owned(), take: Box::new(|_| Box::new(())) };
    let own = policy.steps(&system, Some("c1"), Some(&out)).unwrap();
    insta::assert_snapshot!(format!("-- the world\n{}\n-- a command\n{}", told(&world), told(&own)));
}

#[test]
fn where_there_is_less_of_landlock_less_is_asked_of_it() {
    let rules = |landlock| policy().steps(&system(landlock), Some("c1"), None);
    let asked = |landlock| {
        let steps = rules(landlock).unwrap();
        steps.iter().find(|step| matches!(step, Step::Rules { .. })).map(ToString::to_string).unwrap()
    };
    let all: Vec<String> = (1..=7).map(|landlock| format!("{landlock}: {}", asked(landlock))).collect();
    insta::assert_snapshot!(all.join("\n"));
    assert!(rules(0).is_err(), "a kernel without it confines nothing");
}

#[test]
fn what_makes_no_sense_is_refused() {
    let place = folder("/data/staged/t1", 20);
    let refused = |change: fn(&mut Policy)| {
        let mut policy = policy();
        change(&mut policy);
        policy.world(&system(7), Some(&place)).unwrap_err().message
    };
    let all = [
        refused(|p| p.folders[1].name = "Kept".to_owned()),
        refused(|p| p.folders[1].name = "..".to_owned()),
        refused(|p| p.folders[1].name = "a/b".to_owned()),
        refused(|p| p.limits.open = 3),
        policy().world(&system(7), None).unwrap_err().message,
    ];
    insta::assert_snapshot!(all.join("\n"));
}
