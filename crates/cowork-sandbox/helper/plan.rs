//! How a plan is written: for each step its number, then its texts, each with its length and a null behind it, and its numbers.

use core::ffi::CStr;

use super::sys::{EINVAL, Result};

/// The numbers of the steps that are the command's own.
const INSIDE: core::ops::RangeInclusive<u8> = 10..=16;

/// The steps of a plan, in their order.
#[derive(Clone, Copy)]
pub(crate) struct Plan<'a> {
    rest: &'a [u8],
}

/// One step: what is done, and with what.
#[derive(Clone, Copy)]
pub(crate) struct Step<'a> {
    pub(crate) kind: u8,
    pub(crate) fields: Fields<'a>,
}

/// What a step is done with. It is taken in order.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Plan<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Gives each step with its number, from 1.
    pub(crate) fn numbered(self) -> impl Iterator<Item = (u32, Result<Step<'a>>)> {
        (1..).zip(self)
    }

    fn step(&mut self) -> Result<Step<'a>> {
        let mut whole = Fields { rest: self.rest };
        let kind = u8::try_from(whole.number()?).map_err(|_| EINVAL)?;
        let fields = whole.bytes()?;
        self.rest = whole.rest;
        Ok(Step { kind, fields: Fields { rest: fields } })
    }
}

impl<'a> Iterator for Plan<'a> {
    type Item = Result<Step<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let step = self.step();
        if step.is_err() {
            // After what can't be read nothing is.
            self.rest = &[];
        }
        Some(step)
    }
}

impl Step<'_> {
    /// Says whether what follows is done anew for each command, ahead of it.
    pub(crate) fn is_each(&self) -> bool {
        const EACH: u8 = 21;
        self.kind == EACH
    }

    /// Says whether it is done by the command's own process, once its world is made.
    pub(crate) fn is_inside(&self) -> bool {
        INSIDE.contains(&self.kind)
    }
}

impl<'a> Fields<'a> {
    pub(crate) fn number(&mut self) -> Result<u64> {
        let (number, rest) = self.rest.split_at_checked(8).ok_or(EINVAL)?;
        self.rest = rest;
        number.try_into().map(u64::from_le_bytes).map_err(|_| EINVAL)
    }

    pub(crate) fn bytes(&mut self) -> Result<&'a [u8]> {
        let length = usize::try_from(self.number()?).map_err(|_| EINVAL)?;
        let (bytes, rest) = self.rest.split_at_checked(length).ok_or(EINVAL)?;
        self.rest = rest;
        Ok(bytes)
    }

    pub(crate) fn text(&mut self) -> Result<&'a CStr> {
        CStr::from_bytes_with_nul(self.bytes()?).map_err(|_| EINVAL)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }
}
