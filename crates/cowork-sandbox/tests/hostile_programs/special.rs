//! What a session gives no way to: a program at a terminal, and a host that is killed.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader, ErrorKind, Read},
    os::{fd::AsFd, unix::fs::OpenOptionsExt},
    path::PathBuf,
    process::{Command, Stdio},
    time::Duration,
};

use cowork_core::ExecLimits;
use cowork_sandbox::confine::{Changes, Confinement, Excess, How, Layers, Policy, Shared};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use tempfile::TempDir;

use crate::{
    host::Host,
    inside,
    listed::{Program, WALL, limits},
    options,
};

/// Where the programs are and where changes are kept, for the process that is killed.
const HOST: &str = "COWORK_TEST_HOSTILE_HOST";

fn shared(name: &str, at: &std::path::Path, changes: Changes) -> Shared {
    Shared::new(name, at, changes).unwrap()
}

/// Runs a program that has a terminal as its input; nothing may be typed into it.
pub(crate) fn at_a_terminal(host: &Host) -> Vec<String> {
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&terminal).unwrap();
    unlockpt(&terminal).unwrap();
    let name = ptsname(&terminal, Vec::new()).unwrap().into_string().unwrap();
    let flags = (rustix::fs::OFlags::NOCTTY | rustix::fs::OFlags::NONBLOCK).bits().cast_signed();
    let mut input = File::options().read(true).write(true).custom_flags(flags).open(name).unwrap();
    let desk = TempDir::new().unwrap();
    let folders =
        vec![shared("Desk", desk.path(), Changes::Made), shared("Programs", &host.programs, Changes::Refused)];
    let world = Confinement::with(&options()).unwrap().world(Policy { folders, limits: limits() }, None).unwrap();
    let (mut reader, writer) = std::io::pipe().unwrap();
    let args = [format!("{}/terminals", inside(&host.programs)), host.marker()];
    let running = world.start(None, &args, [input.as_fd(), writer.as_fd(), writer.as_fd()]).unwrap();
    drop(writer);
    let mut said = String::new();
    reader.read_to_string(&mut said).unwrap();
    let ended = running.wait(WALL).unwrap();
    let program = Program { numbers: "37".to_owned(), file: "terminals.c".to_owned() };
    let (known, faults): (Vec<&str>, Vec<&str>) =
        said.lines().filter(|line| line.contains("ESCAPED")).partition(|line| program.is_known(line));
    let mut faults: Vec<String> = faults.into_iter().map(str::to_owned).collect();
    if ended.how != How::Exited(i32::from(!known.is_empty())) || !said.contains("ok 37 TIOCSTI on its input") {
        faults.push(format!("it ended with {:?}: {said}", ended.how));
    }
    match input.read(&mut [0; 64]) {
        Err(error) if error.kind() == ErrorKind::WouldBlock => {}
        read => faults.push(format!("something was typed: {read:?}")),
    }
    faults
}

/// Fills files without a name, each no larger than a file may be: together they are more memory than it may have.
pub(crate) fn files_without_a_name() -> Vec<String> {
    const LINES: &str = "import os\nblock = b'1' * (1 << 20)\nfor _ in range(48):\n at = os.memfd_create('43')\n for _ in range(32): os.write(at, block)\n\
        print('all of it')";
    let desk = TempDir::new().unwrap();
    let folders = vec![shared("Desk", desk.path(), Changes::Made)];
    let limits = ExecLimits { memory: 64 << 20, ..limits() };
    let world = Confinement::with(&options()).unwrap().world(Policy { folders, limits }, None).unwrap();
    let (mut reader, writer) = std::io::pipe().unwrap();
    let args = ["python3", "-c", LINES].map(str::to_owned);
    let null = File::open("/dev/null").unwrap();
    let running = world.start(None, &args, [null.as_fd(), writer.as_fd(), writer.as_fd()]).unwrap();
    drop(writer);
    let ended = running.wait(WALL).unwrap();
    let mut said = String::new();
    reader.read_to_string(&mut said).unwrap();
    match ended.how {
        How::Over(Excess::Memory) => Vec::new(),
        how => vec![format!("it ended with {how:?}: {said}")],
    }
}

/// Says whether this is the process that is killed; then it has run its program to the end.
pub(crate) fn is_host() -> bool {
    let Some(place) = std::env::var_os(HOST).map(PathBuf::from) else { return false };
    let programs = PathBuf::from(std::env::var_os(crate::WITHIN).unwrap()).join("programs");
    let folders =
        vec![shared("Desk", &place.join("Desk"), Changes::Kept), shared("Programs", &programs, Changes::Refused)];
    let policy = Policy { folders, limits: limits() };
    let layers = Layers::at(&place.join("layers")).unwrap();
    let world = Confinement::with(&options()).unwrap().world(policy.clone(), Some(layers.clone())).unwrap();
    let mut layer = layers.make("1", &policy).unwrap();
    if !world.lays_over() {
        layer.copy(0).unwrap();
    }
    let (null, out) = (File::open("/dev/null").unwrap(), std::io::stdout());
    let args = ["sh".to_owned(), format!("{}/outlives.sh", inside(&programs))];
    let running = world.start(Some(&layer), &args, [null.as_fd(), out.as_fd(), out.as_fd()]).unwrap();
    running.wait(Duration::from_secs(120)).unwrap();
    true
}

/// Kills a host whose program runs: nothing of it may be left.
pub(crate) fn outlives(host: &Host) -> Vec<String> {
    let place = TempDir::new().unwrap();
    fs::create_dir(place.path().join("Desk")).unwrap();
    let mut child = Command::new("/proc/self/exe");
    child.args(["--exact", "here", "--nocapture"]).env(HOST, place.path()).stdout(Stdio::piped());
    let mut child = child.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let has_begun = lines.by_ref().any(|line| line.unwrap().starts_with("ok 50 began"));
    child.kill().unwrap();
    child.wait().unwrap();
    // Whoever runs holds the stream: its end is theirs.
    let more = lines.count();
    let mut faults = host.faults();
    if !has_begun || more > 0 {
        faults.push(format!("it began: {has_begun}; and said {more} lines more"));
    }
    let kept = if options().namespaces { "upper" } else { "copy" };
    let beat = place.path().join(format!("layers/1/0/{kept}/50-beat"));
    let length = || fs::metadata(&beat).map_or(0, |about| about.len());
    let (then, now) = (length(), (0..1_000).map(|_| length()).max().unwrap_or_default());
    if then != now {
        faults.push(format!("its file grows: {then} {now}"));
    }
    faults
}
