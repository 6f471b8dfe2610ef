//! Which names a batch of steps touches, so that no step in it depends on another.
//!
//! That is what makes a batch recoverable: when its marks are lost, each of its things is either where its step found it or
//! where its step took it, and nowhere else.

use std::collections::{HashMap, HashSet};

use cowork_core::FilePath;

use crate::record::Act;

/// What is done to a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Touch {
    /// A folder is made there.
    Made,
    /// Something comes there.
    Taken,
    /// What is there goes away.
    Gone,
}

/// The names that the steps of a batch touch.
#[derive(Debug, Default)]
pub(crate) struct Touched {
    names: HashMap<FilePath, Touch>,
    /// The folders above those names.
    above: HashSet<FilePath>,
}

impl Touched {
    /// Takes in a step.
    pub(crate) fn add(&mut self, act: &Act) {
        let (first, second) = act.paths();
        match act {
            Act::Make { .. } => self.touch(first, Touch::Made),
            Act::Put { .. } | Act::Swap { .. } | Act::Restore { .. } | Act::Mode { .. } => {
                self.touch(first, Touch::Taken);
            }
            Act::Move { .. } | Act::Aside { .. } | Act::Away { .. } => self.touch(first, Touch::Gone),
        }
        if let Some(second) = second {
            self.touch(second, Touch::Taken);
        }
    }

    /// Gives what is done to a name.
    pub(crate) fn get(&self, path: &FilePath) -> Option<Touch> {
        self.names.get(path).copied()
    }

    /// Says whether what is at a path depends on these steps: on the way to it, at it, or in it.
    pub(crate) fn depends(&self, path: &FilePath) -> bool {
        if self.names.is_empty() {
            return false;
        }
        self.above.contains(path) || self.on_the_way(path, |_| true)
    }

    /// Says whether something on the way to a path, or at it, is touched.
    pub(crate) fn reaches(&self, path: &FilePath) -> bool {
        !self.names.is_empty() && self.on_the_way(path, |_| true)
    }

    /// Says whether something at a path or below it is touched.
    pub(crate) fn is_at_or_below(&self, path: &FilePath) -> bool {
        self.names.contains_key(path) || self.above.contains(path)
    }

    /// Says whether a folder that is there, or one above it, comes or goes.
    pub(crate) fn moves(&self, folder: &FilePath) -> bool {
        !self.names.is_empty() && self.on_the_way(folder, |touch| touch != Touch::Made)
    }

    fn on_the_way(&self, path: &FilePath, is: impl Fn(Touch) -> bool) -> bool {
        let mut at = Some(path.clone());
        while let Some(path) = at {
            if self.get(&path).is_some_and(&is) {
                return true;
            }
            at = path.parent();
        }
        false
    }

    fn touch(&mut self, path: &FilePath, touch: Touch) {
        self.names.insert(path.clone(), touch);
        let mut at = path.parent();
        while let Some(folder) = at {
            at = folder.parent();
            if !self.above.insert(folder) {
                return;
            }
        }
    }
}
