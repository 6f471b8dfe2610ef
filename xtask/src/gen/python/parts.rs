//! `_parts.py`: for each kind of functions of the host's, what makes one and all that can be said of it.

use std::{collections::BTreeSet, fmt::Write as _};

use super::{
    docstring, head,
    operations::{by_name, parameter, used, with_arguments},
    types::declarations,
};
use crate::r#gen::model::{Field, Model, Prose, names::snake, prose::Piece};

/// Writes the module, if there is any such function.
pub(super) fn module(model: &Model) -> Option<String> {
    let declarations: Vec<_> = declarations(model).collect();
    if declarations.is_empty() {
        return None;
    }
    let mut names = BTreeSet::new();
    declarations.iter().flat_map(|(.., fields)| *fields).for_each(|field| used(&field.of, &mut names));
    let mut text = head("What makes a part of a function: a decorator for each kind.");
    let kinds: Vec<&str> = declarations.iter().map(|(name, ..)| *name).collect();
    let _ = write!(
        text,
        "\nfrom functools import partial\nfrom typing import TYPE_CHECKING, Any, overload\n\nfrom ._host import Function, {}\n\n\
         if TYPE_CHECKING:\n    from collections.abc import Callable\n\n    from ._types import {}\n\n__all__ = [{}]\n",
        kinds.join(", "),
        names.into_iter().collect::<Vec<_>>().join(", "),
        kinds.iter().map(|name| format!("\"{}\"", snake(name))).collect::<Vec<_>>().join(", "),
    );
    for (name, about, fields) in declarations {
        decorator(model, name, about, &fields.iter().collect::<Vec<_>>(), &mut text);
    }
    Some(text)
}

fn decorator(model: &Model, kind: &str, about: &Prose, fields: &[&Field], text: &mut String) {
    let name = snake(kind);
    let said: String = by_name(fields).iter().map(|given| format!("    {given},\n")).collect();
    let _ = write!(
        text,
        "\n\n@overload\ndef {name}(function: Function, /) -> {kind}: ...\n@overload\ndef {name}(\n{said}) -> Callable[[Function], {kind}]: ...\n\
         def {name}(\n    function: Function | None = None,\n    /,\n{said}) -> Any:\n",
    );
    let mut doc = Prose(vec![vec![Piece::Text(format!("Makes a `{kind}` of a function."))]]);
    doc.0.extend(about.0.iter().cloned());
    text.push_str(&docstring(model, &with_arguments(&doc, fields), "    "));
    let pair = |field: &&Field| format!("        \"{}\": {},\n", field.name, parameter(&field.name));
    let pairs: String = fields.iter().map(pair).collect();
    let _ = write!(
        text,
        "    said = {{\n{pairs}    }}\n    return partial({kind}, said=said) if function is None else {kind}(function, said)\n"
    );
}
