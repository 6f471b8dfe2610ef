export { fromAiSdk, type AiSdkModel } from "./ai.js";
