export { fromAiSdk } from "./ai.js";
