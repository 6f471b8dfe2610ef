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

/** Names one question to a model, the same over every try. */
export type AskId = string;

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

/** What a task changed, each thing once, by path: for a screen to draw, and for a person to check. */
export interface ChangeSet {
  /** The bytes that the journal holds for undoing them. */
  bytes_kept: number;
  /** The changes, by path. */
  changes: Difference[];
}

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

/** Goes on after a pause, a stop or a crash. */
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

/** A day by the host's clock, as the number of days since 1970-01-01. */
export type Day = number;

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

/** What a call holds back (`Tool.held`) until it is decided on. */
export interface Held {
  /** What it would do. */
  effects: Effects;
  /** What the call gives once that is done. */
  output: ToolOutput;
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

/** A change that was not given back. */
export interface Kept {
  /** Where it is now. */
  path: FilePath;
  /** Why it was left. */
  reason: string;
  /** Where the task had left it, if that is elsewhere. */
  was?: FilePath | null;
}

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

/** How much a task may do without asking. */
export type Mode =
  /** Reads in the granted folders; asks before every change. */
  | "ask"
  /** Reads only; changes are worked out and shown, never made. */
  | "plan"
  /** Reads and changes what can be undone in the granted folders; asks before anything else. */
  | "auto";

/** What is to be noted: what a call asks for by its {@link Effects.note}. */
export interface Noting {
  /** What it is called: up to 64 bytes, without `/` and line ends. It replaces the note of that name. */
  name: string;
  /** What it says: up to 1,024 bytes. Empty: the note of that name is forgotten. */
  text?: string;
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

/** What a call would do, for a person: a sentence, then the groups it falls into. */
export interface Preview {
  /** The parts, the largest first. */
  groups?: Group[];
  /** What else should be known: `2 names clash: they get a number`. */
  notes?: string[];
  /** What it wants, after "Wants to": `move 467 files inside Downloads`. */
  title: string;
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

/**
 * What a file was like when it was read: its identity, size and time, and of a small one that was read whole its
 * content.
 *
 * Opaque: a sandbox makes it and compares it. It is short, and means the same after a restart.
 */
export type Stamp = string;

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

/** Names a task: one piece of work inside a thread. */
export type TaskId = string;

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

/** A moment, in milliseconds since 1970-01-01T00:00:00Z. */
export type Timestamp = number;

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

/** A file whose content a person trusts as instructions, as it is at this hash. */
export interface TrustedFile {
  /** The hash of its content. */
  hash: Hash;
  /** The file: `AGENTS.md` or `CLAUDE.md` in a granted folder itself. */
  path: FilePath;
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
