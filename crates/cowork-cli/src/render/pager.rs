//! Pages through everything that a call would do.

use super::{
    line::{Line, Role},
    text::{broken, grouped, shorten},
};
use crate::look::Look;

/// A long list, and where one is in it.
#[derive(Clone, Debug)]
pub(crate) struct Pager {
    lines: Vec<String>,
    top: usize,
}

impl Pager {
    /// Begins at the top. Lines that are too long go on in the next: nothing is left out.
    pub(crate) fn new(lines: &[String], look: &Look) -> Self {
        let room = look.width.saturating_sub(5);
        Self { lines: lines.iter().flat_map(|l| broken(l, room)).collect(), top: 0 }
    }

    /// Goes on by a page. Says whether there was more.
    pub(crate) fn on(&mut self, look: &Look) -> bool {
        let next = self.top + Self::rows(look);
        let more = next < self.lines.len();
        if more {
            self.top = next;
        }
        more
    }

    /// Goes back by a page.
    pub(crate) fn back(&mut self, look: &Look) {
        self.top = self.top.saturating_sub(Self::rows(look));
    }

    /// Draws the page.
    pub(crate) fn frame(&self, look: &Look) -> Vec<Line> {
        let end = (self.top + Self::rows(look)).min(self.lines.len());
        let room = look.width.saturating_sub(5);
        let page = self.lines.get(self.top..end).unwrap_or_default();
        let mut lines = vec![Line::default()];
        lines.extend(page.iter().map(|l| Line::of("    ").add(Role::Plain, shorten(l, room))));
        let place = format!("{} to {} of {}", self.top + 1, end, grouped(self.lines.len() as u64));
        let foot = Line::margin().add(Role::Quiet, place);
        let keys = "   [space] more   [b] back   [q] to the question";
        let keys = if foot.width() + keys.len() < look.width { keys } else { "   space  b  q" };
        lines.extend([Line::default(), foot.add(Role::Plain, keys)]);
        lines.into_iter().map(|l| l.fit(look.width.saturating_sub(1))).collect()
    }

    fn rows(look: &Look) -> usize {
        look.height.saturating_sub(5).max(1)
    }
}
