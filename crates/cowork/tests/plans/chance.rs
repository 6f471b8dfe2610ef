//! What happens next, by chance that comes again for the same seed.

use cowork::Clash;

use crate::model::{Op, Tree, is_within};

pub(crate) const FOLDERS: [&str; 2] = ["Desk", "Shelf"];
const NAMES: [&str; 9] = ["a", "b.txt", "c", "dir", "dir/a", "dir/b.txt", "dir/sub", "dir/sub/c", "new/deep/d"];

/// `SplitMix64`.
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % most.max(1)
    }

    /// Gives the changes of one call. What they write is like nothing else.
    pub(crate) fn ops(&mut self, folder: &str, tree: &Tree, by: &str) -> Vec<Op> {
        (0..1 + self.below(5)).map(|n| self.op(folder, tree, &format!("{by}, change {n}"))).collect()
    }

    fn op(&mut self, folder: &str, tree: &Tree, by: &str) -> Op {
        let (path, from) = (self.anywhere(folder), self.there(folder, tree));
        let to = self.anywhere(folder);
        match self.below(KINDS) {
            0 | 1 => {
                Op::Write { path, text: format!("{by} {}", "x".repeat(self.below(40) as usize)), clash: self.clash(3) }
            }
            2 => Op::MakeFolder { path },
            3 | 4 if from != to => Op::Move { from, to, clash: self.clash(2) },
            5 if from != to => Op::Copy { from, to, clash: self.clash(2) },
            7 => Op::Restore { path: from },
            8 => Op::Mode { path: from, mode: [0o600, 0o640, 0o755, 0o700][self.below(4) as usize] },
            9 => Op::Edit { path: from, at: self.below(4), remove: self.below(4), insert: by.to_owned() },
            _ => Op::SetAside { path: from },
        }
    }

    /// Gives what a person does: writes, moves or removes something.
    pub(crate) fn persons(&mut self, folder: &str, tree: &Tree, by: &str) -> Op {
        let (from, to) = (self.there(folder, tree), self.anywhere(folder));
        match self.below(3) {
            0 => Op::Write { path: to, text: by.to_owned(), clash: Clash::Replace },
            1 if from != to => Op::Move { from, to, clash: Clash::Skip },
            _ => Op::SetAside { path: from },
        }
    }

    fn anywhere(&mut self, folder: &str) -> String {
        format!("{folder}/{}", NAMES[self.below(NAMES.len() as u64) as usize])
    }

    /// Gives what most likely is there.
    fn there(&mut self, folder: &str, tree: &Tree) -> String {
        let there: Vec<&String> = tree.keys().filter(|p| is_within(p, folder) && *p != folder).collect();
        if there.is_empty() || self.below(5) == 0 {
            return self.anywhere(folder);
        }
        there[self.below(there.len() as u64) as usize].clone()
    }

    fn clash(&mut self, kinds: u64) -> Clash {
        [Clash::Skip, Clash::Number, Clash::Replace][self.below(kinds) as usize]
    }
}

/// How many of the kinds above there are.
const KINDS: u64 = 10;
