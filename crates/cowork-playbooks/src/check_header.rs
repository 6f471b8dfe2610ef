//! What is wrong with a playbook's header, key by key.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use crate::{
    check::{Problem, did_you_mean, meant},
    header::{CLOSES, Header, OPENS, ParamKind, read_header, variable},
};

type Spanned<T> = toml::Spanned<T>;

/// What a key holds.
#[derive(Clone, Copy)]
enum Holds {
    Text,
    Texts,
    Bool,
    OneOf(&'static [&'static str]),
    /// A table whose keys are looked at by themselves.
    Table,
    /// What the key's own check looks at.
    Anything,
}

/// A key, what it holds, and for one that must be there what belongs in it.
type Key = (&'static str, Holds, &'static str);

const KEYS: [Key; 9] = [
    ("name", Holds::Text, "its name, such as name = \"big-files\""),
    ("about", Holds::Text, "what it does, such as about = \"Lists large files\""),
    ("title", Holds::Text, "what a run is called, such as title = \"List large files in {folders}\""),
    ("examples", Holds::Texts, "sentences that call it, such as examples = [\"list large files\"]"),
    ("folders", Holds::OneOf(&["none", "read", "write"]), ""),
    ("destructive", Holds::Bool, ""),
    ("words", Holds::Table, ""),
    ("param", Holds::Table, ""),
    ("test", Holds::Anything, ""),
];
const WORDS: [Key; 6] = [
    ("do", Holds::Texts, ""),
    ("maybe", Holds::Texts, ""),
    ("look", Holds::Texts, ""),
    ("with", Holds::Texts, ""),
    ("forms", Holds::Texts, ""),
    ("never", Holds::Texts, ""),
];
const PARAM: [Key; 13] = [
    ("about", Holds::Text, "what it is for, such as about = \"The size, in MB\""),
    ("type", Holds::OneOf(&["text", "number", "bool", "choice"]), "its type: text, number, bool or choice"),
    ("default", Holds::Anything, ""),
    ("choices", Holds::Table, ""),
    ("several", Holds::Bool, ""),
    ("after", Holds::Texts, ""),
    ("before", Holds::Texts, ""),
    ("unit", Holds::OneOf(&["hours", "days", "MB"]), ""),
    ("limits", Holds::Bool, ""),
    ("opposites", Holds::Table, ""),
    ("sets", Holds::Table, ""),
    ("titles", Holds::Table, ""),
    ("on", Holds::Texts, ""),
];
const TEST: [Key; 8] = [
    ("about", Holds::Text, ""),
    ("files", Holds::Table, ""),
    ("params", Holds::Table, ""),
    ("moved", Holds::Table, ""),
    ("tree", Holds::Texts, ""),
    ("contains", Holds::Table, ""),
    ("summary", Holds::Text, ""),
    ("fails", Holds::Text, ""),
];

/// Reads a header, or says everything that is wrong with it.
pub(crate) fn check(source: &str) -> Result<Header, Vec<Problem>> {
    let text = Text::of(source).map_err(|p| vec![p])?;
    let table = DeTable::parse(&text.toml).map_err(|e| vec![text.syntax(&e)])?;
    let mut checker = Checker { text: &text, problems: Vec::new() };
    checker.whole(&table);
    if !checker.problems.is_empty() {
        return Err(checker.problems);
    }
    let header = read_header(source).map_err(|p| vec![Problem { line: p.line, ..Problem::whole(p.what) }])?;
    checker.meaning(&header, &table);
    if checker.problems.is_empty() { Ok(header) } else { Err(checker.problems) }
}

/// The header's text without its comment signs, and where each of its lines stands in the source.
struct Text<'a> {
    source: &'a str,
    toml: String,
    lines: Vec<(usize, usize)>,
    opens: Range<usize>,
}

impl<'a> Text<'a> {
    fn of(source: &'a str) -> Result<Self, Problem> {
        let mut at = 0;
        let mut lines = source.split_inclusive('\n').map(|line| {
            let start = at;
            at += line.len();
            (start, line.trim_end_matches(['\n', '\r']))
        });
        let Some((start, line)) = lines.by_ref().find(|(_, l)| l.trim_end() == OPENS) else {
            return Err(Problem::at(source, 0..1, "the file has no header")
                .fix("begin it with a line `# /// playbook`, then the header's lines, then a line `# ///`"));
        };
        let opens = start..start + line.len();
        let mut text = Self { source, toml: String::new(), lines: Vec::new(), opens: opens.clone() };
        for (start, line) in lines {
            if line.trim_end() == CLOSES {
                return Ok(text);
            }
            let Some(rest) = line.strip_prefix('#') else {
                return Err(Problem::at(source, start..start + line.len(), "this line of the header has no `#`")
                    .fix("begin each line of the header with `# `, and end the header with a line `# ///`"));
            };
            let body = rest.strip_prefix(' ').unwrap_or(rest);
            text.lines.push((text.toml.len(), start + line.len() - body.len()));
            text.toml.push_str(body);
            text.toml.push('\n');
        }
        Err(Problem::at(source, opens, "the header that begins here does not end").fix("close it with a line `# ///`"))
    }

    fn place(&self, at: usize) -> usize {
        let line = self.lines.partition_point(|(toml, _)| *toml <= at);
        line.checked_sub(1).and_then(|line| self.lines.get(line)).map_or(0, |(toml, source)| source + (at - toml))
    }

    fn problem(&self, span: Range<usize>, what: impl Into<String>) -> Problem {
        // A stretch may end on a later line than it begins; what is shown ends with the first.
        let start = self.place(span.start);
        Problem::at(self.source, start..start + (span.end - span.start), what)
    }

    fn syntax(&self, error: &toml::de::Error) -> Problem {
        let said = error.message().trim();
        let (what, fix) = if said.contains("duplicate key") {
            ("this is said twice in the header", "keep one of the two".to_owned())
        } else if said.contains("key with no value") {
            (
                "this line gives no key a value",
                "write it so: key = \"text\"; a comment in the header begins with `# #`".to_owned(),
            )
        } else if said.contains("unclosed array") {
            ("this list does not end", "close it with `]`, and put a comma between its entries".to_owned())
        } else if said.contains("quote") || said.contains("string") {
            ("this is no value: text stands in quotes", "write it so: key = \"text\"".to_owned())
        } else {
            ("this line of the header can't be read", "write it so: key = \"text\"".to_owned())
        };
        self.problem(error.span().unwrap_or(0..1), what).fix(fix)
    }
}

struct Checker<'a> {
    text: &'a Text<'a>,
    problems: Vec<Problem>,
}

impl Checker<'_> {
    fn say(&mut self, span: Range<usize>, what: impl Into<String>, fix: impl Into<String>) {
        self.problems.push(self.text.problem(span, what).fix(fix));
    }

    fn whole(&mut self, table: &Spanned<DeTable<'_>>) {
        let top = table.get_ref();
        self.keys(top, &KEYS, "the header", None);
        if let Some(words) = table_of(top, "words") {
            self.keys(words, &WORDS, "`words`", None);
        }
        for (name, param) in table_of(top, "param").into_iter().flat_map(DeTable::iter) {
            match param.get_ref().as_table() {
                Some(keys) => self.param(name, keys),
                None => self.say(
                    param.span(),
                    format!("the parameter `{}` is no table", name.get_ref()),
                    format!("begin it with a line [param.{}]", name.get_ref()),
                ),
            }
        }
        match top.get("test").map(|t| (t.span(), t.get_ref())) {
            None => {}
            Some((_, DeValue::Array(tests))) => tests.iter().for_each(|test| self.test(test)),
            Some((span, _)) => self.say(span, "`test` is no list of tests", "begin each with a line [[test]]"),
        }
    }

    fn param(&mut self, name: &Spanned<std::borrow::Cow<'_, str>>, keys: &DeTable<'_>) {
        self.keys(keys, &PARAM, &format!("the parameter `{}`", name.get_ref()), Some(&name.span()));
        for (choice, words) in table_of(keys, "choices").into_iter().flat_map(DeTable::iter) {
            self.holds(choice.get_ref(), words, Holds::Texts);
        }
    }

    fn test(&mut self, test: &Spanned<DeValue<'_>>) {
        let Some(keys) = test.get_ref().as_table() else {
            return self.say(test.span(), "this is no test", "begin each with a line [[test]]");
        };
        self.keys(keys, &TEST, "a test", None);
        for (name, content) in table_of(keys, "files").into_iter().flat_map(DeTable::iter) {
            let value = content.get_ref();
            let fits = value.is_str() || value.is_integer() || value.is_table();
            if !fits {
                let what = format!("the file `{}` of this test has no content", name.get_ref());
                self.say(content.span(), what, "give it a text, a size in bytes, or { text, size, modified }");
            }
        }
        for part in ["moved", "contains"] {
            for (name, value) in table_of(keys, part).into_iter().flat_map(DeTable::iter) {
                self.holds(name.get_ref(), value, Holds::Text);
            }
        }
        if ["moved", "tree", "contains", "summary", "fails"].iter().all(|k| !keys.contains_key(*k)) {
            let fix = "add what is expected: moved, tree, contains, summary or fails";
            self.say(test.span(), "this test expects nothing, so it can't fail", fix);
        }
    }

    /// Checks which keys a table has, and what kind of value each holds.
    fn keys(&mut self, table: &DeTable<'_>, known: &[Key], of: &str, place: Option<&Range<usize>>) {
        // What is misspelt is not also missing.
        let mut misspelt = Vec::new();
        for (key, value) in table {
            match known.iter().find(|(name, ..)| name == key.get_ref()) {
                Some((name, holds, _)) => self.holds(name, value, *holds),
                None => {
                    let what = format!("{of} has no key `{}`", key.get_ref());
                    self.say(key.span(), what, did_you_mean(key.get_ref(), known.iter().map(|k| k.0)));
                    misspelt.extend(meant(key.get_ref(), known.iter().map(|k| k.0)));
                }
            }
        }
        let lacks = |name: &str| !table.contains_key(name) && !misspelt.contains(&name);
        for (name, _, belongs) in known.iter().filter(|(name, _, belongs)| !belongs.is_empty() && lacks(name)) {
            let problem = match place {
                Some(place) => self.text.problem(place.clone(), format!("{of} lacks `{name}`")),
                None => Problem::at(self.text.source, self.text.opens.clone(), format!("{of} lacks `{name}`")),
            };
            self.problems.push(problem.fix(format!("add {belongs}")));
        }
    }

    fn holds(&mut self, name: &str, value: &Spanned<DeValue<'_>>, holds: Holds) {
        let (span, value) = (value.span(), value.get_ref());
        let texts = |value: &DeValue<'_>| value.as_array().is_some_and(|a| a.iter().all(|v| v.get_ref().is_str()));
        match holds {
            Holds::Text if !value.is_str() => {
                self.say(span, format!("`{name}` must be text"), format!("write it in quotes: {name} = \"…\""));
            }
            Holds::Texts if !texts(value) => {
                let what = format!("`{name}` must be a list of texts");
                self.say(span, what, format!("write it so: {name} = [\"one\", \"two\"]"));
            }
            Holds::Bool if !value.is_bool() => {
                self.say(span, format!("`{name}` must be true or false"), format!("write it so: {name} = true"));
            }
            Holds::Table if !value.is_table() => {
                self.say(span, format!("`{name}` must be a group of keys"), format!("begin it with a line [{name}]"));
            }
            Holds::OneOf(of) if !value.as_str().is_some_and(|v| of.contains(&v)) => {
                let given = value.as_str().unwrap_or_default();
                let what = format!("`{name}` must be one of: {}", of.join(", "));
                let fix = meant(given, of.iter().copied());
                self.say(span, what, fix.map_or_else(String::new, |f| format!("did you mean \"{f}\"?")));
            }
            _ => {}
        }
    }

    /// Checks what the kinds alone don't say.
    fn meaning(&mut self, header: &Header, table: &Spanned<DeTable<'_>>) {
        let top = table.get_ref();
        let span = |key: &str| top.get(key).map_or(0..1, Spanned::span);
        if !is_word(&header.name, '-') {
            self.say(span("name"), format!("`{}` can't be a name", header.name.escape_debug()), "use a-z, 0-9 and `-`");
        }
        if header.examples.is_empty() {
            self.say(span("examples"), "there are no examples", "give at least one sentence that calls it");
        }
        for place in placeholders(&header.title) {
            if place != "folders" && !header.params.contains_key(place) {
                let names: Vec<&str> = header.params.keys().map(String::as_str).chain(["folders"]).collect();
                let what = format!("the title names `{{{place}}}`, and there is no such parameter");
                self.say(span("title"), what, did_you_mean(place, names.iter().copied()));
            }
        }
        for (name, param) in &header.params {
            let Some((key, keys)) = table_of(top, "param").and_then(|t| t.get_key_value(name.as_str())) else {
                continue;
            };
            let keys = keys.get_ref().as_table();
            let place = |part: &str| keys.and_then(|k| k.get(part)).map_or(key.span(), Spanned::span);
            if !is_word(name, '_') || name.starts_with(|c: char| c.is_ascii_digit()) {
                self.say(key.span(), format!("`{name}` can't be a parameter's name"), "use a-z, 0-9 and `_`");
            }
            match (param.kind == ParamKind::Choice, param.choices.is_empty()) {
                (true, true) => {
                    let fix =
                        format!("add a group [param.{name}.choices] with a line such as date = [\"date\", \"month\"]");
                    self.say(place("type"), format!("the parameter `{name}` is a choice without choices"), fix);
                }
                (false, _) if param.several => {
                    let fix = "write type = \"choice\", or leave `several` out";
                    self.say(place("several"), format!("the parameter `{name}` takes several, and is no choice"), fix);
                }
                (false, false) if param.kind != ParamKind::Text => {
                    let fix = "write type = \"choice\", or leave the choices out";
                    self.say(place("type"), format!("the parameter `{name}` has choices and is no choice"), fix);
                }
                _ => {}
            }
            let can_fit = param.kind != ParamKind::Choice || !param.choices.is_empty();
            if can_fit && let Some(Err(why)) = param.default.as_ref().map(|d| param.check(d)) {
                self.say(place("default"), format!("the default of `{name}` does not fit: {why}"), "");
            }
        }
        self.tests(header, top);
    }

    fn tests(&mut self, header: &Header, top: &DeTable<'_>) {
        let places: Vec<Range<usize>> =
            top.get("test").and_then(|t| t.get_ref().as_array()).into_iter().flatten().map(Spanned::span).collect();
        for (test, place) in header.tests.iter().zip(places) {
            for why in test.problems() {
                self.say(place.clone(), why, "");
            }
            for (name, value) in &test.params {
                let Some(param) = header.params.get(name) else {
                    let names = header.params.keys().map(String::as_str);
                    self.say(
                        place.clone(),
                        format!("this test sets `{name}`, which is no parameter"),
                        did_you_mean(name, names),
                    );
                    continue;
                };
                if let Err(why) = param.check(value) {
                    self.say(place.clone(), format!("this test's `{name}` does not fit: {why}"), "");
                }
            }
            for (name, param) in &header.params {
                if param.default.is_none() && !test.params.contains_key(name) {
                    self.say(
                        place.clone(),
                        format!("this test lacks the parameter `{name}`"),
                        format!("add params = {{ {name} = … }}"),
                    );
                }
            }
        }
    }
}

fn table_of<'a, 'i>(table: &'a DeTable<'i>, key: &str) -> Option<&'a DeTable<'i>> {
    table.get(key)?.get_ref().as_table()
}

fn is_word(text: &str, more: char) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == more;
    !text.is_empty() && text.len() <= 64 && text.chars().all(fits)
}

/// Gives what stands in braces.
fn placeholders(title: &str) -> impl Iterator<Item = &str> {
    title.split('{').skip(1).filter_map(|rest| rest.split_once('}').map(|(name, _)| name))
}

/// Says what a parameter's value is, for the program's check.
pub(crate) fn values_of(header: &Header, name: &str) -> Option<(ParamKind, Vec<String>)> {
    let param = header.params.iter().find(|(param, _)| variable(param) == name);
    param.map(|(_, p)| {
        // With commas between they are none of the choices.
        let (kind, choices) =
            if p.several { (ParamKind::Text, None) } else { (p.kind, Some(p.choices.keys().cloned())) };
        (kind, choices.into_iter().flatten().collect())
    })
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::trial;

    #[test]
    fn every_key_that_a_header_may_have_is_known() {
        let source = "# /// playbook\n# name = \"a\"\n# about = \"a\"\n# title = \"a\"\n# examples = [\"a\"]\n# [words]\n# do = [\"a\"]\n# [param.x]\n# about = \"a\"\n# type = \"choice\"\n# default = \"b\"\n# after = [\"a\"]\n# on = [\"a\"]\n# choices = { b = [] }\n# [[test]]\n# files = { a = 1 }\n# fails = \"x\"\n# ///\n";
        let header = serde_json::to_value(check(source).unwrap()).unwrap();
        let known = |value: &Value, keys: &[Key]| {
            let unknown: Vec<&String> =
                value.as_object().unwrap().keys().filter(|k| keys.iter().all(|(name, ..)| name != k)).collect();
            assert!(unknown.is_empty(), "{unknown:?}");
        };
        known(&header, &KEYS);
        known(&header["words"], &WORDS);
        known(&header["param"]["x"], &PARAM);
        known(&serde_json::to_value(trial::Test::default()).unwrap(), &TEST);
    }
}
