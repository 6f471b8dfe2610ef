//! How much of a binding is written by hand, and how much may be: what is the same in each language is the engine's or is generated.

use std::{fs, path::Path};

/// What is written by hand somewhere, in lines of code: not blank, no comment, no docstring.
struct Budget {
    what: &'static str,
    folder: &'static str,
    /// How the names of its files end.
    ends: &'static [&'static str],
    /// Whether it is what is for the package `ai`, which is counted by itself.
    is_ai: bool,
    most: usize,
}

const PYTHON: Budget =
    Budget { what: "Python: Rust", folder: "bindings/python/src", ends: &[".rs"], is_ai: false, most: 300 };
const NODE: Budget = Budget { what: "Node: Rust", folder: "bindings/node/src", most: 200, ..PYTHON };

const BUDGETS: [Budget; 6] = [
    PYTHON,
    Budget { what: "Python: Python", folder: "bindings/python/cowork", ends: &[".py", ".pyi"], most: 568, ..PYTHON },
    NODE,
    Budget { what: "Node: JavaScript", folder: "bindings/node", ends: &[".js", ".mjs"], most: 300, ..NODE },
    Budget { what: "Node: its types", folder: "bindings/node", ends: &[".d.ts", ".d.mts"], most: 75, ..NODE },
    Budget { what: "Node: models of `ai`", folder: "bindings/node", ends: &["s"], is_ai: true, most: 170 },
];

/// Says how much there is, or what is too much.
pub(crate) fn check() -> Result<String, String> {
    let (mut told, mut over) = (Vec::new(), Vec::new());
    for budget in &BUDGETS {
        let lines = budget.lines()?;
        told.push(format!("{} {lines} of {}", budget.what, budget.most));
        if lines > budget.most {
            over.push(format!("error: {} has {lines} lines written by hand, more than {}", budget.folder, budget.most));
        }
    }
    let why = "Whatever repeats per language is generated (`cargo xtask gen`), and what is logic is the engine's.";
    if over.is_empty() { Ok(told.join(", ")) } else { Err(format!("{}\n{why}", over.join("\n"))) }
}

impl Budget {
    fn lines(&self) -> Result<usize, String> {
        let unread = |e| format!("Can't read {}: {e}", self.folder);
        let mut lines = 0;
        for entry in fs::read_dir(self.folder).map_err(unread)? {
            let path = entry.map_err(unread)?.path();
            if path.is_file() && self.has(&path) {
                let text = fs::read_to_string(&path).map_err(unread)?;
                lines += if is_generated(&text) { 0 } else { code(&text, self.folder.contains("python/cowork")) };
            }
        }
        Ok(lines)
    }

    fn has(&self, path: &Path) -> bool {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let is_module = name.ends_with(".node") || name.ends_with(".so");
        !is_module && self.ends.iter().any(|end| name.ends_with(end)) && name.starts_with("ai.") == self.is_ai
    }
}

fn is_generated(text: &str) -> bool {
    text.lines().take(4).any(|line| line.contains("Written by `cargo xtask gen`"))
}

/// Counts lines of code.
fn code(text: &str, is_python: bool) -> usize {
    if is_python { python(text) } else { c_like(text) }
}

fn c_like(text: &str) -> usize {
    let (mut lines, mut in_comment) = (0, false);
    for line in text.lines().map(str::trim) {
        in_comment |= line.starts_with("/*");
        if in_comment {
            in_comment = !line.contains("*/");
        } else if !line.is_empty() && !line.starts_with("//") {
            lines += 1;
        }
    }
    lines
}

fn python(text: &str) -> usize {
    let (mut lines, mut in_docstring) = (0, false);
    for line in text.lines().map(str::trim) {
        let marks = line.matches("\"\"\"").count();
        if in_docstring || line.starts_with("\"\"\"") {
            in_docstring ^= marks % 2 == 1;
        } else if !line.is_empty() && !line.starts_with('#') {
            lines += 1;
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_docstrings_and_blank_lines_are_no_code() {
        let rust = "//! A page.\n\n/// A word.\nfn one() {} // one\n/* two\n   lines */\n/** one */\nfn two() {\n}\n";
        assert_eq!(code(rust, false), 3);
        let python = "\"\"\"A page.\"\"\"\n\n# No.\ndef one():\n    \"\"\"A word.\n\n    More.\n    \"\"\"\n    return \"\"\n\n\n\"\"\"End.\"\"\"\n";
        assert_eq!(code(python, true), 2);
    }

    #[test]
    fn what_is_generated_does_not_count() {
        assert!(is_generated("\"\"\"Words.\n\nWritten by `cargo xtask gen` from the schema.\n\"\"\"\n"));
        assert!(!is_generated("a\nb\nc\nd\nWritten by `cargo xtask gen`"));
    }

    #[test]
    fn what_is_for_the_package_ai_is_counted_by_itself() {
        let counted =
            |name: &str| BUDGETS.iter().filter(|b| b.folder == "bindings/node" && b.has(Path::new(name))).count();
        for name in ["index.js", "index.mjs", "index.d.ts", "index.d.mts", "ai.js", "ai.mjs", "ai.d.ts"] {
            assert_eq!(counted(name), 1, "{name}");
        }
        assert_eq!(counted("cowork.linux-x64-gnu.node") + counted("package.json"), 0);
    }
}
