"""What data is like: commands, records, events, and all that they are made of.

Written by `cargo xtask gen` from the engine's schema: what is changed here is lost.
"""

from __future__ import annotations

from typing import Literal, TypeAlias, TypedDict, Union

__all__ = [
    "Json",
    "Access",
    "Actor",
    "AllowRule",
    "Answer",
    "AskId",
    "Briefing",
    "Budget",
    "Call",
    "CallId",
    "ChangeSet",
    "Command",
    "CommandAnswer",
    "CommandCancel",
    "CommandId",
    "CommandPause",
    "CommandResume",
    "CommandSteer",
    "CommandSubmit",
    "CommandUndo",
    "Confidentiality",
    "ConfidentialityPrivate",
    "Day",
    "Decision",
    "Delta",
    "DeltaKind",
    "DeltaKindCalling",
    "DeltaKindProgress",
    "DeltaKindRestarted",
    "DeltaKindRetrying",
    "DeltaKindText",
    "DeltaKindThinking",
    "Difference",
    "Duration",
    "Effects",
    "Envelope",
    "ErrorData",
    "ErrorKind",
    "Event",
    "EventBriefed",
    "EventCallFinished",
    "EventCallHeld",
    "EventCallInterrupted",
    "EventCallStarted",
    "EventCommanded",
    "EventDecided",
    "EventFilesChecked",
    "EventJournalReclaimed",
    "EventModelAnswered",
    "EventModelAsked",
    "EventNoted",
    "EventPermissionAsked",
    "EventRefused",
    "EventSubtaskEnded",
    "EventSubtaskStarted",
    "EventTaskFinished",
    "EventTaskStarted",
    "EventTaskStopped",
    "EventThreadOpened",
    "EventUndoFailed",
    "EventUndoFinished",
    "EventUndoStarted",
    "FileEffect",
    "FileKind",
    "FileNow",
    "FilePath",
    "FilesReport",
    "Finish",
    "FinishCancelled",
    "FinishDone",
    "FinishFailed",
    "Folder",
    "FolderPart",
    "Found",
    "Group",
    "Hash",
    "Held",
    "HostGrant",
    "InstructionState",
    "Instructions",
    "Integrity",
    "IntegrityUntrusted",
    "Kept",
    "Label",
    "Lock",
    "Lost",
    "Mode",
    "Noting",
    "Outcome",
    "OutcomeDenied",
    "OutcomeDone",
    "OutcomeFailed",
    "OutcomeWithheld",
    "Parent",
    "PlanStep",
    "Preview",
    "Record",
    "Recovery",
    "Reserve",
    "Retry",
    "RetryAfterMs",
    "Side",
    "Sight",
    "Spent",
    "Stamp",
    "StepState",
    "Submit",
    "Subtask",
    "TaskId",
    "ThreadId",
    "ThreadNote",
    "Timestamp",
    "ToolOutput",
    "TrustedFile",
    "UndoReport",
    "Usage",
    "What",
    "WhatCreated",
    "WhatEdited",
    "WhatMode",
    "WhatMoved",
    "WhatSetAside",
]


Json: TypeAlias = "Union[bool, int, float, str, list[Json], dict[str, Json], None]"
"""Any JSON."""


Access: TypeAlias = Literal["read", "write"]
"""What may be done in a folder.

- `"read"`: Looking only.
- `"write"`: Looking and changing.
"""


Actor: TypeAlias = Literal["person", "engine", "planner", "tool"]
"""Who brought a record about.

- `"person"`: A person, by way of the sender named in the command.
- `"engine"`: The engine.
- `"planner"`: The task's planner.
- `"tool"`: A tool.
"""


class AllowRule(TypedDict):
    """A tool that may make changes in a folder without a question, for as long as a task lasts.

    It covers what can be undone, and nothing outside the granted folders. It comes with the task
    (`Submit.allow`), or by `"allow_task"`. A host that keeps "always here" puts it into every task that it
    submits for that folder.
    """

    folder: str
    """The granted folder's name; empty for leave to run code, whatever that then wants to change."""
    tool: str
    """The tool's name."""


Answer: TypeAlias = Literal["allow", "allow_task", "deny"]
"""Yes or no.

- `"allow"`: It may be done, once, exactly as shown.
- `"allow_task"`: It may be done, and so may what the same tool does in the same folders in the rest of this
  task, if it can be undone (`AllowRule`). What can't be covered by rules is allowed this once.
- `"deny"`: It may not.
"""


AskId: TypeAlias = str
"""Names one question to a model, the same over every try."""


class Briefing(TypedDict, total=False):
    """What a task was told besides its words."""

    instructions: list[Instructions]
    """The instruction files that there are in its folders."""
    notes: list[ThreadNote]
    """The notes of the thread, by name."""
    trouble: ErrorData | None
    """Why its folders could not be looked at for such files."""


class Budget(TypedDict, total=False):
    """What a task may spend. What is left out has no limit."""

    cost: int | None
    """Millionths of a US dollar. A model whose price is not known is not asked under such a limit."""
    time: int | None
    """Milliseconds of work. What a task rests, waiting for a person, does not count."""
    tokens: int | None
    """Tokens read and written, by all models together."""


class Call(TypedDict):
    """One call of a tool."""

    args: Json
    """The arguments, as the tool's schema wants them."""
    id: CallId
    """Its name in the log."""
    tool: str
    """The tool's name."""


CallId: TypeAlias = str
"""Names a call of a tool: one decided use of it, the same over every attempt."""


class ChangeSet(TypedDict):
    """What a task changed, each thing once, by path: for a screen to draw, and for a person to check."""

    bytes_kept: int
    """The bytes that the journal holds for undoing them."""
    changes: list[Difference]
    """The changes, by path."""


class _Submit(TypedDict):
    text: str
    """What is wanted, in words. At most 1 MiB."""


class Submit(_Submit, total=False):
    """A task, as it was given."""

    allow: list[AllowRule]
    """What may be done without a question in `"ask"`."""
    budget: Budget
    """What it may spend on models, and for how long it may work."""
    folders: list[Folder]
    """The folders it may use. Without one nothing of the person's files can be reached."""
    hosts: list[HostGrant]
    """What its commands may reach of a network. Without one, nothing."""
    max_steps: int
    """How many planning steps it may take at the most.

    Where it is left out: `1000`.
    """
    mode: Mode
    """How much it may do unasked.

    Where it is left out: `"ask"`.
    """
    parent: Parent | None
    """What it is a part of, where a task gave it: `Effects.subtask`. From outside it is refused."""
    planner: Json
    """What the planner is told besides: a playbook's name and parameters, a model's name."""
    tools: list[str] | None
    """The tools that it may use; all that there are, if none are named."""
    trust: list[TrustedFile]
    """The instruction files in its folders that the person trusts, each at a hash: one that is new or was
    changed is not followed.
    """


class CommandSubmit(Submit):
    """Starts a task."""

    type: Literal["submit"]


class CommandSteer(TypedDict):
    """Says something to a task that runs; it is taken in before the next planning step."""

    type: Literal["steer"]
    text: str
    """What is said."""


class CommandAnswer(TypedDict):
    """Answers a question that the task asked."""

    type: Literal["answer"]
    answer: Answer
    """Yes or no."""
    args_hash: Hash
    """Hash of the exact arguments that were shown; another one is refused."""
    call: CallId
    """The call that was asked about."""


class CommandCancel(TypedDict):
    """Ends a task: running calls are stopped, nothing more is started. What was done stays done, and can be
    undone.
    """

    type: Literal["cancel"]


class CommandPause(TypedDict):
    """Lets running calls finish, then rests until `CommandResume`."""

    type: Literal["pause"]


class CommandResume(TypedDict):
    """Goes on after a pause, a stop or a crash."""

    type: Literal["resume"]


class _CommandUndo(TypedDict):
    type: Literal["undo"]


class CommandUndo(_CommandUndo, total=False):
    """Gives back what the task did to files, or a part of it. Only a task that has ended can be undone; as long
    as something of it stands, it can be undone again.
    """

    calls: list[CallId]
    """Only what these calls did; all of them if empty."""
    paths: list[FilePath]
    """Only what is or was at these paths or below them; all of it if empty."""


Command: TypeAlias = Union[
    CommandSubmit,
    CommandSteer,
    CommandAnswer,
    CommandCancel,
    CommandPause,
    CommandResume,
    CommandUndo,
]
"""What a person, a schedule or another program wants of a task."""


CommandId: TypeAlias = str
"""Names a command, as its sender made it; `(thread, sender, id)` is accepted once."""


class ConfidentialityPrivate(TypedDict):
    """Its owners only. None known is the most private."""

    private: list[str]


Confidentiality: TypeAlias = Union[Literal["public"], ConfidentialityPrivate]
"""Says who may see a value.

- `"public"`: Everybody.
"""


Day: TypeAlias = int
"""A day by the host's clock, as the number of days since 1970-01-01."""


class Decision(TypedDict, total=False):
    """What the planner wants next."""

    calls: list[Call]
    """Calls to make; those that don't conflict run at once."""
    finish: Finish | None
    """The end of the task. Calls beside it are an error."""
    heard: int
    """How many of the person's steers it was told of; those after it are new at the next one, wherever they
    stand in the log.
    """
    note: Json
    """What the planner keeps for its own recovery: a program's hash, an interpreter's version."""
    plan: list[PlanStep] | None
    """The plan, whole, where it changed."""
    say: str | None
    """A sentence for the person."""


class _Delta(TypedDict):
    task: TaskId
    """The task."""
    thread: ThreadId
    """The thread."""
    what: DeltaKind
    """What happens."""


class Delta(_Delta, total=False):
    """What happens between records: shown, never stored, without a `seq`."""

    call: CallId | None
    """The call, where it comes from one."""


class DeltaKindText(TypedDict):
    """Text as it is being written."""

    type: Literal["text"]
    text: str
    """The next piece."""


class DeltaKindThinking(TypedDict):
    """What a model thinks, as far as its service shows it."""

    type: Literal["thinking"]
    text: str
    """The next piece."""


class DeltaKindCalling(TypedDict):
    """A model writes a call of a tool."""

    type: Literal["calling"]
    tool: str
    """The tool."""


class DeltaKindRestarted(TypedDict):
    """The answer that was being written was cut off and begins anew: what was shown of it does not count."""

    type: Literal["restarted"]


class DeltaKindRetrying(TypedDict):
    """A model's service failed in a way that may pass, and is asked again after a while."""

    type: Literal["retrying"]
    tries: int
    """How often it was asked."""
    wait_ms: int
    """How many milliseconds are waited."""
    why: str
    """What it said."""


class DeltaKindProgress(TypedDict):
    """How far a long call is."""

    type: Literal["progress"]
    done: int
    """So much is done."""
    note: str
    """What it is at."""
    total: int
    """Of so much; 0 if not known."""


DeltaKind: TypeAlias = Union[
    DeltaKindText,
    DeltaKindThinking,
    DeltaKindCalling,
    DeltaKindRestarted,
    DeltaKindRetrying,
    DeltaKindProgress,
]
"""What a delta shows."""


class _Difference(TypedDict):
    calls: list[CallId]
    """The calls that made it so, the first first."""
    kind: FileKind
    """What it is."""
    path: FilePath
    """Where it is now, or where it was if it is gone."""
    what: What
    """What became of it."""


class Difference(_Difference, total=False):
    """What became of one file or folder."""

    after: Side | None
    """What it is like now; none for what was set aside."""
    before: Side | None
    """What it was like before; none for what is new."""
    undone: bool
    """Whether it was given back."""


class Duration(TypedDict):
    nanos: int
    secs: int


class Effects(TypedDict, total=False):
    """What a call would do. The policy decides on it, a person is shown it, the engine takes locks by it.

    `Effects.default` is the most cautious: nothing is known, so the policy asks and a repeat is refused.
    """

    code: bool
    """Whether it runs code that nobody looked at. It runs confined: what that does to files is held back, and
    judged by itself.
    """
    complete: bool
    """Whether `files` and `locks` are all of it. If not, the call may do anything.

    Where it is left out: `false`.
    """
    everywhere: Access | None
    """What it does to whatever is in the task's granted folders, if it can't say which."""
    files: list[FileEffect]
    """The files and whole folders it reads or changes."""
    guarded: bool
    """Whether what it changes lets something run or be believed later that nobody sees: it is asked about in
    every mode.
    """
    locks: list[Lock]
    """Other things that it must not share while it runs."""
    note: Noting | None
    """What is noted for later tasks of the thread, in the call's place: the tool does not run."""
    preview: Preview
    """What a person is shown.

    Where it is left out: `{"title":""}`.
    """
    recovery: Recovery
    """What to do when it was cut off.

    Where it is left out: `"unknown"`.
    """
    subtask: Subtask | None
    """What is worked on as a task of its own in the call's place: the tool does not run, and the call's result
    is what came of it. Each call of the sub-task is judged as any other; that there is one changes nothing by
    itself.
    """
    undoable: bool
    """Whether what it does can be undone byte for byte.

    Where it is left out: `false`.
    """


class Envelope(TypedDict):
    """A command on its way in: to which thread and task, from whom."""

    command: Command
    """What is wanted."""
    id: CommandId
    """The sender's own name for it. The same `(thread, sender, id)` is accepted once; a second one changes
    nothing.
    """
    sender: str
    """Who sends it: `cli`, a device, a schedule. At most 128 bytes."""
    task: TaskId
    """The task it is for; a submitted task's own new name."""
    thread: ThreadId
    """The thread it is for."""


class _ErrorData(TypedDict):
    kind: ErrorKind
    """What a caller would act on."""
    message: str
    """What happened, for a person."""
    op: str
    """The operation that failed, in a few words: `open store`, `move`."""


class ErrorData(_ErrorData, total=False):
    """Says what went wrong, in a way that a caller can act on and a person can read.

    `message` says what happened and why, in one sentence without a final full stop; the context entry `fix`,
    where there is one, says the next step. It crosses every boundary as its fields, never as text alone.
    """

    context: list[tuple[str, str]]
    """Named facts: `path`, `call`, `fix`."""
    retry: Retry
    """Whether, and when, the same thing may be tried again."""


ErrorKind: TypeAlias = Literal[
    "invalid_input",
    "not_found",
    "not_allowed",
    "conflict",
    "busy",
    "lease_lost",
    "corrupt",
    "newer_version",
    "full",
    "limit_exceeded",
    "unavailable",
    "unsupported",
    "cancelled",
    "interrupted",
    "internal",
]
"""Sorts errors by what a caller would do about them.

- `"invalid_input"`: The caller's words are off: mend them and call again.
- `"not_found"`: What was named is not there.
- `"not_allowed"`: Policy, a grant or a person said no.
- `"conflict"`: Something else changed it first: read again, then decide again.
- `"busy"`: Somebody else holds it now: wait, or stop them.
- `"lease_lost"`: The task's lease went to another process: stop at once, write nothing more.
- `"corrupt"`: Stored bytes are damaged or missing: see `cowork doctor`.
- `"newer_version"`: Written by a later version: update this program.
- `"full"`: The disk, a quota or a table is full.
- `"limit_exceeded"`: A limit on time, memory, size or count was reached.
- `"unavailable"`: A service or a file system does not answer: try again later.
- `"unsupported"`: This platform or host can't do it, and nothing weaker was done instead.
- `"cancelled"`: A person or the host stopped it.
- `"interrupted"`: The process died in the middle, and what the call did is not known.
- `"internal"`: A fault of this program.
"""


class EventThreadOpened(TypedDict):
    """The thread was made. Always its first record."""

    type: Literal["thread_opened"]
    title: str
    """What a person calls it."""


class EventCommanded(TypedDict):
    """A command came in at the door. The inbox is this record: whoever holds the task's lease takes it up."""

    type: Literal["commanded"]
    command: Command
    """What is wanted."""
    id: CommandId
    """The sender's name for it."""
    sender: str
    """Who sent it."""


class EventRefused(TypedDict):
    """A command could not be followed."""

    type: Literal["refused"]
    command: int
    """The `seq` of the command."""
    error: ErrorData
    """Why."""


class EventTaskStarted(TypedDict):
    """A process took the task up: for the first time, after a rest, or after another process died."""

    type: Literal["task_started"]
    fence: int
    """The lease's fencing number."""
    owner: str
    """Who holds the lease now."""


class EventBriefed(TypedDict):
    """What the task is told besides its words. It comes before its first decision, where there is anything to
    tell.
    """

    type: Literal["briefed"]
    briefing: Briefing
    """Notes, and instruction files."""


class _EventNoted(TypedDict):
    type: Literal["noted"]
    name: str
    """What it is called."""
    text: str
    """What it says; empty if it is forgotten."""


class EventNoted(_EventNoted, total=False):
    """A note was kept for later tasks of the thread, in place of the one of that name; or forgotten."""

    call: CallId | None
    """The call that asked for it; none if a person did it."""


class EventModelAsked(TypedDict):
    """A model is about to be asked. Committed before it is."""

    type: Literal["model_asked"]
    ask: AskId
    """The question's name."""
    at: str
    """Where it is: the destination of all that the task has seen."""
    model: str
    """The model."""
    most: Reserve
    """The most that it may come to."""
    purpose: str
    """What for, in a word: `plan`."""


class _EventModelAnswered(TypedDict):
    type: Literal["model_answered"]
    ask: AskId
    """The question."""
    tries: int
    """How often it was asked."""
    usage: Usage
    """What it took."""


class EventModelAnswered(_EventModelAnswered, total=False):
    """A model answered, or did not."""

    cost: int | None
    """What it cost, in millionths of a US dollar, if that is known."""
    error: ErrorData | None
    """Why there is no answer."""


class EventDecided(Decision):
    """The planner said what comes next."""

    type: Literal["decided"]


class EventPermissionAsked(TypedDict):
    """The policy wants a person's word before a call. The task rests."""

    type: Literal["permission_asked"]
    args_hash: Hash
    """Hash of the exact arguments; an answer names it."""
    call: CallId
    """The call it is about."""
    effects: Effects
    """What the call would do."""
    reason: str
    """Why the rule asks."""
    rule: str
    """The policy's rule."""


class _EventCallStarted(TypedDict):
    type: Literal["call_started"]
    attempt: int
    """1 for the first time."""
    call: CallId
    """The call."""
    rule: str
    """The policy's rule that let it."""


class EventCallStarted(_EventCallStarted, total=False):
    """A call is about to run. Committed before it does."""

    recovery: Recovery
    """Whether what it does must be guarded against being repeated.

    Where it is left out: `"unknown"`.
    """


class EventSubtaskStarted(TypedDict):
    """A call's work was given to a sub-task, which begins in the same commit."""

    type: Literal["subtask_started"]
    call: CallId
    """The call."""
    reserve: Reserve
    """What is set aside for it."""
    task: TaskId
    """The sub-task."""


class EventSubtaskEnded(TypedDict):
    """A sub-task came to its end. Its call's end follows."""

    type: Literal["subtask_ended"]
    call: CallId
    """The call."""
    spent: Spent
    """What it spent, its own sub-tasks included."""


class EventCallHeld(TypedDict):
    """A call did its work apart from what that is about, and holds back what it would change: that is decided on
    as a call is, then done.
    """

    type: Literal["call_held"]
    call: CallId
    """The call."""
    held: Held
    """What is held back, and what the call gives once it is done."""


class _EventCallFinished(TypedDict):
    type: Literal["call_finished"]
    call: CallId
    """The call."""
    outcome: Outcome
    """How it ended."""


class EventCallFinished(_EventCallFinished, total=False):
    """A call came to its end, or was not let run."""

    seen: list[Sight]
    """What the files were like that it read or wrote, as far as the task may rely on that later."""


class EventCallInterrupted(TypedDict):
    """A started call has no known end: the process died or was stopped."""

    type: Literal["call_interrupted"]
    attempt: int
    """The attempt that was cut off."""
    call: CallId
    """The call."""
    reason: str
    """What cut it off."""


class EventTaskStopped(TypedDict):
    """The work was put down in an orderly way and can be taken up again."""

    type: Literal["task_stopped"]
    reason: str
    """Why."""


class EventFilesChecked(TypedDict):
    """What the task changed was looked at again. Its end follows in the same commit."""

    type: Literal["files_checked"]
    report: FilesReport
    """What was found."""


class EventTaskFinished(TypedDict):
    """The task ended."""

    type: Literal["task_finished"]
    result: Finish
    """How."""


class _EventUndoStarted(TypedDict):
    type: Literal["undo_started"]


class EventUndoStarted(_EventUndoStarted, total=False):
    """Giving back began."""

    calls: list[CallId]
    """Only what these calls did; all of them if empty."""
    paths: list[FilePath]
    """Only what is or was at these paths or below them; all of it if empty."""


class EventUndoFinished(TypedDict):
    """Giving back ended."""

    type: Literal["undo_finished"]
    report: UndoReport
    """What was given back, and what was kept and why."""


class EventUndoFailed(TypedDict):
    """Giving back failed in the middle, and can be tried again."""

    type: Literal["undo_failed"]
    error: ErrorData
    """Why."""


class EventJournalReclaimed(TypedDict):
    """The task's journal was let go of, to keep the journals within their limits: what it did can't be undone
    any more.
    """

    type: Literal["journal_reclaimed"]


Event: TypeAlias = Union[
    EventThreadOpened,
    EventCommanded,
    EventRefused,
    EventTaskStarted,
    EventBriefed,
    EventNoted,
    EventModelAsked,
    EventModelAnswered,
    EventDecided,
    EventPermissionAsked,
    EventCallStarted,
    EventSubtaskStarted,
    EventSubtaskEnded,
    EventCallHeld,
    EventCallFinished,
    EventCallInterrupted,
    EventTaskStopped,
    EventFilesChecked,
    EventTaskFinished,
    EventUndoStarted,
    EventUndoFinished,
    EventUndoFailed,
    EventJournalReclaimed,
]
"""What happened. Few events; each that lasts has a start and an end."""


class FileEffect(TypedDict):
    """One file, or a folder with all that is in it, that a call reads or changes."""

    access: Access
    """What is done to it."""
    path: FilePath
    """The file or folder."""


FileKind: TypeAlias = Literal["file", "folder", "link", "other"]
"""What something in a folder is.

- `"file"`: A regular file.
- `"folder"`: A folder.
- `"link"`: A symbolic link.
- `"other"`: A socket, a pipe, a device.
"""


class _FileNow(TypedDict):
    kind: FileKind
    """What it is."""
    path: FilePath
    """Where it is, or was before it was set aside."""
    what: What
    """What became of it."""


class FileNow(_FileNow, total=False):
    """A file or folder that a task changed, as it was found at the task's end."""

    bytes: int
    """Bytes that are there now; 0 for what is not a file or is not there."""
    found: Found
    """How it was found."""
    hash: Hash | None
    """The hash of these bytes; none for what is not a file, was too large for the time there is, or could not be
    read.
    """


FilePath: TypeAlias = str
"""Names a file or folder in the session's view: `Downloads/letters/may.txt`.

The first part is the name of a granted folder, the rest leads down from it. It has no empty part, no `.` and
no `..`, and does not start with `/`. Bytes that are not UTF-8 are written `\\xNN` and a backslash `\\\\`, so
that every name that a Unix file system can hold has exactly one such text.
"""


class FilesReport(TypedDict, total=False):
    """What a task changed in its folders, as its end found it: from the journal, and from the disk as it is
    then.

    It does not depend on what the planner says. What was made and taken away again within the task is not
    among it.
    """

    changed: int
    """How many it gave another content or other permissions."""
    files: list[FileNow]
    """Those that were looked at again, by path."""
    made: int
    """How many files and folders it made."""
    moved: int
    """How many it moved or renamed."""
    removed: int
    """How many it set aside."""
    steps: int
    """Where there are so many that none was looked at: how many steps the journal holds. All that is above is
    empty then.
    """
    trouble: ErrorData | None
    """Why the journal or the folders could not be looked at."""
    unmade: list[str]
    """What the task's outcome says that it made or changed, and nothing of the task did."""
    unnamed: int
    """How many more there are than `files` names."""


class _FinishDone(TypedDict):
    end: Literal["done"]
    summary: str
    """The outcome, for a person."""


class FinishDone(_FinishDone, total=False):
    """It was done, or it was found that nothing was to be done."""

    data: Json
    """The outcome, for a program."""


class FinishFailed(TypedDict):
    """It could not be done."""

    end: Literal["failed"]
    error: ErrorData
    """Why."""


class FinishCancelled(TypedDict):
    """A person stopped it."""

    end: Literal["cancelled"]


Finish: TypeAlias = Union[FinishDone, FinishFailed, FinishCancelled]
"""How a task ended."""


class _Folder(TypedDict):
    at: str
    """Where it is on this computer: an absolute path, as `path.escape` writes it."""
    name: str
    """What tools call it: the first part of every `FilePath` in it. One name, without `/`."""


class Folder(_Folder, total=False):
    """A folder that a person allowed a task to use: a grant."""

    access: Access
    """What may be done there.

    Where it is left out: `"read"`.
    """
    whole: bool
    """Whether the person said twice that `/` or their whole home is meant. Such a folder is refused otherwise."""


class _FolderPart(TypedDict):
    name: str
    """What it is called: as in its task."""


class FolderPart(_FolderPart, total=False):
    """A folder of a task, as a sub-task gets it."""

    access: Access
    """What may be done there.

    Where it is left out: `"read"`.
    """


Found: TypeAlias = Literal["as_left", "changed", "gone", "unread"]
"""How something was found that a task had changed.

- `"as_left"`: As the task left it.
- `"changed"`: Something else changed it since; or there is something again where the task had set something
  aside.
- `"gone"`: It is not there any more, though the task did not take it away.
- `"unread"`: It could not be looked at.
"""


class Group(TypedDict):
    """A part of what a call would do."""

    count: int
    """How many."""
    examples: list[str]
    """A few of them."""
    label: str
    """Where to or what: `→ Documents/`."""


Hash: TypeAlias = str
"""A BLAKE3 hash."""


class Held(TypedDict):
    """What a call holds back (`Tool.held`) until it is decided on."""

    effects: Effects
    """What it would do."""
    output: ToolOutput
    """What the call gives once that is done."""


class _HostGrant(TypedDict):
    host: str
    """A name or an address; `*.` before a name stands for everything below it, but not for the name itself."""


class HostGrant(_HostGrant, total=False):
    """Something on a network that the commands of a task may reach; nothing else there is."""

    credential: str | None
    """The name of a credential that the host adds to what is sent there, so that no command ever has it; the
    host that embeds the engine has it under this name. A header of the command's own that says who asks is
    taken out.
    """
    methods: list[str] | None
    """Methods, such as `GET`; if there are none, all. With methods or paths every request is looked at, also in
    TLS.
    """
    paths: list[str] | None
    """Paths, each with everything below it; if there are none, all."""
    port: int | None
    """A port; if there is none, 443 and 80."""
    private: bool
    """Whether it may be at a private address, as a server of the person's own is."""


InstructionState: TypeAlias = Literal[
    "trusted",
    "new",
    "changed",
    "not_a_file",
    "not_text",
    "too_long",
    "unread",
]
"""Whether an instruction file is followed.

- `"trusted"`: It is: the person trusts exactly this content.
- `"new"`: Nobody trusted it.
- `"changed"`: What was trusted had another content.
- `"not_a_file"`: It is a link, a folder or something else than a file.
- `"not_text"`: It is not text in UTF-8.
- `"too_long"`: It is longer than such files may be, or all of them together are.
- `"unread"`: It could not be read.
"""


class _Instructions(TypedDict):
    path: FilePath
    """The file."""
    state: InstructionState
    """Whether it is followed, or why not."""


class Instructions(_Instructions, total=False):
    """An instruction file, as a task found it."""

    bytes: int
    """Its bytes.

    Where it is left out: `0`.
    """
    hash: Hash | None
    """The hash of its content, where that was read."""
    text: str
    """Its content: the bytes that have this hash. Empty unless it is followed."""


class IntegrityUntrusted(TypedDict):
    """Anybody; the origins that are known (`file:Downloads/a.txt`, `host:example.com`). None known is the least
    trusted.
    """

    untrusted: list[str]


Integrity: TypeAlias = Union[Literal["user"], Literal["trusted"], IntegrityUntrusted]
"""Says who could have written a value.

- `"user"`: The person who gave the task.
- `"trusted"`: The host or this program.
"""


class _Kept(TypedDict):
    path: FilePath
    """Where it is now."""
    reason: str
    """Why it was left."""


class Kept(_Kept, total=False):
    """A change that was not given back."""

    was: FilePath | None
    """Where the task had left it, if that is elsewhere."""


class Label(TypedDict, total=False):
    """Says how far a value may be trusted and how far it may travel.

    Labels only join: a value made from several is as untrusted as the least trusted and as private as the
    most private. What is not known is untrusted and private; that is `Label.default`.
    """

    c: Confidentiality
    """Who may see it.

    Where it is left out: `{"private":[]}`.
    """
    i: Integrity
    """Who could have written it.

    Where it is left out: `{"untrusted":[]}`.
    """


class Lock(TypedDict):
    """A named thing that calls share or hold alone: `clock`, `screen`, `account/mail`.

    A name is a path: who holds `a` alone also holds `a/b`.
    """

    alone: bool
    """Whether nobody else may use it meanwhile."""
    name: str
    """The thing."""


class Lost(TypedDict):
    """What is counted for answers that never came, because the process that asked for them ended first: all that
    was set aside.
    """

    answers: int
    """How many answers."""
    cost: int
    """Millionths of a US dollar, as far as prices are known."""
    tokens: int
    """Tokens, read and written."""


Mode: TypeAlias = Literal["ask", "plan", "auto"]
"""How much a task may do without asking.

- `"ask"`: Reads in the granted folders; asks before every change.
- `"plan"`: Reads only; changes are worked out and shown, never made.
- `"auto"`: Reads and changes what can be undone in the granted folders; asks before anything else.
"""


class _Noting(TypedDict):
    name: str
    """What it is called: up to 64 bytes, without `/` and line ends. It replaces the note of that name."""


class Noting(_Noting, total=False):
    """What is to be noted: what a call asks for by its `Effects.note`."""

    text: str
    """What it says: up to 1,024 bytes. Empty: the note of that name is forgotten."""


class _OutcomeDone(TypedDict):
    end: Literal["done"]
    value: Json
    """What it gives back to the planner."""


class OutcomeDone(_OutcomeDone, total=False):
    """It ran."""

    note: str
    """One line for a person; empty if there is nothing to say."""


class OutcomeFailed(TypedDict):
    """It ran and failed, or its arguments did not fit. The planner is told."""

    end: Literal["failed"]
    error: ErrorData
    """Why."""


class OutcomeDenied(TypedDict):
    """A policy or a person said no. It did not run."""

    end: Literal["denied"]
    reason: str
    """Why."""
    rule: str
    """The policy's rule, or `answer` for a person's."""


class OutcomeWithheld(TypedDict):
    """Plan mode: it did not run; this is what it would have done."""

    end: Literal["withheld"]
    effects: Effects
    """What it would have done."""


Outcome: TypeAlias = Union[OutcomeDone, OutcomeFailed, OutcomeDenied, OutcomeWithheld]
"""How a call ended."""


class Parent(TypedDict):
    """What a sub-task is a part of."""

    call: CallId
    """Its call, whose result the sub-task's end is."""
    depth: int
    """How deep it lies: 1 right below the top."""
    root: TaskId
    """The task at the top, which a person gave. All of its sub-tasks work under its lease, in its folders, into
    its journal.
    """
    task: TaskId
    """The task that started it."""
    title: str
    """What a person calls the sub-task."""


class _PlanStep(TypedDict):
    state: StepState
    """How far it is."""
    title: str
    """What is to be done: `Move files`."""


class PlanStep(_PlanStep, total=False):
    """One line of the plan."""

    detail: str
    """What came of it, or what it works on: `467 to move, 45 stay`."""


class _Preview(TypedDict):
    title: str
    """What it wants, after "Wants to": `move 467 files inside Downloads`."""


class Preview(_Preview, total=False):
    """What a call would do, for a person: a sentence, then the groups it falls into."""

    groups: list[Group]
    """The parts, the largest first."""
    notes: list[str]
    """What else should be known: `2 names clash: they get a number`."""


class _Record(TypedDict):
    actor: Actor
    """Who brought it about."""
    at: Timestamp
    """When, by the clock of the writer. It may jump; `seq` is the order."""
    body_hash: Hash
    """Hash of the stored bytes of `event`."""
    event: Event
    """What happened."""
    prev_hash: Hash
    """Hash of the record before it in this thread; zeros for the first."""
    seq: int
    """Its place in the thread: 1, 2, 3, … without a gap."""
    thread: ThreadId
    """The thread it belongs to."""
    v: int
    """The version of the words it is written in."""


class Record(_Record, total=False):
    """One entry of a thread's log, as a screen, a phone and a test read it."""

    cause: str | None
    """The command or call that it follows from."""
    label: Label
    """Where its content came from and whom it belongs to.

    Where it is left out: `{"c":{"private":[]},"i":{"untrusted":[]}}`.
    """
    task: TaskId | None
    """The task it belongs to; none for the thread's own."""


Recovery: TypeAlias = Literal["read_only", "idempotent", "journalled", "unknown"]
"""What the engine does with a started call that has no known end.

- `"read_only"`: It changes nothing: run it again.
- `"idempotent"`: Running it twice is the same as once: run it again.
- `"journalled"`: The session's journal knows which of its changes were made: run it again, and only the rest
  is done.
- `"unknown"`: Its outcome can't be known: never run it again, tell the planner.
"""


class _Reserve(TypedDict):
    tokens: int
    """Tokens, read and written."""


class Reserve(_Reserve, total=False):
    """The most that an answer may come to, set aside before the model is asked."""

    cost: int | None
    """Millionths of a US dollar; none if the price is not known."""
    day: Day | None
    """The day whose budget it counts for, where days have one."""


class RetryAfterMs(TypedDict):
    """Trying again may succeed after this many milliseconds."""

    after_ms: int


Retry: TypeAlias = Union[Literal["never"], Literal["now"], RetryAfterMs]
"""Says whether the same operation may be tried again.

- `"never"`: The same call fails the same way.
- `"now"`: Trying again may succeed.
"""


class Side(TypedDict):
    """One side of a difference."""

    mode: int
    """Permission bits, as in `chmod`."""
    modified: int
    """When its content last changed, in milliseconds since 1970."""
    size: int
    """Bytes; 0 for what is not a file."""


class Sight(TypedDict):
    """What a file was like when a task last read or wrote it."""

    path: FilePath
    """The file."""
    stamp: Stamp
    """What it was like."""


class _Spent(TypedDict):
    answers: int
    """How often a model answered."""
    cost: int
    """Millionths of a US dollar, as far as prices are known."""
    open: list[tuple[AskId, Reserve]]
    """What is set aside for answers that are still to come."""
    time: Duration
    """How long it worked."""
    usage: Usage
    """Tokens."""


class Spent(_Spent, total=False):
    """What a task has spent on models."""

    lost: Lost
    """What of it is counted for answers that were lost."""
    parts: list[tuple[CallId, Reserve]]
    """What is set aside for sub-tasks that have not ended, by the calls that they do the work of."""


Stamp: TypeAlias = str
"""What a file was like when it was read: its identity, size and time, and of a small one that was read whole its
content.

Opaque: a sandbox makes it and compares it. It is short, and means the same after a restart.
"""


StepState: TypeAlias = Literal["pending", "active", "done", "skipped"]
"""How far a step of the plan is.

- `"pending"`: Not begun.
- `"active"`: Being done.
- `"done"`: Done.
- `"skipped"`: Left out.
"""


class Subtask(TypedDict, total=False):
    """A part of a task that is to be worked on as a task of its own: what a call asks for by its
    `Effects.subtask`.

    It gets a part of its task's grants and of what is left of its budget. One that asks for more than its
    task has is refused.
    """

    budget: Budget
    """What it may spend. Of what its task has a limit for, and nothing is said, it gets a quarter of what is
    left; all of the time.
    """
    folders: list[FolderPart] | None
    """The folders that it may use; if none are named, those of its task."""
    max_steps: int | None
    """How many planning steps it may take; as many as its task, if nothing is said."""
    mode: Mode | None
    """How much it may do unasked; as its task, if nothing is said."""
    planner: Json
    """What its planner is told besides; as its task's without `schema`, if nothing is said. It may not name
    another model, and another planner only if that works on this computer alone (`Planner.is_local`).
    """
    text: str
    """What is wanted, in words. Of its task's conversation its planner is told nothing else."""
    title: str
    """What a person calls it, in a few words."""
    tools: list[str] | None
    """The tools that it may use; if none are named, those of its task."""


TaskId: TypeAlias = str
"""Names a task: one piece of work inside a thread."""


ThreadId: TypeAlias = str
"""Names a thread: one conversation, whose log has one home."""


class _ThreadNote(TypedDict):
    at: Timestamp
    """When."""
    name: str
    """What it is called; there is one of each name in a thread."""
    text: str
    """What it says."""


class ThreadNote(_ThreadNote, total=False):
    """A note that is kept for later tasks of a thread."""

    label: Label
    """All that it was derived from: what the task had seen when it wrote it.

    Where it is left out: `{"c":{"private":[]},"i":{"untrusted":[]}}`.
    """
    task: TaskId | None
    """The task that wrote it; none if a person did."""


Timestamp: TypeAlias = int
"""A moment, in milliseconds since 1970-01-01T00:00:00Z."""


class _ToolOutput(TypedDict):
    value: Json
    """For the planner."""


class ToolOutput(_ToolOutput, total=False):
    """What a call gives back."""

    label: Label
    """Where it came from.

    Where it is left out: `{"c":{"private":[]},"i":{"untrusted":[]}}`.
    """
    note: str
    """One line for a person; empty if there is nothing to say."""


class TrustedFile(TypedDict):
    """A file whose content a person trusts as instructions, as it is at this hash."""

    hash: Hash
    """The hash of its content."""
    path: FilePath
    """The file: `AGENTS.md` or `CLAUDE.md` in a granted folder itself."""


class _UndoReport(TypedDict):
    already: int
    """How many had been given back before."""
    examples: list[FilePath]
    """Up to 20 of the paths that were given back, for a person to look at."""
    kept: list[Kept]
    """What was left as it is, because somebody changed it since. A record of the log names up to 1,000."""
    undone: int
    """How many changes were given back."""


class UndoReport(_UndoReport, total=False):
    """What undo gave back, and what it kept."""

    left: int
    """How many of the task's changes stand after it: those that were not asked for, and those that were kept. 0:
    everything was given back.
    """
    unnamed: int
    """How many more were left than `kept` names."""


class Usage(TypedDict, total=False):
    """How many tokens an answer took. The sum of all fields but `thinking` is what was read and written."""

    cache_read: int
    """Read from the service's cache."""
    cache_write: int
    """Read and kept in the service's cache."""
    input: int
    """Read, neither from the service's cache nor into it.

    Where it is left out: `0`.
    """
    output: int
    """Written, thinking among it.

    Where it is left out: `0`.
    """
    thinking: int
    """Thought, where the service says so; part of `output`."""


_WhatCreatedNamed = TypedDict("_WhatCreatedNamed", {"is": "Literal['created']"})


class WhatCreated(_WhatCreatedNamed):
    """It is new."""


_WhatEditedNamed = TypedDict("_WhatEditedNamed", {"is": "Literal['edited']"})


class WhatEdited(_WhatEditedNamed):
    """Its content is another."""


_WhatMovedNamed = TypedDict("_WhatMovedNamed", {"is": "Literal['moved']", "from": "FilePath"})


class WhatMoved(_WhatMovedNamed, total=False):
    """It was moved here; its content may be another too.

    - `from`: Where it was.
    """

    edited: bool
    """Whether its content is another too."""


_WhatSetAsideNamed = TypedDict("_WhatSetAsideNamed", {"is": "Literal['set_aside']"})


class WhatSetAside(_WhatSetAsideNamed):
    """It was set aside."""


_WhatModeNamed = TypedDict("_WhatModeNamed", {"is": "Literal['mode']"})


class WhatMode(_WhatModeNamed):
    """Only its permissions are others."""


What: TypeAlias = Union[WhatCreated, WhatEdited, WhatMoved, WhatSetAside, WhatMode]
"""What became of a file or folder."""
