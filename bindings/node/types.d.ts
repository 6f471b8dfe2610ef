// What data is like: commands, records, events, and all that they are made of.
//
// Written by `cargo xtask gen` from the engine's schema: what is changed here is lost.

/** Any JSON. A whole number that no `number` can hold exactly is a `bigint`. */
export type Json = null | boolean | number | bigint | string | Json[] | { [key: string]: Json };

/** What may be done in a folder. */
export type Access =
  /** Looking only. */
  | "read"
  /** Looking and changing. */
  | "write";

/** Who brought a record about. */
export type Actor =
  /** A person, by way of the sender named in the command. */
  | "person"
  /** The engine. */
  | "engine"
  /** The task's planner. */
  | "planner"
  /** A tool. */
  | "tool";

/**
 * A tool that may make changes in a folder without a question, for as long as a task lasts.
 *
 * It covers what can be undone, and nothing outside the granted folders. It comes with the task
 * ({@link Submit.allow}), or by `"allow_task"`. A host that keeps "always here" puts it into every task that it
 * submits for that folder.
 */
export interface AllowRule {
  /** The granted folder's name; empty for leave to run code, whatever that then wants to change. */
  folder: string;
  /** The tool's name. */
  tool: string;
}

/** Yes or no. */
export type Answer =
  /** It may be done, once, exactly as shown. */
  | "allow"
  /**
   * It may be done, and so may what the same tool does in the same folders in the rest of this task, if it can
   * be undone ({@link AllowRule}). What can't be covered by rules is allowed this once.
   */
  | "allow_task"
  /** It may not. */
  | "deny";

/** Answers a question that a task asked: with its words, as `asks` or the record gave them. */
export interface AnswerTask {
  /** Yes or no. */
  answer: Answer;
  /** Hash of the exact arguments that were shown. */
  args_hash: Hash;
  /** The call that was asked about. */
  call: CallId;
  /**
   * The sender's own name for it. Default: a new one.
   *
   * @defaultValue `null`
   */
  id?: CommandId | null;
  /**
   * Who answers. Default: as the engine was opened.
   *
   * @defaultValue `null`
   */
  sender?: string | null;
  /** The task that asked, which may be a sub-task. */
  task: TaskId;
}

/** A question that waits for a person's answer. */
export interface Ask {
  /** Hash of the exact arguments; the answer names it. */
  args_hash: Hash;
  /** The call, as it was decided. */
  call: Call;
  /** What the call would do. */
  effects: Effects;
  /** Why it asks. */
  reason: string;
  /** The policy's rule. */
  rule: string;
  /** What the sub-task is called that asks, if one does. */
  subtask?: string | null;
  /** The task. */
  task: TaskId;
  /** The thread. */
  thread: ThreadId;
}

/** Names one question to a model, the same over every try. */
export type AskId = string;

/** Text. */
export interface BlockText {
  type: "text";
  /** Where it has it from, as the service writes it. */
  citations?: Json[];
  /** What was said. */
  text: string;
}

/** A picture or a document, for a model that can see such (`ModelCard.sees`). */
export interface BlockMedia {
  type: "media";
  /** Its bytes in Base64, with padding. */
  data: string;
  /** Its type: `image/png`, `application/pdf`. */
  media_type: string;
  /** What it is called; empty if it has no name. */
  name?: string;
}

/** A call that the model wants. */
export interface BlockCall extends ModelCall {
  type: "call";
}

/** What came of a call. */
export interface BlockResult {
  type: "result";
  /** The call's {@link ModelCall.id}. */
  call: string;
  /** Whether it failed or was not run. */
  failed?: boolean;
  /** What came of it. */
  text: string;
}

/**
 * A block that only its service understands (thinking, a search of its own) and that must go back to it
 * unchanged, in its place. Another service is not shown it.
 */
export interface BlockOpaque {
  type: "opaque";
  /** Who wrote it, as its implementation calls itself: `anthropic`. */
  dialect: string;
  /** The block's JSON, byte for byte. */
  json: string;
}

/** A block of a turn's content. */
export type Block =
  | BlockText
  | BlockMedia
  | BlockCall
  | BlockResult
  | BlockOpaque;

/** What a task was told besides its words. */
export interface Briefing {
  /** The instruction files that there are in its folders. */
  instructions?: Instructions[];
  /** The notes of the thread, by name. */
  notes?: ThreadNote[];
  /** Why its folders could not be looked at for such files. */
  trouble?: ErrorData | null;
}

/** What a task may spend. What is left out has no limit. */
export interface Budget {
  /** Millionths of a US dollar. A model whose price is not known is not asked under such a limit. */
  cost?: number | null;
  /** Milliseconds of work. What a task rests, waiting for a person, does not count. */
  time?: number | null;
  /** Tokens read and written, by all models together. */
  tokens?: number | null;
}

/** Which built-in tools there are. */
export type BuiltinTools =
  /** All of them. */
  | "all"
  /** None of them: there are those of the host. */
  | "none";

/** One call of a tool. */
export interface Call {
  /** The arguments, as the tool's schema wants them. */
  args: Json;
  /** Its name in the log. */
  id: CallId;
  /** The tool's name. */
  tool: string;
}

/** Names a call of a tool: one decided use of it, the same over every attempt. */
export type CallId = string;

/** A call and how far it is. */
export interface CallReport {
  /** The arguments. */
  args: Json;
  /** How often it was started. */
  attempt: number;
  /** Its name in the log. */
  id: CallId;
  /** How it ended. */
  outcome?: Outcome | null;
  /** Where it is. */
  stage: Stage;
  /** The sub-task that does its work, if one does. */
  subtask?: TaskId | null;
  /** The tool. */
  tool: string;
}

/** What a task changed, each thing once, by path: for a screen to draw, and for a person to check. */
export interface ChangeSet {
  /** The bytes that the journal holds for undoing them. */
  bytes_kept: number;
  /** The changes, by path. */
  changes: Difference[];
}

/** Which tasks are taken up. */
export type ClaimKind =
  /** Every task of the store that is ready, those among them that a process left which is dead. */
  | "all"
  /** Those that are submitted or adopted here. */
  | "adopted";

/** Starts a task. */
export interface CommandSubmit extends Submit {
  type: "submit";
}

/** Says something to a task that runs; it is taken in before the next planning step. */
export interface CommandSteer {
  type: "steer";
  /** What is said. */
  text: string;
}

/** Answers a question that the task asked. */
export interface CommandAnswer {
  type: "answer";
  /** Yes or no. */
  answer: Answer;
  /** Hash of the exact arguments that were shown; another one is refused. */
  args_hash: Hash;
  /** The call that was asked about. */
  call: CallId;
}

/** Ends a task: running calls are stopped, nothing more is started. What was done stays done, and can be undone. */
export interface CommandCancel {
  type: "cancel";
}

/** Lets running calls finish, then rests until {@link CommandResume}. */
export interface CommandPause {
  type: "pause";
}

/**
 * Goes on after a pause, a stop or a crash. A task that something outside it made fail, such as a service that
 * was down or a limit, is gone on with where it failed; if that was a limit, its limits count anew.
 */
export interface CommandResume {
  type: "resume";
}

/**
 * Gives back what the task did to files, or a part of it. Only a task that has ended can be undone; as long as
 * something of it stands, it can be undone again.
 */
export interface CommandUndo {
  type: "undo";
  /** Only what these calls did; all of them if empty. */
  calls?: CallId[];
  /** Only what is or was at these paths or below them; all of it if empty. */
  paths?: FilePath[];
}

/** What a person, a schedule or another program wants of a task. */
export type Command =
  | CommandSubmit
  | CommandSteer
  | CommandAnswer
  | CommandCancel
  | CommandPause
  | CommandResume
  | CommandUndo;

/** Names a command, as its sender made it; `(thread, sender, id)` is accepted once. */
export type CommandId = string;

/** Its owners only. None known is the most private. */
export interface ConfidentialityPrivate {
  private: string[];
}

/** Says who may see a value. */
export type Confidentiality =
  /** Everybody. */
  | "public"
  | ConfidentialityPrivate;

/** How an engine is opened. Everything can be left out. */
export interface Config {
  /** Which built-in tools there are. */
  builtin_tools?: BuiltinTools;
  /**
   * Which tasks are taken up; whichever it is, only those whose planner is here, and the tools of their open
   * calls.
   */
  claim?: ClaimKind;
  /**
   * Credentials for hosts that commands may reach, by the names that a task's grants give them. No command ever
   * has one.
   */
  credentials?: { [key: string]: CredentialSettings };
  /**
   * The folder for the engine's own data: its log, and what is needed to give back what tasks did to files. It
   * is made if it is not there; `~` is the person's home, and a relative path is one from where the process
   * stands when it opens. Without one nothing is kept, and no task can be given a folder.
   *
   * @defaultValue `null`
   */
  data_dir?: string | null;
  /**
   * How much the commands of a task may use.
   *
   * @defaultValue
   *   `{"cpu":600,"file":4294967296,"memory":4294967296,"open":4096,"processes":512,"scratch":536870912}`
   */
  exec_limits?: ExecLimits;
  /**
   * The person's home, which is not granted as a whole unless they said so twice. Default: as the system says.
   *
   * @defaultValue `null`
   */
  home_dir?: string | null;
  /**
   * Standing instructions for models; they come after the engine's own.
   *
   * @defaultValue `null`
   */
  instructions?: string | null;
  /** How long what tasks did to files can be given back. */
  keep_undo?: KeepUndo;
  /** How much is done at once, and how long it is tried. */
  limits?: LimitSettings;
  /**
   * The model of tasks that name neither a model nor a planner: one of `model_settings`, one of the host's own,
   * or a service and its model (`anthropic/claude-sonnet-5-5`). Default: if there are models, the first of the
   * host's own, else of `model_settings`.
   *
   * @defaultValue `null`
   */
  model?: string | null;
  /**
   * Models, by names of your choice. A key is never among it, only where it is; by default it is looked for in
   * the service's usual variable.
   */
  model_settings?: { [key: string]: ModelSettings };
  /**
   * The planner of tasks that name neither: `playbook`, `model`, or one of the host's own. Default: the host's
   * own first one, else `model` if there are models, else `playbook`.
   *
   * @defaultValue `null`
   */
  planner?: string | null;
  /**
   * Keys and other secrets by the names of variables, such as `ANTHROPIC_API_KEY`: looked up before the
   * process's environment.
   */
  secrets?: { [key: string]: Secret };
  /**
   * Who sends commands that do not say it. Default: `host`.
   *
   * @defaultValue `null`
   */
  sender?: string | null;
  /** Where the log is. Default: on disk, if there is a `data_dir`. */
  store?: StoreKind | null;
  /**
   * The thread of tasks that name none. Default: `main`.
   *
   * @defaultValue `null`
   */
  thread?: string | null;
  /** The program that runs playbooks in a process of its own, confined. Default: they run in this process. */
  worker?: WorkerSettings | null;
}

/** A number of tokens, steps, tries or connections: `200000`, `200_000`, `200k`, `2m`. */
export type Count =
  | number
  | string;

/** A credential, as it is sent: a `bearer` token, or a `header` with its `value`. */
export interface CredentialSettings {
  /** A token, sent as `Authorization: Bearer`. */
  bearer?: Secret | null;
  /**
   * A header's name.
   *
   * @defaultValue `null`
   */
  header?: string | null;
  /** The header's value. */
  value?: Secret | null;
}

/** A day by the host's clock, as the number of days since 1970-01-01. */
export type Day = number;

/** What may be spent on models in a day. What is left out has no limit. */
export interface DayBudget {
  /** Millionths of a US dollar. A model whose price is not known is not asked under such a limit. */
  cost?: number | null;
  /** Tokens read and written. */
  tokens?: number | null;
}

/** What the planner wants next. */
export interface Decision {
  /** Calls to make; those that don't conflict run at once. */
  calls?: Call[];
  /** The end of the task. Calls beside it are an error. */
  finish?: Finish | null;
  /**
   * How many of the person's steers it was told of; those after it are new at the next one, wherever they stand
   * in the log.
   */
  heard?: number;
  /** What the planner keeps for its own recovery: a program's hash, an interpreter's version. */
  note?: Json;
  /** The plan, whole, where it changed. */
  plan?: PlanStep[] | null;
  /** A sentence for the person. */
  say?: string | null;
}

/** What the calls of a tool do to the world. */
export type DeclaredEffects =
  /** Nobody knows: each call is asked about, runs alone, and is not repeated after an interruption. */
  | "unknown"
  /** Nothing is changed: calls run unasked, at once, and again after an interruption. */
  | "read_only"
  /**
   * Something is changed, and doing it twice is the same as once: each call is asked about, and runs again after
   * an interruption.
   */
  | "idempotent"
  /** Something is changed: each call is asked about, and is not repeated after an interruption. */
  | "changes";

/** What happens between records: shown, never stored, without a `seq`. */
export interface Delta {
  /** The call, where it comes from one. */
  call?: CallId | null;
  /** The task. */
  task: TaskId;
  /** The thread. */
  thread: ThreadId;
  /** What happens. */
  what: DeltaKind;
}

/** Text as it is being written. */
export interface DeltaKindText {
  type: "text";
  /** The next piece. */
  text: string;
}

/** What a model thinks, as far as its service shows it. */
export interface DeltaKindThinking {
  type: "thinking";
  /** The next piece. */
  text: string;
}

/** A model writes a call of a tool. */
export interface DeltaKindCalling {
  type: "calling";
  /** The tool. */
  tool: string;
}

/** The answer that was being written was cut off and begins anew: what was shown of it does not count. */
export interface DeltaKindRestarted {
  type: "restarted";
}

/** A model's service failed in a way that may pass, and is asked again after a while. */
export interface DeltaKindRetrying {
  type: "retrying";
  /** How often it was asked. */
  tries: number;
  /** How many milliseconds are waited. */
  wait_ms: number;
  /** What it said. */
  why: string;
}

/** How far a long call is. */
export interface DeltaKindProgress {
  type: "progress";
  /** So much is done. */
  done: number;
  /** What it is at. */
  note: string;
  /** Of so much; 0 if not known. */
  total: number;
}

/** What a delta shows. */
export type DeltaKind =
  | DeltaKindText
  | DeltaKindThinking
  | DeltaKindCalling
  | DeltaKindRestarted
  | DeltaKindRetrying
  | DeltaKindProgress;

/** What became of one file or folder. */
export interface Difference {
  /** What it is like now; none for what was set aside. */
  after?: Side | null;
  /** What it was like before; none for what is new. */
  before?: Side | null;
  /** The calls that made it so, the first first. */
  calls: CallId[];
  /** What it is. */
  kind: FileKind;
  /** Where it is now, or where it was if it is gone. */
  path: FilePath;
  /** Whether it was given back. */
  undone?: boolean;
  /** What became of it. */
  what: What;
}

/** US dollars: `2`, `0.25`, `$1.50`. */
export type Dollars =
  | number
  | string;

export interface Duration {
  nanos: number;
  secs: number;
}

/**
 * What a call would do. The policy decides on it, a person is shown it, the engine takes locks by it.
 *
 * `Effects.default` is the most cautious: nothing is known, so the policy asks and a repeat is refused.
 */
export interface Effects {
  /**
   * Whether it runs code that nobody looked at. It runs confined: what that does to files is held back, and
   * judged by itself.
   */
  code?: boolean;
  /**
   * Whether `files` and `locks` are all of it. If not, the call may do anything.
   *
   * @defaultValue `false`
   */
  complete?: boolean;
  /** What it does to whatever is in the task's granted folders, if it can't say which. */
  everywhere?: Access | null;
  /** The files and whole folders it reads or changes. */
  files?: FileEffect[];
  /**
   * Whether what it changes lets something run or be believed later that nobody sees: it is asked about in every
   * mode.
   */
  guarded?: boolean;
  /** Other things that it must not share while it runs. */
  locks?: Lock[];
  /** What is noted for later tasks of the thread, in the call's place: the tool does not run. */
  note?: Noting | null;
  /**
   * What a person is shown.
   *
   * @defaultValue `{"title":""}`
   */
  preview?: Preview;
  /**
   * What to do when it was cut off.
   *
   * @defaultValue `"unknown"`
   */
  recovery?: Recovery;
  /**
   * What is worked on as a task of its own in the call's place: the tool does not run, and the call's result is
   * what came of it. Each call of the sub-task is judged as any other; that there is one changes nothing by
   * itself.
   */
  subtask?: Subtask | null;
  /**
   * Whether what it does can be undone byte for byte.
   *
   * @defaultValue `false`
   */
  undoable?: boolean;
}

/** How hard a model should think before it answers. */
export type Effort =
  /** As the service does unasked. */
  | "usual"
  /** Not at all, where that can be had. */
  | "none"
  /** A little. */
  | "low"
  /** As much as for everyday work. */
  | "medium"
  /** As much as it can. */
  | "high";

/** A command on its way in: to which thread and task, from whom. */
export interface Envelope {
  /** What is wanted. */
  command: Command;
  /**
   * The sender's own name for it. The same `(thread, sender, id)` is accepted once; a second one changes
   * nothing.
   */
  id: CommandId;
  /** Who sends it: `cli`, a device, a schedule. At most 128 bytes. */
  sender: string;
  /** The task it is for; a submitted task's own new name. */
  task: TaskId;
  /** The thread it is for. */
  thread: ThreadId;
}

/**
 * Says what went wrong, in a way that a caller can act on and a person can read.
 *
 * `message` says what happened and why, in one sentence without a final full stop; the context entry `fix`,
 * where there is one, says the next step. It crosses every boundary as its fields, never as text alone.
 */
export interface ErrorData {
  /** Named facts: `path`, `call`, `fix`. */
  context?: [string, string][];
  /** What a caller would act on. */
  kind: ErrorKind;
  /** What happened, for a person. */
  message: string;
  /** The operation that failed, in a few words: `open store`, `move`. */
  op: string;
  /** Whether, and when, the same thing may be tried again. */
  retry?: Retry;
}

/** Sorts errors by what a caller would do about them. */
export type ErrorKind =
  /** The caller's words are off: mend them and call again. */
  | "invalid_input"
  /** What was named is not there. */
  | "not_found"
  /** Policy, a grant or a person said no. */
  | "not_allowed"
  /** Something else changed it first: read again, then decide again. */
  | "conflict"
  /** Somebody else holds it now: wait, or stop them. */
  | "busy"
  /** The task's lease went to another process: stop at once, write nothing more. */
  | "lease_lost"
  /** Stored bytes are damaged or missing: see `cowork doctor`. */
  | "corrupt"
  /** Written by a later version: update this program. */
  | "newer_version"
  /** The disk, a quota or a table is full. */
  | "full"
  /** A limit on time, memory, size or count was reached. */
  | "limit_exceeded"
  /** A service or a file system does not answer: try again later. */
  | "unavailable"
  /** This platform or host can't do it, and nothing weaker was done instead. */
  | "unsupported"
  /** A person or the host stopped it. */
  | "cancelled"
  /** The process died in the middle, and what the call did is not known. */
  | "interrupted"
  /** A fault of this program. */
  | "internal";

/** The thread was made. Always its first record. */
export interface EventThreadOpened {
  type: "thread_opened";
  /** What a person calls it. */
  title: string;
}

/** A command came in at the door. The inbox is this record: whoever holds the task's lease takes it up. */
export interface EventCommanded {
  type: "commanded";
  /** What is wanted. */
  command: Command;
  /** The sender's name for it. */
  id: CommandId;
  /** Who sent it. */
  sender: string;
}

/** A command could not be followed. */
export interface EventRefused {
  type: "refused";
  /** The `seq` of the command. */
  command: number;
  /** Why. */
  error: ErrorData;
}

/** A process took the task up: for the first time, after a rest, or after another process died. */
export interface EventTaskStarted {
  type: "task_started";
  /** The lease's fencing number. */
  fence: number;
  /** Who holds the lease now. */
  owner: string;
}

/** What the task is told besides its words. It comes before its first decision, where there is anything to tell. */
export interface EventBriefed {
  type: "briefed";
  /** Notes, and instruction files. */
  briefing: Briefing;
}

/** A note was kept for later tasks of the thread, in place of the one of that name; or forgotten. */
export interface EventNoted {
  type: "noted";
  /** The call that asked for it; none if a person did it. */
  call?: CallId | null;
  /** What it is called. */
  name: string;
  /** What it says; empty if it is forgotten. */
  text: string;
}

/** A model is about to be asked. Committed before it is. */
export interface EventModelAsked {
  type: "model_asked";
  /** The question's name. */
  ask: AskId;
  /** Where it is: the destination of all that the task has seen. */
  at: string;
  /** The model. */
  model: string;
  /** The most that it may come to. */
  most: Reserve;
  /** What for, in a word: `plan`. */
  purpose: string;
}

/** A model answered, or did not. */
export interface EventModelAnswered {
  type: "model_answered";
  /** The question. */
  ask: AskId;
  /** What it cost, in millionths of a US dollar, if that is known. */
  cost?: number | null;
  /** Why there is no answer. */
  error?: ErrorData | null;
  /** How often it was asked. */
  tries: number;
  /** What it took. */
  usage: Usage;
}

/** The planner said what comes next. */
export interface EventDecided extends Decision {
  type: "decided";
}

/** The policy wants a person's word before a call. The task rests. */
export interface EventPermissionAsked {
  type: "permission_asked";
  /** Hash of the exact arguments; an answer names it. */
  args_hash: Hash;
  /** The call it is about. */
  call: CallId;
  /** What the call would do. */
  effects: Effects;
  /** Why the rule asks. */
  reason: string;
  /** The policy's rule. */
  rule: string;
}

/** A call is about to run. Committed before it does. */
export interface EventCallStarted {
  type: "call_started";
  /** 1 for the first time. */
  attempt: number;
  /** The call. */
  call: CallId;
  /**
   * Whether what it does must be guarded against being repeated.
   *
   * @defaultValue `"unknown"`
   */
  recovery?: Recovery;
  /** The policy's rule that let it. */
  rule: string;
}

/** A call's work was given to a sub-task, which begins in the same commit. */
export interface EventSubtaskStarted {
  type: "subtask_started";
  /** The call. */
  call: CallId;
  /** What is set aside for it. */
  reserve: Reserve;
  /** The sub-task. */
  task: TaskId;
}

/** A sub-task came to its end. Its call's end follows. */
export interface EventSubtaskEnded {
  type: "subtask_ended";
  /** The call. */
  call: CallId;
  /** What it spent, its own sub-tasks included. */
  spent: Spent;
}

/**
 * A call did its work apart from what that is about, and holds back what it would change: that is decided on as
 * a call is, then done.
 */
export interface EventCallHeld {
  type: "call_held";
  /** The call. */
  call: CallId;
  /** What is held back, and what the call gives once it is done. */
  held: Held;
}

/** A call came to its end, or was not let run. */
export interface EventCallFinished {
  type: "call_finished";
  /** The call. */
  call: CallId;
  /** How it ended. */
  outcome: Outcome;
  /** What the files were like that it read or wrote, as far as the task may rely on that later. */
  seen?: Sight[];
}

/** A started call has no known end: the process died or was stopped. */
export interface EventCallInterrupted {
  type: "call_interrupted";
  /** The attempt that was cut off. */
  attempt: number;
  /** The call. */
  call: CallId;
  /** What cut it off. */
  reason: string;
}

/** The work was put down in an orderly way and can be taken up again. */
export interface EventTaskStopped {
  type: "task_stopped";
  /** Why. */
  reason: string;
}

/** What the task changed was looked at again. Its end follows in the same commit. */
export interface EventFilesChecked {
  type: "files_checked";
  /** What was found. */
  report: FilesReport;
}

/** The task ended. */
export interface EventTaskFinished {
  type: "task_finished";
  /** How. */
  result: Finish;
}

/** Giving back began. */
export interface EventUndoStarted {
  type: "undo_started";
  /** Only what these calls did; all of them if empty. */
  calls?: CallId[];
  /** Only what is or was at these paths or below them; all of it if empty. */
  paths?: FilePath[];
}

/** Giving back ended. */
export interface EventUndoFinished {
  type: "undo_finished";
  /** What was given back, and what was kept and why. */
  report: UndoReport;
}

/** Giving back failed in the middle, and can be tried again. */
export interface EventUndoFailed {
  type: "undo_failed";
  /** Why. */
  error: ErrorData;
}

/**
 * The task's journal was let go of, to keep the journals within their limits: what it did can't be undone any
 * more.
 */
export interface EventJournalReclaimed {
  type: "journal_reclaimed";
}

/** What happened. Few events; each that lasts has a start and an end. */
export type Event =
  | EventThreadOpened
  | EventCommanded
  | EventRefused
  | EventTaskStarted
  | EventBriefed
  | EventNoted
  | EventModelAsked
  | EventModelAnswered
  | EventDecided
  | EventPermissionAsked
  | EventCallStarted
  | EventSubtaskStarted
  | EventSubtaskEnded
  | EventCallHeld
  | EventCallFinished
  | EventCallInterrupted
  | EventTaskStopped
  | EventFilesChecked
  | EventTaskFinished
  | EventUndoStarted
  | EventUndoFinished
  | EventUndoFailed
  | EventJournalReclaimed;

/** How much the commands of a session may use. */
export interface ExecLimits {
  /**
   * Seconds of processor time, each process.
   *
   * @defaultValue `600`
   */
  cpu?: number;
  /**
   * Bytes of one file.
   *
   * @defaultValue `4294967296`
   */
  file?: number;
  /**
   * Bytes of memory, all processes together.
   *
   * @defaultValue `4294967296`
   */
  memory?: number;
  /**
   * Open files, each process: 16 at least.
   *
   * @defaultValue `4096`
   */
  open?: number;
  /**
   * Processes and threads.
   *
   * @defaultValue `512`
   */
  processes?: number;
  /**
   * Bytes in each of the folders for what is of no use afterwards, `/tmp` and its home.
   *
   * @defaultValue `536870912`
   */
  scratch?: number;
}

/** One file, or a folder with all that is in it, that a call reads or changes. */
export interface FileEffect {
  /** What is done to it. */
  access: Access;
  /** The file or folder. */
  path: FilePath;
}

/** What something in a folder is. */
export type FileKind =
  /** A regular file. */
  | "file"
  /** A folder. */
  | "folder"
  /** A symbolic link. */
  | "link"
  /** A socket, a pipe, a device. */
  | "other";

/** A file or folder that a task changed, as it was found at the task's end. */
export interface FileNow {
  /** Bytes that are there now; 0 for what is not a file or is not there. */
  bytes?: number;
  /** How it was found. */
  found?: Found;
  /**
   * The hash of these bytes; none for what is not a file, was too large for the time there is, or could not be
   * read.
   */
  hash?: Hash | null;
  /** What it is. */
  kind: FileKind;
  /** Where it is, or was before it was set aside. */
  path: FilePath;
  /** What became of it. */
  what: What;
}

/**
 * Names a file or folder in the session's view: `Downloads/letters/may.txt`.
 *
 * The first part is the name of a granted folder, the rest leads down from it. It has no empty part, no `.` and
 * no `..`, and does not start with `/`. Bytes that are not UTF-8 are written `\xNN` and a backslash `\\`, so
 * that every name that a Unix file system can hold has exactly one such text.
 */
export type FilePath = string;

/**
 * What a task changed in its folders, as its end found it: from the journal, and from the disk as it is then.
 *
 * It does not depend on what the planner says. What was made and taken away again within the task is not among
 * it.
 */
export interface FilesReport {
  /** How many it gave another content or other permissions. */
  changed?: number;
  /** Those that were looked at again, by path. */
  files?: FileNow[];
  /** How many files and folders it made. */
  made?: number;
  /** How many it moved or renamed. */
  moved?: number;
  /** How many it set aside. */
  removed?: number;
  /**
   * Where there are so many that none was looked at: how many steps the journal holds. All that is above is
   * empty then.
   */
  steps?: number;
  /** Why the journal or the folders could not be looked at. */
  trouble?: ErrorData | null;
  /** What the task's outcome says that it made or changed, and nothing of the task did. */
  unmade?: string[];
  /** How many more there are than `files` names. */
  unnamed?: number;
}

/** One line of `cowork doctor`. */
export interface Finding {
  /** What to do about it; empty if nothing. */
  fix?: string;
  /** What was found. */
  found: string;
  /** Whether it is in order. */
  ok: boolean;
  /** What was looked at: `journal`. */
  what: string;
}

/** It was done, or it was found that nothing was to be done. */
export interface FinishDone {
  end: "done";
  /** The outcome, for a program. */
  data?: Json;
  /** The outcome, for a person. */
  summary: string;
}

/** It could not be done. */
export interface FinishFailed {
  end: "failed";
  /** Why. */
  error: ErrorData;
}

/** A person stopped it. */
export interface FinishCancelled {
  end: "cancelled";
}

/** How a task ended. */
export type Finish =
  | FinishDone
  | FinishFailed
  | FinishCancelled;

/** A folder that a person allowed a task to use: a grant. */
export interface Folder {
  /**
   * What may be done there.
   *
   * @defaultValue `"read"`
   */
  access?: Access;
  /** Where it is on this computer: an absolute path, as `path.escape` writes it. */
  at: string;
  /** What tools call it: the first part of every {@link FilePath} in it. One name, without `/`. */
  name: string;
  /** Whether the person said twice that `/` or their whole home is meant. Such a folder is refused otherwise. */
  whole?: boolean;
}

/** Asks for a folder to be made a grant. */
export interface FolderAt {
  /**
   * What may be done there. Default: looking and changing.
   *
   * @defaultValue `null`
   */
  access?: Access | null;
  /**
   * What tools call it. Default: its own name.
   *
   * @defaultValue `null`
   */
  name?: string | null;
  /** Its path; `~` is the person's home. */
  path: string;
  /**
   * Whether the person said twice that `/` or their whole home is meant.
   *
   * @defaultValue `false`
   */
  whole?: boolean;
}

/** A folder that a task may use. */
export type FolderChoice =
  /** A path: the folder may be changed in, under its own name. */
  | string
  /** A grant. */
  | Folder;

/** A folder of a task, as a sub-task gets it. */
export interface FolderPart {
  /**
   * What may be done there.
   *
   * @defaultValue `"read"`
   */
  access?: Access;
  /** What it is called: as in its task. */
  name: string;
}

/** Asks for what happens in a thread: all records after one, then what comes. */
export interface FollowEvents {
  /**
   * Only records with a `seq` above this.
   *
   * @defaultValue `0`
   */
  after?: number;
  /**
   * Only what belongs to this task and its sub-tasks; it ends with the task.
   *
   * @defaultValue `null`
   */
  task?: TaskId | null;
  /**
   * The thread, by its id or by a name of your choice, which is the same thread each time; a title names none.
   * Default: that of `task`, else as the engine was opened.
   *
   * @defaultValue `null`
   */
  thread?: string | null;
}

/** How something was found that a task had changed. */
export type Found =
  /** As the task left it. */
  | "as_left"
  /** Something else changed it since; or there is something again where the task had set something aside. */
  | "changed"
  /** It is not there any more, though the task did not take it away. */
  | "gone"
  /** It could not be looked at. */
  | "unread";

/** A part of what a call would do. */
export interface Group {
  /** How many. */
  count: number;
  /** A few of them. */
  examples: string[];
  /** Where to or what: `→ Documents/`. */
  label: string;
}

/** A BLAKE3 hash. */
export type Hash = string;

/** What stands before a conversation. */
export interface Head {
  /** Standing instructions. */
  system: string;
  /**
   * The tools it may call.
   *
   * @defaultValue `[]`
   */
  tools?: ToolSet;
}

/** What a call holds back (`Tool.held`) until it is decided on. */
export interface Held {
  /** What it would do. */
  effects: Effects;
  /** What the call gives once that is done. */
  output: ToolOutput;
}

/**
 * What the function of a model gives; or only a text, which is the answer's.
 *
 * It says `text` and `calls`, or, where more has to be said (what must go back to its service unchanged, say),
 * the whole as `blocks`.
 */
export interface HostAnswer {
  /**
   * All that it says and wants, in its order, in the place of `text` and `calls`.
   *
   * @defaultValue `null`
   */
  blocks?: Block[] | null;
  /**
   * Whether something is in it that tools brought which the service ran by itself: anybody's words.
   *
   * @defaultValue `false`
   */
  brought?: boolean;
  /** The calls that it wants. */
  calls?: HostCall[];
  /** The service's name for the answer, for its support. */
  id?: string;
  /** The model that the service says it was. */
  model?: string;
  /**
   * Why it ended there. Where it wants calls it is `calls`, whatever is said here.
   *
   * @defaultValue `"end"`
   */
  stop?: Stop;
  /**
   * What it says. If nothing is said here, it is what was told piece by piece.
   *
   * @defaultValue `null`
   */
  text?: string | null;
  /**
   * What it took.
   *
   * @defaultValue `{"input":0,"output":0}`
   */
  usage?: Usage;
}

/** A call as a host's model wants it. */
export interface HostCall {
  /**
   * The arguments.
   *
   * @defaultValue `null`
   */
  args?: Json;
  /**
   * Its name in the conversation; one is made if there is none.
   *
   * @defaultValue `null`
   */
  id?: string | null;
  /** The tool. */
  tool: string;
}

/** Something on a network that the commands of a task may reach; nothing else there is. */
export interface HostGrant {
  /**
   * The name of a credential that the host adds to what is sent there, so that no command ever has it; the host
   * that embeds the engine has it under this name. A header of the command's own that says who asks is taken
   * out.
   */
  credential?: string | null;
  /** A name or an address; `*.` before a name stands for everything below it, but not for the name itself. */
  host: string;
  /**
   * Methods, such as `GET`; if there are none, all. With methods or paths every request is looked at, also in
   * TLS.
   */
  methods?: string[] | null;
  /** Paths, each with everything below it; if there are none, all. */
  paths?: string[] | null;
  /** A port; if there is none, 443 and 80. */
  port?: number | null;
  /** Whether it may be at a private address, as a server of the person's own is. */
  private?: boolean;
}

/** Whether an instruction file is followed. */
export type InstructionState =
  /** It is: the person trusts exactly this content. */
  | "trusted"
  /** Nobody trusted it. */
  | "new"
  /** What was trusted had another content. */
  | "changed"
  /** It is a link, a folder or something else than a file. */
  | "not_a_file"
  /** It is not text in UTF-8. */
  | "not_text"
  /** It is longer than such files may be, or all of them together are. */
  | "too_long"
  /** It could not be read. */
  | "unread";

/** An instruction file, as a task found it. */
export interface Instructions {
  /**
   * Its bytes.
   *
   * @defaultValue `0`
   */
  bytes?: number;
  /** The hash of its content, where that was read. */
  hash?: Hash | null;
  /** The file. */
  path: FilePath;
  /** Whether it is followed, or why not. */
  state: InstructionState;
  /** Its content: the bytes that have this hash. Empty unless it is followed. */
  text?: string;
}

/**
 * Anybody; the origins that are known (`file:Downloads/a.txt`, `host:example.com`). None known is the least
 * trusted.
 */
export interface IntegrityUntrusted {
  untrusted: string[];
}

/** Says who could have written a value. */
export type Integrity =
  /** The person who gave the task. */
  | "user"
  /** The host or this program. */
  | "trusted"
  | IntegrityUntrusted;

/** The next record. None is ever left out. */
export interface ItemRecord extends Record {
  item: "record";
}

/** Something that happens in between. */
export interface ItemDelta extends Delta {
  item: "delta";
}

/**
 * The reader was too slow: so many deltas, or notices of records, were passed over. The records themselves
 * follow.
 */
export interface ItemLagged {
  item: "lagged";
  /** How many. */
  missed: number;
}

/** What a subscription gives. */
export type Item =
  | ItemRecord
  | ItemDelta
  | ItemLagged;

/** Keeps a note for later tasks of a thread, in the place of the one of that name. */
export interface KeepNote {
  /** What it is called. */
  name: string;
  /** What it says; empty: the note of that name is forgotten. */
  text?: string;
  /**
   * The thread, by its id or by a name of your choice, which is the same thread each time; a title names none.
   * Default: as the engine was opened.
   *
   * @defaultValue `null`
   */
  thread?: string | null;
}

/** How long what tasks did to files can be given back. */
export interface KeepUndo {
  /**
   * So many bytes of journals are kept. Default: 10 GiB.
   *
   * @defaultValue `null`
   */
  bytes?: number | null;
  /**
   * Each for so many days after it was last written. Default: 30.
   *
   * @defaultValue `null`
   */
  days?: number | null;
}

/** A change that was not given back. */
export interface Kept {
  /** Where it is now. */
  path: FilePath;
  /** Why it was left. */
  reason: string;
  /** Where the task had left it, if that is elsewhere. */
  was?: FilePath | null;
}

/** Where a key is, never the key itself: `env:NAME`, `keyring`, `keyring:NAME`, `file:PATH` or `none`. */
export type KeySource = string;

/**
 * Says how far a value may be trusted and how far it may travel.
 *
 * Labels only join: a value made from several is as untrusted as the least trusted and as private as the most
 * private. What is not known is untrusted and private; that is `Label.default`.
 */
export interface Label {
  /**
   * Who may see it.
   *
   * @defaultValue `{"private":[]}`
   */
  c?: Confidentiality;
  /**
   * Who could have written it.
   *
   * @defaultValue `{"untrusted":[]}`
   */
  i?: Integrity;
}

/** How much is done at once, and how long it is tried. */
export interface LimitSettings {
  /**
   * What may be spent on models in a day, over all tasks.
   *
   * @defaultValue `{}`
   */
  day?: DayBudget;
  /** How long a task is this process's without a sign of life. Default: 15 s. */
  lease?: Span | null;
  /** How long one answer is waited for, all tries together. Default: 10 minutes. */
  patience?: Span | null;
  /**
   * How many tasks are worked on at once. Default: 64.
   *
   * @defaultValue `null`
   */
  tasks?: number | null;
  /**
   * Threads on which built-in tools compute; the engine has one besides. At most 1,024. Default: as many as
   * processors.
   *
   * @defaultValue `null`
   */
  threads?: number | null;
  /**
   * How often a model's service is asked for one answer. Default: 8.
   *
   * @defaultValue `null`
   */
  tries?: number | null;
}

/**
 * A named thing that calls share or hold alone: `clock`, `screen`, `account/mail`.
 *
 * A name is a path: who holds `a` alone also holds `a/b`.
 */
export interface Lock {
  /** Whether nobody else may use it meanwhile. */
  alone: boolean;
  /** The thing. */
  name: string;
}

/**
 * What is counted for answers that never came, because the process that asked for them ended first: all that was
 * set aside.
 */
export interface Lost {
  /** How many answers. */
  answers: number;
  /** Millionths of a US dollar, as far as prices are known. */
  cost: number;
  /** Tokens, read and written. */
  tokens: number;
}

/** One turn of a conversation. */
export interface Message {
  /** What was said, in order. */
  blocks: Block[];
  /** Whose turn it is. */
  role: Role2;
}

export type Messages = Message[];

/** How much a task may do without asking. */
export type Mode =
  /** Reads in the granted folders; asks before every change. */
  | "ask"
  /** Reads only; changes are worked out and shown, never made. */
  | "plan"
  /** Reads and changes what can be undone in the granted folders; asks before anything else. */
  | "auto";

/** What a model answers. */
export interface ModelAnswer {
  /** What it says and wants done, in its order. */
  blocks: Block[];
  /** Whether something is in it that tools brought which the service ran by itself: anybody's words. */
  brought?: boolean;
  /** The service's name for the answer, for its support; empty if it has none. */
  id?: string;
  /** The model that the service says it was; empty if it does not say. */
  model?: string;
  /** Why it ended there. */
  stop: Stop;
  /** What it took. */
  usage: Usage;
}

/** A call as a model writes it. */
export interface ModelCall {
  /** The arguments: an object, empty where `fault` is set. */
  args: Json;
  /** What is wrong with the arguments as they were written, if they can't be read. */
  fault?: string | null;
  /** Its name in the conversation: a-z, A-Z, 0-9, `_` and `-`, at most 64 bytes. */
  id: string;
  /** The tool. */
  tool: string;
}

/** How a host describes a model of its own. */
export interface ModelDeclaration {
  /**
   * Where what a task has seen goes: a host. `unknown` if nothing is said.
   *
   * @defaultValue `"unknown"`
   */
  at?: string;
  /**
   * How many tokens an answer may have.
   *
   * @defaultValue `16000`
   */
  most_tokens?: number;
  /** Its name, as tasks choose it. */
  name: string;
  /**
   * What it costs. Where that is not known, it is not asked by a task that may spend only so much money.
   *
   * @defaultValue `null`
   */
  price?: Price | null;
  /**
   * The types of media that it can see: `image/png`.
   *
   * @defaultValue `[]`
   */
  sees?: string[];
  /**
   * How many tokens a request and its answer may have together.
   *
   * @defaultValue `128000`
   */
  window?: number;
}

/**
 * What a model is asked.
 *
 * A clone is cheap: what a long conversation says is shared, and so is what an implementation has written of it.
 */
export interface ModelRequest {
  /**
   * How hard it should think.
   *
   * @defaultValue `"usual"`
   */
  effort?: Effort;
  /** What stands before the conversation and seldom changes. */
  head: Head;
  /**
   * The conversation, oldest first. It begins with the person; a call's result comes in the next message after
   * the call.
   */
  messages: Messages;
  /**
   * The most tokens it may answer with; 0 for as many as the model can.
   *
   * @defaultValue `0`
   */
  most_tokens?: number;
  /** A JSON Schema that the answer's text must fit, if any. */
  schema?: Json;
}

/** A model as a person sets it. */
export interface ModelSettings {
  /**
   * The service's address, where it is another than usual.
   *
   * @defaultValue `null`
   */
  base?: string | null;
  /**
   * How many connections there are at once to a service that takes one request at a time on each; 128 if nothing
   * is said. What is asked beyond that waits for one.
   *
   * @defaultValue `null`
   */
  connections?: Count | null;
  /**
   * The model that is asked where this one's service is not available: a destination of its own.
   *
   * @defaultValue `null`
   */
  fallback?: string | null;
  /**
   * Whether it can see pictures, where that is not known by its name.
   *
   * @defaultValue `null`
   */
  images?: boolean | null;
  /** Where its key is; none for the usual places. */
  key?: KeySource | null;
  /**
   * The most tokens of an answer.
   *
   * @defaultValue `null`
   */
  max_tokens?: Count | null;
  /** Its name there. */
  model: string;
  /**
   * Whether its key may go over plain HTTP to another computer.
   *
   * @defaultValue `false`
   */
  plain_key?: boolean;
  /** What it costs, where that is not known by its name or is another. */
  price?: PriceSettings | null;
  /**
   * By which proxy: an address, or `none`; as the system says if nothing is said.
   *
   * @defaultValue `null`
   */
  proxy?: string | null;
  /**
   * Files with roots of trust, besides the system's.
   *
   * @defaultValue `[]`
   */
  roots?: string[];
  /** Which service it is asked at, or which one that service speaks like. */
  service: ServiceName;
  /**
   * How hard it is to think.
   *
   * @defaultValue `"usual"`
   */
  thinking?: Effort;
  /** How long is waited. */
  timeout?: Timeouts;
  /** Tools that the service runs by itself, each a destination of its own. */
  tools?: ServiceTool[];
  /**
   * How often it is asked for one answer where its service fails in a way that may pass; 8 if nothing is said.
   *
   * @defaultValue `null`
   */
  tries?: Count | null;
  /**
   * How many tokens a request and its answer may have together, where that is not known by its name.
   *
   * @defaultValue `null`
   */
  window?: Count | null;
}

/** Nothing. */
export interface Nothing {
}

/** What is to be noted: what a call asks for by its {@link Effects.note}. */
export interface Noting {
  /** What it is called: up to 64 bytes, without `/` and line ends. It replaces the note of that name. */
  name: string;
  /** What it says: up to 1,024 bytes. Empty: the note of that name is forgotten. */
  text?: string;
}

/** Names a task. */
export interface OneTask {
  /** The task. */
  task: TaskId;
}

/** Names a thread. */
export interface OneThread {
  /**
   * The thread, by its id or by a name of your choice, which is the same thread each time; a title names none.
   * Default: as the engine was opened.
   *
   * @defaultValue `null`
   */
  thread?: string | null;
}

/** Opens a thread. */
export interface OpenThread {
  /**
   * The thread, by its id or by a name of your choice, which is the same thread each time; a title names none.
   * Default: as the engine was opened.
   *
   * @defaultValue `null`
   */
  thread?: string | null;
  /**
   * What a person calls it, if it is new. Default: the name that was given as `thread`.
   *
   * @defaultValue `null`
   */
  title?: string | null;
}

/** It ran. */
export interface OutcomeDone {
  end: "done";
  /** One line for a person; empty if there is nothing to say. */
  note?: string;
  /** What it gives back to the planner. */
  value: Json;
}

/** It ran and failed, or its arguments did not fit. The planner is told. */
export interface OutcomeFailed {
  end: "failed";
  /** Why. */
  error: ErrorData;
}

/** A policy or a person said no. It did not run. */
export interface OutcomeDenied {
  end: "denied";
  /** Why. */
  reason: string;
  /** The policy's rule, or `answer` for a person's. */
  rule: string;
}

/** Plan mode: it did not run; this is what it would have done. */
export interface OutcomeWithheld {
  end: "withheld";
  /** What it would have done. */
  effects: Effects;
}

/** How a call ended. */
export type Outcome =
  | OutcomeDone
  | OutcomeFailed
  | OutcomeDenied
  | OutcomeWithheld;

/** What a sub-task is a part of. */
export interface Parent {
  /** Its call, whose result the sub-task's end is. */
  call: CallId;
  /** How deep it lies: 1 right below the top. */
  depth: number;
  /**
   * The task at the top, which a person gave. All of its sub-tasks work under its lease, in its folders, into
   * its journal.
   */
  root: TaskId;
  /** The task that started it. */
  task: TaskId;
  /** What a person calls the sub-task. */
  title: string;
}

/** One line of the plan. */
export interface PlanStep {
  /** What came of it, or what it works on: `467 to move, 45 stay`. */
  detail?: string;
  /** How far it is. */
  state: StepState;
  /** What is to be done: `Move files`. */
  title: string;
}

/** How a host describes a planner of its own. */
export interface PlannerDeclaration {
  /**
   * Whether it goes by the notes of the thread and the instruction files of the folders: then they are gathered
   * before it is asked first.
   *
   * @defaultValue `false`
   */
  briefed?: boolean;
  /**
   * Whether it works on this computer alone: it sends what it reads nowhere.
   *
   * @defaultValue `false`
   */
  local?: boolean;
  /** Its name, as tasks ask for it. */
  name: string;
}

/** What the function of a planner is called with. It gives a {@link Proposal}. */
export interface PlannerInput {
  /** The task as the log tells it. */
  task: TaskState;
  /** The names of the tools that there are; the operation `tools` describes them. */
  tools: string[];
}

/** What a call would do, for a person: a sentence, then the groups it falls into. */
export interface Preview {
  /** The parts, the largest first. */
  groups?: Group[];
  /**
   * What comes and goes, line by line, where that is known and no more than can be read: `- ` before what goes,
   * `+ ` before what comes, the path of each file above its lines.
   */
  lines?: string;
  /** What else should be known: `2 names clash: they get a number`. */
  notes?: string[];
  /** What it wants, after "Wants to": `move 467 files inside Downloads`. */
  title: string;
}

/** What a model costs: millionths of a US dollar for a million tokens. 3,000,000 is three dollars. */
export interface Price {
  /** Read from the service's cache. */
  cache_read: number;
  /** Read and kept in the service's cache. */
  cache_write: number;
  /** Read. */
  input: number;
  /** Written. */
  output: number;
}

/** What a model costs: US dollars for a million tokens. */
export interface PriceSettings {
  /** Read from the service's cache; as `input` if nothing is said. */
  cache_read?: Dollars | null;
  /** Read and kept in the service's cache; as `input` if nothing is said. */
  cache_write?: Dollars | null;
  /** Read. */
  input: Dollars;
  /** Written. */
  output: Dollars;
}

/** What a planner wants next. */
export interface Proposal {
  /**
   * Calls to make, at most 1,024; those that don't conflict run at once.
   *
   * @defaultValue `[]`
   */
  calls?: ProposedCall[];
  /**
   * The end of the task.
   *
   * @defaultValue `null`
   */
  finish?: Finish | null;
  /**
   * What the planner keeps for its own recovery.
   *
   * @defaultValue `null`
   */
  note?: Json;
  /**
   * The plan, whole, where it changed.
   *
   * @defaultValue `null`
   */
  plan?: PlanStep[] | null;
  /**
   * A sentence for the person.
   *
   * @defaultValue `null`
   */
  say?: string | null;
}

/** A call that a planner wants. */
export interface ProposedCall {
  /** The arguments. */
  args: Json;
  /** The tool's name. */
  tool: string;
}

/** Asks for records that are in the log now. */
export interface ReadRecords {
  /**
   * Only those with a `seq` above this.
   *
   * @defaultValue `0`
   */
  after?: number;
  /**
   * At most so many. Default, and the most: 512.
   *
   * @defaultValue `null`
   */
  most?: number | null;
  /**
   * Only this task's.
   *
   * @defaultValue `null`
   */
  task?: TaskId | null;
  /**
   * The thread, by its id or by a name of your choice, which is the same thread each time; a title names none.
   * Default: that of `task`, else as the engine was opened.
   *
   * @defaultValue `null`
   */
  thread?: string | null;
}

/** One entry of a thread's log, as a screen, a phone and a test read it. */
export interface Record {
  /** Who brought it about. */
  actor: Actor;
  /** When, by the clock of the writer. It may jump; `seq` is the order. */
  at: Timestamp;
  /** Hash of the stored bytes of `event`. */
  body_hash: Hash;
  /** The command or call that it follows from. */
  cause?: string | null;
  /** What happened. */
  event: Event;
  /**
   * Where its content came from and whom it belongs to.
   *
   * @defaultValue `{"c":{"private":[]},"i":{"untrusted":[]}}`
   */
  label?: Label;
  /** Hash of the record before it in this thread; zeros for the first. */
  prev_hash: Hash;
  /** Its place in the thread: 1, 2, 3, … without a gap. */
  seq: number;
  /** The task it belongs to; none for the thread's own. */
  task?: TaskId | null;
  /** The thread it belongs to. */
  thread: ThreadId;
  /** The version of the words it is written in. */
  v: number;
}

/** What the engine does with a started call that has no known end. */
export type Recovery =
  /** It changes nothing: run it again. */
  | "read_only"
  /** Running it twice is the same as once: run it again. */
  | "idempotent"
  /** The session's journal knows which of its changes were made: run it again, and only the rest is done. */
  | "journalled"
  /** Its outcome can't be known: never run it again, tell the planner. */
  | "unknown";

/** The most that an answer may come to, set aside before the model is asked. */
export interface Reserve {
  /** Millionths of a US dollar; none if the price is not known. */
  cost?: number | null;
  /** The day whose budget it counts for, where days have one. */
  day?: Day | null;
  /** Tokens, read and written. */
  tokens: number;
}

/** Trying again may succeed after this many milliseconds. */
export interface RetryAfterMs {
  after_ms: number;
}

/** Says whether the same operation may be tried again. */
export type Retry =
  /** The same call fails the same way. */
  | "never"
  /** Trying again may succeed. */
  | "now"
  | RetryAfterMs;

/** What an argument of a tool stands for. */
export type Role =
  /** A file or folder that is read, as tools name it: `Downloads/a.txt`. It has to be in a granted folder. */
  | "reads"
  /** A file or folder that is changed. It has to be in a folder that was granted for changing. */
  | "changes"
  /** A thing that no other call uses meanwhile: an account, a device. */
  | "alone";

/** Whose turn it is. */
export type Role2 =
  /** The person, or the host for them; results of calls too. */
  | "user"
  /** The model. */
  | "assistant";

/** Something that nothing prints. */
export type Secret = string;

/** A service, or whichever another one speaks like. */
export type ServiceName =
  | "anthropic"
  | "openai"
  | "openai-responses"
  | "openrouter"
  | "groq"
  | "mistral"
  | "deepseek"
  | "ollama"
  | "lmstudio"
  | "llamacpp"
  | "vllm"
  | "local";

/** A tool that a service runs by itself. */
export type ServiceTool = "web_search";

/** One side of a difference. */
export interface Side {
  /** Permission bits, as in `chmod`. */
  mode: number;
  /** When its content last changed, in milliseconds since 1970. */
  modified: number;
  /** Bytes; 0 for what is not a file. */
  size: number;
}

/** What a file was like when a task last read or wrote it. */
export interface Sight {
  /** The file. */
  path: FilePath;
  /** What it was like. */
  stamp: Stamp;
}

/** A time: `90s`, `30m`, `2h`, `500ms`; a bare number is seconds. */
export type Span =
  | number
  | string;

/** What a task has spent on models. */
export interface Spent {
  /** How often a model answered. */
  answers: number;
  /** Millionths of a US dollar, as far as prices are known. */
  cost: number;
  /** What of it is counted for answers that were lost. */
  lost?: Lost;
  /** What is set aside for answers that are still to come. */
  open: [AskId, Reserve][];
  /** What is set aside for sub-tasks that have not ended, by the calls that they do the work of. */
  parts?: [CallId, Reserve][];
  /** How long it worked. */
  time: Duration;
  /** Tokens. */
  usage: Usage;
}

/** Where a call is. */
export type Stage =
  /** Decided, not yet looked at by the policy. */
  | "proposed"
  /** A person was asked. */
  | "asked"
  /** The person answered. */
  | "answered"
  /** It runs. */
  | "started"
  /** A sub-task does its work, in a log of its own. */
  | "delegated"
  /** It was cut off. */
  | "interrupted"
  /** It has an outcome. */
  | "finished";

/**
 * What a file was like when it was read: its identity, size and time, and of a small one that was read whole its
 * content.
 *
 * Opaque: a sandbox makes it and compares it. It is short, and means the same after a restart.
 */
export type Stamp = string;

/** A task's state, for a list. */
export type Status =
  /** Nobody has taken it up yet. */
  | "queued"
  /** It is being worked on, if the process that does is alive. */
  | "running"
  /** It waits for a person's answer. */
  | "waiting"
  /** A person paused it. */
  | "paused"
  /** It was put down and can be taken up again. */
  | "stopped"
  /** It is done. */
  | "done"
  /** It failed. */
  | "failed"
  /** It ended because a person said no to what it asked. */
  | "refused"
  /** A person cancelled it. */
  | "cancelled"
  /** It ended, and what it did was given back. */
  | "undone";

/** Something that the person said to a running task. */
export interface Steer {
  /** What was said. */
  text: string;
  /** How many turns had been decided without it: the planner is told of it in this one. */
  turn: number;
}

/** Says something to a task that runs. */
export interface SteerTask {
  /**
   * The sender's own name for it. Default: a new one.
   *
   * @defaultValue `null`
   */
  id?: CommandId | null;
  /**
   * Who says it. Default: as the engine was opened.
   *
   * @defaultValue `null`
   */
  sender?: string | null;
  /** The task. */
  task: TaskId;
  /** What is said. */
  text: string;
}

/** How far a step of the plan is. */
export type StepState =
  /** Not begun. */
  | "pending"
  /** Being done. */
  | "active"
  /** Done. */
  | "done"
  /** Left out. */
  | "skipped";

/** Why an answer ended. */
export type Stop =
  /** It had said all. */
  | "end"
  /** It wants calls made. An answer with calls always ends so, whatever the service calls it. */
  | "calls"
  /** It reached the most tokens that it may answer with. */
  | "length"
  /** The conversation does not fit into what the model holds. */
  | "full"
  /** The model, or a filter of its service, would not answer. */
  | "refused"
  /** The service interrupts a long turn: the same conversation with this answer at its end goes on. */
  | "paused";

/** Where a log is. */
export type StoreKind =
  /** In the data folder. */
  | "disk"
  /** In memory: it is gone when the engine is closed. */
  | "memory";

/** A task, as it was given. */
export interface Submit {
  /** What may be done without a question in `"ask"`. */
  allow?: AllowRule[];
  /** What it may spend on models, and for how long it may work. */
  budget?: Budget;
  /** The folders it may use. Without one nothing of the person's files can be reached. */
  folders?: Folder[];
  /** What its commands may reach of a network. Without one, nothing. */
  hosts?: HostGrant[];
  /**
   * How many planning steps it may take at the most.
   *
   * @defaultValue `1000`
   */
  max_steps?: number;
  /**
   * How much it may do unasked.
   *
   * @defaultValue `"ask"`
   */
  mode?: Mode;
  /** What it is a part of, where a task gave it: {@link Effects.subtask}. From outside it is refused. */
  parent?: Parent | null;
  /** What the planner is told besides: a playbook's name and parameters, a model's name. */
  planner?: Json;
  /** What is wanted, in words. At most 1 MiB. */
  text: string;
  /** The tools that it may use; all that there are, if none are named. */
  tools?: string[] | null;
  /**
   * The instruction files in its folders that the person trusts, each at a hash: one that is new or was changed
   * is not followed.
   */
  trust?: TrustedFile[];
}

/** A task to be done. */
export interface SubmitTask {
  /**
   * What may be done without a question in the mode `ask`.
   *
   * @defaultValue `[]`
   */
  allow?: AllowRule[];
  /**
   * What it may spend on models, and for how long it may work.
   *
   * @defaultValue `{}`
   */
  budget?: Budget;
  /** The folders it may use: paths, to be changed in under their own names, or as `folder` gives them. */
  folders?: FolderChoice[];
  /**
   * What its commands may reach of a network. Without one, nothing.
   *
   * @defaultValue `[]`
   */
  hosts?: HostGrant[];
  /**
   * How many planning steps it may take at the most. Default: 1,000.
   *
   * @defaultValue `null`
   */
  max_steps?: number | null;
  /**
   * How much it may do unasked.
   *
   * @defaultValue `"ask"`
   */
  mode?: Mode;
  /**
   * The model that does it.
   *
   * @defaultValue `null`
   */
  model?: string | null;
  /**
   * What the planner is told besides, its `name` among it: a playbook's name and parameters. Not beside `model`.
   *
   * @defaultValue `null`
   */
  planner?: Json;
  /**
   * Who sends it. Default: as the engine was opened.
   *
   * @defaultValue `null`
   */
  sender?: string | null;
  /** What is wanted, in words. At most 1 MiB. */
  text: string;
  /**
   * The thread, by its id or by a name of your choice, which is the same thread each time; a title names none.
   * Default: as the engine was opened.
   *
   * @defaultValue `null`
   */
  thread?: string | null;
  /**
   * The tools that it may use; all that there are, if none are named.
   *
   * @defaultValue `null`
   */
  tools?: string[] | null;
  /**
   * The instruction files in its folders that the person trusts, each at a hash.
   *
   * @defaultValue `[]`
   */
  trust?: TrustedFile[];
}

/**
 * A part of a task that is to be worked on as a task of its own: what a call asks for by its
 * {@link Effects.subtask}.
 *
 * It gets a part of its task's grants and of what is left of its budget. One that asks for more than its task
 * has is refused.
 */
export interface Subtask {
  /**
   * What it may spend. Of what its task has a limit for, and nothing is said, it gets a quarter of what is left;
   * all of the time.
   */
  budget?: Budget;
  /** The folders that it may use; if none are named, those of its task. */
  folders?: FolderPart[] | null;
  /** How many planning steps it may take; as many as its task, if nothing is said. */
  max_steps?: number | null;
  /** How much it may do unasked; as its task, if nothing is said. */
  mode?: Mode | null;
  /**
   * What its planner is told besides; as its task's without `schema`, if nothing is said. It may not name
   * another model, and another planner only if that works on this computer alone (`Planner.is_local`).
   */
  planner?: Json;
  /** What is wanted, in words. Of its task's conversation its planner is told nothing else. */
  text?: string;
  /** What a person calls it, in a few words. */
  title?: string;
  /** The tools that it may use; if none are named, those of its task. */
  tools?: string[] | null;
}

/** A task in a list. */
export interface Summary {
  /** When it came in. */
  at: Timestamp;
  /** When it ended; none while it goes on. */
  ended?: Timestamp | null;
  /** Where its folders are. */
  folders: string[];
  /** How much it may do unasked. */
  mode: Mode;
  /** The task at the top, if it is a sub-task. */
  part_of?: TaskId | null;
  /** Where it is, as far as the log knows: whether a running one's process still lives is for the lease to say. */
  status: Status;
  /** Its name. */
  task: TaskId;
  /** The first 200 characters of what was asked for. */
  text: string;
  /** Its thread. */
  thread: ThreadId;
}

/** Names a task: one piece of work inside a thread. */
export type TaskId = string;

/** A task, as its log tells it. */
export interface TaskState {
  /** When it came in. */
  at: Timestamp;
  /** What it was told besides its words, if anything. */
  briefing?: Briefing | null;
  /** What its end found of what it changed. */
  files?: FilesReport | null;
  /** The `seq` of its last record. */
  head: number;
  /** Its name. */
  id: TaskId;
  /** Everything that the planner has seen, joined. */
  label: Label;
  /** When its last record was made. */
  last_at: Timestamp;
  /** The plan as it stands. */
  plan: PlanStep[];
  /** How it ended. */
  result?: Finish | null;
  /** What it has spent on models, and how long it worked. */
  spent: Spent;
  /** Where it is. */
  status: Status;
  /** What the person said to it. Those whose `turn` is not below the number of turns are new to the planner. */
  steers: Steer[];
  /** What was asked for. */
  submit: Submit;
  /** The thread it belongs to. */
  thread: ThreadId;
  /** What was decided, oldest first. */
  turns: TurnState[];
  /** Where its undo is. */
  undo: UndoState;
}

/** A task at one moment, for people to look at. */
export interface TaskView {
  /**
   * Its plan and its progress as HTML, with styles of its own: a picture to be put in the place of the one
   * before. All that comes from elsewhere is escaped.
   */
  html: string;
  /** What was done since the view before, a line for each thing; the last view's last line is its `text`. */
  lines: string[];
  /** Where it is. */
  status: Status;
  /** How it stands, in one line: its status, and what came of it. */
  text: string;
}

/** Tells a task to do something. */
export interface TellTask {
  /**
   * The sender's own name for it: the same is followed once, however often it is sent. Default: a new one.
   *
   * @defaultValue `null`
   */
  id?: CommandId | null;
  /**
   * Who says it. Default: as the engine was opened.
   *
   * @defaultValue `null`
   */
  sender?: string | null;
  /** The task. */
  task: TaskId;
}

/** A thread. */
export interface ThreadEntry {
  /** Its id. */
  thread: ThreadId;
  /** What a person calls it. */
  title: string;
}

/** Names a thread: one conversation, whose log has one home. */
export type ThreadId = string;

/** A note that is kept for later tasks of a thread. */
export interface ThreadNote {
  /** When. */
  at: Timestamp;
  /**
   * All that it was derived from: what the task had seen when it wrote it.
   *
   * @defaultValue `{"c":{"private":[]},"i":{"untrusted":[]}}`
   */
  label?: Label;
  /** What it is called; there is one of each name in a thread. */
  name: string;
  /** The task that wrote it; none if a person did. */
  task?: TaskId | null;
  /** What it says. */
  text: string;
}

/** How long a service is waited for. */
export interface Timeouts {
  /** For a connection. */
  connect?: Span | null;
  /** For the first byte of an answer. */
  first?: Span | null;
  /** For the next bytes. */
  idle?: Span | null;
  /** For one answer, all tries and the waits between them together. */
  total?: Span | null;
}

/** A moment, in milliseconds since 1970-01-01T00:00:00Z. */
export type Timestamp = number;

/** How a host describes a tool of its own. What it does not say is taken to be the worst. */
export interface ToolDeclaration {
  /** What it does and when to use it, for a planner. */
  about: string;
  /**
   * What a call does to the world.
   *
   * @defaultValue `"unknown"`
   */
  effects?: DeclaredEffects;
  /**
   * What no two calls use at once, whatever their arguments: `screen`, `account/mail`.
   *
   * @defaultValue `[]`
   */
  locks?: string[];
  /** Its name: lower case, digits, `_`; at most 64 bytes. It takes the place of a built-in tool of that name. */
  name: string;
  /**
   * What arguments stand for, by their names; each is a text or a list of texts. The schema of an argument may
   * say it too, as `x-cowork-role`.
   *
   * @defaultValue `{}`
   */
  roles?: { [key: string]: Role };
  /**
   * The JSON Schema of its arguments, an object. Arguments that do not fit never reach the tool.
   *
   * @defaultValue `{"additionalProperties":false,"properties":{},"type":"object"}`
   */
  schema?: Json;
  /**
   * What a person is shown who is asked, after "Wants to": `send {subject} to {to}`, with arguments by their
   * names.
   *
   * @defaultValue `null`
   */
  title?: string | null;
}

/** What the function of a tool is called with. */
export interface ToolInput {
  /** The arguments, as the tool's schema wants them. Whole numbers are written as such: 1, and not 1.0. */
  args: Json;
  /** 1 for the first time. */
  attempt: number;
  /** The call; the same when it runs again after an interruption. */
  call: CallId;
  /** The task's folders, where the call names files in them. */
  folders: Folder[];
  /**
   * Where on this computer the files are that its arguments name, by their names: `Desk/a.txt` is
   * `/home/ann/Desk/a.txt`.
   */
  paths: { [key: string]: string };
  /** The task. */
  task: TaskId;
  /** The thread. */
  thread: ThreadId;
}

/** What a call gives back. */
export interface ToolOutput {
  /**
   * Where it came from.
   *
   * @defaultValue `{"c":{"private":[]},"i":{"untrusted":[]}}`
   */
  label?: Label;
  /** One line for a person; empty if there is nothing to say. */
  note?: string;
  /** For the planner. */
  value: Json;
}

/** What the function of a tool gives. */
export interface ToolResult {
  /**
   * Where it came from; nothing said means untrusted and private.
   *
   * @defaultValue `{"c":{"private":[]},"i":{"untrusted":[]}}`
   */
  label?: Label;
  /** One line for a person. */
  note?: string;
  /** For the planner: anything. */
  value: Json;
}

export type ToolSet = ToolSpec[];

/** Describes a tool to a planner and to a person. */
export interface ToolSpec {
  /** What it does and when to use it, for a planner. */
  about: string;
  /** Its name: lower case, digits, `_`; at most 64 bytes. */
  name: string;
  /** The JSON Schema of its arguments, an object. */
  schema: Json;
}

/** A file whose content a person trusts as instructions, as it is at this hash. */
export interface TrustedFile {
  /** The hash of its content. */
  hash: Hash;
  /** The file: `AGENTS.md` or `CLAUDE.md` in a granted folder itself. */
  path: FilePath;
}

/** One decision and what came of its calls. */
export interface TurnState {
  /** The calls, in their order. */
  calls: CallReport[];
  /** What the planner keeps for its own recovery. */
  note?: Json;
  /** What was said to the person. */
  say?: string | null;
}

/** What undo gave back, and what it kept. */
export interface UndoReport {
  /** How many had been given back before. */
  already: number;
  /** Up to 20 of the paths that were given back, for a person to look at. */
  examples: FilePath[];
  /** What was left as it is, because somebody changed it since. A record of the log names up to 1,000. */
  kept: Kept[];
  /**
   * How many of the task's changes stand after it: those that were not asked for, and those that were kept. 0:
   * everything was given back.
   */
  left?: number;
  /** How many changes were given back. */
  undone: number;
  /** How many more were left than `kept` names. */
  unnamed?: number;
}

/** Not asked for. */
export interface UndoStateNone {
  state: "none";
}

/** Asked for, or begun and cut off. */
export interface UndoStateWanted {
  state: "wanted";
}

/** Done. */
export interface UndoStateDone {
  state: "done";
  /** What was given back, and what was kept and why. */
  report: UndoReport;
}

/** Failed; it can be asked for again. */
export interface UndoStateFailed {
  state: "failed";
  /** Why. */
  error: ErrorData;
}

/** The journal was let go of: nothing can be given back any more. */
export interface UndoStateReclaimed {
  state: "reclaimed";
}

/** Where a task's undo is. */
export type UndoState =
  | UndoStateNone
  | UndoStateWanted
  | UndoStateDone
  | UndoStateFailed
  | UndoStateReclaimed;

/** Asks for what a task did to files, or a part of it, to be given back. */
export interface UndoTask {
  /**
   * Only what these calls did; all of them if empty.
   *
   * @defaultValue `[]`
   */
  calls?: CallId[];
  /**
   * Only what is or was at these paths or below them; all of it if empty.
   *
   * @defaultValue `[]`
   */
  paths?: FilePath[];
  /** The task. */
  task: TaskId;
}

/** How many tokens an answer took. The sum of all fields but `thinking` is what was read and written. */
export interface Usage {
  /** Read from the service's cache. */
  cache_read?: number;
  /** Read and kept in the service's cache. */
  cache_write?: number;
  /**
   * Read, neither from the service's cache nor into it.
   *
   * @defaultValue `0`
   */
  input?: number;
  /**
   * Written, thinking among it.
   *
   * @defaultValue `0`
   */
  output?: number;
  /** Thought, where the service says so; part of `output`. */
  thinking?: number;
}

/** It is new. */
export interface WhatCreated {
  is: "created";
}

/** Its content is another. */
export interface WhatEdited {
  is: "edited";
}

/** It was moved here; its content may be another too. */
export interface WhatMoved {
  is: "moved";
  /** Whether its content is another too. */
  edited?: boolean;
  /** Where it was. */
  from: FilePath;
}

/** It was set aside. */
export interface WhatSetAside {
  is: "set_aside";
}

/** Only its permissions are others. */
export interface WhatMode {
  is: "mode";
}

/** What became of a file or folder. */
export type What =
  | WhatCreated
  | WhatEdited
  | WhatMoved
  | WhatSetAside
  | WhatMode;

/**
 * The program that runs playbooks, one in a process: most often the host's own, started with an argument by
 * which it knows.
 */
export interface WorkerSettings {
  /**
   * Its arguments.
   *
   * @defaultValue `[]`
   */
  args?: string[];
  /**
   * Whether playbooks run in this process where none can be confined. They are refused there if not.
   *
   * @defaultValue `false`
   */
  or_in_process?: boolean;
  /** Where it is. */
  program: string;
}
