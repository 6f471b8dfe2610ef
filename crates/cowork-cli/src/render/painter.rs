//! Draws a picture over the one before, in one write, and only where it differs.

use super::line::Line;
use crate::look::Look;

/// What stands on the terminal now.
#[derive(Clone, Debug, Default)]
pub(crate) struct Painter {
    /// The lines that were drawn last, as they were written.
    lines: Vec<String>,
    /// Their widths.
    drawn: Vec<usize>,
    columns: usize,
}

impl Painter {
    /// Gives what to write so that `frame` stands where the last one stood; nothing if it is the same.
    pub(crate) fn paint(&mut self, frame: &[Line], look: &Look) -> String {
        let lines: Vec<String> = frame.iter().map(|l| l.write(look.ink)).collect();
        let resized = self.columns != look.width;
        if lines == self.lines && !resized {
            return String::new();
        }
        let mut out = self.back(look);
        if resized {
            out.push_str("\x1b[J");
        }
        for (i, line) in lines.iter().enumerate() {
            // A line that stands there already is only passed.
            if resized || self.lines.get(i) != Some(line) {
                out.push_str(line);
                out.push_str("\x1b[K");
            }
            out.push('\n');
        }
        // What was longer before is left below. By this, too, one knows that a picture is complete.
        out.push_str("\x1b[J");
        self.drawn = frame.iter().map(Line::width).collect();
        self.lines = lines;
        self.columns = look.width;
        out
    }

    /// Leaves the picture where it is: what comes next is written below it.
    pub(crate) fn leave(&mut self) {
        *self = Self::default();
    }

    /// Goes back to where the last picture began. A terminal that became narrower has broken its lines.
    fn back(&self, look: &Look) -> String {
        let rows: usize = self.drawn.iter().map(|w| w.div_ceil(look.width.max(1)).max(1)).sum();
        match rows {
            0 => String::new(),
            // More than the terminal's own rows can't be gone back.
            rows => format!("\r\x1b[{}A", rows.min(look.height.saturating_sub(1)).max(1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::look::Ink;

    fn look(width: usize) -> Look {
        let ink = Ink::default();
        Look { width, height: 24, ink, signs: true, live: true, spoken: false, asks: true, once: false, home: None }
    }

    #[test]
    fn the_same_picture_is_not_drawn_twice() {
        let mut painter = Painter::default();
        let frame = [Line::of("one"), Line::of("two")];
        assert_eq!(painter.paint(&frame, &look(80)), "\x1b[Jone\x1b[K\ntwo\x1b[K\n\x1b[J");
        assert_eq!(painter.paint(&frame, &look(80)), "");
        assert_eq!(painter.paint(&[Line::of("three")], &look(80)), "\r\x1b[2Athree\x1b[K\n\x1b[J");
    }

    #[test]
    fn only_lines_that_changed_are_written() {
        let mut painter = Painter::default();
        painter.paint(&["one", "two", "three"].map(Line::of), &look(80));
        assert_eq!(
            painter.paint(&["one", "2", "three", "four"].map(Line::of), &look(80)),
            "\r\x1b[3A\n2\x1b[K\n\nfour\x1b[K\n\x1b[J"
        );
    }

    #[test]
    fn a_narrower_terminal_is_gone_back_over_its_broken_lines() {
        let mut painter = Painter::default();
        painter.paint(&[Line::of("x".repeat(79)), Line::of("y")], &look(80));
        assert!(painter.paint(&[Line::of("z")], &look(40)).starts_with("\r\x1b[3A\x1b[J"));
    }
}
