//! What a worker may do, a program of the host's own that sees nothing, and the steps that make it so. Pure.

use cowork_core::{ExecLimits, Result};

use super::{Policy, bound, filters, folder, root, users};
use crate::confine::{
    steps::{Never, Resource, Start, Step},
    system::{Place, System},
};

/// Where a worker's program is inside.
const WORKER: &str = "/worker";

/// Folders above libraries.
const ABOVE: [&str; 2] = ["usr", "usr/local"];

/// A worker's program, with what it may use.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Alone {
    system: System,
    program: Place,
    policy: Policy,
    memory: u64,
}

impl Alone {
    /// Makes one; `system` is the host's with its libraries alone.
    pub(crate) fn new(system: System, program: Place, cpu: u64, memory: u64) -> Self {
        // Its standard streams are all that it needs.
        let limits = ExecLimits { cpu, memory, file: 1 << 16, open: 64, scratch: 1 << 16, ..ExecLimits::default() };
        Self { system, program, policy: Policy { folders: Vec::new(), limits }, memory }
    }

    /// Says whether it is for this very program, with these limits.
    pub(crate) fn is_for(&self, program: &Place, cpu: u64, memory: u64) -> bool {
        self.program == *program && self.policy.limits.cpu == cpu && self.memory == memory
    }

    /// Gives the steps that make what workers of this program have in common.
    pub(crate) fn world(&self) -> Vec<Step> {
        let mut steps = users(&self.system);
        steps.push(Step::Name("worker"));
        steps.push(Step::Root { at: self.system.aside, bytes: 1 << 20, files: 1_024 });
        steps.extend(ABOVE.map(folder));
        steps.extend(root(&self.system));
        steps.extend(bound(&self.program, &WORKER[1..], Never::CHANGED));
        steps.extend([Step::Network, Step::Enter, Step::Each]);
        steps.extend(self.policy.scratch());
        steps
    }

    /// Gives the steps that confine one worker.
    ///
    /// # Errors
    /// `Unsupported` where the kernel can't enforce it.
    pub(crate) fn steps(&self) -> Result<Vec<Step>> {
        let mut steps = self.policy.own(None)?;
        steps.extend(self.policy.limits(&self.system));
        let most = self.memory.min(self.system.most(Resource::Data));
        steps.push(Step::Limit { what: Resource::Data, most });
        let mut system = self.system.clone();
        system.programs.push(Place { path: WORKER.to_owned(), ..self.program.clone() });
        steps.extend(self.policy.rules(&system)?);
        steps.extend([Step::Filter(filters::filter()?), Step::Filter(filters::worker()?)]);
        Ok(steps)
    }

    /// Gives the steps that confine one worker where there are no namespaces.
    ///
    /// # Errors
    /// As [`Self::steps`]'s.
    pub(crate) fn steps_outside(&self) -> Result<Vec<Step>> {
        let mut system = self.system.clone();
        system.programs.push(self.program.clone());
        let most = self.memory.min(self.system.most(Resource::Data));
        let mut steps = vec![Step::Limit { what: Resource::Data, most }];
        steps.extend(self.policy.steps_alone(&system, None)?);
        steps.push(Step::Filter(filters::worker()?));
        Ok(steps)
    }

    /// Gives the order to execute it where there are no namespaces.
    ///
    /// # Errors
    /// As [`Self::start`]'s.
    pub(crate) fn start_outside(&self, args: &[String]) -> Result<Start> {
        let args: Vec<String> = [self.program.path.clone()].into_iter().chain(args.iter().cloned()).collect();
        self.policy.start_alone(&args, None, None)
    }

    /// Gives the order to execute it.
    ///
    /// # Errors
    /// `InvalidInput` for an argument that can't be one.
    pub(crate) fn start(&self, args: &[String]) -> Result<Start> {
        let args: Vec<String> = [WORKER.to_owned()].into_iter().chain(args.iter().cloned()).collect();
        self.policy.start(&args, None, None)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at what should not be")]

    use super::*;
    use crate::confine::system::What;

    fn alone() -> Alone {
        let file = |path: &str, ino| Place { path: path.to_owned(), what: What::File { dev: 1, ino } };
        let folder = |path: &str, ino| Place { path: path.to_owned(), what: What::Folder { dev: 1, ino } };
        let system = System {
            uid: 7,
            gid: 7,
            landlock: 6,
            aside: "/sys",
            most: vec![(Resource::Data, 1 << 30)],
            processes: folder("/proc", 1),
            programs: vec![folder("/usr/lib", 2)],
            devices: vec![file("/dev/null", 3)],
        };
        Alone::new(system, file("/home/anna/bin/cowork", 9), 30, 2 << 30)
    }

    #[test]
    fn of_the_host_it_sees_libraries_four_devices_and_its_own_program() {
        let bound = |step: &Step| match step {
            Step::Bind { from, to, never, .. } => Some(format!("{from} at {to}, {never}")),
            _ => None,
        };
        let seen: Vec<String> = alone().world().iter().filter_map(bound).collect();
        assert_eq!(
            seen,
            [
                "/proc at .outside/proc, nosuid,nodev",
                "/usr/lib at usr/lib, ro,nosuid,nodev",
                "/dev/null at dev/null, ro,nosuid",
                "/home/anna/bin/cowork at worker, ro,nosuid,nodev"
            ]
        );
        let taken = alone().steps().unwrap();
        assert!(taken.contains(&Step::Detach(".outside")), "what the world needs of the outside is taken away again");
    }

    #[test]
    fn its_limits_come_before_its_filters_and_are_no_more_than_the_hosts() {
        let steps = alone().steps().unwrap();
        assert!(steps.contains(&Step::Limit { what: Resource::Data, most: 1 << 30 }));
        assert!(steps.contains(&Step::Limit { what: Resource::FileSize, most: 1 << 16 }));
        assert!(steps.contains(&Step::Limit { what: Resource::Cpu, most: 30 }));
        assert!(matches!(steps.as_slice(), [.., Step::Restrict, Step::Filter(_), Step::Filter(_)]));
        let order = alone().start(&["serve".to_owned()]).unwrap();
        assert_eq!(
            (order.programs, order.args),
            (vec!["/worker".to_owned()], vec!["/worker".to_owned(), "serve".to_owned()])
        );
    }
}
