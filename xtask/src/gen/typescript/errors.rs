//! `errors.js` and its declarations: a class for each kind of errors.

use std::fmt::Write as _;

use super::{comment, head};
use crate::r#gen::model::{Model, names::of_type};

const ABOUT: &str = "Errors: a class for each kind.";

/// What all classes have, as it is declared.
const DECLARED: &str = r#"
/** What is known of an error besides its message. */
export interface ErrorFacts {
  /** The operation that failed, in a few words. */
  op?: string | undefined;
  /** Whether, and when, the same thing may be tried again. */
  retry?: Retry | undefined;
  /** Named facts. */
  context?: readonly (readonly [string, string])[] | undefined;
  /** The next step, for a person; it becomes a fact. */
  fix?: string | undefined;
  /** What a caller would act on, where the class does not say it. */
  kind?: string | undefined;
  /** What was underneath; it does not cross to the engine. */
  cause?: unknown;
}
"#;

/// The members of the class that all others extend.
const MEMBERS: &str = r#"export declare class CoworkError extends Error {
  constructor(message: string, facts?: ErrorFacts);
  /** What a caller would act on. One that is not known here comes from a later version of the engine. */
  readonly kind: string;
  /** The operation that failed, in a few words. */
  readonly op: string;
  /** Whether, and when, the same thing may be tried again. */
  readonly retry: Retry;
  /** Named facts. */
  readonly context: [string, string][];
  /** The next step, for a person. */
  get fix(): string | undefined;
  /** Gives the value of a named fact. */
  fact(name: string): string | undefined;
  /** Gives it as the engine has it. */
  toJSON(): ErrorData;
}
"#;

/// The same, as it runs.
const RUNS: &str = r#"
class CoworkError extends Error {
  constructor(message, { op = "", retry = "never", context = [], fix, kind, cause } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.kind = kind ?? new.target.kind;
    this.op = String(op);
    this.retry = retry;
    this.context = context.map((fact) => [String(fact[0]), String(fact[1])]);
    if (fix !== undefined) this.context.push(["fix", String(fix)]);
  }

  get fix() {
    return this.fact("fix");
  }

  fact(name) {
    return this.context.find(([known]) => known === name)?.[1];
  }

  toJSON() {
    const data = { kind: this.kind, op: this.op, message: this.message };
    if (this.retry !== "never") data.retry = this.retry;
    if (this.context.length > 0) data.context = this.context;
    return data;
  }
}
CoworkError.kind = "internal";
CoworkError.prototype.name = "CoworkError";
exports.CoworkError = CoworkError;
"#;

/// Writes the declarations.
pub(super) fn declared(model: &Model) -> String {
    let mut text = head(ABOUT);
    let _ = write!(text, "\nimport type {{ ErrorData, Retry }} from \"./types\";\n{DECLARED}\n");
    if let Some(error) = model.types.get(of_type("Error")) {
        text.push_str(&comment(model, &error.about, ""));
    }
    text.push_str(MEMBERS);
    for error in &model.errors {
        let _ = write!(
            text,
            "\n{}export declare class {} extends CoworkError {{\n  readonly kind: \"{}\";\n}}\n",
            comment(model, &error.about, ""),
            error.class,
            error.kind
        );
    }
    text.push_str(
        "\n/** The class for each kind. */\nexport declare const BY_KIND: ReadonlyMap<string, typeof CoworkError>;\n\n\
         /** Gives the error for what the engine says. One of an unknown kind is a {@link CoworkError}. */\n\
         export declare function errorOf(data: ErrorData): CoworkError;\n",
    );
    text
}

/// Writes what runs.
pub(super) fn module(model: &Model) -> String {
    let mut text = head(ABOUT);
    let _ = write!(text, "\n\"use strict\";\n{RUNS}");
    for error in &model.errors {
        let class = &error.class;
        let _ = write!(
            text,
            "\nclass {class} extends CoworkError {{}}\n{class}.kind = \"{}\";\n{class}.prototype.name = \"{class}\";\n\
             exports.{class} = {class};\n",
            error.kind
        );
    }
    text.push_str("\nconst BY_KIND = new Map([\n");
    for error in &model.errors {
        let _ = writeln!(text, "  [\"{}\", {}],", error.kind, error.class);
    }
    text.push_str(
        "]);\nexports.BY_KIND = BY_KIND;\n\nfunction errorOf({ message, ...facts }) {\n  \
         return new (BY_KIND.get(facts.kind) ?? CoworkError)(message, facts);\n}\nexports.errorOf = errorOf;\n",
    );
    text
}
