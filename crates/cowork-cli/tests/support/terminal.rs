//! The command on a terminal: a pseudo-terminal of the system, and an emulator that knows what stands on it.

use std::{
    fs::File,
    io::{Read, Write},
    process::{Child, ExitStatus},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    process::{Pid, Signal, kill_process},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize},
};

use super::Place;

/// What never comes is a fault.
const PATIENCE: Timespec = Timespec { tv_sec: 30, tv_nsec: 0 };

/// A terminal with a command on it.
pub struct Terminal {
    master: File,
    /// Kept open, so that what was written last can be read after the command has ended.
    line: File,
    pub child: Child,
    screen: avt::Terminal,
    /// All that was written.
    pub seen: String,
    /// Bytes of a letter that is not complete.
    rest: Vec<u8>,
}

impl Terminal {
    /// Starts a command on a terminal of 80 columns and 24 rows.
    pub fn run(place: &Place, args: &[&str], set: &[(&str, &str)]) -> Self {
        Self::sized(place, args, set, (80, 24))
    }

    /// Starts a command on a terminal of so many columns and rows.
    pub fn sized(place: &Place, args: &[&str], set: &[(&str, &str)], (columns, rows): (u16, u16)) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        tcsetwinsize(&master, winsize(columns, rows)).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let line = File::options().read(true).write(true).open(name.to_str().unwrap()).unwrap();
        let mut command = place.command(args);
        command.env("TERM", "xterm-256color").env("LANG", "C.UTF-8").envs(set.iter().copied());
        command.stdin(line.try_clone().unwrap()).stdout(line.try_clone().unwrap()).stderr(line.try_clone().unwrap());
        let screen = avt::Terminal::with_scrollback(columns.into(), rows.into(), None).unwrap();
        let child = command.spawn().unwrap();
        Self { master: master.into(), line, child, screen, seen: String::new(), rest: Vec::new() }
    }

    /// Reads on until this was written.
    #[track_caller]
    pub fn until(&mut self, what: &str) {
        let from = self.seen.len();
        while !self.seen[from..].contains(what) {
            self.read(what);
        }
    }

    /// Reads on until what stands on the screen is so, and the picture is complete.
    #[track_caller]
    pub fn shows(&mut self, what: &str, is_so: impl Fn(&str) -> bool) -> String {
        loop {
            let text = self.text();
            if is_so(&text) && self.seen.ends_with("\x1b[J") {
                return text;
            }
            self.read(what);
        }
    }

    #[track_caller]
    fn read(&mut self, what: &str) {
        let ready = poll(&mut [PollFd::new(&self.master, PollFlags::IN)], Some(&PATIENCE)).unwrap();
        assert!(ready > 0, "{what:?} was not seen in:\n{}", self.text());
        let mut bytes = [0; 4_096];
        let n = self.master.read(&mut bytes).unwrap();
        assert!(n > 0, "{what:?} was not seen in:\n{}", self.text());
        self.rest.extend_from_slice(&bytes[..n]);
        let whole = std::str::from_utf8(&self.rest).map_or_else(|e| e.valid_up_to(), str::len);
        let text = String::from_utf8(self.rest.drain(..whole).collect()).unwrap();
        self.screen.feed(text.as_str());
        self.seen.push_str(&text);
    }

    /// Gives what stands on the screen, without blanks at the ends of its lines and below it, and without how long steps
    /// took, which is never the same.
    pub fn text(&self) -> String {
        let lines = self.screen.screen().visible_lines().map(|l| untimed(l.text().trim_end()).to_owned());
        lines.collect::<Vec<_>>().join("\n").trim_end().to_owned()
    }

    /// Says whether a line was typed that nobody has read: a shell would take it for a command.
    pub fn has_more(&self) -> bool {
        let none = Timespec { tv_sec: 0, tv_nsec: 0 };
        poll(&mut [PollFd::new(&self.line, PollFlags::IN)], Some(&none)).unwrap() > 0
    }

    pub fn press(&mut self, keys: &str) {
        self.master.write_all(keys.as_bytes()).unwrap();
    }

    /// Makes the window another size, as a person does with a mouse.
    pub fn resize(&mut self, columns: u16, rows: u16) {
        self.screen.resize(columns.into(), rows.into());
        tcsetwinsize(&self.master, winsize(columns, rows)).unwrap();
        self.signal(Signal::WINCH);
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for the end, and reads what was written last.
    pub fn end(&mut self) -> ExitStatus {
        let status = self.child.wait().unwrap();
        let none = Timespec { tv_sec: 0, tv_nsec: 0 };
        while poll(&mut [PollFd::new(&self.master, PollFlags::IN)], Some(&none)).unwrap() > 0 {
            self.read("the end");
        }
        let modes = tcgetattr(&self.line).unwrap().local_modes;
        assert!(modes.contains(LocalModes::ICANON | LocalModes::ECHO), "the terminal is as it was");
        status
    }
}

impl Drop for Terminal {
    /// A test that failed leaves no command behind that waits for ever.
    fn drop(&mut self) {
        // One that has ended can't be ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn untimed(line: &str) -> &str {
    let Some((rest, time)) = line.rsplit_once("  ") else { return line };
    let is_time = time.strip_suffix(" s").is_some_and(|n| n.trim().parse::<f64>().is_ok());
    if is_time { rest.trim_end() } else { line }
}

fn winsize(columns: u16, rows: u16) -> Winsize {
    Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }
}
