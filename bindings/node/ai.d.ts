import type { Model } from "./index";
import type { ModelDeclaration } from "./types";

/** A language model as providers of the package `ai` make them (`LanguageModelV2`, `V3`, `V4`). */
export interface AiSdkModel {
  readonly specificationVersion: "v2" | "v3" | "v4";
  readonly provider: string;
  readonly modelId: string;
  doStream(options: any): PromiseLike<{ stream: ReadableStream<any> }>;
}

/**
 * Makes a model of one of the AI SDK: `fromAiSdk(anthropic("claude-sonnet-4-5"))`.
 *
 * What is said of it besides is its description ({@link ModelDeclaration}); its `name` and `at` are the model's and the provider's unless said
 * otherwise. `providerOptions` go to the provider with each question. What the provider alone understands (signed thoughts) goes back to it.
 */
export declare function fromAiSdk(
  model: AiSdkModel,
  options?: Partial<ModelDeclaration> & { providerOptions?: { [provider: string]: { [key: string]: unknown } } | undefined },
): Model;
