//! The third tier: no namespaces at all. What a command may read and change is held by Landlock, what it may ask of the kernel by filters.
//! It sees folders where they are, or copies of them where these are.

use cowork_core::Result;

use super::{
    Layer, Policy, bubblewrap, filters,
    policy::{Changes, access},
    steps::{Resource, Start, Step},
    system::{System, What},
};

/// Signals to processes that are not under the same rules, as Landlock numbers it.
const SIGNALS: u64 = 2;
/// To connect, and to be connected to, over TCP.
const CONNECTIONS: u64 = 3;

/// Gives the steps of what keeps a command: it gives up the way to send signals to others, so that it can end all that is left to it at once.
///
/// # Errors
/// `Unsupported` where the kernel has no Landlock.
pub(crate) fn keeper(system: &System) -> Result<Vec<Step>> {
    let scopes = access::known(system.landlock)?.scopes & SIGNALS;
    Ok(match scopes {
        0 => Vec::new(),
        // Rules that say nothing of it would keep files from being moved from one folder to another.
        scopes => vec![
            Step::Rules { files: access::MOVE, network: 0, scopes },
            Step::Allow { path: "/".to_owned(), access: access::MOVE },
            Step::Restrict,
        ],
    })
}

impl Policy {
    /// Gives the steps that confine one program where there are no namespaces.
    ///
    /// # Errors
    /// `InvalidInput` for a policy that can't be one; `Unsupported` if a folder is kept in a layer that holds no copy of it, and where the
    /// kernel can't enforce it.
    pub(crate) fn steps_alone(&self, system: &System, layer: Option<&Layer>) -> Result<Vec<Step>> {
        self.check(layer.is_some())?;
        let known = access::known(system.landlock)?;
        let mut steps = Vec::new();
        let mut rules = vec![Step::Rules {
            files: known.files,
            network: if system.landlock >= 4 { CONNECTIONS } else { 0 },
            scopes: known.scopes,
        }];
        let mut allow =
            |path: &str, access: u64| rules.push(Step::Allow { path: path.to_owned(), access: access & known.files });
        for place in &system.programs {
            match place.what {
                What::Folder { .. } => allow(&place.path, access::READ),
                What::File { .. } => allow(&place.path, access::READ_FILE),
                What::Link { .. } => {}
            }
        }
        system.devices.iter().for_each(|place| allow(&place.path, access::DEVICE));
        if let Some(scratch) = layer.map(Layer::scratch) {
            allow(&scratch, access::CHANGE);
        }
        for (n, shared) in self.folders.iter().enumerate() {
            let (_, path) = self.source(n, layer)?;
            if let Some((dev, ino)) = bubblewrap::seen(shared, layer.and_then(|layer| layer.copied(n))) {
                steps.push(Step::Is { path: path.clone(), dev, ino });
            }
            allow(&path, if shared.changes == Changes::Refused { access::READ } else { access::CHANGE });
        }
        // All processes of whoever runs it would be counted.
        let is_own = |step: &Step| !matches!(step, Step::Limit { what: Resource::Processes, .. });
        steps.extend(self.limits(system).into_iter().filter(is_own));
        steps.extend(rules);
        steps.extend([Step::Restrict, Step::Filter(filters::alone()?), Step::Filter(filters::filter()?)]);
        Ok(steps)
    }

    /// Gives the order to execute a command where there are no namespaces.
    ///
    /// # Errors
    /// As [`Policy::start`]'s.
    pub(crate) fn start_alone(&self, args: &[String], folder: Option<&str>, layer: Option<&Layer>) -> Result<Start> {
        let mut start = self.start(args, folder, None)?;
        let first = self.folders.first().map(|shared| shared.name.as_str());
        let scratch = layer.map(Layer::scratch);
        let home = scratch.as_ref().map_or_else(|| "/".to_owned(), |at| format!("{at}/home"));
        start.folder = match folder.or(first) {
            None => home.clone(),
            Some(folder) => {
                let (name, below) = folder.split_once('/').unwrap_or((folder, "."));
                let n = self.folders.iter().position(|shared| shared.name == name);
                // What is called otherwise is not there.
                let at = n.map_or_else(|| Ok(String::from("/nowhere")), |n| self.source(n, layer).map(|(_, at)| at))?;
                format!("{at}/{below}")
            }
        };
        start.environment.retain(|(name, _)| name != "HOME");
        start.environment.push(("HOME".to_owned(), home));
        start.environment.extend(scratch.map(|at| ("TMPDIR".to_owned(), format!("{at}/tmp"))));
        Ok(start)
    }
}
