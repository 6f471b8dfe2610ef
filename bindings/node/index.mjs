export * from "./errors.js";
export { Cowork, Output, Task, model, planner, tool, version } from "./index.js";
