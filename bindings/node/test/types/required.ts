// The same for whoever `require`s it.

import cowork = require("cowork-sdk");
import ai = require("cowork-sdk/ai");

export const engine: cowork.Cowork = new cowork.Cowork({ tools: [] });
export const made: typeof ai.fromAiSdk = ai.fromAiSdk;
export const error: cowork.CoworkError = new cowork.NotFoundError("x");
