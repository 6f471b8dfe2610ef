//! A program on its way: it runs until it calls a tool or ends, and goes on with the outcomes.

use std::{
    borrow::Cow,
    sync::{Arc, atomic::AtomicUsize},
};

use cowork_core::{CancellationToken, Error, Finish, Kind, Outcome, ProposedCall, Result};
use monty::{FunctionCall, MontyRun, RunProgress};
use monty_types::{
    CompileOptions, ExcType, ExtFunctionResult, MontyException, MontyObject, NameLookupResult, PrintWriter,
    PrintWriterCallback,
};
use serde_json::json;

use crate::{
    calls::{self, Function},
    fault,
    header::variable,
    host::{FUNCTIONS, Given, Host},
    interpreter::{Halt, Pause, Program},
    limits::Limits,
    memory,
    values::{to_program, weight},
};

/// A program that runs.
pub(crate) struct Machine {
    program: fault::Program,
    limits: Limits,
    tools: Arc<[Function]>,
    host: Host,
    at: At,
    calls: usize,
    pauses: usize,
    raised: Vec<(String, Error)>,
    memory: AtomicUsize,
}

enum At {
    /// It can go on.
    Ready(Box<RunProgress>),
    /// It waits for the outcomes of these calls.
    Waiting { paused: Box<FunctionCall>, calls: Vec<ProposedCall>, shape: Shape },
    /// It has ended.
    Ended,
}

/// What the program gets for the outcomes.
#[derive(Clone, Copy)]
enum Shape {
    /// The one value.
    One,
    /// The list of them; with or without the exceptions among them.
    Many { keep_exceptions: bool },
}

impl Machine {
    /// Compiles a program and begins it: it stands before its first line.
    fn start(program: Program, cancel: &CancellationToken) -> Result<(Self, Option<Pause>)> {
        let Program { file, source, params, folders, tools, limits, .. } = program;
        let names = params.keys().map(|name| variable(name)).collect();
        let told = fault::Program::new(&file, &source);
        let program = MontyRun::new(source, &file, names, CompileOptions::default())
            .map_err(|e| fault::syntax_error(&file, &e))?;
        let inputs = params.into_iter().map(|(_, value)| to_program(value)).collect();
        let mut machine = Self {
            program: told,
            limits,
            tools,
            host: Host::new(folders),
            at: At::Ended,
            calls: 0,
            pauses: 0,
            raised: Vec::new(),
            memory: AtomicUsize::new(0),
        };
        let mut watch = Watching(cancel);
        let begun = {
            let _armed = memory::arm(&machine.memory);
            program.start(inputs, machine.limits.tracker(), PrintWriter::Callback(&mut watch))
        };
        let ended = machine.take(begun, cancel)?;
        Ok((machine, ended))
    }

    /// Begins a program and runs it to its first halt.
    pub(crate) fn begin(program: Program, cancel: &CancellationToken) -> Result<(Self, Halt)> {
        let (mut machine, pause) = Self::start(program, cancel)?;
        let halt = machine.halt(pause, cancel)?;
        Ok((machine, halt))
    }

    /// Gives it the outcomes that it waits for, and runs it to its next halt.
    pub(crate) fn go_on(&mut self, outcomes: Vec<Outcome>, cancel: &CancellationToken) -> Result<Halt> {
        let pause = self.answer(outcomes, cancel)?;
        self.halt(pause, cancel)
    }

    fn halt(&mut self, pause: Option<Pause>, cancel: &CancellationToken) -> Result<Halt> {
        let pause = match pause {
            Some(pause) => pause,
            None => self.run(cancel)?,
        };
        Ok(Halt { said: self.host.take_said(), plan: self.host.take_plan(), pause })
    }

    /// Gives it the outcomes that it waits for, in the order of its calls.
    fn answer(&mut self, outcomes: Vec<Outcome>, cancel: &CancellationToken) -> Result<Option<Pause>> {
        let At::Waiting { paused, calls, shape } = std::mem::replace(&mut self.at, At::Ended) else {
            return Err(Error::new(Kind::Internal, "run playbook", "the program does not wait for an answer"));
        };
        let withheld = |o: &Outcome| matches!(o, Outcome::Withheld { .. });
        if outcomes.iter().any(withheld) {
            return Ok(Some(Pause::End(self.withheld(&outcomes))));
        }
        let heavy: usize =
            outcomes.iter().map(|o| if let Outcome::Done { value, .. } = o { weight(value) } else { 0 }).sum();
        if heavy > self.limits.value {
            let why = format!("what the tools gave is larger than {} bytes", self.limits.value);
            return Ok(Some(Pause::End(Finish::Failed { error: fault::limit(&why) })));
        }
        let result = match shape {
            Shape::One => {
                let mut outcomes = calls.iter().zip(outcomes);
                outcomes.next().map_or(ExtFunctionResult::Return(MontyObject::None), |(call, o)| self.one(call, o))
            }
            Shape::Many { keep_exceptions } => self.many(&calls, outcomes, keep_exceptions),
        };
        self.resume(*paused, result, cancel)
    }

    /// Runs until it calls a tool or ends.
    fn run(&mut self, cancel: &CancellationToken) -> Result<Pause> {
        loop {
            let At::Ready(progress) = std::mem::replace(&mut self.at, At::Ended) else {
                return Err(Error::new(Kind::Internal, "run playbook", "the program can't go on"));
            };
            self.pauses += 1;
            let paused = match *progress {
                RunProgress::Complete(value) => return Ok(Pause::End(self.complete(&value))),
                RunProgress::FunctionCall(call) => self.called(call, cancel)?,
                RunProgress::NameLookup(lookup) => {
                    let known = self.knows(&lookup.name);
                    let found = known.then(|| MontyObject::Function { name: lookup.name.clone(), docstring: None });
                    let next = self.armed(cancel, |print| lookup.resume(NameLookupResult::from(found), print));
                    self.take(next, cancel)?
                }
                RunProgress::OsCall(call) => {
                    let refusal = self.refuse_system(call.function_call.name());
                    let next = self.armed(cancel, |print| call.resume(refusal, print));
                    self.take(next, cancel)?
                }
                RunProgress::ResolveFutures(_) => {
                    let why = format!("{}: the program waits for something that nobody will answer", self.program.file);
                    let error = Error::new(Kind::InvalidInput, "run playbook", why)
                        .with_fix("call tools without `await`; use gather(later(tool, …), …) for several at once");
                    return Ok(Pause::End(Finish::Failed { error }));
                }
            };
            match paused {
                Some(pause) => return Ok(pause),
                None => {
                    if let At::Waiting { calls, .. } = &self.at {
                        return Ok(Pause::Calls(calls.clone()));
                    }
                }
            }
        }
    }

    fn called(&mut self, call: FunctionCall, cancel: &CancellationToken) -> Result<Option<Pause>> {
        if self.pauses > self.limits.pauses {
            let why = format!("the program called more than {} functions", self.limits.pauses);
            return Ok(Some(self.stop(call, &why)));
        }
        if call.object_id.is_some() {
            let name = call.function_name.clone();
            return self.resume(call, not_found(&name), cancel);
        }
        let given = Given::new(&call.function_name, &call.args, &call.kwargs);
        match call.function_name.as_str() {
            "finish" => match self.host.finish(&given, self.limits.value) {
                Ok(finish) => Ok(Some(Pause::End(finish))),
                Err(why) => self.resume(call, raise(ExcType::TypeError, why), cancel),
            },
            "later" => {
                let answer = calls::put_off(&self.tools, &given, self.limits.value);
                let answer = answer.map_or_else(|why| raise(ExcType::TypeError, why), ExtFunctionResult::Return);
                self.resume(call, answer, cancel)
            }
            "gather" => match calls::gathered(&self.tools, &given, self.limits.value) {
                Ok((calls, _)) if calls.is_empty() => {
                    self.resume(call, ExtFunctionResult::Return(MontyObject::List(Vec::new())), cancel)
                }
                Ok((calls, keep_exceptions)) => Ok(self.wait(call, calls, Shape::Many { keep_exceptions })),
                Err(why) => self.resume(call, raise(ExcType::TypeError, why), cancel),
            },
            name if FUNCTIONS.contains(&name) => {
                let answer = self.host.answer(&given);
                let answer = answer.map_or_else(|why| raise(ExcType::TypeError, why), ExtFunctionResult::Return);
                self.resume(call, answer, cancel)
            }
            name => match calls::of_tool(&self.tools, name, &call.args, &call.kwargs, self.limits.value) {
                None => {
                    let name = name.to_owned();
                    self.resume(call, not_found(&name), cancel)
                }
                Some(Ok(proposed)) => Ok(self.wait(call, vec![proposed], Shape::One)),
                Some(Err(why)) => self.resume(call, raise(ExcType::TypeError, why), cancel),
            },
        }
    }

    fn wait(&mut self, call: FunctionCall, calls: Vec<ProposedCall>, shape: Shape) -> Option<Pause> {
        self.calls += calls.len();
        if self.calls > self.limits.calls {
            let why = format!("the program called more than {} tools", self.limits.calls);
            return Some(self.stop(call, &why));
        }
        self.at = At::Waiting { paused: Box::new(call), calls, shape };
        None
    }

    /// Ends the program at a limit of ours, at the line where it stands.
    fn stop(&mut self, call: FunctionCall, why: &str) -> Pause {
        let e = MontyException::new(ExcType::RuntimeError, Some(why.to_owned()));
        let line = call.abort(e, PrintWriter::Disabled).err().and_then(|e| fault::line(&e));
        let place =
            line.map_or_else(|| self.program.file.clone(), |line| format!("{}, line {line}", self.program.file));
        let error = fault::placed(fault::limit(&format!("{place}: {why}")), &self.program.file, line);
        Pause::End(Finish::Failed { error })
    }

    fn one(&mut self, call: &ProposedCall, outcome: Outcome) -> ExtFunctionResult {
        match outcome {
            Outcome::Done { value, .. } => ExtFunctionResult::Return(to_program(value)),
            Outcome::Failed { error } => {
                let text = error.message.clone();
                self.raised.push((text.clone(), error));
                raise(ExcType::RuntimeError, text)
            }
            Outcome::Denied { rule, reason } => {
                let what = self.host.active().map_or_else(|| format!("`{}`", call.tool), |step| format!("“{step}”"));
                let by_person = rule == "answer";
                let text = if by_person {
                    format!("you said no to {what}")
                } else {
                    format!("{what} is not allowed: {reason}")
                };
                let error = Error::new(Kind::NotAllowed, "run playbook", text.clone()).with("rule", rule);
                self.raised.push((text.clone(), error));
                raise(ExcType::PermissionError, text)
            }
            Outcome::Withheld { .. } => ExtFunctionResult::Return(MontyObject::None),
        }
    }

    fn many(&mut self, calls: &[ProposedCall], outcomes: Vec<Outcome>, keep_exceptions: bool) -> ExtFunctionResult {
        let mut values = Vec::with_capacity(outcomes.len());
        for (call, outcome) in calls.iter().zip(outcomes) {
            match self.one(call, outcome) {
                ExtFunctionResult::Return(value) => values.push(value),
                ExtFunctionResult::Error(e) if keep_exceptions => {
                    values.push(MontyObject::Exception { exc_type: e.exc_type(), arg: e.into_message() });
                }
                other => return other,
            }
        }
        ExtFunctionResult::Return(MontyObject::List(values))
    }

    /// Plan mode: says what would have been done.
    fn withheld(&mut self, outcomes: &[Outcome]) -> Finish {
        let previews: Vec<_> = outcomes
            .iter()
            .filter_map(|o| if let Outcome::Withheld { effects } = o { Some(&effects.preview) } else { None })
            .collect();
        let titles: Vec<&str> = previews.iter().map(|p| p.title.as_str()).filter(|t| !t.is_empty()).collect();
        let summary = match titles.as_slice() {
            [] => "Would make changes; nothing was changed.".to_owned(),
            titles => format!("Would {}; nothing was changed.", titles.join(" and ")),
        };
        Finish::Done { summary, data: json!({ "dry_run": true, "would": previews }) }
    }

    fn complete(&mut self, value: &MontyObject) -> Finish {
        match self.host.value(value, self.limits.value) {
            Ok(finish) => finish,
            Err(why) => {
                let why = format!("{}: what the program ends with can't be kept: {why}", self.program.file);
                Finish::Failed { error: Error::new(Kind::InvalidInput, "run playbook", why) }
            }
        }
    }

    fn refuse_system(&self, name: &str) -> ExtFunctionResult {
        let instead = if name.contains("date") || name.contains("now") || name.contains("today") {
            "use now(), whose answer is in the log"
        } else {
            "use the tools, such as read_file(path)"
        };
        raise(ExcType::PermissionError, format!("`{name}` is not available to a playbook: {instead}"))
    }

    fn knows(&self, name: &str) -> bool {
        FUNCTIONS.contains(&name) || self.tools.iter().any(|t| t.name == name)
    }

    fn resume(
        &mut self,
        call: FunctionCall,
        answer: ExtFunctionResult,
        cancel: &CancellationToken,
    ) -> Result<Option<Pause>> {
        let next = self.armed(cancel, |print| call.resume(answer, print));
        self.take(next, cancel)
    }

    fn armed<T>(&self, cancel: &CancellationToken, run: impl FnOnce(PrintWriter<'_>) -> T) -> T {
        let _armed = memory::arm(&self.memory);
        let mut watch = Watching(cancel);
        run(PrintWriter::Callback(&mut watch))
    }

    fn take(
        &mut self,
        next: std::result::Result<RunProgress, MontyException>,
        cancel: &CancellationToken,
    ) -> Result<Option<Pause>> {
        match next {
            Ok(progress) => {
                self.at = At::Ready(Box::new(progress));
                Ok(None)
            }
            Err(_) if cancel.is_cancelled() => {
                Err(Error::new(Kind::Cancelled, "run playbook", "the planning was stopped"))
            }
            Err(e) => {
                let mut error = fault::ended(&self.program, &e, &self.raised, &self.limits);
                if e.exc_type() == ExcType::NameError && error.fix().is_none() {
                    let tools: Vec<&str> = self.tools.iter().map(|t| t.name.as_str()).collect();
                    error = error.with_fix(format!("there are: {}, {}", FUNCTIONS.join(", "), tools.join(", ")));
                }
                Ok(Some(Pause::End(Finish::Failed { error })))
            }
        }
    }
}

fn raise(kind: ExcType, message: String) -> ExtFunctionResult {
    ExtFunctionResult::Error(MontyException::new(kind, Some(message)))
}

fn not_found(name: &str) -> ExtFunctionResult {
    ExtFunctionResult::NotFound(name.to_owned())
}

/// Takes what the program prints, which goes nowhere, and stops it when the planning is cancelled.
struct Watching<'a>(&'a CancellationToken);

impl PrintWriterCallback for Watching<'_> {
    fn stdout_write(&mut self, _: Cow<'_, str>) -> std::result::Result<(), MontyException> {
        Ok(())
    }

    fn stdout_push(&mut self, _: char) -> std::result::Result<(), MontyException> {
        Ok(())
    }

    fn poll_flush(&mut self) -> std::result::Result<(), MontyException> {
        if self.0.is_cancelled() {
            return Err(MontyException::new(ExcType::KeyboardInterrupt, Some("the planning was stopped".to_owned())));
        }
        Ok(())
    }
}
