//! Labels: where a value came from, and whom it belongs to.

use std::{collections::BTreeSet, sync::Arc};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Says how far a value may be trusted and how far it may travel.
///
/// Labels only join: a value made from several is as untrusted as the least trusted and as private as the most private.
/// What is not known is untrusted and private; that is [`Label::default`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Label {
    /// Who could have written it.
    #[serde(rename = "i", default)]
    pub integrity: Integrity,
    /// Who may see it.
    #[serde(rename = "c", default)]
    pub confidentiality: Confidentiality,
}

/// Says who could have written a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Integrity {
    /// The person who gave the task.
    User,
    /// The host or this program.
    Trusted,
    /// Anybody; the origins that are known (`file:Downloads/a.txt`, `host:example.com`). None known is the least trusted.
    Untrusted(Arc<BTreeSet<String>>),
}

/// Says who may see a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Confidentiality {
    /// Everybody.
    Public,
    /// Its owners only. None known is the most private.
    Private(Arc<BTreeSet<String>>),
}

impl Default for Integrity {
    fn default() -> Self {
        Self::Untrusted(Arc::default())
    }
}

impl Default for Confidentiality {
    fn default() -> Self {
        Self::Private(Arc::default())
    }
}

impl Label {
    /// Labels what this program itself says: trusted and public, the neutral element of [`Label::join`] below the person.
    pub const fn trusted() -> Self {
        Self { integrity: Integrity::Trusted, confidentiality: Confidentiality::Public }
    }

    /// Labels what the person said: theirs, and theirs alone.
    pub fn user() -> Self {
        Self { integrity: Integrity::User, confidentiality: Confidentiality::user() }
    }

    /// Labels what was read from one of the person's files: written by anybody, seen by them alone.
    pub fn file(path: &str) -> Self {
        Self {
            integrity: Integrity::Untrusted(Arc::new(BTreeSet::from([format!("file:{path}")]))),
            confidentiality: Confidentiality::user(),
        }
    }

    /// Labels what tools brought that a model's service runs by itself, such as a search of the web: written by anybody.
    pub fn service(at: &str) -> Self {
        Self {
            integrity: Integrity::Untrusted(Arc::new(BTreeSet::from([format!("service:{at}")]))),
            confidentiality: Confidentiality::Public,
        }
    }

    /// Gives the label with its origins unnamed: as untrusted and as private as before.
    #[must_use]
    pub fn without_origins(&self) -> Self {
        let integrity = match &self.integrity {
            Integrity::Untrusted(names) if !names.is_empty() => Integrity::default(),
            known => known.clone(),
        };
        Self { integrity, confidentiality: self.confidentiality.clone() }
    }

    /// Joins another label into this one.
    ///
    /// It is associative, commutative and idempotent. A set without names means "unknown" and absorbs every other.
    pub fn join(&mut self, other: &Self) {
        self.integrity.join(&other.integrity);
        self.confidentiality.join(&other.confidentiality);
    }
}

impl Integrity {
    fn join(&mut self, other: &Self) {
        match (&mut *self, other) {
            (Self::Untrusted(mine), Self::Untrusted(theirs)) => join_names(mine, theirs),
            (Self::Untrusted(_), _) | (_, Self::User) => {}
            (Self::User | Self::Trusted, Self::Untrusted(theirs)) => *self = Self::Untrusted(theirs.clone()),
            (Self::User | Self::Trusted, Self::Trusted) => *self = Self::Trusted,
        }
    }
}

impl Confidentiality {
    fn user() -> Self {
        Self::Private(Arc::new(BTreeSet::from([USER.to_owned()])))
    }

    /// Says whether it is the person's alone.
    pub(crate) fn is_user(&self) -> bool {
        matches!(self, Self::Private(names) if names.len() == 1 && names.contains(USER))
    }

    fn join(&mut self, other: &Self) {
        match (&mut *self, other) {
            (_, Self::Public) => {}
            (Self::Private(mine), Self::Private(theirs)) => join_names(mine, theirs),
            (Self::Public, Self::Private(theirs)) => *self = Self::Private(theirs.clone()),
        }
    }
}

/// The person, as an owner.
const USER: &str = "user";

/// More names than this say no more than "unknown" and would only grow the log.
const MOST_NAMES: usize = 16;

fn join_names(mine: &mut Arc<BTreeSet<String>>, theirs: &Arc<BTreeSet<String>>) {
    if mine.is_empty() || Arc::ptr_eq(mine, theirs) {
        return;
    }
    if theirs.is_empty() {
        mine.clone_from(theirs);
        return;
    }
    if !theirs.is_subset(mine) {
        Arc::make_mut(mine).extend(theirs.iter().cloned());
    }
    if mine.len() > MOST_NAMES {
        *mine = Arc::default();
    }
}
