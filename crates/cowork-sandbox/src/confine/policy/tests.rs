//! What policies come to, as it can be read.

use cowork_core::ExecLimits;

use super::{Changes, Policy, Shared, WayOut};
use crate::confine::{
    Layer, alone,
    bubblewrap::Bubblewrap,
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
    let own = policy.steps(&system, Some(&Layer::example("c1", vec![])), Some(&out)).unwrap();
    insta::assert_snapshot!(format!("-- the world\n{}\n-- a command\n{}", told(&world), told(&own)));
}

#[test]
fn a_policy_comes_to_these_arguments_and_steps_by_bubblewrap() {
    let (policy, system) = (policy(), system(7));
    let masked =
        vec![folder("/proc/sys", 30), Place { path: "/proc/kcore".to_owned(), what: What::File { dev: 1, ino: 31 } }];
    let by = Bubblewrap { path: "/usr/bin/bwrap".to_owned(), version: "0.8.0".to_owned(), users: true, masked };
    let layer = Layer::example("c1", vec![(0, 0x800_0001, 40)]);
    let out = WayOut { proxy: String::new(), trusted: "certificates".to_owned(), take: Box::new(|_| Box::new(())) };
    let all = |by: &Bubblewrap| {
        let arguments = policy.arguments(by, &system, Some(&layer)).unwrap().join(" ").replace(" --", "\n--");
        format!("{arguments}\n-- in it\n{}", told(&policy.steps_within(by, &system, Some(&layer), Some(&out)).unwrap()))
    };
    insta::assert_snapshot!(all(&by));
    assert_eq!(by.steps(&system, vec![]).len(), 1);
    let of_root = System { uid: 0, ..system.clone() };
    assert_eq!(
        told(&by.steps(&of_root, vec![])),
        "go to mounts of its own\nbind \"/dev/null\" at \"/dev/null\" ro,nosuid\nstart /usr/bin/bwrap /usr/bin/bwrap"
    );
    let privileged = all(&Bubblewrap { users: false, ..by.clone() });
    assert!(!privileged.contains("--unshare-user") && !privileged.contains("limit Processes"), "{privileged}");
    let error = policy.arguments(&by, &system, Some(&Layer::example("c1", vec![]))).unwrap_err();
    assert_eq!(error.message, "changes in \"Kept\" can only be kept in a copy of it here");
}

#[test]
fn a_policy_comes_to_these_steps_without_namespaces() {
    let (policy, layer) = (policy(), Layer::example("c1", vec![(0, 0x800_0001, 40)]));
    let all = [7, 5, 3].map(|landlock| {
        let system = system(landlock);
        let keeper = told(&alone::keeper(&system).unwrap());
        format!(
            "-- {landlock}: what keeps it\n{keeper}\n-- it\n{}",
            told(&policy.steps_alone(&system, Some(&layer)).unwrap())
        )
    });
    insta::assert_snapshot!(all.join("\n"));
    let args = ["cat".to_owned(), "poem".to_owned()];
    let start = policy.start_alone(&args, Some("Read/below"), Some(&layer)).unwrap();
    assert_eq!(start.folder, "/home/ann/Read/below");
    assert!(start.environment.contains(&("TMPDIR".to_owned(), "/data/staged/t1/c1/scratch/tmp".to_owned())));
    assert_eq!(policy.start_alone(&args, None, Some(&layer)).unwrap().folder, "/data/staged/t1/c1/0/copy/.");
}

#[test]
fn where_there_is_less_of_landlock_less_is_asked_of_it() {
    let rules = |landlock| policy().steps(&system(landlock), Some(&Layer::example("c1", vec![])), None);
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
