//! What the tests need of the machine, and how to come by what is missing.

use std::{
    env, fs,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{
    cargo,
    report::{Report, in_ci, show},
};

/// A program, on a Unix system.
struct Need {
    program: &'static str,
    /// Debian's packages that bring it.
    packages: &'static [&'static str],
    about: &'static str,
    /// Whether nothing works without it, or only the tests that it is for.
    vital: bool,
}

const NEEDS: &[Need] = &[
    Need {
        program: "cc",
        packages: &["gcc", "libc6-dev"],
        about: "builds SQLite, which the store bundles",
        vital: true,
    },
    Need { program: "rg", packages: &["ripgrep"], about: "is what searches are compared with", vital: false },
    Need {
        program: "git",
        packages: &["git"],
        about: "makes and applies the patches that ours are compared with",
        vital: false,
    },
    Need {
        program: "patch",
        packages: &["patch"],
        about: "applies the patches that ours are compared with",
        vital: false,
    },
    Need { program: "zip", packages: &["zip"], about: "makes archives that ours read", vital: false },
    Need { program: "unzip", packages: &["unzip"], about: "reads archives that ours made", vital: false },
    Need {
        program: "gnome-keyring-daemon",
        packages: &["gnome-keyring", "dbus"],
        about: "is the keyring in which a test keeps a key",
        vital: false,
    },
    Need {
        program: "curl",
        packages: &["curl"],
        about: "asks the sandbox's proxy, also from within a sandbox",
        vital: false,
    },
    Need {
        program: "setpriv",
        packages: &["util-linux"],
        about: "runs the sandbox's stories as a user without privileges",
        vital: false,
    },
    Need {
        program: "bwrap",
        packages: &["bubblewrap"],
        about: "makes the namespaces where the sandbox may not, and is what it is compared with",
        vital: false,
    },
    Need {
        program: "python3",
        packages: &["python3", "python3-venv"],
        about: "makes archives that ours read, and runs the official clients of model services, and a gateway for them",
        vital: false,
    },
    Need {
        program: "npm",
        packages: &["nodejs", "npm"],
        about: "runs and checks what is written for Node",
        vital: false,
    },
];

/// The licence checker, pinned: another version may read `deny.toml` otherwise.
const DENY: &str = "0.20.2";

/// Checks for everything and installs what is missing; says whether the steps can be taken.
pub(crate) fn check(report: &mut Report) -> bool {
    let programs = NEEDS.iter().filter(|_| cfg!(unix)).all(|need| program(report, need));
    programs && component(report, "fmt", "rustfmt") && component(report, "clippy", "clippy")
}

/// Gives the licence checker, installed outside the clone so that the next clone finds it.
pub(crate) fn deny(report: &mut Report) -> Option<PathBuf> {
    let root = cache("tools")?.join(format!("cargo-deny-{DENY}"));
    let program = root.join("bin/cargo-deny");
    let mut install = cargo();
    install.args(["install", "--debug", "--locked", "--version", DENY, "cargo-deny", "--root"]).arg(&root);
    // It is built in a folder of its own, not among the workspace's artefacts.
    install.env_remove("CARGO_TARGET_DIR");
    if program.exists() || prepare(&mut install) {
        return Some(program);
    }
    missing(report, "licences", "cargo-deny can't be installed", &format!("cargo install cargo-deny --version {DENY}"));
    None
}

/// Gives the checkers of Python and TypeScript, in the versions that `xtask/types` names, each below the folder of its own kind.
pub(crate) fn checkers(report: &mut Report) -> Option<(PathBuf, PathBuf)> {
    let pins =
        ["requirements.txt", "package.json", "package-lock.json"].map(|name| Path::new("xtask/types").join(name));
    let mut hasher = DefaultHasher::new();
    pins.iter().for_each(|pin| fs::read(pin).unwrap_or_default().hash(&mut hasher));
    let root = cache("tools")?.join(format!("types-{:016x}", hasher.finish()));
    let (python, node, ready) = (root.join("python"), root.join("node"), root.join("ready"));
    let copy = |pin: &Path| Some(fs::copy(pin, node.join(pin.file_name()?)).is_ok());
    let made = || {
        fs::create_dir_all(&node).is_ok()
            && pins[1..].iter().all(|pin| copy(pin).unwrap_or_default())
            && prepare(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&python))
            && prepare(
                Command::new(python.join("bin/python")).args(["-m", "pip", "install", "--quiet", "-r"]).arg(&pins[0]),
            )
            && prepare(Command::new("npm").args(["ci", "--silent", "--prefix"]).arg(&node))
            && fs::write(&ready, []).is_ok()
    };
    if ready.exists() || made() {
        return Some((python, node));
    }
    let again = "python3 -m pip install -r xtask/types/requirements.txt; npm ci --prefix xtask/types";
    missing(report, "types", "the checkers of Python and TypeScript can't be installed", again);
    None
}

/// Installs what the binding for Node is tested with, in the versions that its lock file names.
pub(crate) fn node(report: &mut Report, install: &mut Command) -> bool {
    let is_there = on_path("npm") && prepare(install);
    if !is_there {
        missing(report, "node", "what the binding for Node is tested with can't be installed", &show(install));
    }
    is_there
}

/// Gives a Python that has the packages which this file names, installed outside the clone so that the next clone finds them.
pub(crate) fn python(report: &mut Report, pins: &Path) -> Option<PathBuf> {
    let mut hasher = DefaultHasher::new();
    fs::read(pins).unwrap_or_default().hash(&mut hasher);
    let root = cache("tools")?.join(format!("python-{:016x}", hasher.finish()));
    let (python, ready) = (root.join("bin/python"), root.join("ready"));
    let made = || {
        prepare(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&root))
            && prepare(Command::new(&python).args(["-m", "pip", "install", "--quiet", "-r"]).arg(pins))
            && fs::write(&ready, []).is_ok()
    };
    if ready.exists() || made() {
        return Some(python);
    }
    missing(
        report,
        "python",
        "the packages that its tests use can't be installed",
        &show(Command::new("pip").args(["install", "-r"]).arg(pins)),
    );
    None
}

/// Gives a folder that outlives the clone, if it can be made.
pub(crate) fn cache(name: &str) -> Option<PathBuf> {
    let folder = env::home_dir()?.join(".cache/cowork-ci").join(name);
    fs::create_dir_all(&folder).ok()?;
    Some(folder)
}

/// Runs a command that only prepares: what it prints is seen, its end is no step's.
pub(crate) fn prepare(command: &mut Command) -> bool {
    println!("\n● prepare: {}", show(command));
    command.stdin(Stdio::null()).status().is_ok_and(|s| s.success())
}

/// Notes what can't be had: in CI a failure, elsewhere a step left out.
fn missing(report: &mut Report, name: &str, why: &str, again: &str) {
    if in_ci() { report.fail(name, why, again) } else { report.skip(name, why) }
}

fn program(report: &mut Report, need: &Need) -> bool {
    let Need { program, packages, about, vital } = need;
    if on_path(program) || (in_ci() && apt(packages) && on_path(program)) {
        return true;
    }
    let (why, again) = (format!("there is no `{program}`, which {about}"), format!("install {}", packages.join(" ")));
    if *vital {
        report.fail(program, &why, &again);
        return false;
    }
    missing(report, program, &why, &again);
    true
}

fn component(report: &mut Report, command: &str, component: &str) -> bool {
    let there = || quiet(cargo().args([command, "--version"]));
    if there() || (prepare(Command::new("rustup").args(["component", "add", component])) && there()) {
        return true;
    }
    report.fail(component, &format!("there is no `cargo {command}`"), &format!("rustup component add {component}"));
    false
}

fn apt(packages: &[&str]) -> bool {
    if !on_path("apt-get") {
        return false;
    }
    let get = || {
        let mut get = Command::new("apt-get");
        get.env("DEBIAN_FRONTEND", "noninteractive");
        get
    };
    // The lists may be old without harm; the installation says what is wrong.
    let _ = quiet(get().arg("update"));
    prepare(get().args(["install", "--yes", "--no-install-recommends"]).args(packages))
}

/// Says whether a program can be started by its name.
pub(crate) fn on_path(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|folder| Path::new(&folder).join(program).is_file())
}

fn quiet(command: &mut Command) -> bool {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|s| s.success())
}
