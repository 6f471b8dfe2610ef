//! `cowork playbook check`: what is wrong with playbooks, and whether they do what their own tests say.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    time::{Duration, UNIX_EPOCH},
};

use cowork::{
    What,
    playbooks::{Chosen, Header, PlaybookPlanner, Problem, Ran, TEST_FOLDER, Test},
};
use serde_json::{Value, json};

use super::{Source, engine::Aside, list::indented, planner, problems, source, unless_stopped};
use crate::{
    fail::{Exit, Fail, wrong},
    look::Look,
    out::Out,
    render::{
        line::{Line, Role},
        text::{count, one_line, sentence},
    },
    signals::Signals,
};

/// What was found out about a playbook.
struct Checked {
    source: Source,
    problems: Vec<Problem>,
    /// What differed from what each test says; nothing where it passed.
    tests: Vec<(String, Vec<String>)>,
}

/// Checks these, or all of the person's own.
pub(crate) async fn check(names: &[String], json: bool) -> Result<Exit, Fail> {
    let planner = planner()?;
    let names: Vec<String> = match names {
        [] => planner.own().into_iter().map(|o| o.file.display().to_string()).collect(),
        names => names.to_vec(),
    };
    let mut out = Out::default();
    let look = Look::of_stdout();
    if names.is_empty() && !json {
        out.lines(
            &[Line::margin().add(Role::Plain, "You have no playbooks yet. Begin one: cowork playbook new NAME")],
            &look,
        );
    }
    let mut signals = Signals::listen()?;
    let mut well = true;
    for name in names {
        let Some(checked) = unless_stopped(&mut signals, one(&planner, &name)).await else {
            return Ok(Exit::Interrupted);
        };
        let checked = checked?;
        well &= checked.is_well();
        if json {
            out.text(&format!("{}\n", checked.as_json()));
        } else {
            out.lines(&checked.lines(&look), &look);
        }
    }
    Ok(if well { Exit::Done } else { Exit::Failed })
}

async fn one(planner: &PlaybookPlanner, name: &str) -> Result<Checked, Fail> {
    let source = source(planner, name)?;
    let specs: Vec<_> = cowork::tools::builtin().iter().map(|t| t.spec().clone()).collect();
    let mut checked = match cowork::playbooks::check(&source.text, &specs) {
        Err(problems) => Checked { source, problems, tests: Vec::new() },
        Ok(header) => {
            let problems = in_its_place(planner, &header, &source)?;
            let tests = if problems.is_empty() { tests(&header, &source).await? } else { Vec::new() };
            Checked { source, problems, tests }
        }
    };
    checked.problems.sort_by_key(|p| (p.line, p.column));
    Ok(checked)
}

/// Says what is wrong with it among the others: its name is taken, or one of its examples calls another.
fn in_its_place(planner: &PlaybookPlanner, header: &Header, source: &Source) -> Result<Vec<Problem>, Fail> {
    let taken = planner.own().into_iter().find(|o| Some(&o.file) == source.file.as_ref());
    if let Some(Err(problems)) = taken.as_ref().map(|o| o.playbook.clone()) {
        return Ok(problems);
    }
    // Only one that can be matched is called by its examples.
    if header.words.action.is_empty() || taken.is_none() && source.file.is_some() {
        return Ok(Vec::new());
    }
    let mut wrong = Vec::new();
    for example in &header.examples {
        let found = planner.match_words(example, &[]);
        let why = match found.playbook {
            Chosen::One(name) if name == header.name => continue,
            Chosen::One(other) => format!("it calls {other}"),
            Chosen::Ask(_) | Chosen::None => found.why,
        };
        let quoted = format!("{example:?}");
        let line = source.text.lines().position(|l| l.contains(&quoted)).and_then(|at| u32::try_from(at + 1).ok());
        let mut problem = Problem::whole(format!("the example “{example}” does not call this playbook: {why}"));
        problem.line = line;
        "change the example, or the words under [words]".clone_into(&mut problem.fix);
        wrong.push(problem);
    }
    Ok(wrong)
}

/// Runs its tests, each in a folder of its own.
pub(super) async fn tests(header: &Header, source: &Source) -> Result<Vec<(String, Vec<String>)>, Fail> {
    if header.tests.is_empty() {
        return Ok(Vec::new());
    }
    let aside = Aside::start().await?;
    let mut all = Vec::new();
    for (index, test) in header.tests.iter().enumerate() {
        let ran = ran(&aside, index, test, source).await?;
        all.push((test.about.clone(), test.differences(&ran)));
    }
    aside.stop().await;
    Ok(all)
}

async fn ran(aside: &Aside, index: usize, test: &Test, source: &Source) -> Result<Ran, Fail> {
    let made = aside.folder(index, TEST_FOLDER).and_then(|folder| fill(&folder, test).map(|()| folder));
    let folder = made.map_err(|e| {
        wrong(format!("the files of a test can't be made: {e}"), "see whether there is room in the temporary folder")
    })?;
    let granted = vec![cowork::folder_named(&folder, TEST_FOLDER)?];
    let ran = aside.run(&source.text, &file_name(source), &test.params, granted).await?;
    let below = |path: &str| path.strip_prefix(TEST_FOLDER).unwrap_or(path).trim_start_matches('/').to_owned();
    let moved = ran.changes.changes.iter().filter_map(|c| match &c.what {
        What::Moved { from, .. } => Some((below(from.as_str()), below(c.path.as_str()))),
        _ => None,
    });
    let mut tree = BTreeMap::new();
    collect(&folder, "", &mut tree);
    let end = ran.end.map_err(|e| e.message);
    Ok(Ran { end, moved: moved.collect(), tree })
}

fn fill(folder: &Path, test: &Test) -> std::io::Result<()> {
    for (name, content) in &test.files {
        let path = folder.join(name.trim_end_matches('/'));
        if name.ends_with('/') {
            fs::create_dir_all(&path)?;
            continue;
        }
        fs::create_dir_all(path.parent().unwrap_or(folder))?;
        fs::write(&path, content.bytes())?;
        let seconds = u64::try_from(content.modified()).unwrap_or(0);
        fs::File::options().append(true).open(&path)?.set_modified(UNIX_EPOCH + Duration::from_secs(seconds))?;
    }
    Ok(())
}

fn collect(folder: &Path, at: &str, tree: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = format!("{at}{}", entry.file_name().to_string_lossy());
        if !entry.file_type().is_ok_and(|t| t.is_dir()) {
            tree.insert(name, fs::read(entry.path()).unwrap_or_default());
            continue;
        }
        let before = tree.len();
        collect(&entry.path(), &format!("{name}/"), tree);
        if tree.len() == before {
            tree.insert(format!("{name}/"), Vec::new());
        }
    }
}

fn file_name(source: &Source) -> String {
    let file = source.file.as_deref().and_then(Path::file_name);
    file.map_or_else(|| format!("{}.py", source.name), |f| f.to_string_lossy().into_owned())
}

impl Checked {
    fn is_well(&self) -> bool {
        self.problems.is_empty() && self.tests.iter().all(|(_, differs)| differs.is_empty())
    }

    fn as_json(&self) -> Value {
        let tests: Vec<Value> = self
            .tests
            .iter()
            .map(|(about, differs)| json!({ "about": about, "ok": differs.is_empty(), "differences": differs }))
            .collect();
        let file = self.source.file.as_ref().map(|f| f.display().to_string());
        json!({ "playbook": self.source.name, "file": file, "ok": self.is_well(), "problems": self.problems, "tests": tests })
    }

    fn lines(&self, look: &Look) -> Vec<Line> {
        let head = Line::margin().add(Role::Strong, file_name(&self.source));
        let failed = self.tests.iter().filter(|(_, differs)| !differs.is_empty()).count();
        let passed = self.tests.len() - failed;
        let (role, verdict) = match (self.problems.len(), failed) {
            (0, 0) if self.tests.is_empty() => (Role::Done, "in order; it has no tests".to_owned()),
            (0, 0) => (Role::Done, format!("in order; {} passed", count(passed as u64, "test"))),
            (0, _) => (Role::Failed, format!("{} failed, {passed} passed", count(failed as u64, "test"))),
            (n, _) => (Role::Failed, count(n as u64, "problem")),
        };
        let mut lines = vec![head.add(Role::Plain, "  ").add(role, verdict)];
        if !self.problems.is_empty() {
            lines.push(Line::default());
            lines.extend(problems::lines(&self.problems, &self.source.text, look));
        }
        let room = look.columns().saturating_sub(6);
        for (index, (about, differs)) in self.tests.iter().enumerate().filter(|(_, (_, differs))| !differs.is_empty()) {
            let name = if about.is_empty() { String::new() } else { format!(": {}", one_line(about)) };
            lines.push(Line::default());
            lines.push(Line::margin().add(Role::Failed, format!("Test {}{name}", index + 1)).fit(look.columns()));
            lines.extend(differs.iter().flat_map(|d| indented(&one_line(&sentence(d)), Role::Plain, room)));
        }
        lines
    }
}
