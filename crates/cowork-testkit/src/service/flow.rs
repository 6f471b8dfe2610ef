//! The body of an answer as it goes over the wire: pieces, and what goes wrong among them.

use std::{
    collections::VecDeque,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use hyper::body::{Body, Bytes, Frame};

use super::{
    Fault, Format, Shared,
    render::{self, FILL, Mark, Piece},
    script::hash,
};

/// A step of a body.
enum Step {
    Data(Bytes),
    /// What was sent goes out before the next step.
    Flush,
    /// The same again, so many bytes of it, or for ever.
    Repeat(Bytes, Option<u64>),
    /// Nothing more, ever.
    Stall,
    /// The connection is cut.
    Cut,
}

/// A body. When it is dropped before its end, its request counts as not answered.
pub(super) struct Flow {
    steps: VecDeque<Step>,
    of: Option<(Arc<Shared>, usize)>,
}

impl Flow {
    /// Gives all pieces as they are.
    pub(super) fn plain(bytes: Vec<u8>) -> Self {
        Self { steps: VecDeque::from([Step::Data(bytes.into())]), of: None }
    }

    /// Gives the pieces of an answer, spoilt by a fault and split by a seed.
    pub(super) fn new(pieces: Vec<Piece>, fault: Option<&Fault>, format: Format, seed: u64) -> Self {
        let mut steps = faulty(pieces, fault, format);
        if seed != 0 {
            steps = split(steps, seed);
        }
        Self { steps, of: None }
    }

    /// Notes at its end that this request was answered.
    pub(super) fn noted(mut self, shared: Arc<Shared>, at: usize) -> Self {
        self.of = Some((shared, at));
        self
    }

    fn ended(&mut self) {
        if let Some((shared, at)) = self.of.take()
            && let Some(seen) = shared.seen().get_mut(at)
        {
            seen.answered = true;
        }
    }
}

impl Body for Flow {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let Some(step) = self.steps.pop_front() else {
            self.ended();
            return Poll::Ready(None);
        };
        match step {
            Step::Data(bytes) => {
                if self.steps.iter().all(|s| matches!(s, Step::Flush)) {
                    self.ended();
                }
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            Step::Flush => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Step::Repeat(bytes, None) => {
                self.steps.push_front(Step::Repeat(bytes.clone(), None));
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            Step::Repeat(bytes, Some(left)) => {
                if let Some(left) = left.checked_sub(bytes.len() as u64).filter(|left| *left > 0) {
                    self.steps.push_front(Step::Repeat(bytes.clone(), Some(left)));
                }
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            Step::Stall => {
                self.steps.push_front(Step::Stall);
                Poll::Pending
            }
            Step::Cut => Poll::Ready(Some(Err(io::Error::other("the connection is cut, as the script says")))),
        }
    }
}

fn faulty(pieces: Vec<Piece>, fault: Option<&Fault>, format: Format) -> VecDeque<Step> {
    match fault {
        Some(Fault::Cut { after }) => shortened(pieces, *after, Step::Cut),
        Some(Fault::Stall { after }) => shortened(pieces, *after, Step::Stall),
        Some(Fault::CutInArguments) => {
            let args: Vec<usize> = (0..pieces.len()).filter(|i| pieces[*i].mark == Mark::Args).collect();
            // In the middle of the last call's, and of an event.
            let at = args.get(args.len() - args.len().div_ceil(4)).copied().unwrap_or(pieces.len() / 2);
            let before: usize = pieces[..at].iter().map(|p| p.bytes.len()).sum();
            let half = pieces.get(at).map_or(0, |p| p.bytes.len() / 2);
            shortened(pieces, before + half, Step::Cut)
        }
        Some(Fault::ErrorInStream { kind }) => {
            let half = pieces.len() / 2;
            let mut steps = data(pieces.into_iter().take(half));
            steps.push_back(Step::Data(render::error_event(format, kind).bytes.into()));
            steps
        }
        Some(Fault::Endless) => filled(pieces, None),
        Some(Fault::Huge { bytes }) => filled(pieces, Some(*bytes)),
        Some(Fault::EmptyBody) => VecDeque::new(),
        _ => data(pieces),
    }
}

fn data(pieces: impl IntoIterator<Item = Piece>) -> VecDeque<Step> {
    pieces.into_iter().flat_map(|piece| [Step::Data(piece.bytes.into()), Step::Flush]).collect()
}

fn shortened(pieces: Vec<Piece>, after: usize, end: Step) -> VecDeque<Step> {
    let mut left = after;
    let mut steps = VecDeque::new();
    for piece in pieces {
        let mut bytes = Bytes::from(piece.bytes);
        bytes.truncate(left);
        left -= bytes.len();
        if !bytes.is_empty() {
            steps.extend([Step::Data(bytes), Step::Flush]);
        }
    }
    steps.push_back(end);
    steps
}

/// Repeats the event with the filling, or, where the answer comes whole, the filling itself.
fn filled(pieces: Vec<Piece>, bytes: Option<u64>) -> VecDeque<Step> {
    let mut mark = [0; 4];
    let mark = FILL.encode_utf8(&mut mark).as_bytes().to_vec();
    let filling = "filling ".repeat(2048);
    let whole = pieces.len() == 1;
    let mut steps = VecDeque::new();
    for piece in pieces {
        let Some(at) = piece.bytes.windows(mark.len()).position(|w| w == mark) else {
            steps.extend([Step::Data(piece.bytes.into()), Step::Flush]);
            continue;
        };
        let (before, after) = (piece.bytes[..at].to_vec(), piece.bytes[at + mark.len()..].to_vec());
        if whole {
            let parts =
                [Step::Data(before.into()), Step::Repeat(filling.clone().into(), bytes), Step::Data(after.into())];
            steps.extend(parts);
        } else {
            let event = [before, filling.clone().into_bytes(), after].concat();
            // The mark may stand in several events of Responses; the first is the one that repeats.
            let repeats = steps.iter().any(|s| matches!(s, Step::Repeat(..)));
            steps.push_back(if repeats { Step::Data(event.into()) } else { Step::Repeat(event.into(), bytes) });
        }
    }
    steps
}

/// Splits what is sent at places that a seed gives.
fn split(steps: VecDeque<Step>, seed: u64) -> VecDeque<Step> {
    let mut state = seed;
    let mut out = VecDeque::new();
    for step in steps {
        let Step::Data(mut bytes) = step else {
            // Events flow into each other, as packets do.
            if !matches!(step, Step::Flush) {
                out.push_back(step);
            }
            continue;
        };
        while !bytes.is_empty() {
            state = hash(&state);
            // Often a single byte, sometimes a lot.
            let most = [1, 3, 20, 400][(state >> 32) as usize % 4];
            let piece = bytes.split_to((1 + state as usize % most).min(bytes.len()));
            out.push_back(Step::Data(piece));
            if state & 0x100 == 0 {
                out.push_back(Step::Flush);
            }
        }
    }
    out
}
