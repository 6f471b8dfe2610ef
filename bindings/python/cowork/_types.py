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
    "AnswerTask",
    "Ask",
    "AskId",
    "Block",
    "BlockCall",
    "BlockMedia",
    "BlockOpaque",
    "BlockResult",
    "BlockText",
    "Briefing",
    "Budget",
    "BuiltinTools",
    "Call",
    "CallId",
    "CallReport",
    "ChangeSet",
    "ClaimKind",
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
    "Config",
    "Count",
    "CredentialSettings",
    "Day",
    "DayBudget",
    "Decision",
    "DeclaredEffects",
    "Delta",
    "DeltaKind",
    "DeltaKindCalling",
    "DeltaKindProgress",
    "DeltaKindRestarted",
    "DeltaKindRetrying",
    "DeltaKindText",
    "DeltaKindThinking",
    "Difference",
    "Dollars",
    "Duration",
    "Effects",
    "Effort",
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
    "ExecLimits",
    "FileEffect",
    "FileKind",
    "FileNow",
    "FilePath",
    "FilesReport",
    "Finding",
    "Finish",
    "FinishCancelled",
    "FinishDone",
    "FinishFailed",
    "Folder",
    "FolderAt",
    "FolderChoice",
    "FolderPart",
    "FollowEvents",
    "Found",
    "Group",
    "Hash",
    "Head",
    "Held",
    "HostAnswer",
    "HostCall",
    "HostGrant",
    "InstructionState",
    "Instructions",
    "Integrity",
    "IntegrityUntrusted",
    "Item",
    "ItemDelta",
    "ItemLagged",
    "ItemRecord",
    "KeepNote",
    "KeepUndo",
    "Kept",
    "KeySource",
    "Label",
    "LimitSettings",
    "Lock",
    "Lost",
    "Message",
    "Messages",
    "Mode",
    "ModelAnswer",
    "ModelCall",
    "ModelDeclaration",
    "ModelRequest",
    "ModelSettings",
    "Nothing",
    "Noting",
    "OneTask",
    "OneThread",
    "OpenThread",
    "Outcome",
    "OutcomeDenied",
    "OutcomeDone",
    "OutcomeFailed",
    "OutcomeWithheld",
    "Parent",
    "PlanStep",
    "PlannerDeclaration",
    "PlannerInput",
    "Preview",
    "Price",
    "PriceSettings",
    "Proposal",
    "ProposedCall",
    "ReadRecords",
    "Record",
    "Recovery",
    "Reserve",
    "Retry",
    "RetryAfterMs",
    "Role",
    "Role2",
    "Secret",
    "ServiceName",
    "ServiceTool",
    "Side",
    "Sight",
    "Span",
    "Spent",
    "Stage",
    "Stamp",
    "Status",
    "Steer",
    "SteerTask",
    "StepState",
    "Stop",
    "StoreKind",
    "Submit",
    "SubmitOptions",
    "SubmitTask",
    "Subtask",
    "Summary",
    "TaskId",
    "TaskState",
    "TaskView",
    "TellTask",
    "ThreadEntry",
    "ThreadId",
    "ThreadNote",
    "Timeouts",
    "Timestamp",
    "ToolDeclaration",
    "ToolInput",
    "ToolOutput",
    "ToolResult",
    "ToolSet",
    "ToolSpec",
    "TrustedFile",
    "TurnState",
    "UndoReport",
    "UndoState",
    "UndoStateDone",
    "UndoStateFailed",
    "UndoStateNone",
    "UndoStateReclaimed",
    "UndoStateWanted",
    "UndoTask",
    "Usage",
    "What",
    "WhatCreated",
    "WhatEdited",
    "WhatMode",
    "WhatMoved",
    "WhatSetAside",
    "WorkerSettings",
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


class _AnswerTask(TypedDict):
    answer: Answer
    """Yes or no."""
    args_hash: Hash
    """Hash of the exact arguments that were shown."""
    call: CallId
    """The call that was asked about."""
    task: TaskId
    """The task that asked, which may be a sub-task."""


class AnswerTask(_AnswerTask, total=False):
    """Answers a question that a task asked: with its words, as `asks` or the record gave them."""

    id: CommandId | None
    """The sender's own name for it. Default: a new one.

    Where it is left out: `null`.
    """
    sender: str | None
    """Who answers. Default: as the engine was opened.

    Where it is left out: `null`.
    """


class _Ask(TypedDict):
    args_hash: Hash
    """Hash of the exact arguments; the answer names it."""
    call: Call
    """The call, as it was decided."""
    effects: Effects
    """What the call would do."""
    reason: str
    """Why it asks."""
    rule: str
    """The policy's rule."""
    task: TaskId
    """The task."""
    thread: ThreadId
    """The thread."""


class Ask(_Ask, total=False):
    """A question that waits for a person's answer."""

    subtask: str | None
    """What the sub-task is called that asks, if one does."""


AskId: TypeAlias = str
"""Names one question to a model, the same over every try."""


class _BlockText(TypedDict):
    type: Literal["text"]
    text: str
    """What was said."""


class BlockText(_BlockText, total=False):
    """Text."""

    citations: list[Json]
    """Where it has it from, as the service writes it."""


class _BlockMedia(TypedDict):
    type: Literal["media"]
    data: str
    """Its bytes in Base64, with padding."""
    media_type: str
    """Its type: `image/png`, `application/pdf`."""


class BlockMedia(_BlockMedia, total=False):
    """A picture or a document, for a model that can see such (`ModelCard.sees`)."""

    name: str
    """What it is called; empty if it has no name."""


class _ModelCall(TypedDict):
    args: Json
    """The arguments: an object, empty where `fault` is set."""
    id: str
    """Its name in the conversation: a-z, A-Z, 0-9, `_` and `-`, at most 64 bytes."""
    tool: str
    """The tool."""


class ModelCall(_ModelCall, total=False):
    """A call as a model writes it."""

    fault: str | None
    """What is wrong with the arguments as they were written, if they can't be read."""


class BlockCall(ModelCall):
    """A call that the model wants."""

    type: Literal["call"]


class _BlockResult(TypedDict):
    type: Literal["result"]
    call: str
    """The call's `ModelCall.id`."""
    text: str
    """What came of it."""


class BlockResult(_BlockResult, total=False):
    """What came of a call."""

    failed: bool
    """Whether it failed or was not run."""


class BlockOpaque(TypedDict):
    """A block that only its service understands (thinking, a search of its own) and that must go back to it
    unchanged, in its place. Another service is not shown it.
    """

    type: Literal["opaque"]
    dialect: str
    """Who wrote it, as its implementation calls itself: `anthropic`."""
    json: str
    """The block's JSON, byte for byte."""


Block: TypeAlias = Union[BlockText, BlockMedia, BlockCall, BlockResult, BlockOpaque]
"""A block of a turn's content."""


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


BuiltinTools: TypeAlias = Literal["all", "none"]
"""Which built-in tools there are.

- `"all"`: All of them.
- `"none"`: None of them: there are those of the host.
"""


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


class _CallReport(TypedDict):
    args: Json
    """The arguments."""
    attempt: int
    """How often it was started."""
    id: CallId
    """Its name in the log."""
    stage: Stage
    """Where it is."""
    tool: str
    """The tool."""


class CallReport(_CallReport, total=False):
    """A call and how far it is."""

    outcome: Outcome | None
    """How it ended."""
    subtask: TaskId | None
    """The sub-task that does its work, if one does."""


class ChangeSet(TypedDict):
    """What a task changed, each thing once, by path: for a screen to draw, and for a person to check."""

    bytes_kept: int
    """The bytes that the journal holds for undoing them."""
    changes: list[Difference]
    """The changes, by path."""


ClaimKind: TypeAlias = Literal["all", "adopted"]
"""Which tasks are taken up.

- `"all"`: Every task of the store that is ready, those among them that a process left which is dead.
- `"adopted"`: Those that are submitted or adopted here.
"""


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
    """Goes on after a pause, a stop or a crash. A task that something outside it made fail, such as a service
    that was down or a limit, is gone on with where it failed; if that was a limit, its limits count anew.
    """

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


class Config(TypedDict, total=False):
    """How an engine is opened. Everything can be left out."""

    builtin_tools: BuiltinTools
    """Which built-in tools there are."""
    claim: ClaimKind
    """Which tasks are taken up; whichever it is, only those whose planner is here, and the tools of their open
    calls.
    """
    credentials: dict[str, CredentialSettings]
    """Credentials for hosts that commands may reach, by the names that a task's grants give them. No command
    ever has one.
    """
    data_dir: str | None
    """The folder for the engine's own data: its log, and what is needed to give back what tasks did to files. It
    is made if it is not there; `~` is the person's home, and a relative path is one from where the process
    stands when it opens. Without one nothing is kept, and no task can be given a folder.

    Where it is left out: `null`.
    """
    exec_limits: ExecLimits
    """How much the commands of a task may use.

    Where it is left out:
    `{"cpu":600,"file":4294967296,"memory":4294967296,"open":4096,"processes":512,"scratch":536870912}`.
    """
    home_dir: str | None
    """The person's home, which is not granted as a whole unless they said so twice. Default: as the system says.

    Where it is left out: `null`.
    """
    instructions: str | None
    """Standing instructions for models; they come after the engine's own.

    Where it is left out: `null`.
    """
    keep_undo: KeepUndo
    """How long what tasks did to files can be given back."""
    limits: LimitSettings
    """How much is done at once, and how long it is tried."""
    model: str | None
    """The model of tasks that name neither a model nor a planner: one of `model_settings`, one of the host's
    own, or a service and its model (`anthropic/claude-sonnet-5-5`). Default: if there are models, the first
    of the host's own, else of `model_settings`.

    Where it is left out: `null`.
    """
    model_settings: dict[str, ModelSettings]
    """Models, by names of your choice. A key is never among it, only where it is; by default it is looked for in
    the service's usual variable.
    """
    planner: str | None
    """The planner of tasks that name neither: `playbook`, `model`, or one of the host's own. Default: the host's
    own first one, else `model` if there are models, else `playbook`.

    Where it is left out: `null`.
    """
    secrets: dict[str, Secret]
    """Keys and other secrets by the names of variables, such as `ANTHROPIC_API_KEY`: looked up before the
    process's environment.
    """
    sender: str | None
    """Who sends commands that do not say it. Default: `host`.

    Where it is left out: `null`.
    """
    store: StoreKind | None
    """Where the log is. Default: on disk, if there is a `data_dir`."""
    thread: str | None
    """The thread of tasks that name none. Default: `main`.

    Where it is left out: `null`.
    """
    worker: WorkerSettings | None
    """The program that runs playbooks in a process of its own, confined. Default: they run in this process."""


Count: TypeAlias = Union[float, str]
"""A number of tokens, steps, tries or connections: `200000`, `200_000`, `200k`, `2m`."""


class CredentialSettings(TypedDict, total=False):
    """A credential, as it is sent: a `bearer` token, or a `header` with its `value`."""

    bearer: Secret | None
    """A token, sent as `Authorization: Bearer`."""
    header: str | None
    """A header's name.

    Where it is left out: `null`.
    """
    value: Secret | None
    """The header's value."""


Day: TypeAlias = int
"""A day by the host's clock, as the number of days since 1970-01-01."""


class DayBudget(TypedDict, total=False):
    """What may be spent on models in a day. What is left out has no limit."""

    cost: int | None
    """Millionths of a US dollar. A model whose price is not known is not asked under such a limit."""
    tokens: int | None
    """Tokens read and written."""


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


DeclaredEffects: TypeAlias = Literal["unknown", "read_only", "idempotent", "changes"]
"""What the calls of a tool do to the world.

- `"unknown"`: Nobody knows: each call is asked about, runs alone, and is not repeated after an interruption.
- `"read_only"`: Nothing is changed: calls run unasked, at once, and again after an interruption.
- `"idempotent"`: Something is changed, and doing it twice is the same as once: each call is asked about, and
  runs again after an interruption.
- `"changes"`: Something is changed: each call is asked about, and is not repeated after an interruption.
"""


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


Dollars: TypeAlias = Union[float, str]
"""US dollars: `2`, `0.25`, `$1.50`."""


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


Effort: TypeAlias = Literal["usual", "none", "low", "medium", "high"]
"""How hard a model should think before it answers.

- `"usual"`: As the service does unasked.
- `"none"`: Not at all, where that can be had.
- `"low"`: A little.
- `"medium"`: As much as for everyday work.
- `"high"`: As much as it can.
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


class ExecLimits(TypedDict, total=False):
    """How much the commands of a session may use."""

    cpu: int
    """Seconds of processor time, each process.

    Where it is left out: `600`.
    """
    file: int
    """Bytes of one file.

    Where it is left out: `4294967296`.
    """
    memory: int
    """Bytes of memory, all processes together.

    Where it is left out: `4294967296`.
    """
    open: int
    """Open files, each process: 16 at least.

    Where it is left out: `4096`.
    """
    processes: int
    """Processes and threads.

    Where it is left out: `512`.
    """
    scratch: int
    """Bytes in each of the folders for what is of no use afterwards, `/tmp` and its home.

    Where it is left out: `536870912`.
    """


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


class _Finding(TypedDict):
    found: str
    """What was found."""
    ok: bool
    """Whether it is in order."""
    what: str
    """What was looked at: `journal`."""


class Finding(_Finding, total=False):
    """One line of `cowork doctor`."""

    fix: str
    """What to do about it; empty if nothing."""


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


class _FolderAt(TypedDict):
    path: str
    """Its path; `~` is the person's home."""


class FolderAt(_FolderAt, total=False):
    """Asks for a folder to be made a grant."""

    access: Access | None
    """What may be done there. Default: looking and changing.

    Where it is left out: `null`.
    """
    name: str | None
    """What tools call it. Default: its own name.

    Where it is left out: `null`.
    """
    whole: bool
    """Whether the person said twice that `/` or their whole home is meant.

    Where it is left out: `false`.
    """


FolderChoice: TypeAlias = Union[str, Folder]
"""A folder that a task may use."""


class _FolderPart(TypedDict):
    name: str
    """What it is called: as in its task."""


class FolderPart(_FolderPart, total=False):
    """A folder of a task, as a sub-task gets it."""

    access: Access
    """What may be done there.

    Where it is left out: `"read"`.
    """


class FollowEvents(TypedDict, total=False):
    """Asks for what happens in a thread: all records after one, then what comes."""

    after: int
    """Only records with a `seq` above this.

    Where it is left out: `0`.
    """
    task: TaskId | None
    """Only what belongs to this task and its sub-tasks; it ends with the task.

    Where it is left out: `null`.
    """
    thread: str | None
    """The thread, by its id or by a name of your choice, which is the same thread each time; a title names none.
    Default: that of `task`, else as the engine was opened.

    Where it is left out: `null`.
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


class _Head(TypedDict):
    system: str
    """Standing instructions."""


class Head(_Head, total=False):
    """What stands before a conversation."""

    tools: ToolSet
    """The tools it may call.

    Where it is left out: `[]`.
    """


class Held(TypedDict):
    """What a call holds back (`Tool.held`) until it is decided on."""

    effects: Effects
    """What it would do."""
    output: ToolOutput
    """What the call gives once that is done."""


class HostAnswer(TypedDict, total=False):
    """What the function of a model gives; or only a text, which is the answer's.

    It says `text` and `calls`, or, where more has to be said (what must go back to its service unchanged,
    say), the whole as `blocks`.
    """

    blocks: list[Block] | None
    """All that it says and wants, in its order, in the place of `text` and `calls`.

    Where it is left out: `null`.
    """
    brought: bool
    """Whether something is in it that tools brought which the service ran by itself: anybody's words.

    Where it is left out: `false`.
    """
    calls: list[HostCall]
    """The calls that it wants."""
    id: str
    """The service's name for the answer, for its support."""
    model: str
    """The model that the service says it was."""
    stop: Stop
    """Why it ended there. Where it wants calls it is `calls`, whatever is said here.

    Where it is left out: `"end"`.
    """
    text: str | None
    """What it says. If nothing is said here, it is what was told piece by piece.

    Where it is left out: `null`.
    """
    usage: Usage
    """What it took.

    Where it is left out: `{"input":0,"output":0}`.
    """


class _HostCall(TypedDict):
    tool: str
    """The tool."""


class HostCall(_HostCall, total=False):
    """A call as a host's model wants it."""

    args: Json
    """The arguments.

    Where it is left out: `null`.
    """
    id: str | None
    """Its name in the conversation; one is made if there is none.

    Where it is left out: `null`.
    """


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


class ItemRecord(Record):
    """The next record. None is ever left out."""

    item: Literal["record"]


class ItemDelta(Delta):
    """Something that happens in between."""

    item: Literal["delta"]


class ItemLagged(TypedDict):
    """The reader was too slow: so many deltas, or notices of records, were passed over. The records themselves
    follow.
    """

    item: Literal["lagged"]
    missed: int
    """How many."""


Item: TypeAlias = Union[ItemRecord, ItemDelta, ItemLagged]
"""What a subscription gives."""


class _KeepNote(TypedDict):
    name: str
    """What it is called."""


class KeepNote(_KeepNote, total=False):
    """Keeps a note for later tasks of a thread, in the place of the one of that name."""

    text: str
    """What it says; empty: the note of that name is forgotten."""
    thread: str | None
    """The thread, by its id or by a name of your choice, which is the same thread each time; a title names none.
    Default: as the engine was opened.

    Where it is left out: `null`.
    """


class KeepUndo(TypedDict, total=False):
    """How long what tasks did to files can be given back."""

    bytes: int | None
    """So many bytes of journals are kept. Default: 10 GiB.

    Where it is left out: `null`.
    """
    days: int | None
    """Each for so many days after it was last written. Default: 30.

    Where it is left out: `null`.
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


KeySource: TypeAlias = str
"""Where a key is, never the key itself: `env:NAME`, `keyring`, `keyring:NAME`, `file:PATH` or `none`."""


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


class LimitSettings(TypedDict, total=False):
    """How much is done at once, and how long it is tried."""

    day: DayBudget
    """What may be spent on models in a day, over all tasks.

    Where it is left out: `{}`.
    """
    lease: Span | None
    """How long a task is this process's without a sign of life. Default: 15 s."""
    patience: Span | None
    """How long one answer is waited for, all tries together. Default: 10 minutes."""
    tasks: int | None
    """How many tasks are worked on at once. Default: 64.

    Where it is left out: `null`.
    """
    threads: int | None
    """Threads on which built-in tools compute; the engine has one besides. At most 1,024. Default: as many as
    processors.

    Where it is left out: `null`.
    """
    tries: int | None
    """How often a model's service is asked for one answer. Default: 8.

    Where it is left out: `null`.
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


class Message(TypedDict):
    """One turn of a conversation."""

    blocks: list[Block]
    """What was said, in order."""
    role: Role2
    """Whose turn it is."""


Messages: TypeAlias = list[Message]


Mode: TypeAlias = Literal["ask", "plan", "auto"]
"""How much a task may do without asking.

- `"ask"`: Reads in the granted folders; asks before every change.
- `"plan"`: Reads only; changes are worked out and shown, never made.
- `"auto"`: Reads and changes what can be undone in the granted folders; asks before anything else.
"""


class _ModelAnswer(TypedDict):
    blocks: list[Block]
    """What it says and wants done, in its order."""
    stop: Stop
    """Why it ended there."""
    usage: Usage
    """What it took."""


class ModelAnswer(_ModelAnswer, total=False):
    """What a model answers."""

    brought: bool
    """Whether something is in it that tools brought which the service ran by itself: anybody's words."""
    id: str
    """The service's name for the answer, for its support; empty if it has none."""
    model: str
    """The model that the service says it was; empty if it does not say."""


class _ModelDeclaration(TypedDict):
    name: str
    """Its name, as tasks choose it."""


class ModelDeclaration(_ModelDeclaration, total=False):
    """How a host describes a model of its own."""

    at: str
    """Where what a task has seen goes: a host. `unknown` if nothing is said.

    Where it is left out: `"unknown"`.
    """
    most_tokens: int
    """How many tokens an answer may have.

    Where it is left out: `16000`.
    """
    price: Price | None
    """What it costs. Where that is not known, it is not asked by a task that may spend only so much money.

    Where it is left out: `null`.
    """
    sees: list[str]
    """The types of media that it can see: `image/png`.

    Where it is left out: `[]`.
    """
    window: int
    """How many tokens a request and its answer may have together.

    Where it is left out: `128000`.
    """


class _ModelRequest(TypedDict):
    head: Head
    """What stands before the conversation and seldom changes."""
    messages: Messages
    """The conversation, oldest first. It begins with the person; a call's result comes in the next message after
    the call.
    """


class ModelRequest(_ModelRequest, total=False):
    """What a model is asked.

    A clone is cheap: what a long conversation says is shared, and so is what an implementation has written of
    it.
    """

    effort: Effort
    """How hard it should think.

    Where it is left out: `"usual"`.
    """
    most_tokens: int
    """The most tokens it may answer with; 0 for as many as the model can.

    Where it is left out: `0`.
    """
    schema: Json
    """A JSON Schema that the answer's text must fit, if any."""


class _ModelSettings(TypedDict):
    model: str
    """Its name there."""
    service: ServiceName
    """Which service it is asked at, or which one that service speaks like."""


class ModelSettings(_ModelSettings, total=False):
    """A model as a person sets it."""

    base: str | None
    """The service's address, where it is another than usual.

    Where it is left out: `null`.
    """
    connections: Count | None
    """How many connections there are at once to a service that takes one request at a time on each; 128 if
    nothing is said. What is asked beyond that waits for one.

    Where it is left out: `null`.
    """
    fallback: str | None
    """The model that is asked where this one's service is not available: a destination of its own.

    Where it is left out: `null`.
    """
    images: bool | None
    """Whether it can see pictures, where that is not known by its name.

    Where it is left out: `null`.
    """
    key: KeySource | None
    """Where its key is; none for the usual places."""
    max_tokens: Count | None
    """The most tokens of an answer.

    Where it is left out: `null`.
    """
    plain_key: bool
    """Whether its key may go over plain HTTP to another computer.

    Where it is left out: `false`.
    """
    price: PriceSettings | None
    """What it costs, where that is not known by its name or is another."""
    proxy: str | None
    """By which proxy: an address, or `none`; as the system says if nothing is said.

    Where it is left out: `null`.
    """
    roots: list[str]
    """Files with roots of trust, besides the system's.

    Where it is left out: `[]`.
    """
    thinking: Effort
    """How hard it is to think.

    Where it is left out: `"usual"`.
    """
    timeout: Timeouts
    """How long is waited."""
    tools: list[ServiceTool]
    """Tools that the service runs by itself, each a destination of its own."""
    tries: Count | None
    """How often it is asked for one answer where its service fails in a way that may pass; 8 if nothing is said.

    Where it is left out: `null`.
    """
    window: Count | None
    """How many tokens a request and its answer may have together, where that is not known by its name.

    Where it is left out: `null`.
    """


class Nothing(TypedDict):
    """Nothing."""


class _Noting(TypedDict):
    name: str
    """What it is called: up to 64 bytes, without `/` and line ends. It replaces the note of that name."""


class Noting(_Noting, total=False):
    """What is to be noted: what a call asks for by its `Effects.note`."""

    text: str
    """What it says: up to 1,024 bytes. Empty: the note of that name is forgotten."""


class OneTask(TypedDict):
    """Names a task."""

    task: TaskId
    """The task."""


class OneThread(TypedDict, total=False):
    """Names a thread."""

    thread: str | None
    """The thread, by its id or by a name of your choice, which is the same thread each time; a title names none.
    Default: as the engine was opened.

    Where it is left out: `null`.
    """


class OpenThread(TypedDict, total=False):
    """Opens a thread."""

    thread: str | None
    """The thread, by its id or by a name of your choice, which is the same thread each time; a title names none.
    Default: as the engine was opened.

    Where it is left out: `null`.
    """
    title: str | None
    """What a person calls it, if it is new. Default: the name that was given as `thread`.

    Where it is left out: `null`.
    """


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


class _PlannerDeclaration(TypedDict):
    name: str
    """Its name, as tasks ask for it."""


class PlannerDeclaration(_PlannerDeclaration, total=False):
    """How a host describes a planner of its own."""

    briefed: bool
    """Whether it goes by the notes of the thread and the instruction files of the folders: then they are
    gathered before it is asked first.

    Where it is left out: `false`.
    """
    local: bool
    """Whether it works on this computer alone: it sends what it reads nowhere.

    Where it is left out: `false`.
    """


class PlannerInput(TypedDict):
    """What the function of a planner is called with. It gives a `Proposal`."""

    task: TaskState
    """The task as the log tells it."""
    tools: list[str]
    """The names of the tools that there are; the operation `tools` describes them."""


class _Preview(TypedDict):
    title: str
    """What it wants, after "Wants to": `move 467 files inside Downloads`."""


class Preview(_Preview, total=False):
    """What a call would do, for a person: a sentence, then the groups it falls into."""

    groups: list[Group]
    """The parts, the largest first."""
    lines: str
    """What comes and goes, line by line, where that is known and no more than can be read: `- ` before what
    goes, `+ ` before what comes, the path of each file above its lines.
    """
    notes: list[str]
    """What else should be known: `2 names clash: they get a number`."""


class Price(TypedDict):
    """What a model costs: millionths of a US dollar for a million tokens. 3,000,000 is three dollars."""

    cache_read: int
    """Read from the service's cache."""
    cache_write: int
    """Read and kept in the service's cache."""
    input: int
    """Read."""
    output: int
    """Written."""


class _PriceSettings(TypedDict):
    input: Dollars
    """Read."""
    output: Dollars
    """Written."""


class PriceSettings(_PriceSettings, total=False):
    """What a model costs: US dollars for a million tokens."""

    cache_read: Dollars | None
    """Read from the service's cache; as `input` if nothing is said."""
    cache_write: Dollars | None
    """Read and kept in the service's cache; as `input` if nothing is said."""


class Proposal(TypedDict, total=False):
    """What a planner wants next."""

    calls: list[ProposedCall]
    """Calls to make, at most 1,024; those that don't conflict run at once.

    Where it is left out: `[]`.
    """
    finish: Finish | None
    """The end of the task.

    Where it is left out: `null`.
    """
    note: Json
    """What the planner keeps for its own recovery.

    Where it is left out: `null`.
    """
    plan: list[PlanStep] | None
    """The plan, whole, where it changed.

    Where it is left out: `null`.
    """
    say: str | None
    """A sentence for the person.

    Where it is left out: `null`.
    """


class ProposedCall(TypedDict):
    """A call that a planner wants."""

    args: Json
    """The arguments."""
    tool: str
    """The tool's name."""


class ReadRecords(TypedDict, total=False):
    """Asks for records that are in the log now."""

    after: int
    """Only those with a `seq` above this.

    Where it is left out: `0`.
    """
    most: int | None
    """At most so many. Default, and the most: 512.

    Where it is left out: `null`.
    """
    task: TaskId | None
    """Only this task's.

    Where it is left out: `null`.
    """
    thread: str | None
    """The thread, by its id or by a name of your choice, which is the same thread each time; a title names none.
    Default: that of `task`, else as the engine was opened.

    Where it is left out: `null`.
    """


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


Role: TypeAlias = Literal["reads", "changes", "alone"]
"""What an argument of a tool stands for.

- `"reads"`: A file or folder that is read, as tools name it: `Downloads/a.txt`. It has to be in a granted
  folder.
- `"changes"`: A file or folder that is changed. It has to be in a folder that was granted for changing.
- `"alone"`: A thing that no other call uses meanwhile: an account, a device.
"""


Role2: TypeAlias = Literal["user", "assistant"]
"""Whose turn it is.

- `"user"`: The person, or the host for them; results of calls too.
- `"assistant"`: The model.
"""


Secret: TypeAlias = str
"""Something that nothing prints."""


ServiceName: TypeAlias = Literal[
    "anthropic",
    "openai",
    "openai-responses",
    "openrouter",
    "groq",
    "mistral",
    "deepseek",
    "ollama",
    "lmstudio",
    "llamacpp",
    "vllm",
    "local",
]
"""A service, or whichever another one speaks like."""


ServiceTool: TypeAlias = Literal["web_search"]
"""A tool that a service runs by itself.

- `"web_search"`: A search of the web.
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


Span: TypeAlias = Union[float, str]
"""A time: `90s`, `30m`, `2h`, `500ms`; a bare number is seconds."""


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


Stage: TypeAlias = Literal[
    "proposed",
    "asked",
    "answered",
    "started",
    "delegated",
    "interrupted",
    "finished",
]
"""Where a call is.

- `"proposed"`: Decided, not yet looked at by the policy.
- `"asked"`: A person was asked.
- `"answered"`: The person answered.
- `"started"`: It runs.
- `"delegated"`: A sub-task does its work, in a log of its own.
- `"interrupted"`: It was cut off.
- `"finished"`: It has an outcome.
"""


Stamp: TypeAlias = str
"""What a file was like when it was read: its identity, size and time, and of a small one that was read whole its
content.

Opaque: a sandbox makes it and compares it. It is short, and means the same after a restart.
"""


Status: TypeAlias = Literal[
    "queued",
    "running",
    "waiting",
    "paused",
    "stopped",
    "done",
    "failed",
    "refused",
    "cancelled",
    "undone",
]
"""A task's state, for a list.

- `"queued"`: Nobody has taken it up yet.
- `"running"`: It is being worked on, if the process that does is alive.
- `"waiting"`: It waits for a person's answer.
- `"paused"`: A person paused it.
- `"stopped"`: It was put down and can be taken up again.
- `"done"`: It is done.
- `"failed"`: It failed.
- `"refused"`: It ended because a person said no to what it asked.
- `"cancelled"`: A person cancelled it.
- `"undone"`: It ended, and what it did was given back.
"""


class Steer(TypedDict):
    """Something that the person said to a running task."""

    text: str
    """What was said."""
    turn: int
    """How many turns had been decided without it: the planner is told of it in this one."""


class _SteerTask(TypedDict):
    task: TaskId
    """The task."""
    text: str
    """What is said."""


class SteerTask(_SteerTask, total=False):
    """Says something to a task that runs."""

    id: CommandId | None
    """The sender's own name for it. Default: a new one.

    Where it is left out: `null`.
    """
    sender: str | None
    """Who says it. Default: as the engine was opened.

    Where it is left out: `null`.
    """


StepState: TypeAlias = Literal["pending", "active", "done", "skipped"]
"""How far a step of the plan is.

- `"pending"`: Not begun.
- `"active"`: Being done.
- `"done"`: Done.
- `"skipped"`: Left out.
"""


Stop: TypeAlias = Literal["end", "calls", "length", "full", "refused", "paused"]
"""Why an answer ended.

- `"end"`: It had said all.
- `"calls"`: It wants calls made. An answer with calls always ends so, whatever the service calls it.
- `"length"`: It reached the most tokens that it may answer with.
- `"full"`: The conversation does not fit into what the model holds.
- `"refused"`: The model, or a filter of its service, would not answer.
- `"paused"`: The service interrupts a long turn: the same conversation with this answer at its end goes on.
"""


StoreKind: TypeAlias = Literal["disk", "memory"]
"""Where a log is.

- `"disk"`: In the data folder.
- `"memory"`: In memory: it is gone when the engine is closed.
"""


class SubmitOptions(TypedDict, total=False):
    """Submits a task to a thread, which is made if there is none, and takes it up. It gives the task's name once
    that is durable. To give the call up before cancels the task.
    """

    allow: list[AllowRule] | None
    """What may be done without a question in the mode `ask`.

    Where it is left out: `[]`.
    """
    budget: Budget | None
    """What it may spend on models, and for how long it may work.

    Where it is left out: `{}`.
    """
    folders: list[FolderChoice] | None
    """The folders it may use: paths, to be changed in under their own names, or as `folder` gives them."""
    hosts: list[HostGrant] | None
    """What its commands may reach of a network. Without one, nothing.

    Where it is left out: `[]`.
    """
    max_steps: int | None
    """How many planning steps it may take at the most. Default: 1,000.

    Where it is left out: `null`.
    """
    mode: Mode | None
    """How much it may do unasked.

    Where it is left out: `"ask"`.
    """
    model: str | None
    """The model that does it.

    Where it is left out: `null`.
    """
    planner: Json
    """What the planner is told besides, its `name` among it: a playbook's name and parameters. Not beside
    `model`.

    Where it is left out: `null`.
    """
    sender: str | None
    """Who sends it. Default: as the engine was opened.

    Where it is left out: `null`.
    """
    thread: str | None
    """The thread, by its id or by a name of your choice, which is the same thread each time; a title names none.
    Default: as the engine was opened.

    Where it is left out: `null`.
    """
    tools: list[str] | None
    """The tools that it may use; all that there are, if none are named.

    Where it is left out: `null`.
    """
    trust: list[TrustedFile] | None
    """The instruction files in its folders that the person trusts, each at a hash.

    Where it is left out: `[]`.
    """


class _SubmitTask(TypedDict):
    text: str
    """What is wanted, in words. At most 1 MiB."""


class SubmitTask(_SubmitTask, total=False):
    """A task to be done."""

    allow: list[AllowRule]
    """What may be done without a question in the mode `ask`.

    Where it is left out: `[]`.
    """
    budget: Budget
    """What it may spend on models, and for how long it may work.

    Where it is left out: `{}`.
    """
    folders: list[FolderChoice]
    """The folders it may use: paths, to be changed in under their own names, or as `folder` gives them."""
    hosts: list[HostGrant]
    """What its commands may reach of a network. Without one, nothing.

    Where it is left out: `[]`.
    """
    max_steps: int | None
    """How many planning steps it may take at the most. Default: 1,000.

    Where it is left out: `null`.
    """
    mode: Mode
    """How much it may do unasked.

    Where it is left out: `"ask"`.
    """
    model: str | None
    """The model that does it.

    Where it is left out: `null`.
    """
    planner: Json
    """What the planner is told besides, its `name` among it: a playbook's name and parameters. Not beside
    `model`.

    Where it is left out: `null`.
    """
    sender: str | None
    """Who sends it. Default: as the engine was opened.

    Where it is left out: `null`.
    """
    thread: str | None
    """The thread, by its id or by a name of your choice, which is the same thread each time; a title names none.
    Default: as the engine was opened.

    Where it is left out: `null`.
    """
    tools: list[str] | None
    """The tools that it may use; all that there are, if none are named.

    Where it is left out: `null`.
    """
    trust: list[TrustedFile]
    """The instruction files in its folders that the person trusts, each at a hash.

    Where it is left out: `[]`.
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


class _Summary(TypedDict):
    at: Timestamp
    """When it came in."""
    folders: list[str]
    """Where its folders are."""
    mode: Mode
    """How much it may do unasked."""
    status: Status
    """Where it is, as far as the log knows: whether a running one's process still lives is for the lease to say."""
    task: TaskId
    """Its name."""
    text: str
    """The first 200 characters of what was asked for."""
    thread: ThreadId
    """Its thread."""


class Summary(_Summary, total=False):
    """A task in a list."""

    ended: Timestamp | None
    """When it ended; none while it goes on."""
    part_of: TaskId | None
    """The task at the top, if it is a sub-task."""


TaskId: TypeAlias = str
"""Names a task: one piece of work inside a thread."""


class _TaskState(TypedDict):
    at: Timestamp
    """When it came in."""
    head: int
    """The `seq` of its last record."""
    id: TaskId
    """Its name."""
    label: Label
    """Everything that the planner has seen, joined."""
    last_at: Timestamp
    """When its last record was made."""
    plan: list[PlanStep]
    """The plan as it stands."""
    spent: Spent
    """What it has spent on models, and how long it worked."""
    status: Status
    """Where it is."""
    steers: list[Steer]
    """What the person said to it. Those whose `turn` is not below the number of turns are new to the planner."""
    submit: Submit
    """What was asked for."""
    thread: ThreadId
    """The thread it belongs to."""
    turns: list[TurnState]
    """What was decided, oldest first."""
    undo: UndoState
    """Where its undo is."""


class TaskState(_TaskState, total=False):
    """A task, as its log tells it."""

    briefing: Briefing | None
    """What it was told besides its words, if anything."""
    files: FilesReport | None
    """What its end found of what it changed."""
    result: Finish | None
    """How it ended."""


class TaskView(TypedDict):
    """A task at one moment, for people to look at."""

    html: str
    """Its plan and its progress as HTML, with styles of its own: a picture to be put in the place of the one
    before. All that comes from elsewhere is escaped.
    """
    lines: list[str]
    """What was done since the view before, a line for each thing; the last view's last line is its `text`."""
    status: Status
    """Where it is."""
    text: str
    """How it stands, in one line: its status, and what came of it."""


class _TellTask(TypedDict):
    task: TaskId
    """The task."""


class TellTask(_TellTask, total=False):
    """Tells a task to do something."""

    id: CommandId | None
    """The sender's own name for it: the same is followed once, however often it is sent. Default: a new one.

    Where it is left out: `null`.
    """
    sender: str | None
    """Who says it. Default: as the engine was opened.

    Where it is left out: `null`.
    """


class ThreadEntry(TypedDict):
    """A thread."""

    thread: ThreadId
    """Its id."""
    title: str
    """What a person calls it."""


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


class Timeouts(TypedDict, total=False):
    """How long a service is waited for."""

    connect: Span | None
    """For a connection."""
    first: Span | None
    """For the first byte of an answer."""
    idle: Span | None
    """For the next bytes."""
    total: Span | None
    """For one answer, all tries and the waits between them together."""


Timestamp: TypeAlias = int
"""A moment, in milliseconds since 1970-01-01T00:00:00Z."""


class _ToolDeclaration(TypedDict):
    about: str
    """What it does and when to use it, for a planner."""
    name: str
    """Its name: lower case, digits, `_`; at most 64 bytes. It takes the place of a built-in tool of that name."""


class ToolDeclaration(_ToolDeclaration, total=False):
    """How a host describes a tool of its own. What it does not say is taken to be the worst."""

    effects: DeclaredEffects
    """What a call does to the world.

    Where it is left out: `"unknown"`.
    """
    locks: list[str]
    """What no two calls use at once, whatever their arguments: `screen`, `account/mail`.

    Where it is left out: `[]`.
    """
    roles: dict[str, Role]
    """What arguments stand for, by their names; each is a text or a list of texts. The schema of an argument may
    say it too, as `x-cowork-role`.

    Where it is left out: `{}`.
    """
    schema: Json
    """The JSON Schema of its arguments, an object. Arguments that do not fit never reach the tool.

    Where it is left out: `{"additionalProperties":false,"properties":{},"type":"object"}`.
    """
    title: str | None
    """What a person is shown who is asked, after "Wants to": `send {subject} to {to}`, with arguments by their
    names.

    Where it is left out: `null`.
    """


class ToolInput(TypedDict):
    """What the function of a tool is called with."""

    args: Json
    """The arguments, as the tool's schema wants them. Whole numbers are written as such: 1, and not 1.0."""
    attempt: int
    """1 for the first time."""
    call: CallId
    """The call; the same when it runs again after an interruption."""
    folders: list[Folder]
    """The task's folders, where the call names files in them."""
    paths: dict[str, str]
    """Where on this computer the files are that its arguments name, by their names: `Desk/a.txt` is
    `/home/ann/Desk/a.txt`.
    """
    task: TaskId
    """The task."""
    thread: ThreadId
    """The thread."""


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


class _ToolResult(TypedDict):
    value: Json
    """For the planner: anything."""


class ToolResult(_ToolResult, total=False):
    """What the function of a tool gives."""

    label: Label
    """Where it came from; nothing said means untrusted and private.

    Where it is left out: `{"c":{"private":[]},"i":{"untrusted":[]}}`.
    """
    note: str
    """One line for a person."""


class ToolSpec(TypedDict):
    """Describes a tool to a planner and to a person."""

    about: str
    """What it does and when to use it, for a planner."""
    name: str
    """Its name: lower case, digits, `_`; at most 64 bytes."""
    schema: Json
    """The JSON Schema of its arguments, an object."""


ToolSet: TypeAlias = list[ToolSpec]


class TrustedFile(TypedDict):
    """A file whose content a person trusts as instructions, as it is at this hash."""

    hash: Hash
    """The hash of its content."""
    path: FilePath
    """The file: `AGENTS.md` or `CLAUDE.md` in a granted folder itself."""


class _TurnState(TypedDict):
    calls: list[CallReport]
    """The calls, in their order."""


class TurnState(_TurnState, total=False):
    """One decision and what came of its calls."""

    note: Json
    """What the planner keeps for its own recovery."""
    say: str | None
    """What was said to the person."""


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


class UndoStateNone(TypedDict):
    """Not asked for."""

    state: Literal["none"]


class UndoStateWanted(TypedDict):
    """Asked for, or begun and cut off."""

    state: Literal["wanted"]


class UndoStateDone(TypedDict):
    """Done."""

    state: Literal["done"]
    report: UndoReport
    """What was given back, and what was kept and why."""


class UndoStateFailed(TypedDict):
    """Failed; it can be asked for again."""

    state: Literal["failed"]
    error: ErrorData
    """Why."""


class UndoStateReclaimed(TypedDict):
    """The journal was let go of: nothing can be given back any more."""

    state: Literal["reclaimed"]


UndoState: TypeAlias = Union[
    UndoStateNone,
    UndoStateWanted,
    UndoStateDone,
    UndoStateFailed,
    UndoStateReclaimed,
]
"""Where a task's undo is."""


class _UndoTask(TypedDict):
    task: TaskId
    """The task."""


class UndoTask(_UndoTask, total=False):
    """Asks for what a task did to files, or a part of it, to be given back."""

    calls: list[CallId]
    """Only what these calls did; all of them if empty.

    Where it is left out: `[]`.
    """
    paths: list[FilePath]
    """Only what is or was at these paths or below them; all of it if empty.

    Where it is left out: `[]`.
    """


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


class _WorkerSettings(TypedDict):
    program: str
    """Where it is."""


class WorkerSettings(_WorkerSettings, total=False):
    """The program that runs playbooks, one in a process: most often the host's own, started with an argument by
    which it knows.
    """

    args: list[str]
    """Its arguments.

    Where it is left out: `[]`.
    """
    or_in_process: bool
    """Whether playbooks run in this process where none can be confined. They are refused there if not.

    Where it is left out: `false`.
    """
