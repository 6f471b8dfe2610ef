/** The Cowork SDK: an engine for agents that work beside a person and unattended. */

import { Operations, TaskOperations } from "./operations";
import type {
  Answer, Ask, Config, HostAnswer, Item, Json, Label, ModelDeclaration, ModelRequest, PlannerDeclaration, PlannerInput, Proposal, TaskId,
  ToolDeclaration, ToolInput,
} from "./types";

export * from "./errors";
export type * from "./types";

/** The version of the package. */
export declare const version: string;

/** How an engine is opened: what the host brings along, and {@link Config}. */
export interface CoworkOptions extends Config {
  /** Tools of the host's ({@link tool}). */
  tools?: readonly Tool[] | undefined;
  /** Models of the host's ({@link model}). The first is asked where none is named. */
  models?: readonly Model[] | undefined;
  /** Planners of the host's ({@link planner}). The first plans tasks that name none. */
  planners?: readonly Planner[] | undefined;
  /** Answers questions for the person. `null`, or an error, leaves a question open. */
  approver?: ((ask: Ask, ctx: Context) => Awaitable<Answer | null | undefined>) | undefined;
}

/**
 * An engine.
 *
 * - Opening it blocks until that is done. Close it: `await cowork.close()`, or open it with `await using`.
 * - A process stays alive as long as somebody waits for a call, or for the next item of a stream; not for tasks that nobody waits for. They
 *   are in the log, and are taken up again when an engine is opened on it.
 * - What fails is a {@link CoworkError}, of the class of its kind.
 */
export declare class Cowork extends Operations implements AsyncDisposable {
  constructor(options?: CoworkOptions);
  protected _call: Operations["_call"];
  protected _follow: Operations["_follow"];
  /** Submits a task, and gives it once that is durable. Aborting `signal` cancels it, then and later. */
  start(text: string, options?: TaskOptions): Promise<Task>;
  /** Puts every task down in an orderly way, so that it can be taken up again, and waits until that is recorded. Calls under way fail. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** What a task is submitted with besides its text. */
export type TaskOptions = NonNullable<Parameters<Operations["submit"]>[1]>;

/** A task: `for await (const item of task)` gives what happens in it. */
export declare class Task extends TaskOperations implements AsyncIterable<Item> {
  /** Gives the task of this name. Aborting `signal` cancels it. */
  constructor(cowork: Cowork, id: TaskId, signal?: AbortSignal);
  [Symbol.asyncIterator](): AsyncGenerator<Item, void, undefined>;
  /** Answers a question of it or of its sub-tasks, as `asks` gave it. */
  answer(ask: Pick<Ask, "task" | "call" | "args_hash">, answer: Answer, options?: Parameters<Operations["answer"]>[4]): Promise<void>;
}

type Awaitable<T> = T | PromiseLike<T>;

/** What every function of the host's is told besides what it is called with. */
export interface Context {
  /** Is aborted at once when nobody wants the result any more. */
  readonly signal: AbortSignal;
}

/** What a tool is told besides its arguments. */
export interface ToolContext extends Context, Readonly<Omit<ToolInput, "args">> {
  /** Shows how far it is: so much is done, of so much (0 if that is not known), and what it is at. */
  progress(done: number, total?: number, note?: string): void;
}

/** Shows an answer while it is written. */
export interface ModelContext extends Context {
  /** Shows the next piece of text. The pieces, joined, are the answer's text. */
  text(text: string): void;
  /** Shows the next piece of what it thinks. */
  thinking(text: string): void;
  /** Shows that it begins to write a call of this tool. */
  calling(tool: string): void;
}

declare const brand: unique symbol;
/** A tool of the host's. */
export interface Tool { readonly [brand]: "tool" }
/** A model of the host's. */
export interface Model { readonly [brand]: "model" }
/** A planner of the host's. */
export interface Planner { readonly [brand]: "planner" }

/** A schema that checks by itself: zod's, and whatever has the interface of Standard Schema. */
export interface Schema<Args> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => unknown;
    readonly types?: { readonly input: unknown; readonly output: Args } | undefined;
  };
}

/** A tool, as it is declared: what it does not say is taken to be the worst. */
export interface ToolSpecOf<Args> extends Omit<ToolDeclaration, "schema"> {
  /** The JSON Schema of the arguments where `input` can't give one. */
  schema?: Json;
  /** Does it. What it gives is the value for the planner, as JSON; nothing is `null`. What it throws is the call's failure. */
  run(args: Args, ctx: ToolContext): unknown;
}

/**
 * Makes a tool. Its arguments are checked by `input`, a schema such as zod's, before it runs, and have its type; or by a JSON Schema.
 *
 * @throws InvalidInputError where no JSON Schema can be made of `input`.
 */
export declare function tool<Args>(spec: ToolSpecOf<Args> & { input: Schema<Args> }): Tool;
export declare function tool<Args = any>(spec: ToolSpecOf<Args> & { input?: { [key: string]: unknown } | undefined }): Tool;

/** The result of a tool with more than its value. */
export declare class Output<Value = unknown> {
  /** `note` is one line for a person, `label` says where it came from; nothing said means untrusted and private. */
  constructor(value: Value, more?: { note?: string; label?: Label });
  readonly value: Value;
}

/** What a model's function gives: a text, an answer, or pieces of text and, as what is returned behind them, an answer. */
export type Answered = string | HostAnswer | AsyncGenerator<string, HostAnswer | void, unknown> | AsyncIterable<string>;

/** Makes a model. */
export declare function model(
  spec: ModelDeclaration & { answer(request: ModelRequest, ctx: ModelContext): Awaitable<Answered> },
): Model;

/** Makes a planner. */
export declare function planner(
  spec: PlannerDeclaration & { plan(input: PlannerInput, ctx: Context): Awaitable<Proposal> },
): Planner;
