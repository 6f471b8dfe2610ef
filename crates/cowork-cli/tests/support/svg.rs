//! What stands on a terminal as a picture.

use std::fmt::Write as _;

use avt::{Color, Pen};

const COLUMN: f64 = 8.43;
const ROW: f64 = 19.0;
const MARGIN: f64 = 24.0;

const HEAD: &str = "<g font-family=\"ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace\" \
                    font-size=\"14\" xml:space=\"preserve\">";

/// A letter, the columns it takes and how it looks.
type Cell = (char, usize, Pen);

/// Draws all lines down to the last that is not empty. How long things took is left out: it is never the same.
pub fn draw(screen: &avt::Terminal, title: &str) -> String {
    let mut rows: Vec<Vec<Cell>> = screen
        .screen()
        .all_lines()
        .map(|line| {
            line.cells().iter().filter(|c| c.width() > 0).map(|c| (c.char(), c.width().into(), *c.pen())).collect()
        })
        .collect();
    rows.iter_mut().for_each(untimed);
    while rows.last().is_some_and(|row| text(row).trim().is_empty()) {
        rows.pop();
    }
    let columns = rows.iter().map(|row| text(row).trim_end().chars().count()).max().unwrap_or(0).max(78);
    let (width, height) = (columns as f64 * COLUMN + 2.0 * MARGIN, rows.len() as f64 * ROW + 2.0 * MARGIN);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" \
         height=\"{height:.0}\" role=\"img\" aria-labelledby=\"title\">\n<title id=\"title\">{}</title>\n\
         <rect width=\"{width:.0}\" height=\"{height:.0}\" rx=\"8\" fill=\"#16181d\"/>\n{HEAD}\n",
        escaped(title)
    );
    for (n, row) in rows.iter().enumerate() {
        pieces(row, MARGIN + 10.0 + n as f64 * ROW, &mut out);
    }
    out + "</g>\n</svg>\n"
}

fn text(row: &[Cell]) -> String {
    row.iter().map(|(c, ..)| c).collect()
}

/// Takes a step's time off the end of a line, and the whole time out of `Done in 0.6 s.`
fn untimed(row: &mut Vec<Cell>) {
    let line: Vec<char> = text(row).trim_end().chars().collect();
    row.truncate(line.len());
    let is_time = |piece: &[char]| {
        let piece: String = piece.iter().collect();
        piece.strip_suffix(" s").is_some_and(|number| number.parse::<f64>().is_ok())
    };
    let from = line.iter().rposition(|c| *c == ' ').and_then(|s| line[..s].iter().rposition(|c| *c == ' '));
    if let Some(from) = from.filter(|from| *from > 40 && is_time(&line[from + 1..])) {
        row.truncate(from);
    }
    let done: Vec<char> = "  Done in ".chars().collect();
    if let Some(rest) = line.strip_prefix(&done[..])
        && let Some(stop) = rest.windows(2).position(|w| w == ['s', '.'])
    {
        row.drain(done.len() - 4..=done.len() + stop);
    }
}

/// Writes a line as pieces of one look, each at its column and as wide as its columns.
fn pieces(row: &[Cell], y: f64, out: &mut String) {
    let mut column = 0;
    let mut pieces: Vec<(usize, usize, String, Pen)> = Vec::new();
    for (c, width, pen) in row {
        match pieces.last_mut() {
            Some((at, wide, text, same))
                if same == pen && *at + *wide == column && !(*c == ' ' && text.ends_with(' ')) =>
            {
                text.push(*c);
                *wide += width;
            }
            _ if *c == ' ' => {}
            _ => pieces.push((column, *width, c.to_string(), *pen)),
        }
        column += width;
    }
    for (at, wide, text, pen) in pieces {
        let wide = wide - (text.len() - text.trim_end().len());
        let bold = if pen.is_bold() { " font-weight=\"bold\"" } else { "" };
        let (x, length) = (MARGIN + at as f64 * COLUMN, wide as f64 * COLUMN);
        let (fill, text) = (colour(&pen), escaped(text.trim_end()));
        writeln!(out, "<text x=\"{x:.1}\" y=\"{y}\" fill=\"{fill}\"{bold} textLength=\"{length:.1}\">{text}</text>")
            .unwrap();
    }
}

fn colour(pen: &Pen) -> &'static str {
    match pen.foreground() {
        Some(Color::Indexed(1)) => "#e06c75",
        Some(Color::Indexed(2)) => "#7ec699",
        Some(Color::Indexed(3)) => "#e2b86b",
        Some(Color::Indexed(6)) => "#6cb6d9",
        Some(other) => panic!("{other:?} is none of our colours"),
        None if pen.is_faint() => "#8b919c",
        None => "#d7dae0",
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
