//! Giving back what a task did.

use super::{
    calls::{PAUSE, TRIES},
    driver::Driver,
};
use crate::{Event, Kind, Result, UndoReport, UndoSpec};

impl Driver {
    pub(super) async fn undo(&mut self, spec: UndoSpec) -> Result<()> {
        self.session = None;
        self.draft_durable(Event::UndoStarted { paths: spec.paths.clone(), calls: spec.calls.clone() })?;
        if !self.commit().await? {
            return Ok(());
        }
        match self.give_back(spec).await {
            Some(Ok(mut report)) => {
                report.shorten();
                self.draft_durable(Event::UndoFinished { report })
            }
            Some(Err(error)) => self.draft_durable(Event::UndoFailed { error }),
            None => Ok(()),
        }
    }

    /// Gives back; while another task is at work in the folders, tries again as calls do. Nothing once the program was asked
    /// to stop meanwhile: then it is done the next time.
    async fn give_back(&mut self, spec: UndoSpec) -> Option<Result<UndoReport>> {
        let sandbox = match self.engine.sandbox() {
            Ok(sandbox) => sandbox,
            Err(error) => return Some(Err(error)),
        };
        let (_, spec) = match self.engine.undo_of_family(self.task.id, spec).await {
            Ok(found) => found,
            Err(error) => return Some(Err(error)),
        };
        for tried in 0.. {
            match sandbox.undo(self.task.id, spec.clone()).await {
                Err(error) if error.kind == Kind::Busy && tried < TRIES => {}
                undone => return Some(undone),
            }
            let pause = self.engine.parts.runtime.sleep(PAUSE);
            tokio::select! {
                biased;
                () = self.engine.stop.cancelled() => return None,
                () = pause => {}
            }
        }
        None
    }
}
