//! What is wrong with a playbook, as a person reads it.

use cowork::playbooks::Problem;

use crate::{
    look::Look,
    render::{
        line::{Line, Role},
        text::{sentence, step, visible, width, wrap},
    },
};

/// Shows each problem: where, what, the line with a mark below it, what to do.
pub(super) fn lines(problems: &[Problem], source: &str, look: &Look) -> Vec<Line> {
    problems.iter().flat_map(|p| problem(p, source, look)).collect()
}

fn problem(problem: &Problem, source: &str, look: &Look) -> Vec<Line> {
    let room = look.columns().saturating_sub(4);
    let text = |text: String, role: Role| wrap(&text, room).into_iter().map(move |l| Line::margin().add(role, l));
    let mut lines: Vec<Line> = text(visible(&sentence(&problem.to_string())).into_owned(), Role::Failed).collect();
    let number = problem.line.map(|n| n.to_string()).unwrap_or_default();
    let gutter = 4 + number.len() + 3;
    if let Some((line, at)) = problem.excerpt(source, look.columns().saturating_sub(gutter + 2)) {
        let chars: Vec<char> = line.chars().collect();
        let part = |from: usize, to: usize| chars.iter().take(to).skip(from).collect::<String>();
        let (before, marked) = (width(&part(0, at.start)), width(&part(at.start, at.end)).max(1));
        lines.push(
            Line::of("    ").add(Role::Quiet, format!("{number} | ")).add(Role::Plain, visible(&line).into_owned()),
        );
        lines.push(Line::default().to(gutter + before).add(Role::Accent, "^".repeat(marked)));
    }
    if !problem.fix.is_empty() {
        lines.extend(text(visible(&step(&problem.fix)).into_owned(), Role::Plain));
    }
    lines.push(Line::default());
    lines
}
