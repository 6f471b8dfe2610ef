// What an engine can be asked to do.
//
// Written by `cargo xtask gen` from the engine's schema: what is changed here is lost.

import type {
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
} from "./types";

/** Asks an engine by names and data: whoever extends it says how. */
export declare abstract class Operations {
  protected abstract _call(op: string, args: { [key: string]: unknown }, signal?: AbortSignal): Promise<unknown>;
  protected abstract _follow(
    op: string,
    args: { [key: string]: unknown },
    signal: AbortSignal | undefined,
  ): AsyncGenerator<any, void, undefined>;

  /**
   * Submits a task to a thread, which is made if there is none, and takes it up. It gives the task's name once
   * that is durable. To give the call up before cancels the task.
   *
   * @param text - What is wanted, in words. At most 1 MiB.
   */
  submit(
    text: string,
    options?: {
      /**
       * What may be done without a question in the mode `ask`.
       *
       * @defaultValue `[]`
       */
      allow?: AllowRule[] | undefined;
      /**
       * What it may spend on models, and for how long it may work.
       *
       * @defaultValue `{}`
       */
      budget?: Budget | undefined;
      /** The folders it may use: paths, to be changed in under their own names, or as `folder` gives them. */
      folders?: FolderChoice[] | undefined;
      /**
       * What its commands may reach of a network. Without one, nothing.
       *
       * @defaultValue `[]`
       */
      hosts?: HostGrant[] | undefined;
      /**
       * How many planning steps it may take at the most. Default: 1,000.
       *
       * @defaultValue `null`
       */
      maxSteps?: number | null | undefined;
      /**
       * How much it may do unasked.
       *
       * @defaultValue `"ask"`
       */
      mode?: Mode | undefined;
      /**
       * The model that does it.
       *
       * @defaultValue `null`
       */
      model?: string | null | undefined;
      /**
       * What the planner is told besides, its `name` among it: a playbook's name and parameters. Not beside
       * `model`.
       *
       * @defaultValue `null`
       */
      planner?: Json | undefined;
      /**
       * Who sends it. Default: as the engine was opened.
       *
       * @defaultValue `null`
       */
      sender?: string | null | undefined;
      /**
       * The thread, by its id or by a name of your choice, which is the same thread each time; a title names
       * none. Default: as the engine was opened.
       *
       * @defaultValue `null`
       */
      thread?: string | null | undefined;
      /**
       * The tools that it may use; all that there are, if none are named.
       *
       * @defaultValue `null`
       */
      tools?: string[] | null | undefined;
      /**
       * The instruction files in its folders that the person trusts, each at a hash.
       *
       * @defaultValue `[]`
       */
      trust?: TrustedFile[] | undefined;
      /** Gives it up: the task is cancelled. */
      signal?: AbortSignal | undefined;
    },
  ): Promise<TaskId>;

  /**
   * Does a task to its end, and gives it: `submit`, then `finished`. To give the call up cancels the task.
   *
   * @param text - What is wanted, in words. At most 1 MiB.
   */
  run(
    text: string,
    options?: {
      /**
       * What may be done without a question in the mode `ask`.
       *
       * @defaultValue `[]`
       */
      allow?: AllowRule[] | undefined;
      /**
       * What it may spend on models, and for how long it may work.
       *
       * @defaultValue `{}`
       */
      budget?: Budget | undefined;
      /** The folders it may use: paths, to be changed in under their own names, or as `folder` gives them. */
      folders?: FolderChoice[] | undefined;
      /**
       * What its commands may reach of a network. Without one, nothing.
       *
       * @defaultValue `[]`
       */
      hosts?: HostGrant[] | undefined;
      /**
       * How many planning steps it may take at the most. Default: 1,000.
       *
       * @defaultValue `null`
       */
      maxSteps?: number | null | undefined;
      /**
       * How much it may do unasked.
       *
       * @defaultValue `"ask"`
       */
      mode?: Mode | undefined;
      /**
       * The model that does it.
       *
       * @defaultValue `null`
       */
      model?: string | null | undefined;
      /**
       * What the planner is told besides, its `name` among it: a playbook's name and parameters. Not beside
       * `model`.
       *
       * @defaultValue `null`
       */
      planner?: Json | undefined;
      /**
       * Who sends it. Default: as the engine was opened.
       *
       * @defaultValue `null`
       */
      sender?: string | null | undefined;
      /**
       * The thread, by its id or by a name of your choice, which is the same thread each time; a title names
       * none. Default: as the engine was opened.
       *
       * @defaultValue `null`
       */
      thread?: string | null | undefined;
      /**
       * The tools that it may use; all that there are, if none are named.
       *
       * @defaultValue `null`
       */
      tools?: string[] | null | undefined;
      /**
       * The instruction files in its folders that the person trusts, each at a hash.
       *
       * @defaultValue `[]`
       */
      trust?: TrustedFile[] | undefined;
      /** Gives it up: the task is cancelled. */
      signal?: AbortSignal | undefined;
    },
  ): Promise<TaskState>;

  /**
   * Puts a command into its thread's log, durably; one that was accepted before is accepted again without
   * effect.
   *
   * @param thread - The thread it is for.
   * @param task - The task it is for; a submitted task's own new name.
   * @param sender - Who sends it: `cli`, a device, a schedule. At most 128 bytes.
   * @param id - The sender's own name for it. The same `(thread, sender, id)` is accepted once; a second one
   *   changes nothing.
   * @param command - What is wanted.
   */
  send(thread: ThreadId, task: TaskId, sender: string, id: CommandId, command: Command): Promise<void>;

  /**
   * Answers a question that a task asked.
   *
   * @param task - The task that asked, which may be a sub-task.
   * @param call - The call that was asked about.
   * @param argsHash - Hash of the exact arguments that were shown.
   * @param answer - Yes or no.
   */
  answer(
    task: TaskId,
    call: CallId,
    argsHash: Hash,
    answer: Answer,
    options?: {
      /**
       * The sender's own name for it. Default: a new one.
       *
       * @defaultValue `null`
       */
      id?: CommandId | null | undefined;
      /**
       * Who answers. Default: as the engine was opened.
       *
       * @defaultValue `null`
       */
      sender?: string | null | undefined;
    },
  ): Promise<void>;

  /**
   * Says something to a task that runs; it is taken in before the next planning step.
   *
   * @param task - The task.
   * @param text - What is said.
   */
  steer(
    task: TaskId,
    text: string,
    options?: {
      /**
       * The sender's own name for it. Default: a new one.
       *
       * @defaultValue `null`
       */
      id?: CommandId | null | undefined;
      /**
       * Who says it. Default: as the engine was opened.
       *
       * @defaultValue `null`
       */
      sender?: string | null | undefined;
    },
  ): Promise<void>;

  /**
   * Ends a task: running calls are stopped, nothing more is started. What was done stays done, and can be
   * undone.
   *
   * @param task - The task.
   */
  cancel(
    task: TaskId,
    options?: {
      /**
       * The sender's own name for it: the same is followed once, however often it is sent. Default: a new one.
       *
       * @defaultValue `null`
       */
      id?: CommandId | null | undefined;
      /**
       * Who says it. Default: as the engine was opened.
       *
       * @defaultValue `null`
       */
      sender?: string | null | undefined;
    },
  ): Promise<void>;

  /**
   * Lets running calls of a task finish, then has it rest until `resume`.
   *
   * @param task - The task.
   */
  pause(
    task: TaskId,
    options?: {
      /**
       * The sender's own name for it: the same is followed once, however often it is sent. Default: a new one.
       *
       * @defaultValue `null`
       */
      id?: CommandId | null | undefined;
      /**
       * Who says it. Default: as the engine was opened.
       *
       * @defaultValue `null`
       */
      sender?: string | null | undefined;
    },
  ): Promise<void>;

  /**
   * Has a task go on after a pause, a stop or a crash.
   *
   * @param task - The task.
   */
  resume(
    task: TaskId,
    options?: {
      /**
       * The sender's own name for it: the same is followed once, however often it is sent. Default: a new one.
       *
       * @defaultValue `null`
       */
      id?: CommandId | null | undefined;
      /**
       * Who says it. Default: as the engine was opened.
       *
       * @defaultValue `null`
       */
      sender?: string | null | undefined;
    },
  ): Promise<void>;

  /**
   * Gives back what a task did to files, or a part of it, and says what was given back. Only a task that has
   * ended can be undone.
   *
   * @param task - The task.
   */
  undo(
    task: TaskId,
    options?: {
      /**
       * Only what these calls did; all of them if empty.
       *
       * @defaultValue `[]`
       */
      calls?: CallId[] | undefined;
      /**
       * Only what is or was at these paths or below them; all of it if empty.
       *
       * @defaultValue `[]`
       */
      paths?: FilePath[] | undefined;
    },
  ): Promise<UndoReport>;

  /**
   * Says what undoing a task, or this part of it, would give back, and what it would keep. Nothing is changed.
   *
   * @param task - The task.
   */
  previewUndo(
    task: TaskId,
    options?: {
      /**
       * Only what these calls did; all of them if empty.
       *
       * @defaultValue `[]`
       */
      calls?: CallId[] | undefined;
      /**
       * Only what is or was at these paths or below them; all of it if empty.
       *
       * @defaultValue `[]`
       */
      paths?: FilePath[] | undefined;
    },
  ): Promise<UndoReport>;

  /**
   * Gives what a task changed in its folders so far, each thing once, by path.
   *
   * @param task - The task.
   */
  changes(task: TaskId): Promise<ChangeSet>;

  /**
   * Takes up a task that another process left, or that was given elsewhere.
   *
   * @param task - The task.
   */
  adopt(task: TaskId): Promise<void>;

  /**
   * Gives a task as its log tells it now.
   *
   * @param task - The task.
   */
  task(task: TaskId): Promise<TaskState>;

  /**
   * Waits until a task has ended, or rests until somebody says something, and gives it.
   *
   * @param task - The task.
   */
  settled(task: TaskId): Promise<TaskState>;

  /**
   * Waits until a task is done, and gives it. What it failed with is thrown, `Cancelled` if it was cancelled;
   * `Unavailable` if it rests until somebody says something.
   *
   * @param task - The task.
   */
  finished(task: TaskId): Promise<TaskState>;

  /**
   * Gives the questions of a task and of its sub-tasks that wait for an answer.
   *
   * @param task - The task.
   */
  asks(task: TaskId): Promise<Ask[]>;

  /**
   * Says whether a process that is alive works on a task.
   *
   * @param task - The task.
   */
  held(task: TaskId): Promise<boolean>;

  /** Gives every task, the oldest first. Sub-tasks are not among them. */
  tasks(): Promise<Summary[]>;

  /**
   * Gives the tasks that an engine has something to do for, those that a dead process left among them, the
   * oldest first.
   */
  ready(): Promise<TaskId[]>;

  /** Gives every thread. */
  threads(): Promise<ThreadEntry[]>;

  /** Makes sure that there is a thread, and gives its id. */
  open(
    options?: {
      /**
       * The thread, by its id or by a name of your choice, which is the same thread each time; a title names
       * none. Default: as the engine was opened.
       *
       * @defaultValue `null`
       */
      thread?: string | null | undefined;
      /**
       * What a person calls it, if it is new. Default: the name that was given as `thread`.
       *
       * @defaultValue `null`
       */
      title?: string | null | undefined;
    },
  ): Promise<ThreadId>;

  /** Gives records that are in the log now, in order. */
  read(
    options?: {
      /**
       * Only those with a `seq` above this.
       *
       * @defaultValue `0`
       */
      after?: number | undefined;
      /**
       * At most so many. Default, and the most: 512.
       *
       * @defaultValue `null`
       */
      most?: number | null | undefined;
      /**
       * Only this task's.
       *
       * @defaultValue `null`
       */
      task?: TaskId | null | undefined;
      /**
       * The thread, by its id or by a name of your choice, which is the same thread each time; a title names
       * none. Default: that of `task`, else as the engine was opened.
       *
       * @defaultValue `null`
       */
      thread?: string | null | undefined;
    },
  ): Promise<Record[]>;

  /** Gives the notes of a thread, by name: what its tasks are told besides their words. */
  notes(
    options?: {
      /**
       * The thread, by its id or by a name of your choice, which is the same thread each time; a title names
       * none. Default: as the engine was opened.
       *
       * @defaultValue `null`
       */
      thread?: string | null | undefined;
    },
  ): Promise<ThreadNote[]>;

  /**
   * Keeps a note in a thread's log for a person, in the place of the one of that name; an empty text forgets
   * that one.
   *
   * @param name - What it is called.
   */
  note(
    name: string,
    options?: {
      /** What it says; empty: the note of that name is forgotten. */
      text?: string | undefined;
      /**
       * The thread, by its id or by a name of your choice, which is the same thread each time; a title names
       * none. Default: as the engine was opened.
       *
       * @defaultValue `null`
       */
      thread?: string | null | undefined;
    },
  ): Promise<void>;

  /**
   * Makes a grant of a folder's path.
   *
   * @param path - Its path; `~` is the person's home.
   */
  folder(
    path: string,
    options?: {
      /**
       * What may be done there. Default: looking and changing.
       *
       * @defaultValue `null`
       */
      access?: Access | null | undefined;
      /**
       * What tools call it. Default: its own name.
       *
       * @defaultValue `null`
       */
      name?: string | null | undefined;
      /**
       * Whether the person said twice that `/` or their whole home is meant.
       *
       * @defaultValue `false`
       */
      whole?: boolean | undefined;
    },
  ): Promise<Folder>;

  /** Describes the tools that there are, by name. */
  tools(): Promise<ToolSpec[]>;

  /** Looks at the store, the sandbox and the planners, and says what is in order and what is not. */
  check(): Promise<Finding[]>;

  /**
   * Gives what happens in a thread, or in a task: all records after one, then what comes. Between them come
   * deltas, which are never stored. A reader that is too slow is told so, and misses no record.
   */
  events(
    options?: {
      /**
       * Only records with a `seq` above this.
       *
       * @defaultValue `0`
       */
      after?: number | undefined;
      /**
       * Only what belongs to this task and its sub-tasks; it ends with the task.
       *
       * @defaultValue `null`
       */
      task?: TaskId | null | undefined;
      /**
       * The thread, by its id or by a name of your choice, which is the same thread each time; a title names
       * none. Default: that of `task`, else as the engine was opened.
       *
       * @defaultValue `null`
       */
      thread?: string | null | undefined;
      /** Ends it. */
      signal?: AbortSignal | undefined;
    },
  ): AsyncGenerator<Item, void, undefined>;

  /**
   * Gives a task as people look at it: as it is now, then whenever it has changed, ten times in a second at the
   * most, and for the last time once it has ended, or rests until somebody says something.
   *
   * @param task - The task.
   */
  views(
    task: TaskId,
    options?: {
      /** Ends it. */
      signal?: AbortSignal | undefined;
    },
  ): AsyncGenerator<TaskView, void, undefined>;
}

/** Asks an engine what is about one task. */
export declare class TaskOperations {
  constructor(engine: Operations, id: string);
  /** What it is a task of. */
  readonly engine: Operations;
  /** Its name. */
  readonly id: string;
  protected _call(op: string, args: { [key: string]: unknown }): Promise<unknown>;
  protected _follow(
    op: string,
    args: { [key: string]: unknown },
    signal: AbortSignal | undefined,
  ): AsyncGenerator<any, void, undefined>;

  /**
   * Says something to a task that runs; it is taken in before the next planning step.
   *
   * @param text - What is said.
   */
  steer(
    text: string,
    options?: {
      /**
       * The sender's own name for it. Default: a new one.
       *
       * @defaultValue `null`
       */
      id?: CommandId | null | undefined;
      /**
       * Who says it. Default: as the engine was opened.
       *
       * @defaultValue `null`
       */
      sender?: string | null | undefined;
    },
  ): Promise<void>;

  /**
   * Ends a task: running calls are stopped, nothing more is started. What was done stays done, and can be
   * undone.
   */
  cancel(
    options?: {
      /**
       * The sender's own name for it: the same is followed once, however often it is sent. Default: a new one.
       *
       * @defaultValue `null`
       */
      id?: CommandId | null | undefined;
      /**
       * Who says it. Default: as the engine was opened.
       *
       * @defaultValue `null`
       */
      sender?: string | null | undefined;
    },
  ): Promise<void>;

  /** Lets running calls of a task finish, then has it rest until `resume`. */
  pause(
    options?: {
      /**
       * The sender's own name for it: the same is followed once, however often it is sent. Default: a new one.
       *
       * @defaultValue `null`
       */
      id?: CommandId | null | undefined;
      /**
       * Who says it. Default: as the engine was opened.
       *
       * @defaultValue `null`
       */
      sender?: string | null | undefined;
    },
  ): Promise<void>;

  /** Has a task go on after a pause, a stop or a crash. */
  resume(
    options?: {
      /**
       * The sender's own name for it: the same is followed once, however often it is sent. Default: a new one.
       *
       * @defaultValue `null`
       */
      id?: CommandId | null | undefined;
      /**
       * Who says it. Default: as the engine was opened.
       *
       * @defaultValue `null`
       */
      sender?: string | null | undefined;
    },
  ): Promise<void>;

  /**
   * Gives back what a task did to files, or a part of it, and says what was given back. Only a task that has
   * ended can be undone.
   */
  undo(
    options?: {
      /**
       * Only what these calls did; all of them if empty.
       *
       * @defaultValue `[]`
       */
      calls?: CallId[] | undefined;
      /**
       * Only what is or was at these paths or below them; all of it if empty.
       *
       * @defaultValue `[]`
       */
      paths?: FilePath[] | undefined;
    },
  ): Promise<UndoReport>;

  /** Says what undoing a task, or this part of it, would give back, and what it would keep. Nothing is changed. */
  previewUndo(
    options?: {
      /**
       * Only what these calls did; all of them if empty.
       *
       * @defaultValue `[]`
       */
      calls?: CallId[] | undefined;
      /**
       * Only what is or was at these paths or below them; all of it if empty.
       *
       * @defaultValue `[]`
       */
      paths?: FilePath[] | undefined;
    },
  ): Promise<UndoReport>;

  /** Gives what a task changed in its folders so far, each thing once, by path. */
  changes(): Promise<ChangeSet>;

  /** Takes up a task that another process left, or that was given elsewhere. */
  adopt(): Promise<void>;

  /** Gives a task as its log tells it now. */
  state(): Promise<TaskState>;

  /** Waits until a task has ended, or rests until somebody says something, and gives it. */
  result(): Promise<TaskState>;

  /**
   * Waits until a task is done, and gives it. What it failed with is thrown, `Cancelled` if it was cancelled;
   * `Unavailable` if it rests until somebody says something.
   */
  finished(): Promise<TaskState>;

  /** Gives the questions of a task and of its sub-tasks that wait for an answer. */
  asks(): Promise<Ask[]>;

  /** Says whether a process that is alive works on a task. */
  held(): Promise<boolean>;

  /** Gives records that are in the log now, in order. */
  read(
    options?: {
      /**
       * Only those with a `seq` above this.
       *
       * @defaultValue `0`
       */
      after?: number | undefined;
      /**
       * At most so many. Default, and the most: 512.
       *
       * @defaultValue `null`
       */
      most?: number | null | undefined;
    },
  ): Promise<Record[]>;

  /**
   * Gives what happens in a thread, or in a task: all records after one, then what comes. Between them come
   * deltas, which are never stored. A reader that is too slow is told so, and misses no record.
   */
  events(
    options?: {
      /**
       * Only records with a `seq` above this.
       *
       * @defaultValue `0`
       */
      after?: number | undefined;
      /** Ends it. */
      signal?: AbortSignal | undefined;
    },
  ): AsyncGenerator<Item, void, undefined>;

  /**
   * Gives a task as people look at it: as it is now, then whenever it has changed, ten times in a second at the
   * most, and for the last time once it has ended, or rests until somebody says something.
   */
  views(
    options?: {
      /** Ends it. */
      signal?: AbortSignal | undefined;
    },
  ): AsyncGenerator<TaskView, void, undefined>;
}
