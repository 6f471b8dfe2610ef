//! A file with replacements, of which only what was put in is in memory.

use std::sync::Arc;

use cowork_core::{OpenFile, Result, Splice};

/// The content that a file will have: runs of what is in it, and what comes between.
pub(super) struct Pieces<'a> {
    file: &'a dyn OpenFile,
    size: u64,
    runs: Vec<Run>,
    /// Where each run begins.
    starts: Vec<u64>,
    len: u64,
}

#[derive(Clone)]
enum Run {
    /// What the file holds from here, so many bytes.
    Kept {
        at: u64,
        len: u64,
    },
    New {
        text: Arc<[u8]>,
        from: usize,
        to: usize,
    },
}

/// What is replaced by what.
pub(super) struct Cut {
    pub(super) at: u64,
    pub(super) len: u64,
    pub(super) new: Arc<[u8]>,
}

impl Run {
    fn len(&self) -> u64 {
        match self {
            Self::Kept { len, .. } => *len,
            Self::New { from, to, .. } => (to - from) as u64,
        }
    }

    /// Gives a part of it; the bounds lie within it.
    fn part(&self, from: u64, to: u64) -> Self {
        match self {
            Self::Kept { at, .. } => Self::Kept { at: at + from, len: to - from },
            Self::New { text, from: first, .. } => {
                Self::New { text: text.clone(), from: first + at_most(from), to: first + at_most(to) }
            }
        }
    }
}

impl<'a> Pieces<'a> {
    pub(super) fn of(file: &'a dyn OpenFile) -> Self {
        let size = file.entry().size;
        let mut pieces = Self { file, size, runs: Vec::new(), starts: Vec::new(), len: 0 };
        pieces.take_over(vec![Run::Kept { at: 0, len: size }]);
        pieces
    }

    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Reads from `offset` until the buffer is full or the content ends.
    pub(super) fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize> {
        let mut done = 0;
        while done < buffer.len() {
            let at = offset + done as u64;
            let Some(run) = self.run_at(at) else { break };
            let inside = at - self.starts[run];
            let some = at_most(self.runs[run].len() - inside).min(buffer.len() - done);
            let to = &mut buffer[done..done + some];
            let got = match &self.runs[run] {
                Run::Kept { at, .. } => self.file.read_at(to, at + inside)?,
                Run::New { text, from, .. } => {
                    to.copy_from_slice(&text[from + at_most(inside)..][..some]);
                    some
                }
            };
            // The file lost its end meanwhile; that it is another one by now comes out when it is written.
            if got == 0 {
                break;
            }
            done += got;
        }
        Ok(done)
    }

    /// Makes replacements, which are in order and do not overlap.
    pub(super) fn replace(&mut self, cuts: Vec<Cut>) {
        let (mut runs, mut from) = (Vec::with_capacity(self.runs.len() + 2 * cuts.len()), 0);
        for cut in cuts {
            self.copy(from, cut.at, &mut runs);
            from = cut.at + cut.len;
            let to = cut.new.len();
            runs.push(Run::New { text: cut.new, from: 0, to });
        }
        self.copy(from, self.len, &mut runs);
        self.take_over(runs);
    }

    /// Gives the replacements as pieces of the file as it is.
    pub(super) fn splices(&self) -> Vec<Splice> {
        let (mut splices, mut at, mut insert) = (Vec::new(), 0, Vec::new());
        let end = Run::Kept { at: self.size, len: 0 };
        for run in self.runs.iter().chain([&end]) {
            match run {
                Run::New { text, from, to } => insert.extend_from_slice(&text[*from..*to]),
                Run::Kept { at: next, len } => {
                    if *next > at || !insert.is_empty() {
                        splices.push(Splice { at, remove: next - at, insert: std::mem::take(&mut insert) });
                    }
                    at = next + len;
                }
            }
        }
        splices
    }

    fn copy(&self, from: u64, to: u64, runs: &mut Vec<Run>) {
        let mut at = from;
        while at < to {
            let Some(run) = self.run_at(at) else { return };
            let start = self.starts[run];
            let end = (start + self.runs[run].len()).min(to);
            runs.push(self.runs[run].part(at - start, end - start));
            at = end;
        }
    }

    fn run_at(&self, at: u64) -> Option<usize> {
        if at >= self.len {
            return None;
        }
        self.starts.partition_point(|start| *start <= at).checked_sub(1)
    }

    fn take_over(&mut self, mut runs: Vec<Run>) {
        runs.retain(|run| run.len() > 0);
        (self.len, self.starts) = (0, Vec::with_capacity(runs.len()));
        for run in &runs {
            self.starts.push(self.len);
            self.len += run.len();
        }
        self.runs = runs;
    }
}

fn at_most(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
