//! What the cells of a column are: numbers, dates or text, and how they are written.

use super::{
    date::{Date, Order},
    number::{Number, Style},
};

/// What is in the cells of a column.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    pub(super) filled: u64,
    numbers: u64,
    dates: u64,
    point: bool,
    comma: bool,
    day_first: bool,
    month_first: bool,
    padded: bool,
    currency: Option<char>,
    currencies: bool,
}

/// What a column is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Empty,
    Number,
    Date,
    Text,
}

impl Type {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Number => "number",
            Self::Date => "date",
            Self::Text => "text",
        }
    }
}

impl Seen {
    pub(super) fn add(&mut self, cell: &str, json_number: bool) {
        let cell = cell.trim();
        if cell.is_empty() {
            return;
        }
        self.filled += 1;
        if json_number {
            self.numbers += 1;
            self.point = true;
        } else if let Some(number) = Number::read(cell) {
            self.numbers += 1;
            self.padded |= number.padded;
            self.point |= number.proves() == Some(Style::Point);
            self.comma |= number.proves() == Some(Style::Comma);
            self.currencies |= number.currency.is_some() && self.currency.is_some() && number.currency != self.currency;
            self.currency = self.currency.or(number.currency);
        } else if let Some(date) = Date::read(cell) {
            self.dates += 1;
            self.day_first |= date.proves() == Some(Order::DayFirst);
            self.month_first |= date.proves() == Some(Order::MonthFirst);
        }
    }

    /// Adds what is in a column of another table.
    pub(super) fn join(&mut self, other: &Self) {
        self.filled += other.filled;
        self.numbers += other.numbers;
        self.dates += other.dates;
        self.padded |= other.padded;
        self.currencies |=
            other.currencies || other.currency.is_some() && self.currency.is_some() && other.currency != self.currency;
        self.currency = self.currency.or(other.currency);
    }

    /// Says what it is: what nine of ten filled cells are. Numbers with zeros before them are names.
    pub(super) fn kind(&self) -> Type {
        let most = |some: u64| some * 10 >= self.filled * 9;
        match () {
            () if self.filled == 0 => Type::Empty,
            () if most(self.dates) => Type::Date,
            () if most(self.numbers) && !self.padded && !self.currencies => Type::Number,
            () => Type::Text,
        }
    }

    /// Says how numbers are written in it, as far as that is proved.
    pub(super) fn style(&self) -> Option<Style> {
        match (self.point, self.comma) {
            (true, false) => Some(Style::Point),
            (false, true) => Some(Style::Comma),
            _ => None,
        }
    }

    /// Says in which order dates are written in it, as far as that is proved.
    pub(super) fn order(&self) -> Option<Order> {
        match (self.day_first, self.month_first) {
            (true, false) => Some(Order::DayFirst),
            (false, true) => Some(Order::MonthFirst),
            _ => None,
        }
    }
}
