//! `_errors.py`: an exception for each kind of errors.

use std::fmt::Write as _;

use super::{docstring, head};
use crate::r#gen::model::{Model, names::of_type};

/// What all exceptions have.
const BASE: &str = r#"
    kind: str = "internal"
    """What a caller would act on. One that is not known here comes from a later version of the engine."""

    def __init__(
        self,
        message: str,
        *,
        op: str = "",
        retry: Retry = "never",
        context: Iterable[tuple[str, str]] = (),
        fix: str | None = None,
        kind: str | None = None,
    ) -> None:
        super().__init__(message)
        if kind is not None:
            self.kind = kind
        self.op: str = str(op)
        """The operation that failed, in a few words."""
        self.message: str = str(message)
        """What happened, for a person."""
        self.retry: Retry = retry
        """Whether, and when, the same thing may be tried again."""
        self.context: list[tuple[str, str]] = [(str(name), str(value)) for name, value in context]
        """Named facts."""
        if fix is not None:
            self.context.append(("fix", str(fix)))
        if (step := self.fix) is not None and sys.version_info >= (3, 11):
            # A traceback shows it.
            self.add_note(step)

    @property
    def fix(self) -> str | None:
        """The next step, for a person."""
        return self.fact("fix")

    def fact(self, name: str) -> str | None:
        """Gives the value of a named fact."""
        return next((value for known, value in self.context if known == name), None)

    def data(self) -> dict[str, object]:
        """Gives it as the engine has it."""
        data: dict[str, object] = {"kind": self.kind, "op": self.op, "message": self.message}
        if self.retry != "never":
            data["retry"] = self.retry
        if self.context:
            data["context"] = [[name, value] for name, value in self.context]
        return data

    def __reduce__(self) -> tuple[object, ...]:
        return error_of, (self.data(),)
"#;

/// How an error becomes an exception.
const END: &str = r#"

def error_of(data: Mapping[str, Any]) -> CoworkError:
    """Gives the exception for an error as the engine has it. One of an unknown kind is a `CoworkError`."""
    kind: str = data["kind"]
    return BY_KIND.get(kind, CoworkError)(
        data["message"],
        op=data["op"],
        retry=data.get("retry", "never"),
        context=data.get("context", ()),
        kind=kind,
    )
"#;

/// Writes the module.
pub(super) fn module(model: &Model) -> String {
    let mut text = head("Exceptions: one for each kind of errors.");
    text.push_str(
        "\nimport sys\nfrom collections.abc import Iterable, Mapping\nfrom typing import TYPE_CHECKING, Any\n\n\
         if TYPE_CHECKING:\n    from ._types import Retry\n\n__all__ = [\n    \"BY_KIND\",\n    \"CoworkError\",\n",
    );
    for error in &model.errors {
        let _ = writeln!(text, "    \"{}\",", error.class);
    }
    text.push_str("    \"error_of\",\n]\n\n\nclass CoworkError(Exception):\n");
    if let Some(error) = model.types.get(of_type("Error")) {
        text.push_str(&docstring(model, &error.about, "    "));
    }
    text.push_str(BASE);
    for error in &model.errors {
        let _ = write!(text, "\n\nclass {}(CoworkError):\n", error.class);
        text.push_str(&docstring(model, &error.about, "    "));
        let _ = write!(text, "\n    kind = \"{}\"\n", error.kind);
    }
    text.push_str("\n\nBY_KIND: dict[str, type[CoworkError]] = {\n");
    for error in &model.errors {
        let _ = writeln!(text, "    \"{}\": {},", error.kind, error.class);
    }
    text.push_str("}\n\"\"\"The exception for each kind.\"\"\"\n");
    text.push_str(END);
    text
}
