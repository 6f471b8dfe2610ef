//! `cargo xtask soak planted`: weaknesses that are put into the sandbox one at a time, and what catches each.
//!
//! A copy of the sources is changed, in a folder of its own below `target/`, and one test file is built, then run in a world that is thrown
//! away: as root a program that gets out changes what it reaches. This needs root on Linux.

mod list;

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
};

use crate::cargo;
use list::{Weakness, all};

/// How long a test may take, in seconds: some weaknesses hang it.
const MOST: &str = "150";

/// Makes a world that is thrown away, and runs a test in it: a weakness is real, and what gets out by it must find nothing of this computer's.
/// The root is this computer's with all changes in memory; devices, scratch, processes and network are its own. It is no `chroot`: in one
/// the kernel makes no namespaces of users.
const ALONE: &str = r#"set -e
place=$1; shift
mount -t tmpfs none "$place"
mkdir "$place/upper" "$place/work" "$place/root"
mount -t overlay none -o "lowerdir=/,upperdir=$place/upper,workdir=$place/work" "$place/root"
cd "$place/root"
mount -t tmpfs -o mode=1777 none tmp
mount --rbind /sys sys
mount -t proc none proc
mount -t tmpfs -o mode=755 none dev
mkdir dev/shm dev/pts .former
mount -t tmpfs -o mode=1777 none dev/shm
mount -t devpts -o newinstance,ptmxmode=666,mode=620 none dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
mknod -m 666 dev/null c 1 3
mknod -m 666 dev/zero c 1 5
mknod -m 666 dev/full c 1 7
mknod -m 666 dev/random c 1 8
mknod -m 666 dev/urandom c 1 9
mknod -m 666 dev/tty c 5 0
pivot_root . .former
umount -l /.former
: > /.thrown-away
cd /
python3 -c "import fcntl, socket, struct
fcntl.ioctl(socket.socket(socket.AF_INET, socket.SOCK_DGRAM), 0x8914, struct.pack('16sh22x', b'lo', 1))" < /dev/null
exec "$@" < /dev/null"#;

/// What came of a weakness.
enum Caught {
    By(String),
    ByNothing,
    /// It can't be planted or built: the sources have changed.
    Not(String),
}

/// Plants those whose names hold one of the words, or all.
pub(crate) fn run(words: &[&str]) -> ExitCode {
    let is_wanted = |w: &&Weakness| words.is_empty() || words.iter().any(|word| w.name.contains(word));
    let wanted: Vec<&Weakness> = all().filter(is_wanted).collect();
    // What fails with nothing planted would seem to catch everything.
    for test in list::TESTS.into_iter().filter(|test| wanted.iter().any(|w| w.test == *test)) {
        let sound = planted(&Weakness { name: "nothing", test, patches: &[], held: None });
        if !matches!(sound, Ok(Caught::ByNothing)) {
            println!("{test} fails with nothing planted.");
            return ExitCode::FAILURE;
        }
    }
    let mut rows = Vec::new();
    let mut is_well = true;
    for weakness in &wanted {
        let caught = planted(weakness).unwrap_or_else(|e| Caught::Not(e.to_string()));
        let (row, fine) = match (&caught, weakness.held) {
            (Caught::By(what), _) => (what.clone(), true),
            (Caught::ByNothing, Some(hand)) => (format!("harmless: {hand}"), true),
            (Caught::ByNothing, None) => ("NOT CAUGHT".to_owned(), false),
            (Caught::Not(why), _) => (format!("not planted: {why}"), false),
        };
        println!("{:<44} {row}", weakness.name);
        is_well &= fine;
        rows.push(format!("| {} | {row} |", weakness.name));
    }
    println!("\n| weakness | caught by |\n|---|---|\n{}", rows.join("\n"));
    if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn planted(weakness: &Weakness) -> io::Result<Caught> {
    let root = copy()?;
    let at = |file: &str| root.join("crates/cowork-sandbox").join(file);
    for (file, from, to) in weakness.patches {
        let source = fs::read_to_string(at(file))?;
        if source.matches(from).count() != 1 {
            return Ok(Caught::Not(format!("`{}` is not once in {file}", from.lines().next().unwrap_or_default())));
        }
        fs::write(at(file), source.replace(from, to))?;
    }
    let built = cargo()
        .args(["test", "--locked", "--package", "cowork-sandbox", "--no-run", "--test", weakness.test])
        .current_dir(&root)
        .env("CARGO_TARGET_DIR", target())
        .output()?;
    let said = String::from_utf8_lossy(&built.stderr);
    let program = said.lines().find_map(|line| line.trim().strip_prefix("Executable ")?.split(['(', ')']).nth(1));
    let Some(program) = program.filter(|_| built.status.success()) else {
        let why = said.lines().find(|line| line.contains("error")).unwrap_or("it can't be built");
        return Ok(Caught::Not(why.to_owned()));
    };
    let world = target().join("world");
    fs::create_dir_all(&world)?;
    let mut test = Command::new("unshare");
    test.args(["--net", "--pid", "--ipc", "--uts", "--mount", "--fork", "--kill-child", "sh", "-c", ALONE, "alone"])
        .arg(world);
    test.args(["timeout", "--kill-after=5", MOST]).arg(program).arg("--nocapture");
    let came = test.env("RUST_BACKTRACE", "0").env_remove("TMPDIR").stdin(Stdio::null()).output()?;
    let said = String::from_utf8_lossy(&came.stdout);
    Ok(match came.status.success() {
        true => Caught::ByNothing,
        false if !said.contains("running ") => Caught::Not(String::from_utf8_lossy(&came.stderr).into_owned()),
        false => Caught::By(what(&said)),
    })
}

/// Says, from what a test said, what caught a weakness.
fn what(said: &str) -> String {
    let programs = said.lines().filter_map(|line| line.strip_prefix("FAILED ")?.split(' ').nth(1));
    let stories = said.lines().filter_map(|line| line.strip_prefix("test ")?.strip_suffix(" ... FAILED"));
    let mut names: Vec<&str> = programs.collect();
    if names.is_empty() {
        names = stories.collect();
    }
    names.sort_unstable();
    names.dedup();
    match names.as_slice() {
        [] => "it does not end".to_owned(),
        names if names.len() > 6 => format!("{} and {} more", names[..5].join(", "), names.len() - 5),
        names => names.join(", "),
    }
}

fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| env::current_dir().unwrap_or_default().join("target"), PathBuf::from)
        .join("planted")
}

/// Copies what Git knows of, as it is now. What is as before keeps its time, that it is not built again.
fn copy() -> io::Result<PathBuf> {
    let root = target().join("sources");
    let listed = Command::new("git").args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).output()?;
    for name in String::from_utf8_lossy(&listed.stdout).split('\0').filter(|name| !name.is_empty()) {
        let (from, to) = (Path::new(name), root.join(name));
        let Ok(content) = fs::read(from) else { continue };
        if fs::read(&to).is_ok_and(|there| there == content) {
            continue;
        }
        if let Some(folder) = to.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(to, content)?;
    }
    Ok(root)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A weakness that is not in the code any more would be caught by nobody, unnoticed until the long campaign.
    #[test]
    fn every_weakness_fits_the_code_as_it_is() {
        let sandbox = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/cowork-sandbox");
        let odd = |(file, from, _): &(&str, &str, &str)| {
            let text = fs::read_to_string(sandbox.join(file)).unwrap_or_default();
            let times = text.matches(from).count();
            (times != 1).then(|| format!("{file}: {times} times {from:?}"))
        };
        let all = all().flat_map(|weakness| weakness.patches.iter().filter_map(odd).map(|odd| (weakness.name, odd)));
        assert_eq!(all.collect::<Vec<_>>(), []);
    }
}
