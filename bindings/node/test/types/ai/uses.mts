// Models of the package `ai`. Its own declarations are not checked here: they are its own.

import { MockLanguageModelV3, MockLanguageModelV4 } from "ai/test";
import { MockLanguageModelV2 } from "ai5/test";
import { Cowork } from "cowork-sdk";
import { fromAiSdk } from "cowork-sdk/ai";

const two = fromAiSdk(new MockLanguageModelV2());
const three = fromAiSdk(new MockLanguageModelV3(), { providerOptions: { openai: { store: false } } });
const four = fromAiSdk(new MockLanguageModelV4(), { name: "mine", window: 1000 });
// @ts-expect-error: a name is no model.
fromAiSdk("openai/gpt-5");

export const cowork: Cowork = new Cowork({ models: [two, three, four] });
