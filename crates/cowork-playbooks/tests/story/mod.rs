//! A story: a task whose log grows turn by turn, against a world in memory.
//!
//! It stands in for the engine: what the planner proposes is committed as records, each call is answered by the world (or as
//! the story says), and the outcome is committed too. At every turn a planner that has seen nothing before must propose
//! the same as the one that kept its paused program, and one whose programs run in workers the same as one that runs them itself.

// Each test file is a program of its own and uses a part of this.
#![allow(dead_code)]

pub(crate) mod threads;

use std::{collections::BTreeMap, sync::Arc};

use cowork_core::{
    Access, Actor, Call, Command, Decision, Draft, Effects, Error, Event, Finish, Folder, Hash, Kind, Label, Outcome,
    PlanContext, Planner, Preview, Proposal, ProposedCall, Record, Recovery, Submit, Task, TaskId, ThreadId, Timestamp,
    ToolSpec, View,
};
use cowork_playbooks::{Apart, Limits, PlaybookPlanner};
use serde_json::{Value, json};

/// The specs of the real tools, as `cowork-tools` records them.
pub(crate) fn specs() -> Arc<[ToolSpec]> {
    let specs: Vec<ToolSpec> = serde_json::from_str(include_str!("../../../cowork-tools/tests/specs.json")).unwrap();
    specs.into()
}

pub(crate) fn folder(name: &str) -> Folder {
    Folder { name: name.to_owned(), at: format!("/home/anna/{name}"), access: Access::Write, whole: false }
}

/// A planner whose programs run in workers.
pub(crate) fn apart(limits: Limits) -> PlaybookPlanner {
    let interpreter = Arc::new(Apart::new(threads::Threads::serving(), "/worker", &[]));
    PlaybookPlanner::new().unwrap().with_limits(limits).with_interpreter(interpreter)
}

/// A task that runs this program, whose header is made for it.
pub(crate) fn program(body: &str) -> Submit {
    let source = format!(
        "# /// playbook\n# name = \"mine\"\n# about = \"A test\"\n# title = \"Try it\"\n# examples = [\"try it\"]\n# ///\n{body}"
    );
    let mut submit = Submit::new("try it");
    submit.folders = vec![folder("Downloads")];
    submit.planner = json!({ "source": source, "file": "mine.py" });
    submit
}

/// The line of the program's first line, in its file.
pub(crate) const FIRST: u32 = 7;

type Answerer = Box<dyn FnMut(&ProposedCall) -> Option<Outcome>>;

pub(crate) struct Story {
    planner: PlaybookPlanner,
    apart: PlaybookPlanner,
    limits: Limits,
    pub(crate) records: Vec<Record>,
    prev: Hash,
    pub(crate) world: BTreeMap<String, Thing>,
    answer: Answerer,
    pub(crate) proposals: Vec<Proposal>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Thing {
    kind: &'static str,
    text: String,
    modified: i64,
}

impl Story {
    pub(crate) fn of(submit: Submit) -> Self {
        Self::within(submit, Limits::default())
    }

    pub(crate) fn within(submit: Submit, limits: Limits) -> Self {
        let mut story = Self {
            planner: PlaybookPlanner::new().unwrap().with_limits(limits),
            apart: apart(limits),
            limits,
            records: Vec::new(),
            prev: Hash::default(),
            world: BTreeMap::new(),
            answer: Box::new(|_| None),
            proposals: Vec::new(),
        };
        let command = Command::Submit(submit);
        story
            .record(Actor::Person, Event::Commanded { sender: "test".to_owned(), id: id(1).parse().unwrap(), command });
        story
    }

    /// Puts files into the world; each in 2026, a day after the one before.
    pub(crate) fn files(mut self, paths: &[&str]) -> Self {
        for path in paths {
            self.put(path, "file", 1_767_225_600_000 + 86_400_000 * self.world.len() as i64);
        }
        self
    }

    pub(crate) fn put(&mut self, path: &str, kind: &'static str, modified: i64) {
        let mut above = path;
        while let Some((folder, _)) = above.rsplit_once('/') {
            self.world.entry(folder.to_owned()).or_insert(Thing { kind: "folder", ..Thing::default() });
            above = folder;
        }
        self.world.insert(path.to_owned(), Thing { kind, modified, ..Thing::default() });
    }

    pub(crate) fn text(mut self, path: &str, text: &str) -> Self {
        self = self.files(&[path]);
        self.world.get_mut(path).unwrap().text = text.to_owned();
        self
    }

    /// Answers some calls otherwise than the world does.
    pub(crate) fn answering(mut self, answer: impl FnMut(&ProposedCall) -> Option<Outcome> + 'static) -> Self {
        self.answer = Box::new(answer);
        self
    }

    pub(crate) fn steer(&mut self, text: &str) {
        let command = Command::Steer { text: text.to_owned() };
        let n = 500 + self.records.len();
        self.record(Actor::Person, Event::Commanded { sender: "test".to_owned(), id: id(n).parse().unwrap(), command });
    }

    pub(crate) fn task(&self) -> Task {
        Task::fold(&self.records).unwrap()
    }

    pub(crate) fn view(&self) -> View {
        View { task: Arc::new(self.task()), tools: specs() }
    }

    /// Plans the next turn by the planner of the story, by one with workers, and by a new one, and checks that all want the same.
    pub(crate) async fn plan(&mut self) -> cowork_core::Result<Proposal> {
        let kept = self.planner.plan(self.view(), PlanContext::default()).await;
        let by_worker = self.apart.plan(self.view(), PlanContext::default()).await;
        assert_eq!(kept, by_worker, "a worker must propose the same");
        let is_even = self.proposals.len().is_multiple_of(2);
        let fresh = if is_even { PlaybookPlanner::new().unwrap().with_limits(self.limits) } else { apart(self.limits) };
        let again = fresh.plan(self.view(), PlanContext::default()).await;
        assert_eq!(kept, again, "a planner that saw nothing before must propose the same");
        kept
    }

    /// Commits a proposal and the outcomes of its calls.
    pub(crate) fn commit(&mut self, proposal: Proposal) {
        let turn = self.proposals.len();
        let calls: Vec<Call> = proposal
            .calls
            .iter()
            .enumerate()
            .map(|(i, c)| Call {
                id: id(10_000 + turn * 200 + i).parse().unwrap(),
                tool: c.tool.clone(),
                args: c.args.clone().into(),
            })
            .collect();
        let decision = Decision {
            say: proposal.say.clone(),
            plan: proposal.plan.clone(),
            calls: calls.clone(),
            finish: proposal.finish.clone(),
            note: proposal.note.clone(),
            heard: u32::try_from(self.task().steers.len()).unwrap(),
        };
        self.record(Actor::Planner, Event::Decided(decision.into()));
        for (call, proposed) in calls.iter().zip(&proposal.calls) {
            let specs = specs();
            let spec = specs.iter().find(|s| s.name == proposed.tool).unwrap();
            assert!(jsonschema::is_valid(&spec.schema, &proposed.args), "the engine would refuse {proposed:?}");
            let outcome = (self.answer)(proposed).unwrap_or_else(|| self.act(proposed));
            self.record(Actor::Tool, Event::CallFinished { call: call.id, outcome, seen: Vec::new() });
        }
        self.proposals.push(proposal);
    }

    /// Plays to the end, and gives it.
    pub(crate) async fn play(&mut self) -> Finish {
        loop {
            match self.plan().await {
                Err(error) => return Finish::Failed { error },
                Ok(proposal) => {
                    assert!(proposal.calls.is_empty() != proposal.finish.is_none(), "calls or the end: {proposal:?}");
                    let finish = proposal.finish.clone();
                    self.commit(proposal);
                    if let Some(finish) = finish {
                        return finish;
                    }
                }
            }
        }
    }

    pub(crate) async fn done(&mut self) -> (String, Value) {
        match self.play().await {
            Finish::Done { summary, data } => (summary, data),
            other => panic!("it should be done: {other:?}"),
        }
    }

    pub(crate) async fn fails(&mut self) -> Error {
        match self.play().await {
            Finish::Failed { error } => error,
            other => panic!("it should fail: {other:?}"),
        }
    }

    /// Gives every path of files, links and pipes in the world.
    pub(crate) fn paths(&self) -> Vec<&str> {
        self.world.iter().filter(|(_, t)| t.kind != "folder").map(|(p, _)| p.as_str()).collect()
    }

    pub(crate) fn calls(&self) -> Vec<&ProposedCall> {
        self.proposals.iter().flat_map(|p| &p.calls).collect()
    }

    fn record(&mut self, actor: Actor, event: Event) {
        let seq = self.records.len() as u64 + 1;
        let task: TaskId = id(2).parse().unwrap();
        let thread: ThreadId = id(3).parse().unwrap();
        let at = Timestamp::from_millis(1_774_008_000_000 + seq as i64);
        let draft = Draft::new(Some(task), at, event).unwrap().by(actor, Label::trusted());
        let (record, hash) = draft.stamp(thread, seq, self.prev);
        self.prev = hash;
        // As it comes back from a store: bytes, not values.
        self.records.push(serde_json::from_str(&serde_json::to_string(&record).unwrap()).unwrap());
    }

    fn act(&mut self, call: &ProposedCall) -> Outcome {
        let path = |key: &str| call.args[key].as_str().unwrap().to_owned();
        let value = match call.tool.as_str() {
            "list_folder" => self.list(&path("path")),
            "suggest_folders" => self.suggest(&path("folder"), call.args["by"].as_str().unwrap()),
            "move_files" => self.moved(call.args["moves"].as_array().unwrap()),
            "find_text" => self.find(&path("folder"), &path("query")),
            "now" => json!({ "millis": 1_774_008_000_123_i64, "iso": "2026-03-20T12:00:00.123Z", "zone": "UTC" }),
            "random" => json!({ "number": 4 }),
            "read_file" => match self.world.get(&path("path")) {
                Some(thing) => json!({ "text": thing.text, "binary": false, "next": null }),
                None => {
                    let error = Error::new(Kind::NotFound, "read", format!("`{}` is not there", path("path")));
                    return Outcome::Failed { error };
                }
            },
            other => panic!("the world has no {other}"),
        };
        Outcome::Done { value, note: String::new() }
    }

    fn inside(&self, folder: &str) -> Vec<(&str, &str, &Thing)> {
        let here = self.world.iter().filter(|(p, _)| p.rsplit_once('/').is_some_and(|(above, _)| above == folder));
        here.map(|(path, thing)| (path.as_str(), path.rsplit('/').next().unwrap(), thing)).collect()
    }

    fn list(&self, folder: &str) -> Value {
        let entry = |(path, name, t): &(&str, &str, &Thing)| json!({ "path": path, "name": name, "kind": t.kind, "size": t.text.len(), "modified": t.modified });
        let entries: Vec<Value> = self.inside(folder).iter().map(entry).collect();
        let folders = entries.iter().filter(|e| e["kind"] == "folder").count();
        json!({ "count": entries.len(), "folders": folders, "entries": entries, "next": null })
    }

    /// Says where files go by type or by their changes, as the real tool does it for names that are simple.
    fn suggest(&self, folder: &str, by: &str) -> Value {
        let (mut goes, mut stay): (BTreeMap<String, Vec<&str>>, BTreeMap<&str, u64>) = Default::default();
        let inside = self.inside(folder);
        for (_, name, thing) in inside.iter().filter(|(_, _, t)| t.kind != "folder") {
            let day = day_of(thing.modified);
            let target = match (by, &day) {
                _ if thing.kind != "file" => Err("links and special files"),
                _ if name.starts_with('.') => Err("hidden files"),
                ("type", _) if category(name) == "Unfinished" => Err("files in use or not complete"),
                ("type", _) => Ok(category(name).to_owned()),
                ("month", Some(day)) => Ok(format!("{}/{}", &day[..4], &day[5..7])),
                ("month", None) => Err("files with a date that can't be right"),
                _ => panic!("the world does not know by {by}"),
            };
            match target {
                Ok(target) => goes.entry(target).or_default().push(name),
                Err(reason) => *stay.entry(reason).or_default() += 1,
            }
        }
        let project = inside.iter().map(|(_, name, _)| *name).find(|name| *name == "Cargo.toml");
        let (folders, files) = (inside.iter().filter(|(_, _, t)| t.kind == "folder").count(), inside.len());
        if project.is_some() {
            (goes, stay) = (BTreeMap::new(), BTreeMap::from([("files of a project", files as u64)]));
        }
        let changed = if by == "month" { goes.values().map(Vec::len).sum() } else { 0 };
        let one = |(target, names): (String, Vec<&str>)| json!({ "from": folder, "to": format!("{folder}/{target}"), "names": names });
        json!({ "count": files - folders, "inside": folders, "more": false, "moves": goes.into_iter().map(one).collect::<Vec<_>>(),
            "along": [], "folders": [], "stay": stay, "dated": { "name": 0, "content": 0, "changed": changed }, "project": project })
    }

    /// Moves files, one by one or several of a folder.
    fn moved(&mut self, moves: &[Value]) -> Value {
        let (mut made, mut otherwise, mut each, mut index) = (0, Vec::new(), Vec::new(), 0);
        for one in moves {
            let before = made;
            for (from, asked) in pairs(one) {
                let mut to = asked.clone();
                let mut number = 1;
                while self.world.contains_key(&to) {
                    number += 1;
                    let (stem, end) = asked.rsplit_once('.').unwrap_or((&asked, ""));
                    to = format!("{stem} ({number}).{end}");
                }
                match self.world.remove(&from) {
                    None => otherwise.push(json!({ "index": index, "path": asked, "reason": "it is gone" })),
                    Some(thing) => {
                        self.put(&to, thing.kind, thing.modified);
                        made += 1;
                        if to != asked {
                            otherwise.push(
                                json!({ "index": index, "path": asked, "renamed": to, "reason": "the name was taken" }),
                            );
                        }
                    }
                }
                index += 1;
            }
            each.push(made - before);
        }
        let renamed = otherwise.iter().filter(|o| o.get("renamed").is_some()).count();
        let left: Vec<&Value> = otherwise.iter().filter(|o| o.get("renamed").is_none()).collect();
        let at: Vec<Value> = left.iter().map(|o| json!([o["index"], o["index"].as_u64().unwrap() + 1])).collect();
        let why = |o: &&Value| json!({ "files": left.len(), "why": o["reason"], "fix": "see to that, then try again" });
        let reasons: Vec<Value> = left.iter().take(1).map(why).collect();
        let told =
            if left.is_empty() { String::new() } else { format!("Not done: {}, because it is gone.", left.len()) };
        json!({ "made": made, "renamed": renamed, "left": left.len(), "left_at": at, "reasons": reasons, "told": told, "otherwise": otherwise, "each": each })
    }

    fn find(&self, folder: &str, query: &str) -> Value {
        let below = format!("{folder}/");
        let files = || self.world.iter().filter(|(p, t)| t.kind == "file" && p.starts_with(&below));
        let hits: Vec<Value> = files()
            .filter(|(_, t)| t.text.to_lowercase().contains(&query.to_lowercase()))
            .map(|(p, t)| json!({ "path": p, "line": 1, "text": t.text }))
            .collect();
        json!({ "hits": hits, "matched": hits.len(), "searched": files().count(), "complete": true, "ended": "",
            "skipped": { "links": 0, "special": 0, "binary": 0, "large": 0, "unreadable": 0 } })
    }
}

/// Gives from where to where a move goes, of one or of several.
fn pairs(one: &Value) -> Vec<(String, String)> {
    let (from, to) = (one["from"].as_str().unwrap(), one["to"].as_str().unwrap());
    let several = one.get("names").map(|names| names.as_array().unwrap().iter().map(|name| name.as_str().unwrap()));
    several.map_or_else(
        || vec![(from.to_owned(), to.to_owned())],
        |names| names.map(|name| (format!("{from}/{name}"), format!("{to}/{name}"))).collect(),
    )
}

/// Gives the day of a change, where it can be right.
fn day_of(millis: i64) -> Option<String> {
    let (days, leap) =
        (millis.div_euclid(86_400_000), |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
    let (mut year, mut left) = (1900, days + 25_567);
    while left >= 365 + i64::from(leap(year)) {
        left -= 365 + i64::from(leap(year));
        year += 1;
    }
    let mut month = 0;
    let lengths = [31, 28 + i64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    while left >= lengths[month] {
        left -= lengths[month];
        month += 1;
    }
    let day = format!("{year}-{:02}-{:02}", month + 1, left + 1);
    (day.as_str() < "2026-03-22" && year != 1970).then_some(day)
}

/// Says of what category the files of these stories are.
pub(crate) fn category(name: &str) -> &'static str {
    let ending = name.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()).map(|(_, ending)| ending.to_lowercase());
    match ending.as_deref().unwrap_or_default() {
        _ if name.starts_with("~$") => "Unfinished",
        "crdownload" => "Unfinished",
        "pdf" | "docx" | "txt" => "Documents",
        "png" | "jpg" | "heic" | "cr2" => "Images",
        "mp4" | "avi" | "mov" => "Video",
        "zip" => "Archives",
        "html" => "Code",
        _ => "Other",
    }
}

pub(crate) fn withheld(title: &str) -> Outcome {
    let preview = Preview { title: title.to_owned(), ..Preview::default() };
    let effects = Effects { complete: true, recovery: Recovery::Journalled, preview, ..Effects::default() };
    Outcome::Withheld { effects }
}

pub(crate) fn denied() -> Outcome {
    Outcome::Denied { rule: "answer".to_owned(), reason: "a person said no".to_owned() }
}

fn id(n: usize) -> String {
    format!("0192f0c0-0000-7000-8000-{n:012x}")
}
