//! Any text as amounts of money, tokens and time, alone and in settings: read as what it says, or refused with what to write.

#![no_main]

use std::time::Duration;

use cowork_core::{Kind, Result};
use cowork_models::config::{BudgetSettings, Count, Dollars, ModelSettings, Span};

/// What is read can be written plainly and is then the same; what is refused says what to do.
fn read<T: PartialEq>(text: &str, parse: fn(&str) -> Result<T>, plain: fn(&T) -> String) -> Option<T> {
    match parse(text) {
        Ok(value) => {
            assert!(parse(&plain(&value)).is_ok_and(|again| again == value), "{text:?} {:?}", plain(&value));
            assert!(parse(&format!(" {text}\n")).is_ok_and(|again| again == value), "blanks around it say nothing");
            Some(value)
        }
        Err(error) => {
            assert!(error.kind == Kind::InvalidInput && error.fix().is_some(), "{error:?}");
            assert!(!error.message.chars().any(char::is_control), "{error:?}");
            None
        }
    }
}

fn money(dollars: &Dollars) -> String {
    format!("{}.{:06}", dollars.millionths() / 1_000_000, dollars.millionths() % 1_000_000)
}

libfuzzer_sys::fuzz_target!(|text: &str| {
    let cost = read(text, str::parse::<Dollars>, money);
    let count = read(text, str::parse::<Count>, |count| count.0.to_string());
    let time = read(text, str::parse::<Span>, |span| format!("{}ms", span.0.as_millis()));
    assert!(count.is_none_or(|count| count.0 > 0) && time.is_none_or(|span| span.0 > Duration::ZERO));

    // In quotes it is the same as alone.
    let quoted = toml::Value::from(text);
    let set = |key: &str| toml::from_str::<BudgetSettings>(&format!("{key} = {quoted}")).ok();
    assert_eq!(set("cost").and_then(|b| b.cost), cost);
    assert_eq!(set("tokens").and_then(|b| b.tokens), count);
    assert_eq!(set("time").and_then(|b| b.time), time);
    assert_eq!(set("day.cost").and_then(|b| b.day.cost), cost);

    // As it stands it is a number of TOML, or more settings.
    for line in [format!("cost = {text}"), format!("day = {{ tokens = {text} }}"), text.to_owned()] {
        if let Ok(budget) = toml::from_str::<BudgetSettings>(&line) {
            let (task, day) = (budget.budget(), budget.day.budget());
            assert_eq!((task.cost, day.tokens), (budget.cost.map(Dollars::millionths), budget.day.tokens.map(|n| n.0)));
            assert_eq!(budget.or(BudgetSettings::default()), budget);
        }
    }
    let model = format!("service = \"openai\"\nmodel = \"m\"\n{text}");
    if let Ok(settings) = toml::from_str::<ModelSettings>(&model) {
        assert!(settings.patience().tries > 0);
        assert!(settings.max_tokens.is_none_or(|n| n > 0));
        let _ = (settings.price.map(|price| price.price()), settings.planner("m"), settings.base());
    }
});
