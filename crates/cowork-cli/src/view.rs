//! Where a followed task is shown: redrawn in place, as lines, or as JSON.

use cowork::{Delta, Record, Result, Timestamp};

use crate::{
    keys::Offered,
    look::Look,
    out::Out,
    render::{
        ask,
        frame::frame,
        line::Line,
        pager::Pager,
        painter::Painter,
        plain::{self, Plain},
        screen::{Details, Screen},
    },
};

/// Shows a task as it goes on.
pub(crate) struct View {
    pub(crate) screen: Screen,
    pub(crate) look: Look,
    out: Out,
    how: How,
    /// Everything that the open question is about, where it is being looked at.
    pub(crate) pager: Option<Pager>,
    pub(crate) help: bool,
}

enum How {
    Live(Painter),
    Plain(Plain),
    Json,
}

impl View {
    /// Makes one for the standard output, with what was recorded before.
    ///
    /// `ended`: of a task that had ended only what is new is shown, by lines.
    pub(crate) fn new(look: Look, json: bool, ended: bool, past: Screen, now: Timestamp) -> Self {
        let mut plain = Plain::default();
        plain.skip_notes(&past);
        if ended {
            plain.news(&past, &look, now);
        }
        let how = match (json, look.live && !ended) {
            (true, _) => How::Json,
            (_, true) => How::Live(Painter::default()),
            (_, false) => How::Plain(plain),
        };
        let out = Out::over(look.live && ended && !json);
        Self { screen: past, look, out, how, pager: None, help: false }
    }

    /// Takes in a record.
    pub(crate) fn record(&mut self, record: &Record) -> Result<()> {
        if matches!(self.how, How::Json) {
            let line = serde_json::to_string(record).map_err(|e| {
                cowork::Error::new(cowork::Kind::Internal, "write record", "a record can't be written as JSON")
                    .with_source(e)
            })?;
            self.out.text(&format!("{line}\n"));
        }
        self.screen.record(record)
    }

    /// Takes in what happens in between.
    pub(crate) fn delta(&mut self, delta: &Delta, now: Timestamp) {
        self.screen.delta(delta, now);
    }

    /// Shows how it is now.
    pub(crate) fn show(&mut self, now: Timestamp) {
        if matches!(self.how, How::Live(_)) {
            self.look.measure();
        }
        let picture = self.picture(now);
        match &mut self.how {
            How::Live(painter) => {
                let text = painter.paint(&picture, &self.look);
                self.out.text(&text);
            }
            How::Plain(plain) => {
                let news = plain.news(&self.screen, &self.look, now);
                self.out.lines(&news, &self.look);
            }
            How::Json => {}
        }
    }

    /// Shows the end: nothing is drawn over after that.
    pub(crate) fn end(&mut self, now: Timestamp) {
        self.pager = None;
        self.help = false;
        self.screen.prompting = false;
        self.screen.details = Details::None;
        self.screen.status = None;
        // The last picture is not drawn over, so it may be higher than the terminal.
        let full = Look { height: usize::MAX / 2, ..self.look.clone() };
        match &mut self.how {
            How::Live(painter) => {
                let text = painter.paint(&frame(&self.screen, &full, now), &self.look);
                self.out.text(&text);
            }
            How::Plain(_) | How::Json => self.show(now),
        }
        let mut lines = plain::ending(&self.screen, &self.look);
        match &mut self.how {
            How::Live(painter) => {
                painter.leave();
                lines.push(Line::default());
                let lines: Vec<Line> = lines.into_iter().map(|l| l.fit(self.look.width.saturating_sub(1))).collect();
                self.out.lines(&lines, &self.look);
            }
            How::Plain(_) => self.out.lines(&lines, &self.look),
            How::Json => {}
        }
    }

    /// Says something below what stands there, except among JSON.
    pub(crate) fn say(&mut self, lines: &[Line]) {
        if self.is_json() {
            return;
        }
        self.leave();
        self.out.lines(lines, &self.look);
    }

    /// Takes what stands on the terminal as another's: the next picture is drawn below it.
    pub(crate) fn leave(&mut self) {
        if let How::Live(painter) = &mut self.how {
            painter.leave();
        }
    }

    /// Says whether only JSON is written.
    pub(crate) fn is_json(&self) -> bool {
        matches!(self.how, How::Json)
    }

    /// Says whether it is redrawn in place.
    pub(crate) fn is_live(&self) -> bool {
        matches!(self.how, How::Live(_))
    }

    fn picture(&self, now: Timestamp) -> Vec<Line> {
        if let Some(pager) = &self.pager {
            return pager.frame(&self.look);
        }
        let mut lines = frame(&self.screen, &self.look, now);
        if let Some(ask) = self.screen.asks.first().filter(|_| self.help) {
            lines.extend(ask::help(
                Offered::on(&ask.effects, self.look.once),
                &ask.call.tool,
                self.look.once,
                &self.look,
            ));
            let most = self.look.height.saturating_sub(1);
            let extra = lines.len().saturating_sub(most);
            lines.drain(..extra);
        }
        lines
    }
}
