"""What an engine can be asked to do.

Written by `cargo xtask gen` from the engine's schema: what is changed here is lost.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from ._types import (
        Access,
        AllowRule,
        Answer,
        Ask,
        Budget,
        CallId,
        ChangeSet,
        Command,
        CommandId,
        FilePath,
        Finding,
        Folder,
        FolderChoice,
        Hash,
        HostGrant,
        Item,
        Json,
        Mode,
        Record,
        Summary,
        TaskId,
        TaskState,
        TaskView,
        ThreadEntry,
        ThreadId,
        ThreadNote,
        ToolSpec,
        TrustedFile,
        UndoReport,
    )

__all__ = ["Operations", "SyncOperations", "TaskOperations", "SyncTaskOperations"]


class Operations(ABC):
    """Asks an engine by names and data: whoever extends it says how."""

    @abstractmethod
    async def call(self, operation: str, args: dict[str, object]) -> Any:
        """Has an operation carried out by its name, with its arguments as they are written: for one that has no method here yet."""

    @abstractmethod
    def stream(self, operation: str, args: dict[str, object]) -> AsyncIterator[Any]:
        """Has one carried out that gives one thing after the other."""

    async def submit(
        self,
        text: str,
        *,
        allow: list[AllowRule] | None = None,
        budget: Budget | None = None,
        folders: list[FolderChoice] | None = None,
        hosts: list[HostGrant] | None = None,
        max_steps: int | None = None,
        mode: Mode | None = None,
        model: str | None = None,
        planner: Json | None = None,
        sender: str | None = None,
        thread: str | None = None,
        tools: list[str] | None = None,
        trust: list[TrustedFile] | None = None,
    ) -> TaskId:
        """Submits a task to a thread, which is made if there is none, and takes it up. It gives the task's name
        once that is durable. To give the call up before cancels the task.

        Arguments:

        - `text`: What is wanted, in words. At most 1 MiB.
        - `allow`: What may be done without a question in the mode `ask`. Where it is left out: `[]`.
        - `budget`: What it may spend on models, and for how long it may work. Where it is left out: `{}`.
        - `folders`: The folders it may use: paths, to be changed in under their own names, or as `folder`
          gives them.
        - `hosts`: What its commands may reach of a network. Without one, nothing. Where it is left out: `[]`.
        - `max_steps`: How many planning steps it may take at the most. Default: 1,000. Where it is left out:
          `null`.
        - `mode`: How much it may do unasked. Where it is left out: `"ask"`.
        - `model`: The model that does it. Where it is left out: `null`.
        - `planner`: What the planner is told besides, its `name` among it: a playbook's name and parameters.
          Not beside `model`. Where it is left out: `null`.
        - `sender`: Who sends it. Default: as the engine was opened. Where it is left out: `null`.
        - `thread`: The thread, by its id or by a name of your choice, which is the same thread each time; a
          title names none. Default: as the engine was opened. Where it is left out: `null`.
        - `tools`: The tools that it may use; all that there are, if none are named. Where it is left out:
          `null`.
        - `trust`: The instruction files in its folders that the person trusts, each at a hash. Where it is
          left out: `[]`.
        """
        args_: dict[str, object] = {"text": text}
        if allow is not None:
            args_["allow"] = allow
        if budget is not None:
            args_["budget"] = budget
        if folders is not None:
            args_["folders"] = folders
        if hosts is not None:
            args_["hosts"] = hosts
        if max_steps is not None:
            args_["max_steps"] = max_steps
        if mode is not None:
            args_["mode"] = mode
        if model is not None:
            args_["model"] = model
        if planner is not None:
            args_["planner"] = planner
        if sender is not None:
            args_["sender"] = sender
        if thread is not None:
            args_["thread"] = thread
        if tools is not None:
            args_["tools"] = tools
        if trust is not None:
            args_["trust"] = trust
        result_: TaskId = await self.call("submit", args_)
        return result_

    async def run(
        self,
        text: str,
        *,
        allow: list[AllowRule] | None = None,
        budget: Budget | None = None,
        folders: list[FolderChoice] | None = None,
        hosts: list[HostGrant] | None = None,
        max_steps: int | None = None,
        mode: Mode | None = None,
        model: str | None = None,
        planner: Json | None = None,
        sender: str | None = None,
        thread: str | None = None,
        tools: list[str] | None = None,
        trust: list[TrustedFile] | None = None,
    ) -> TaskState:
        """Does a task to its end, and gives it: `submit`, then `finished`. To give the call up cancels the task.

        Arguments:

        - `text`: What is wanted, in words. At most 1 MiB.
        - `allow`: What may be done without a question in the mode `ask`. Where it is left out: `[]`.
        - `budget`: What it may spend on models, and for how long it may work. Where it is left out: `{}`.
        - `folders`: The folders it may use: paths, to be changed in under their own names, or as `folder`
          gives them.
        - `hosts`: What its commands may reach of a network. Without one, nothing. Where it is left out: `[]`.
        - `max_steps`: How many planning steps it may take at the most. Default: 1,000. Where it is left out:
          `null`.
        - `mode`: How much it may do unasked. Where it is left out: `"ask"`.
        - `model`: The model that does it. Where it is left out: `null`.
        - `planner`: What the planner is told besides, its `name` among it: a playbook's name and parameters.
          Not beside `model`. Where it is left out: `null`.
        - `sender`: Who sends it. Default: as the engine was opened. Where it is left out: `null`.
        - `thread`: The thread, by its id or by a name of your choice, which is the same thread each time; a
          title names none. Default: as the engine was opened. Where it is left out: `null`.
        - `tools`: The tools that it may use; all that there are, if none are named. Where it is left out:
          `null`.
        - `trust`: The instruction files in its folders that the person trusts, each at a hash. Where it is
          left out: `[]`.
        """
        args_: dict[str, object] = {"text": text}
        if allow is not None:
            args_["allow"] = allow
        if budget is not None:
            args_["budget"] = budget
        if folders is not None:
            args_["folders"] = folders
        if hosts is not None:
            args_["hosts"] = hosts
        if max_steps is not None:
            args_["max_steps"] = max_steps
        if mode is not None:
            args_["mode"] = mode
        if model is not None:
            args_["model"] = model
        if planner is not None:
            args_["planner"] = planner
        if sender is not None:
            args_["sender"] = sender
        if thread is not None:
            args_["thread"] = thread
        if tools is not None:
            args_["tools"] = tools
        if trust is not None:
            args_["trust"] = trust
        result_: TaskState = await self.call("run", args_)
        return result_

    async def send(
        self,
        thread: ThreadId,
        task: TaskId,
        sender: str,
        id: CommandId,
        command: Command,
    ) -> None:
        """Puts a command into its thread's log, durably; one that was accepted before is accepted again without
        effect.

        Arguments:

        - `thread`: The thread it is for.
        - `task`: The task it is for; a submitted task's own new name.
        - `sender`: Who sends it: `cli`, a device, a schedule. At most 128 bytes.
        - `id`: The sender's own name for it. The same `(thread, sender, id)` is accepted once; a second one
          changes nothing.
        - `command`: What is wanted.
        """
        await self.call("send", {"thread": thread, "task": task, "sender": sender, "id": id, "command": command})

    async def answer(
        self,
        task: TaskId,
        call: CallId,
        args_hash: Hash,
        answer: Answer,
        *,
        id: CommandId | None = None,
        sender: str | None = None,
    ) -> None:
        """Answers a question that a task asked.

        Arguments:

        - `task`: The task that asked, which may be a sub-task.
        - `call`: The call that was asked about.
        - `args_hash`: Hash of the exact arguments that were shown.
        - `answer`: Yes or no.
        - `id`: The sender's own name for it. Default: a new one. Where it is left out: `null`.
        - `sender`: Who answers. Default: as the engine was opened. Where it is left out: `null`.
        """
        args_: dict[str, object] = {"task": task, "call": call, "args_hash": args_hash, "answer": answer}
        if id is not None:
            args_["id"] = id
        if sender is not None:
            args_["sender"] = sender
        await self.call("answer", args_)

    async def steer(
        self,
        task: TaskId,
        text: str,
        *,
        id: CommandId | None = None,
        sender: str | None = None,
    ) -> None:
        """Says something to a task that runs; it is taken in before the next planning step.

        Arguments:

        - `task`: The task.
        - `text`: What is said.
        - `id`: The sender's own name for it. Default: a new one. Where it is left out: `null`.
        - `sender`: Who says it. Default: as the engine was opened. Where it is left out: `null`.
        """
        args_: dict[str, object] = {"task": task, "text": text}
        if id is not None:
            args_["id"] = id
        if sender is not None:
            args_["sender"] = sender
        await self.call("steer", args_)

    async def cancel(
        self,
        task: TaskId,
        *,
        id: CommandId | None = None,
        sender: str | None = None,
    ) -> None:
        """Ends a task: running calls are stopped, nothing more is started. What was done stays done, and can be
        undone.

        Arguments:

        - `task`: The task.
        - `id`: The sender's own name for it: the same is followed once, however often it is sent. Default: a
          new one. Where it is left out: `null`.
        - `sender`: Who says it. Default: as the engine was opened. Where it is left out: `null`.
        """
        args_: dict[str, object] = {"task": task}
        if id is not None:
            args_["id"] = id
        if sender is not None:
            args_["sender"] = sender
        await self.call("cancel", args_)

    async def pause(
        self,
        task: TaskId,
        *,
        id: CommandId | None = None,
        sender: str | None = None,
    ) -> None:
        """Lets running calls of a task finish, then has it rest until `resume`.

        Arguments:

        - `task`: The task.
        - `id`: The sender's own name for it: the same is followed once, however often it is sent. Default: a
          new one. Where it is left out: `null`.
        - `sender`: Who says it. Default: as the engine was opened. Where it is left out: `null`.
        """
        args_: dict[str, object] = {"task": task}
        if id is not None:
            args_["id"] = id
        if sender is not None:
            args_["sender"] = sender
        await self.call("pause", args_)

    async def resume(
        self,
        task: TaskId,
        *,
        id: CommandId | None = None,
        sender: str | None = None,
    ) -> None:
        """Has a task go on after a pause, a stop or a crash.

        Arguments:

        - `task`: The task.
        - `id`: The sender's own name for it: the same is followed once, however often it is sent. Default: a
          new one. Where it is left out: `null`.
        - `sender`: Who says it. Default: as the engine was opened. Where it is left out: `null`.
        """
        args_: dict[str, object] = {"task": task}
        if id is not None:
            args_["id"] = id
        if sender is not None:
            args_["sender"] = sender
        await self.call("resume", args_)

    async def undo(
        self,
        task: TaskId,
        *,
        calls: list[CallId] | None = None,
        paths: list[FilePath] | None = None,
    ) -> UndoReport:
        """Gives back what a task did to files, or a part of it, and says what was given back. Only a task that
        has ended can be undone.

        Arguments:

        - `task`: The task.
        - `calls`: Only what these calls did; all of them if empty. Where it is left out: `[]`.
        - `paths`: Only what is or was at these paths or below them; all of it if empty. Where it is left out:
          `[]`.
        """
        args_: dict[str, object] = {"task": task}
        if calls is not None:
            args_["calls"] = calls
        if paths is not None:
            args_["paths"] = paths
        result_: UndoReport = await self.call("undo", args_)
        return result_

    async def preview_undo(
        self,
        task: TaskId,
        *,
        calls: list[CallId] | None = None,
        paths: list[FilePath] | None = None,
    ) -> UndoReport:
        """Says what undoing a task, or this part of it, would give back, and what it would keep. Nothing is
        changed.

        Arguments:

        - `task`: The task.
        - `calls`: Only what these calls did; all of them if empty. Where it is left out: `[]`.
        - `paths`: Only what is or was at these paths or below them; all of it if empty. Where it is left out:
          `[]`.
        """
        args_: dict[str, object] = {"task": task}
        if calls is not None:
            args_["calls"] = calls
        if paths is not None:
            args_["paths"] = paths
        result_: UndoReport = await self.call("preview_undo", args_)
        return result_

    async def changes(self, task: TaskId) -> ChangeSet:
        """Gives what a task changed in its folders so far, each thing once, by path.

        Arguments:

        - `task`: The task.
        """
        result_: ChangeSet = await self.call("changes", {"task": task})
        return result_

    async def adopt(self, task: TaskId) -> None:
        """Takes up a task that another process left, or that was given elsewhere.

        Arguments:

        - `task`: The task.
        """
        await self.call("adopt", {"task": task})

    async def task(self, task: TaskId) -> TaskState:
        """Gives a task as its log tells it now.

        Arguments:

        - `task`: The task.
        """
        result_: TaskState = await self.call("task", {"task": task})
        return result_

    async def settled(self, task: TaskId) -> TaskState:
        """Waits until a task has ended, or rests until somebody says something, and gives it.

        Arguments:

        - `task`: The task.
        """
        result_: TaskState = await self.call("settled", {"task": task})
        return result_

    async def finished(self, task: TaskId) -> TaskState:
        """Waits until a task is done, and gives it. What it failed with is thrown, `Cancelled` if it was
        cancelled; `Unavailable` if it rests until somebody says something.

        Arguments:

        - `task`: The task.
        """
        result_: TaskState = await self.call("finished", {"task": task})
        return result_

    async def asks(self, task: TaskId) -> list[Ask]:
        """Gives the questions of a task and of its sub-tasks that wait for an answer.

        Arguments:

        - `task`: The task.
        """
        result_: list[Ask] = await self.call("asks", {"task": task})
        return result_

    async def held(self, task: TaskId) -> bool:
        """Says whether a process that is alive works on a task.

        Arguments:

        - `task`: The task.
        """
        result_: bool = await self.call("held", {"task": task})
        return result_

    async def tasks(self) -> list[Summary]:
        """Gives every task, the oldest first. Sub-tasks are not among them."""
        result_: list[Summary] = await self.call("tasks", {})
        return result_

    async def ready(self) -> list[TaskId]:
        """Gives the tasks that an engine has something to do for, those that a dead process left among them, the
        oldest first.
        """
        result_: list[TaskId] = await self.call("ready", {})
        return result_

    async def threads(self) -> list[ThreadEntry]:
        """Gives every thread."""
        result_: list[ThreadEntry] = await self.call("threads", {})
        return result_

    async def open(self, *, thread: str | None = None, title: str | None = None) -> ThreadId:
        """Makes sure that there is a thread, and gives its id.

        Arguments:

        - `thread`: The thread, by its id or by a name of your choice, which is the same thread each time; a
          title names none. Default: as the engine was opened. Where it is left out: `null`.
        - `title`: What a person calls it, if it is new. Default: the name that was given as `thread`. Where
          it is left out: `null`.
        """
        args_: dict[str, object] = {}
        if thread is not None:
            args_["thread"] = thread
        if title is not None:
            args_["title"] = title
        result_: ThreadId = await self.call("open", args_)
        return result_

    async def read(
        self,
        *,
        after: int | None = None,
        most: int | None = None,
        task: TaskId | None = None,
        thread: str | None = None,
    ) -> list[Record]:
        """Gives records that are in the log now, in order.

        Arguments:

        - `after`: Only those with a `seq` above this. Where it is left out: `0`.
        - `most`: At most so many. Default, and the most: 512. Where it is left out: `null`.
        - `task`: Only this task's. Where it is left out: `null`.
        - `thread`: The thread, by its id or by a name of your choice, which is the same thread each time; a
          title names none. Default: that of `task`, else as the engine was opened. Where it is left out:
          `null`.
        """
        args_: dict[str, object] = {}
        if after is not None:
            args_["after"] = after
        if most is not None:
            args_["most"] = most
        if task is not None:
            args_["task"] = task
        if thread is not None:
            args_["thread"] = thread
        result_: list[Record] = await self.call("read", args_)
        return result_

    async def notes(self, *, thread: str | None = None) -> list[ThreadNote]:
        """Gives the notes of a thread, by name: what its tasks are told besides their words.

        Arguments:

        - `thread`: The thread, by its id or by a name of your choice, which is the same thread each time; a
          title names none. Default: as the engine was opened. Where it is left out: `null`.
        """
        args_: dict[str, object] = {}
        if thread is not None:
            args_["thread"] = thread
        result_: list[ThreadNote] = await self.call("notes", args_)
        return result_

    async def note(self, name: str, *, text: str | None = None, thread: str | None = None) -> None:
        """Keeps a note in a thread's log for a person, in the place of the one of that name; an empty text
        forgets that one.

        Arguments:

        - `name`: What it is called.
        - `text`: What it says; empty: the note of that name is forgotten.
        - `thread`: The thread, by its id or by a name of your choice, which is the same thread each time; a
          title names none. Default: as the engine was opened. Where it is left out: `null`.
        """
        args_: dict[str, object] = {"name": name}
        if text is not None:
            args_["text"] = text
        if thread is not None:
            args_["thread"] = thread
        await self.call("note", args_)

    async def folder(
        self,
        path: str,
        *,
        access: Access | None = None,
        name: str | None = None,
        whole: bool | None = None,
    ) -> Folder:
        """Makes a grant of a folder's path.

        Arguments:

        - `path`: Its path; `~` is the person's home.
        - `access`: What may be done there. Default: looking and changing. Where it is left out: `null`.
        - `name`: What tools call it. Default: its own name. Where it is left out: `null`.
        - `whole`: Whether the person said twice that `/` or their whole home is meant. Where it is left out:
          `false`.
        """
        args_: dict[str, object] = {"path": path}
        if access is not None:
            args_["access"] = access
        if name is not None:
            args_["name"] = name
        if whole is not None:
            args_["whole"] = whole
        result_: Folder = await self.call("folder", args_)
        return result_

    async def tools(self) -> list[ToolSpec]:
        """Describes the tools that there are, by name."""
        result_: list[ToolSpec] = await self.call("tools", {})
        return result_

    async def check(self) -> list[Finding]:
        """Looks at the store, the sandbox and the planners, and says what is in order and what is not."""
        result_: list[Finding] = await self.call("check", {})
        return result_

    def events(
        self,
        *,
        after: int | None = None,
        task: TaskId | None = None,
        thread: str | None = None,
    ) -> AsyncIterator[Item]:
        """Gives what happens in a thread, or in a task: all records after one, then what comes. Between them
        come deltas, which are never stored. A reader that is too slow is told so, and misses no record.

        Arguments:

        - `after`: Only records with a `seq` above this. Where it is left out: `0`.
        - `task`: Only what belongs to this task and its sub-tasks; it ends with the task. Where it is left
          out: `null`.
        - `thread`: The thread, by its id or by a name of your choice, which is the same thread each time; a
          title names none. Default: that of `task`, else as the engine was opened. Where it is left out:
          `null`.
        """
        args_: dict[str, object] = {}
        if after is not None:
            args_["after"] = after
        if task is not None:
            args_["task"] = task
        if thread is not None:
            args_["thread"] = thread
        result_: AsyncIterator[Item] = self.stream("events", args_)
        return result_

    def views(self, task: TaskId) -> AsyncIterator[TaskView]:
        """Gives a task as people look at it: as it is now, then whenever it has changed, ten times in a second
        at the most, and for the last time once it has ended, or rests until somebody says something.

        Arguments:

        - `task`: The task.
        """
        result_: AsyncIterator[TaskView] = self.stream("views", {"task": task})
        return result_


class SyncOperations(ABC):
    """Asks an engine by names and data: whoever extends it says how."""

    @abstractmethod
    def call(self, operation: str, args: dict[str, object]) -> Any:
        """Has an operation carried out by its name, with its arguments as they are written: for one that has no method here yet."""

    @abstractmethod
    def stream(self, operation: str, args: dict[str, object]) -> Iterator[Any]:
        """Has one carried out that gives one thing after the other."""

    def submit(
        self,
        text: str,
        *,
        allow: list[AllowRule] | None = None,
        budget: Budget | None = None,
        folders: list[FolderChoice] | None = None,
        hosts: list[HostGrant] | None = None,
        max_steps: int | None = None,
        mode: Mode | None = None,
        model: str | None = None,
        planner: Json | None = None,
        sender: str | None = None,
        thread: str | None = None,
        tools: list[str] | None = None,
        trust: list[TrustedFile] | None = None,
    ) -> TaskId:
        """Submits a task to a thread, which is made if there is none, and takes it up. It gives the task's name
        once that is durable. To give the call up before cancels the task.

        Arguments:

        - `text`: What is wanted, in words. At most 1 MiB.
        - `allow`: What may be done without a question in the mode `ask`. Where it is left out: `[]`.
        - `budget`: What it may spend on models, and for how long it may work. Where it is left out: `{}`.
        - `folders`: The folders it may use: paths, to be changed in under their own names, or as `folder`
          gives them.
        - `hosts`: What its commands may reach of a network. Without one, nothing. Where it is left out: `[]`.
        - `max_steps`: How many planning steps it may take at the most. Default: 1,000. Where it is left out:
          `null`.
        - `mode`: How much it may do unasked. Where it is left out: `"ask"`.
        - `model`: The model that does it. Where it is left out: `null`.
        - `planner`: What the planner is told besides, its `name` among it: a playbook's name and parameters.
          Not beside `model`. Where it is left out: `null`.
        - `sender`: Who sends it. Default: as the engine was opened. Where it is left out: `null`.
        - `thread`: The thread, by its id or by a name of your choice, which is the same thread each time; a
          title names none. Default: as the engine was opened. Where it is left out: `null`.
        - `tools`: The tools that it may use; all that there are, if none are named. Where it is left out:
          `null`.
        - `trust`: The instruction files in its folders that the person trusts, each at a hash. Where it is
          left out: `[]`.
        """
        args_: dict[str, object] = {"text": text}
        if allow is not None:
            args_["allow"] = allow
        if budget is not None:
            args_["budget"] = budget
        if folders is not None:
            args_["folders"] = folders
        if hosts is not None:
            args_["hosts"] = hosts
        if max_steps is not None:
            args_["max_steps"] = max_steps
        if mode is not None:
            args_["mode"] = mode
        if model is not None:
            args_["model"] = model
        if planner is not None:
            args_["planner"] = planner
        if sender is not None:
            args_["sender"] = sender
        if thread is not None:
            args_["thread"] = thread
        if tools is not None:
            args_["tools"] = tools
        if trust is not None:
            args_["trust"] = trust
        result_: TaskId = self.call("submit", args_)
        return result_

    def run(
        self,
        text: str,
        *,
        allow: list[AllowRule] | None = None,
        budget: Budget | None = None,
        folders: list[FolderChoice] | None = None,
        hosts: list[HostGrant] | None = None,
        max_steps: int | None = None,
        mode: Mode | None = None,
        model: str | None = None,
        planner: Json | None = None,
        sender: str | None = None,
        thread: str | None = None,
        tools: list[str] | None = None,
        trust: list[TrustedFile] | None = None,
    ) -> TaskState:
        """Does a task to its end, and gives it: `submit`, then `finished`. To give the call up cancels the task.

        Arguments:

        - `text`: What is wanted, in words. At most 1 MiB.
        - `allow`: What may be done without a question in the mode `ask`. Where it is left out: `[]`.
        - `budget`: What it may spend on models, and for how long it may work. Where it is left out: `{}`.
        - `folders`: The folders it may use: paths, to be changed in under their own names, or as `folder`
          gives them.
        - `hosts`: What its commands may reach of a network. Without one, nothing. Where it is left out: `[]`.
        - `max_steps`: How many planning steps it may take at the most. Default: 1,000. Where it is left out:
          `null`.
        - `mode`: How much it may do unasked. Where it is left out: `"ask"`.
        - `model`: The model that does it. Where it is left out: `null`.
        - `planner`: What the planner is told besides, its `name` among it: a playbook's name and parameters.
          Not beside `model`. Where it is left out: `null`.
        - `sender`: Who sends it. Default: as the engine was opened. Where it is left out: `null`.
        - `thread`: The thread, by its id or by a name of your choice, which is the same thread each time; a
          title names none. Default: as the engine was opened. Where it is left out: `null`.
        - `tools`: The tools that it may use; all that there are, if none are named. Where it is left out:
          `null`.
        - `trust`: The instruction files in its folders that the person trusts, each at a hash. Where it is
          left out: `[]`.
        """
        args_: dict[str, object] = {"text": text}
        if allow is not None:
            args_["allow"] = allow
        if budget is not None:
            args_["budget"] = budget
        if folders is not None:
            args_["folders"] = folders
        if hosts is not None:
            args_["hosts"] = hosts
        if max_steps is not None:
            args_["max_steps"] = max_steps
        if mode is not None:
            args_["mode"] = mode
        if model is not None:
            args_["model"] = model
        if planner is not None:
            args_["planner"] = planner
        if sender is not None:
            args_["sender"] = sender
        if thread is not None:
            args_["thread"] = thread
        if tools is not None:
            args_["tools"] = tools
        if trust is not None:
            args_["trust"] = trust
        result_: TaskState = self.call("run", args_)
        return result_

    def send(
        self,
        thread: ThreadId,
        task: TaskId,
        sender: str,
        id: CommandId,
        command: Command,
    ) -> None:
        """Puts a command into its thread's log, durably; one that was accepted before is accepted again without
        effect.

        Arguments:

        - `thread`: The thread it is for.
        - `task`: The task it is for; a submitted task's own new name.
        - `sender`: Who sends it: `cli`, a device, a schedule. At most 128 bytes.
        - `id`: The sender's own name for it. The same `(thread, sender, id)` is accepted once; a second one
          changes nothing.
        - `command`: What is wanted.
        """
        self.call("send", {"thread": thread, "task": task, "sender": sender, "id": id, "command": command})

    def answer(
        self,
        task: TaskId,
        call: CallId,
        args_hash: Hash,
        answer: Answer,
        *,
        id: CommandId | None = None,
        sender: str | None = None,
    ) -> None:
        """Answers a question that a task asked.

        Arguments:

        - `task`: The task that asked, which may be a sub-task.
        - `call`: The call that was asked about.
        - `args_hash`: Hash of the exact arguments that were shown.
        - `answer`: Yes or no.
        - `id`: The sender's own name for it. Default: a new one. Where it is left out: `null`.
        - `sender`: Who answers. Default: as the engine was opened. Where it is left out: `null`.
        """
        args_: dict[str, object] = {"task": task, "call": call, "args_hash": args_hash, "answer": answer}
        if id is not None:
            args_["id"] = id
        if sender is not None:
            args_["sender"] = sender
        self.call("answer", args_)

    def steer(
        self,
        task: TaskId,
        text: str,
        *,
        id: CommandId | None = None,
        sender: str | None = None,
    ) -> None:
        """Says something to a task that runs; it is taken in before the next planning step.

        Arguments:

        - `task`: The task.
        - `text`: What is said.
        - `id`: The sender's own name for it. Default: a new one. Where it is left out: `null`.
        - `sender`: Who says it. Default: as the engine was opened. Where it is left out: `null`.
        """
        args_: dict[str, object] = {"task": task, "text": text}
        if id is not None:
            args_["id"] = id
        if sender is not None:
            args_["sender"] = sender
        self.call("steer", args_)

    def cancel(
        self,
        task: TaskId,
        *,
        id: CommandId | None = None,
        sender: str | None = None,
    ) -> None:
        """Ends a task: running calls are stopped, nothing more is started. What was done stays done, and can be
        undone.

        Arguments:

        - `task`: The task.
        - `id`: The sender's own name for it: the same is followed once, however often it is sent. Default: a
          new one. Where it is left out: `null`.
        - `sender`: Who says it. Default: as the engine was opened. Where it is left out: `null`.
        """
        args_: dict[str, object] = {"task": task}
        if id is not None:
            args_["id"] = id
        if sender is not None:
            args_["sender"] = sender
        self.call("cancel", args_)

    def pause(
        self,
        task: TaskId,
        *,
        id: CommandId | None = None,
        sender: str | None = None,
    ) -> None:
        """Lets running calls of a task finish, then has it rest until `resume`.

        Arguments:

        - `task`: The task.
        - `id`: The sender's own name for it: the same is followed once, however often it is sent. Default: a
          new one. Where it is left out: `null`.
        - `sender`: Who says it. Default: as the engine was opened. Where it is left out: `null`.
        """
        args_: dict[str, object] = {"task": task}
        if id is not None:
            args_["id"] = id
        if sender is not None:
            args_["sender"] = sender
        self.call("pause", args_)

    def resume(
        self,
        task: TaskId,
        *,
        id: CommandId | None = None,
        sender: str | None = None,
    ) -> None:
        """Has a task go on after a pause, a stop or a crash.

        Arguments:

        - `task`: The task.
        - `id`: The sender's own name for it: the same is followed once, however often it is sent. Default: a
          new one. Where it is left out: `null`.
        - `sender`: Who says it. Default: as the engine was opened. Where it is left out: `null`.
        """
        args_: dict[str, object] = {"task": task}
        if id is not None:
            args_["id"] = id
        if sender is not None:
            args_["sender"] = sender
        self.call("resume", args_)

    def undo(
        self,
        task: TaskId,
        *,
        calls: list[CallId] | None = None,
        paths: list[FilePath] | None = None,
    ) -> UndoReport:
        """Gives back what a task did to files, or a part of it, and says what was given back. Only a task that
        has ended can be undone.

        Arguments:

        - `task`: The task.
        - `calls`: Only what these calls did; all of them if empty. Where it is left out: `[]`.
        - `paths`: Only what is or was at these paths or below them; all of it if empty. Where it is left out:
          `[]`.
        """
        args_: dict[str, object] = {"task": task}
        if calls is not None:
            args_["calls"] = calls
        if paths is not None:
            args_["paths"] = paths
        result_: UndoReport = self.call("undo", args_)
        return result_

    def preview_undo(
        self,
        task: TaskId,
        *,
        calls: list[CallId] | None = None,
        paths: list[FilePath] | None = None,
    ) -> UndoReport:
        """Says what undoing a task, or this part of it, would give back, and what it would keep. Nothing is
        changed.

        Arguments:

        - `task`: The task.
        - `calls`: Only what these calls did; all of them if empty. Where it is left out: `[]`.
        - `paths`: Only what is or was at these paths or below them; all of it if empty. Where it is left out:
          `[]`.
        """
        args_: dict[str, object] = {"task": task}
        if calls is not None:
            args_["calls"] = calls
        if paths is not None:
            args_["paths"] = paths
        result_: UndoReport = self.call("preview_undo", args_)
        return result_

    def changes(self, task: TaskId) -> ChangeSet:
        """Gives what a task changed in its folders so far, each thing once, by path.

        Arguments:

        - `task`: The task.
        """
        result_: ChangeSet = self.call("changes", {"task": task})
        return result_

    def adopt(self, task: TaskId) -> None:
        """Takes up a task that another process left, or that was given elsewhere.

        Arguments:

        - `task`: The task.
        """
        self.call("adopt", {"task": task})

    def task(self, task: TaskId) -> TaskState:
        """Gives a task as its log tells it now.

        Arguments:

        - `task`: The task.
        """
        result_: TaskState = self.call("task", {"task": task})
        return result_

    def settled(self, task: TaskId) -> TaskState:
        """Waits until a task has ended, or rests until somebody says something, and gives it.

        Arguments:

        - `task`: The task.
        """
        result_: TaskState = self.call("settled", {"task": task})
        return result_

    def finished(self, task: TaskId) -> TaskState:
        """Waits until a task is done, and gives it. What it failed with is thrown, `Cancelled` if it was
        cancelled; `Unavailable` if it rests until somebody says something.

        Arguments:

        - `task`: The task.
        """
        result_: TaskState = self.call("finished", {"task": task})
        return result_

    def asks(self, task: TaskId) -> list[Ask]:
        """Gives the questions of a task and of its sub-tasks that wait for an answer.

        Arguments:

        - `task`: The task.
        """
        result_: list[Ask] = self.call("asks", {"task": task})
        return result_

    def held(self, task: TaskId) -> bool:
        """Says whether a process that is alive works on a task.

        Arguments:

        - `task`: The task.
        """
        result_: bool = self.call("held", {"task": task})
        return result_

    def tasks(self) -> list[Summary]:
        """Gives every task, the oldest first. Sub-tasks are not among them."""
        result_: list[Summary] = self.call("tasks", {})
        return result_

    def ready(self) -> list[TaskId]:
        """Gives the tasks that an engine has something to do for, those that a dead process left among them, the
        oldest first.
        """
        result_: list[TaskId] = self.call("ready", {})
        return result_

    def threads(self) -> list[ThreadEntry]:
        """Gives every thread."""
        result_: list[ThreadEntry] = self.call("threads", {})
        return result_

    def open(self, *, thread: str | None = None, title: str | None = None) -> ThreadId:
        """Makes sure that there is a thread, and gives its id.

        Arguments:

        - `thread`: The thread, by its id or by a name of your choice, which is the same thread each time; a
          title names none. Default: as the engine was opened. Where it is left out: `null`.
        - `title`: What a person calls it, if it is new. Default: the name that was given as `thread`. Where
          it is left out: `null`.
        """
        args_: dict[str, object] = {}
        if thread is not None:
            args_["thread"] = thread
        if title is not None:
            args_["title"] = title
        result_: ThreadId = self.call("open", args_)
        return result_

    def read(
        self,
        *,
        after: int | None = None,
        most: int | None = None,
        task: TaskId | None = None,
        thread: str | None = None,
    ) -> list[Record]:
        """Gives records that are in the log now, in order.

        Arguments:

        - `after`: Only those with a `seq` above this. Where it is left out: `0`.
        - `most`: At most so many. Default, and the most: 512. Where it is left out: `null`.
        - `task`: Only this task's. Where it is left out: `null`.
        - `thread`: The thread, by its id or by a name of your choice, which is the same thread each time; a
          title names none. Default: that of `task`, else as the engine was opened. Where it is left out:
          `null`.
        """
        args_: dict[str, object] = {}
        if after is not None:
            args_["after"] = after
        if most is not None:
            args_["most"] = most
        if task is not None:
            args_["task"] = task
        if thread is not None:
            args_["thread"] = thread
        result_: list[Record] = self.call("read", args_)
        return result_

    def notes(self, *, thread: str | None = None) -> list[ThreadNote]:
        """Gives the notes of a thread, by name: what its tasks are told besides their words.

        Arguments:

        - `thread`: The thread, by its id or by a name of your choice, which is the same thread each time; a
          title names none. Default: as the engine was opened. Where it is left out: `null`.
        """
        args_: dict[str, object] = {}
        if thread is not None:
            args_["thread"] = thread
        result_: list[ThreadNote] = self.call("notes", args_)
        return result_

    def note(self, name: str, *, text: str | None = None, thread: str | None = None) -> None:
        """Keeps a note in a thread's log for a person, in the place of the one of that name; an empty text
        forgets that one.

        Arguments:

        - `name`: What it is called.
        - `text`: What it says; empty: the note of that name is forgotten.
        - `thread`: The thread, by its id or by a name of your choice, which is the same thread each time; a
          title names none. Default: as the engine was opened. Where it is left out: `null`.
        """
        args_: dict[str, object] = {"name": name}
        if text is not None:
            args_["text"] = text
        if thread is not None:
            args_["thread"] = thread
        self.call("note", args_)

    def folder(
        self,
        path: str,
        *,
        access: Access | None = None,
        name: str | None = None,
        whole: bool | None = None,
    ) -> Folder:
        """Makes a grant of a folder's path.

        Arguments:

        - `path`: Its path; `~` is the person's home.
        - `access`: What may be done there. Default: looking and changing. Where it is left out: `null`.
        - `name`: What tools call it. Default: its own name. Where it is left out: `null`.
        - `whole`: Whether the person said twice that `/` or their whole home is meant. Where it is left out:
          `false`.
        """
        args_: dict[str, object] = {"path": path}
        if access is not None:
            args_["access"] = access
        if name is not None:
            args_["name"] = name
        if whole is not None:
            args_["whole"] = whole
        result_: Folder = self.call("folder", args_)
        return result_

    def tools(self) -> list[ToolSpec]:
        """Describes the tools that there are, by name."""
        result_: list[ToolSpec] = self.call("tools", {})
        return result_

    def check(self) -> list[Finding]:
        """Looks at the store, the sandbox and the planners, and says what is in order and what is not."""
        result_: list[Finding] = self.call("check", {})
        return result_

    def events(
        self,
        *,
        after: int | None = None,
        task: TaskId | None = None,
        thread: str | None = None,
    ) -> Iterator[Item]:
        """Gives what happens in a thread, or in a task: all records after one, then what comes. Between them
        come deltas, which are never stored. A reader that is too slow is told so, and misses no record.

        Arguments:

        - `after`: Only records with a `seq` above this. Where it is left out: `0`.
        - `task`: Only what belongs to this task and its sub-tasks; it ends with the task. Where it is left
          out: `null`.
        - `thread`: The thread, by its id or by a name of your choice, which is the same thread each time; a
          title names none. Default: that of `task`, else as the engine was opened. Where it is left out:
          `null`.
        """
        args_: dict[str, object] = {}
        if after is not None:
            args_["after"] = after
        if task is not None:
            args_["task"] = task
        if thread is not None:
            args_["thread"] = thread
        result_: Iterator[Item] = self.stream("events", args_)
        return result_

    def views(self, task: TaskId) -> Iterator[TaskView]:
        """Gives a task as people look at it: as it is now, then whenever it has changed, ten times in a second
        at the most, and for the last time once it has ended, or rests until somebody says something.

        Arguments:

        - `task`: The task.
        """
        result_: Iterator[TaskView] = self.stream("views", {"task": task})
        return result_


_Operations = TypeVar("_Operations", bound=Operations)


class TaskOperations(Generic[_Operations]):
    """Asks an engine what is about one task."""

    def __init__(self, engine: _Operations, id: str) -> None:
        self.engine = engine
        self.id = id

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.id!r})"

    async def call(self, operation: str, args: dict[str, object]) -> Any:
        return await self.engine.call(operation, {"task": self.id, **args})

    def stream(self, operation: str, args: dict[str, object]) -> AsyncIterator[Any]:
        return self.engine.stream(operation, {"task": self.id, **args})

    async def steer(
        self,
        text: str,
        *,
        id: CommandId | None = None,
        sender: str | None = None,
    ) -> None:
        """Says something to a task that runs; it is taken in before the next planning step.

        Arguments:

        - `text`: What is said.
        - `id`: The sender's own name for it. Default: a new one. Where it is left out: `null`.
        - `sender`: Who says it. Default: as the engine was opened. Where it is left out: `null`.
        """
        args_: dict[str, object] = {"text": text}
        if id is not None:
            args_["id"] = id
        if sender is not None:
            args_["sender"] = sender
        await self.call("steer", args_)

    async def cancel(self, *, id: CommandId | None = None, sender: str | None = None) -> None:
        """Ends a task: running calls are stopped, nothing more is started. What was done stays done, and can be
        undone.

        Arguments:

        - `id`: The sender's own name for it: the same is followed once, however often it is sent. Default: a
          new one. Where it is left out: `null`.
        - `sender`: Who says it. Default: as the engine was opened. Where it is left out: `null`.
        """
        args_: dict[str, object] = {}
        if id is not None:
            args_["id"] = id
        if sender is not None:
            args_["sender"] = sender
        await self.call("cancel", args_)

    async def pause(self, *, id: CommandId | None = None, sender: str | None = None) -> None:
        """Lets running calls of a task finish, then has it rest until `resume`.

        Arguments:

        - `id`: The sender's own name for it: the same is followed once, however often it is sent. Default: a
          new one. Where it is left out: `null`.
        - `sender`: Who says it. Default: as the engine was opened. Where it is left out: `null`.
        """
        args_: dict[str, object] = {}
        if id is not None:
            args_["id"] = id
        if sender is not None:
            args_["sender"] = sender
        await self.call("pause", args_)

    async def resume(self, *, id: CommandId | None = None, sender: str | None = None) -> None:
        """Has a task go on after a pause, a stop or a crash.

        Arguments:

        - `id`: The sender's own name for it: the same is followed once, however often it is sent. Default: a
          new one. Where it is left out: `null`.
        - `sender`: Who says it. Default: as the engine was opened. Where it is left out: `null`.
        """
        args_: dict[str, object] = {}
        if id is not None:
            args_["id"] = id
        if sender is not None:
            args_["sender"] = sender
        await self.call("resume", args_)

    async def undo(
        self,
        *,
        calls: list[CallId] | None = None,
        paths: list[FilePath] | None = None,
    ) -> UndoReport:
        """Gives back what a task did to files, or a part of it, and says what was given back. Only a task that
        has ended can be undone.

        Arguments:

        - `calls`: Only what these calls did; all of them if empty. Where it is left out: `[]`.
        - `paths`: Only what is or was at these paths or below them; all of it if empty. Where it is left out:
          `[]`.
        """
        args_: dict[str, object] = {}
        if calls is not None:
            args_["calls"] = calls
        if paths is not None:
            args_["paths"] = paths
        result_: UndoReport = await self.call("undo", args_)
        return result_

    async def preview_undo(
        self,
        *,
        calls: list[CallId] | None = None,
        paths: list[FilePath] | None = None,
    ) -> UndoReport:
        """Says what undoing a task, or this part of it, would give back, and what it would keep. Nothing is
        changed.

        Arguments:

        - `calls`: Only what these calls did; all of them if empty. Where it is left out: `[]`.
        - `paths`: Only what is or was at these paths or below them; all of it if empty. Where it is left out:
          `[]`.
        """
        args_: dict[str, object] = {}
        if calls is not None:
            args_["calls"] = calls
        if paths is not None:
            args_["paths"] = paths
        result_: UndoReport = await self.call("preview_undo", args_)
        return result_

    async def changes(self) -> ChangeSet:
        """Gives what a task changed in its folders so far, each thing once, by path."""
        result_: ChangeSet = await self.call("changes", {})
        return result_

    async def adopt(self) -> None:
        """Takes up a task that another process left, or that was given elsewhere."""
        await self.call("adopt", {})

    async def state(self) -> TaskState:
        """Gives a task as its log tells it now."""
        result_: TaskState = await self.call("task", {})
        return result_

    async def result(self) -> TaskState:
        """Waits until a task has ended, or rests until somebody says something, and gives it."""
        result_: TaskState = await self.call("settled", {})
        return result_

    async def finished(self) -> TaskState:
        """Waits until a task is done, and gives it. What it failed with is thrown, `Cancelled` if it was
        cancelled; `Unavailable` if it rests until somebody says something.
        """
        result_: TaskState = await self.call("finished", {})
        return result_

    async def asks(self) -> list[Ask]:
        """Gives the questions of a task and of its sub-tasks that wait for an answer."""
        result_: list[Ask] = await self.call("asks", {})
        return result_

    async def held(self) -> bool:
        """Says whether a process that is alive works on a task."""
        result_: bool = await self.call("held", {})
        return result_

    async def read(self, *, after: int | None = None, most: int | None = None) -> list[Record]:
        """Gives records that are in the log now, in order.

        Arguments:

        - `after`: Only those with a `seq` above this. Where it is left out: `0`.
        - `most`: At most so many. Default, and the most: 512. Where it is left out: `null`.
        """
        args_: dict[str, object] = {}
        if after is not None:
            args_["after"] = after
        if most is not None:
            args_["most"] = most
        result_: list[Record] = await self.call("read", args_)
        return result_

    def events(self, *, after: int | None = None) -> AsyncIterator[Item]:
        """Gives what happens in a thread, or in a task: all records after one, then what comes. Between them
        come deltas, which are never stored. A reader that is too slow is told so, and misses no record.

        Arguments:

        - `after`: Only records with a `seq` above this. Where it is left out: `0`.
        """
        args_: dict[str, object] = {}
        if after is not None:
            args_["after"] = after
        result_: AsyncIterator[Item] = self.stream("events", args_)
        return result_

    def views(self) -> AsyncIterator[TaskView]:
        """Gives a task as people look at it: as it is now, then whenever it has changed, ten times in a second
        at the most, and for the last time once it has ended, or rests until somebody says something.
        """
        result_: AsyncIterator[TaskView] = self.stream("views", {})
        return result_


_SyncOperations = TypeVar("_SyncOperations", bound=SyncOperations)


class SyncTaskOperations(Generic[_SyncOperations]):
    """Asks an engine what is about one task."""

    def __init__(self, engine: _SyncOperations, id: str) -> None:
        self.engine = engine
        self.id = id

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.id!r})"

    def call(self, operation: str, args: dict[str, object]) -> Any:
        return self.engine.call(operation, {"task": self.id, **args})

    def stream(self, operation: str, args: dict[str, object]) -> Iterator[Any]:
        return self.engine.stream(operation, {"task": self.id, **args})

    def steer(self, text: str, *, id: CommandId | None = None, sender: str | None = None) -> None:
        """Says something to a task that runs; it is taken in before the next planning step.

        Arguments:

        - `text`: What is said.
        - `id`: The sender's own name for it. Default: a new one. Where it is left out: `null`.
        - `sender`: Who says it. Default: as the engine was opened. Where it is left out: `null`.
        """
        args_: dict[str, object] = {"text": text}
        if id is not None:
            args_["id"] = id
        if sender is not None:
            args_["sender"] = sender
        self.call("steer", args_)

    def cancel(self, *, id: CommandId | None = None, sender: str | None = None) -> None:
        """Ends a task: running calls are stopped, nothing more is started. What was done stays done, and can be
        undone.

        Arguments:

        - `id`: The sender's own name for it: the same is followed once, however often it is sent. Default: a
          new one. Where it is left out: `null`.
        - `sender`: Who says it. Default: as the engine was opened. Where it is left out: `null`.
        """
        args_: dict[str, object] = {}
        if id is not None:
            args_["id"] = id
        if sender is not None:
            args_["sender"] = sender
        self.call("cancel", args_)

    def pause(self, *, id: CommandId | None = None, sender: str | None = None) -> None:
        """Lets running calls of a task finish, then has it rest until `resume`.

        Arguments:

        - `id`: The sender's own name for it: the same is followed once, however often it is sent. Default: a
          new one. Where it is left out: `null`.
        - `sender`: Who says it. Default: as the engine was opened. Where it is left out: `null`.
        """
        args_: dict[str, object] = {}
        if id is not None:
            args_["id"] = id
        if sender is not None:
            args_["sender"] = sender
        self.call("pause", args_)

    def resume(self, *, id: CommandId | None = None, sender: str | None = None) -> None:
        """Has a task go on after a pause, a stop or a crash.

        Arguments:

        - `id`: The sender's own name for it: the same is followed once, however often it is sent. Default: a
          new one. Where it is left out: `null`.
        - `sender`: Who says it. Default: as the engine was opened. Where it is left out: `null`.
        """
        args_: dict[str, object] = {}
        if id is not None:
            args_["id"] = id
        if sender is not None:
            args_["sender"] = sender
        self.call("resume", args_)

    def undo(
        self,
        *,
        calls: list[CallId] | None = None,
        paths: list[FilePath] | None = None,
    ) -> UndoReport:
        """Gives back what a task did to files, or a part of it, and says what was given back. Only a task that
        has ended can be undone.

        Arguments:

        - `calls`: Only what these calls did; all of them if empty. Where it is left out: `[]`.
        - `paths`: Only what is or was at these paths or below them; all of it if empty. Where it is left out:
          `[]`.
        """
        args_: dict[str, object] = {}
        if calls is not None:
            args_["calls"] = calls
        if paths is not None:
            args_["paths"] = paths
        result_: UndoReport = self.call("undo", args_)
        return result_

    def preview_undo(
        self,
        *,
        calls: list[CallId] | None = None,
        paths: list[FilePath] | None = None,
    ) -> UndoReport:
        """Says what undoing a task, or this part of it, would give back, and what it would keep. Nothing is
        changed.

        Arguments:

        - `calls`: Only what these calls did; all of them if empty. Where it is left out: `[]`.
        - `paths`: Only what is or was at these paths or below them; all of it if empty. Where it is left out:
          `[]`.
        """
        args_: dict[str, object] = {}
        if calls is not None:
            args_["calls"] = calls
        if paths is not None:
            args_["paths"] = paths
        result_: UndoReport = self.call("preview_undo", args_)
        return result_

    def changes(self) -> ChangeSet:
        """Gives what a task changed in its folders so far, each thing once, by path."""
        result_: ChangeSet = self.call("changes", {})
        return result_

    def adopt(self) -> None:
        """Takes up a task that another process left, or that was given elsewhere."""
        self.call("adopt", {})

    def state(self) -> TaskState:
        """Gives a task as its log tells it now."""
        result_: TaskState = self.call("task", {})
        return result_

    def result(self) -> TaskState:
        """Waits until a task has ended, or rests until somebody says something, and gives it."""
        result_: TaskState = self.call("settled", {})
        return result_

    def finished(self) -> TaskState:
        """Waits until a task is done, and gives it. What it failed with is thrown, `Cancelled` if it was
        cancelled; `Unavailable` if it rests until somebody says something.
        """
        result_: TaskState = self.call("finished", {})
        return result_

    def asks(self) -> list[Ask]:
        """Gives the questions of a task and of its sub-tasks that wait for an answer."""
        result_: list[Ask] = self.call("asks", {})
        return result_

    def held(self) -> bool:
        """Says whether a process that is alive works on a task."""
        result_: bool = self.call("held", {})
        return result_

    def read(self, *, after: int | None = None, most: int | None = None) -> list[Record]:
        """Gives records that are in the log now, in order.

        Arguments:

        - `after`: Only those with a `seq` above this. Where it is left out: `0`.
        - `most`: At most so many. Default, and the most: 512. Where it is left out: `null`.
        """
        args_: dict[str, object] = {}
        if after is not None:
            args_["after"] = after
        if most is not None:
            args_["most"] = most
        result_: list[Record] = self.call("read", args_)
        return result_

    def events(self, *, after: int | None = None) -> Iterator[Item]:
        """Gives what happens in a thread, or in a task: all records after one, then what comes. Between them
        come deltas, which are never stored. A reader that is too slow is told so, and misses no record.

        Arguments:

        - `after`: Only records with a `seq` above this. Where it is left out: `0`.
        """
        args_: dict[str, object] = {}
        if after is not None:
            args_["after"] = after
        result_: Iterator[Item] = self.stream("events", args_)
        return result_

    def views(self) -> Iterator[TaskView]:
        """Gives a task as people look at it: as it is now, then whenever it has changed, ten times in a second
        at the most, and for the last time once it has ended, or rests until somebody says something.
        """
        result_: Iterator[TaskView] = self.stream("views", {})
        return result_
