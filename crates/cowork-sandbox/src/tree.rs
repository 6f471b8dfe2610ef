//! Something for each of many paths, from which all that lies below a folder is found at once.

use std::{collections::BTreeMap, ops::Bound};

use cowork_core::FilePath;

/// Values by path.
#[derive(Clone, Debug)]
pub(crate) struct Tree<T>(BTreeMap<String, T>);

impl<T> Default for Tree<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T> Tree<T> {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn get(&self, path: &FilePath) -> Option<&T> {
        self.0.get(path.as_str())
    }

    pub(crate) fn insert(&mut self, path: &FilePath, value: T) {
        self.0.insert(path.as_str().to_owned(), value);
    }

    /// Inserts at the end of a way down from a folder.
    pub(crate) fn insert_below(&mut self, folder: &FilePath, rest: &str, value: T) {
        self.0.insert(format!("{folder}/{rest}"), value);
    }

    pub(crate) fn remove(&mut self, path: &FilePath) -> Option<T> {
        self.0.remove(path.as_str())
    }

    /// Gives what lies below a folder, by the way down from it, in order.
    pub(crate) fn below(&self, folder: &FilePath) -> impl Iterator<Item = (&str, &T)> {
        // `0` comes next after `/`.
        let (begin, end) = (format!("{folder}/"), format!("{folder}0"));
        let way = begin.len();
        let range = self.0.range::<str, _>((Bound::Excluded(&*begin), Bound::Excluded(&*end)));
        range.map(move |(path, value)| (&path[way..], value)).collect::<Vec<_>>().into_iter()
    }

    /// Takes out what lies below a folder, by the way down from it, in order.
    pub(crate) fn take_below(&mut self, folder: &FilePath) -> Vec<(String, T)> {
        let ways: Vec<String> = self.below(folder).map(|(rest, _)| rest.to_owned()).collect();
        let take = |rest: String| self.0.remove(&format!("{folder}/{rest}")).map(|value| (rest, value));
        ways.into_iter().filter_map(take).collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops at what should not be")]
mod tests {
    use super::*;

    #[test]
    fn below_a_folder_is_what_lies_in_it_and_not_what_only_begins_as_its_name_does() {
        let path = |at: &str| FilePath::parse(at).unwrap();
        let mut tree = Tree::default();
        for at in ["F", "F/a", "F/a b", "F/a-b", "F/a/x", "F/a/x/y", "F/a0", "F/b"] {
            tree.insert(&path(at), at);
        }
        let below: Vec<_> = tree.below(&path("F/a")).collect();
        assert_eq!(below, [("x", &"F/a/x"), ("x/y", &"F/a/x/y")]);
        for (rest, value) in tree.take_below(&path("F/a")) {
            tree.insert_below(&path("F/b"), &rest, value);
        }
        assert_eq!(tree.below(&path("F/a")).count(), 0);
        assert_eq!(tree.get(&path("F/b/x/y")), Some(&"F/a/x/y"));
        assert_eq!(tree.take_below(&path("F")).len(), 7);
        assert_eq!((tree.remove(&path("F")), tree.is_empty()), (Some("F"), true));
    }
}
