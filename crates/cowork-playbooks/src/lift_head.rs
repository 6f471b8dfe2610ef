//! The file that a run is written as: header, functions, plan, calls.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use serde_json::Value;

use crate::{
    header::ParamKind,
    lift_atoms::{Helper, Item, ending},
    lift_batch::Form,
    lift_build::{Block, Builder},
    lift_quote::{python, toml},
};

/// So many files of one ending are in a test.
const MOST_ALIKE: usize = 2;
const MOST_FILES: usize = 12;

/// Makes a name of a task's first words.
pub(crate) fn name(text: &str) -> String {
    const SMALL: [&str; 10] = ["the", "a", "an", "these", "those", "my", "all", "please", "of", "to"];
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { ' ' };
    let plain: String = text.chars().map(plain).collect();
    let words: Vec<&str> = plain.split_whitespace().filter(|word| !SMALL.contains(word)).take(4).collect();
    let name = words.join("-");
    if name.is_empty() { "from-task".to_owned() } else { name[..name.len().min(60)].trim_end_matches('-').to_owned() }
}

/// Writes the whole file.
pub(crate) fn source(builder: &Builder<'_>, blocks: &[Block], name: &str) -> String {
    let mut text = header(builder, blocks, name);
    let helpers = || builder.helpers.iter().copied();
    let imports: BTreeSet<&str> = helpers().filter_map(Helper::import).collect();
    for import in &imports {
        let _ = writeln!(text, "{import}");
    }
    for helper in helpers() {
        let _ = write!(text, "\n\n{}", helper.source());
    }
    text.push_str(if builder.helpers.is_empty() { "\n" } else { "\n\n" });
    program(&mut text, builder, blocks);
    text
}

fn program(text: &mut String, builder: &Builder<'_>, blocks: &[Block]) {
    let mut titles: Vec<&str> = blocks.iter().map(|b| b.title.as_str()).collect();
    titles.dedup();
    let titles: Vec<String> = titles.into_iter().map(python).collect();
    let _ = writeln!(text, "plan([{}])", titles.join(", "));
    folders(text, builder);
    if builder.today {
        text.push_str("today = now()[\"iso\"][:10]\n");
    }
    let mut before = "";
    for (n, block) in blocks.iter().enumerate() {
        if block.title != before {
            let _ = write!(text, "\nstep({})\n", python(&block.title));
        }
        before = &block.title;
        block.lines.iter().for_each(|line| {
            let _ = writeln!(text, "{line}");
        });
        let last = blocks.get(n + 1).is_none_or(|next| next.title != block.title);
        if let Some(done) = block.done.as_ref().filter(|_| last) {
            let _ = writeln!(text, "done(f\"{done}\")");
        }
    }
    let tally: Vec<&str> = blocks.iter().filter(|b| b.changes).filter_map(|b| b.done.as_deref()).collect();
    let summary = if tally.is_empty() { "\"Done.\"".to_owned() } else { format!("f\"{}.\"", tally.join(", ")) };
    let _ = write!(text, "\nfinish({summary})\n");
}

fn folders(text: &mut String, builder: &Builder<'_>) {
    let number = builder.run.task.submit.folders.len();
    let (places, plural) = match number {
        1 => ("place".to_owned(), "one folder"),
        _ => ((0..number).map(|n| builder.place(n)).collect::<Vec<_>>().join(", "), "folders in this order"),
    };
    let all: Vec<&str> = builder.run.task.submit.folders.iter().map(|f| f.name.as_str()).collect();
    let what = if number == 1 { plural.to_owned() } else { format!("{number} {plural}: {}", all.join(", ")) };
    let message = python(&format!("this playbook works in {what}\ngive it with --folder"));
    let _ = writeln!(text, "places = folders()\nif len(places) != {number}:\n    raise SystemExit({message})");
    let from = if number == 1 { "places[0]" } else { "places" };
    let _ = writeln!(text, "{places} = {from}");
}

fn header(builder: &Builder<'_>, blocks: &[Block], name: &str) -> String {
    let said = builder.run.task.submit.text.trim();
    let line: String = said.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = if line.is_empty() { format!("Run {name}") } else { line };
    let short = |most: usize| {
        let cut: String = line.chars().take(most).collect();
        let whole = cut.len() == line.len();
        let cut = cut.trim_end_matches(['.', '!', ' ']).replace(['{', '}'], "");
        if whole { cut } else { format!("{cut}…") }
    };
    let mut toml_lines = vec![
        format!("name = {}", toml(name)),
        format!("about = {}", toml(&short(160))),
        format!("title = {}", toml(&format!("{} ({{folders}})", short(60)))),
        format!("examples = [{}]", toml(&line)),
        "folders = \"write\"".to_owned(),
    ];
    let takes = |tool: &str| ["set_aside", "replace_text", "edit_file", "apply_patch"].contains(&tool);
    let tools = || blocks.iter().flat_map(|b| &b.steps).map(|at| builder.run.steps[*at].tool);
    if tools().any(takes) || blocks.iter().any(|b| b.title == "Rename files") {
        toml_lines.push("destructive = true".to_owned());
    }
    for (param, lifted) in &builder.params {
        let kind = if lifted.kind == ParamKind::Number { "number" } else { "text" };
        let default = lifted.default.as_str().map_or_else(|| lifted.default.to_string(), toml);
        toml_lines.push(String::new());
        toml_lines.push(format!("[param.{param}]"));
        toml_lines.push(format!("about = {}", toml(&lifted.about)));
        toml_lines.push(format!("type = \"{kind}\""));
        toml_lines.push(format!("default = {default}"));
    }
    toml_lines.extend(test(builder, blocks));
    let mut text = "# /// playbook\n".to_owned();
    for line in toml_lines {
        let _ = writeln!(text, "{}", format!("# {line}").trim_end());
    }
    let _ = write!(
        text,
        "# ///\n\n# Written from a task of {}, and run against what was recorded of it.\n",
        builder.run.day
    );
    text
}

/// Writes a test, if all that the run did came out of one listing of the folder itself: with some of the files that there were.
fn test(builder: &Builder<'_>, blocks: &[Block]) -> Vec<String> {
    let run = builder.run;
    let changes: Vec<&Block> = blocks.iter().filter(|b| b.changes).collect();
    let looks: Vec<&Block> = blocks.iter().filter(|b| !b.changes).collect();
    let moves = |b: &&Block| {
        b.batch.as_ref().is_some_and(|batch| {
            batch.form == Form::List("moves".to_owned()) && run.steps[b.steps[0]].tool == "move_files"
        })
    };
    let ([look], true, [folder]) = (looks.as_slice(), changes.iter().all(moves), run.task.submit.folders.as_slice())
    else {
        return Vec::new();
    };
    let listed = run.listings(look.steps[0]).into_iter().next();
    let plain = run.steps[look.steps[0]].tool == "list_folder" && !builder.today;
    let Some((_, items)) = listed.filter(|_| plain) else { return Vec::new() };
    let below = |path: &str| below(&folder.name, path);
    let mut moved: BTreeMap<String, String> = BTreeMap::new();
    for element in changes.iter().filter_map(|b| b.batch.as_ref()).flat_map(|batch| &batch.elements) {
        if let [from, to] = element.as_slice()
            && let (Some(from), Some(to)) = (below(from), below(to))
        {
            moved.insert(from, to);
        }
    }
    let files = chosen(builder, &items, &moved);
    let pairs: Vec<(&String, &String)> = files.iter().filter_map(|(path, _)| moved.get_key_value(path)).collect();
    if pairs.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![
        String::new(),
        "[[test]]".to_owned(),
        "about = \"does with some of the files what the task did\"".to_owned(),
        "[test.files]".to_owned(),
    ];
    lines.extend(files.iter().map(|(path, content)| format!("{} = {content}", toml(path))));
    lines.push("[test.moved]".to_owned());
    lines.extend(pairs.iter().map(|(from, to)| format!("{} = {}", toml(from), toml(to))));
    lines
}

/// Chooses a few of the files for a test, of each ending and target some: with what is in them.
fn chosen(builder: &Builder<'_>, items: &[Item<'_>], moved: &BTreeMap<String, String>) -> Vec<(String, String)> {
    let folder = builder.run.task.submit.folders.first().map_or("", |f| f.name.as_str());
    let mut files: Vec<(String, String)> = Vec::new();
    let mut alike: BTreeMap<(String, Option<String>), usize> = BTreeMap::new();
    for item in items.iter().filter(|item| item.text("kind") == Some("file")) {
        let Some(path) = below(folder, item.path).filter(|path| !path.contains(['/', '\\', '\0'])) else { continue };
        let to = moved.get(&path).and_then(|to| to.rsplit_once('/')).map(|(folder, _)| folder.to_owned());
        let seen = alike.entry((ending(item.name), to)).or_default();
        *seen += 1;
        if *seen <= MOST_ALIKE && files.len() < MOST_FILES {
            let changed = item.value.get("modified").and_then(Value::as_i64).map(crate::lift_atoms::day);
            let day = changed.filter(|_| builder.helpers.contains(&Helper::Changed));
            let content =
                day.map_or_else(|| "\"\"".to_owned(), |day| format!("{{ size = 0, modified = {} }}", toml(&day)));
            files.push((path, content));
        }
    }
    files
}

fn below(folder: &str, path: &str) -> Option<String> {
    path.strip_prefix(folder).map(|rest| rest.trim_start_matches('/').to_owned())
}
