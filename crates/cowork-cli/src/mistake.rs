//! What is wrong in the settings, in words for a person: what can't be, and what to write instead.

/// What stands at the top of the settings, below nothing in `[ ]`.
const TOP: [&str; 7] = ["mode", "folders", "always", "trusted", "model", "models", "budget"];

/// Puts a message of the reader of TOML into plain words: what is wrong, and what to do.
///
/// A text that stands where none can is not repeated: it may be a key.
pub(crate) fn plain(message: &str) -> (String, String) {
    let text = message.trim().replace('\n', "; ");
    let (what, expected) = text.split_once(", expected ").unwrap_or((&text, ""));
    let words = || expected.trim_start_matches("one of ").replace('`', "").replace(" or ", ", ");
    if let Some(key) = what.strip_prefix("unknown field ") {
        let is_top = TOP.iter().any(|top| key.trim_matches('`') == *top);
        let fix = if is_top {
            "move it up, above the first line in [ ]: what stands below one belongs to it".to_owned()
        } else {
            format!("the keys here are {}", words())
        };
        return (format!("there is no key {key} here"), fix);
    }
    if let Some(word) = what.strip_prefix("unknown variant ") {
        return (format!("{word} can't stand here"), format!("write {}", words()));
    }
    if let Some(field) = what.strip_prefix("missing field ") {
        return (format!("{field} is missing"), format!("add it: {} = …", field.replace('`', "")));
    }
    let unfit = what.strip_prefix("invalid type: ").or_else(|| what.strip_prefix("invalid value: "));
    match unfit {
        Some(found) if !expected.is_empty() => (format!("{} can't stand here", thing(found)), instead(expected)),
        // Our own words have what to do behind them.
        _ => match text.split_once("; ") {
            Some((why, fix)) => (why.to_owned(), fix.to_owned()),
            None => (text, "mend that line, or take it out".to_owned()),
        },
    }
}

fn thing(found: &str) -> String {
    match found.split_once(' ').map_or(found, |(kind, _)| kind) {
        "string" => "a text".to_owned(),
        "sequence" => "a list".to_owned(),
        "map" => "a table".to_owned(),
        _ => found.split('`').nth(1).map_or_else(|| found.to_owned(), |value| format!("`{value}`")),
    }
}

fn instead(expected: &str) -> String {
    match expected {
        "a string" => "put it between quotation marks".to_owned(),
        "a boolean" => "write true or false".to_owned(),
        "a sequence" => "write a list: [\"…\"]".to_owned(),
        "a map" => "write a table: a line in [ ], and its keys below it".to_owned(),
        other => format!("write {other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn each_mistake_is_told_without_the_words_of_the_reader() {
        for (message, why, fix) in [
            (
                "unknown field `modle`, expected one of `model`, `base`",
                "no key `modle` here",
                "keys here are model, base",
            ),
            ("unknown field `steps`, expected `tokens` or `cost`", "no key `steps`", "the keys here are tokens, cost"),
            ("unknown field `budget`, expected `tokens`", "no key `budget`", "above the first line in [ ]"),
            ("unknown variant `bash`, expected `web_search`", "`bash` can't stand here", "write web_search"),
            ("missing field `model`", "`model` is missing", "add it: model = …"),
            ("invalid type: integer `3`, expected a string", "`3` can't stand here", "between quotation marks"),
            ("invalid type: boolean `true`, expected a number", "`true` can't stand here", "write a number"),
            ("invalid type: sequence, expected a map", "a list can't stand here", "write a table"),
            ("`2 €` is no amount of money; write it so: 2.50", "`2 €` is no amount of money", "write it so: 2.50"),
            ("duplicate key", "duplicate key", "mend that line"),
        ] {
            let said = plain(message);
            assert!(said.0.contains(why) && said.1.contains(fix), "{message}: {said:?}");
        }
        let said = plain("invalid type: string \"sk-canary\", expected a table");
        assert!(!format!("{said:?}").contains("canary"), "{said:?}");
    }
}
