//! Links between texts, mended for the document that they are joined into.

use std::collections::HashMap;

/// Where the texts are in the document.
#[derive(Default)]
pub(super) struct Places {
    /// The place of each text, by its path.
    by_path: HashMap<String, usize>,
    /// By its name without ending, in small letters; none where two have it.
    by_name: HashMap<String, Option<usize>>,
    /// The anchor of each text, and those of its headings by what they were in the text itself.
    anchors: Vec<(String, HashMap<String, String>)>,
    /// The folder that the document is in.
    folder: String,
}

impl Places {
    pub(super) fn new(folder: &str) -> Self {
        Self { folder: folder.to_owned(), ..Self::default() }
    }

    /// Adds a text.
    pub(super) fn add(&mut self, path: &str, anchor: String, headings: HashMap<String, String>) {
        let at = self.anchors.len();
        self.by_path.insert(path.to_owned(), at);
        self.by_name.entry(stem(path).to_lowercase()).and_modify(|place| *place = None).or_insert(Some(at));
        self.anchors.push((anchor, headings));
    }

    /// Gives the anchor of a text.
    pub(super) fn anchor(&self, at: usize) -> &str {
        self.anchors.get(at).map_or("", |(anchor, _)| anchor)
    }

    /// Mends the links in a line of the text at this path, and counts those that lead to another text in the document.
    pub(super) fn mend(&self, line: &str, path: &str, mended: &mut u64) -> String {
        if !line.contains('[') {
            return line.to_owned();
        }
        let mut out = String::with_capacity(line.len() + 16);
        let mut rest = line;
        if let Some((name, target)) = definition(line) {
            out.push_str(name);
            match self.target(target, path, mended) {
                Some(target) => out.push_str(&target),
                None => out.push_str(target),
            }
            return out;
        }
        while !rest.is_empty() {
            let Some(at) = rest.find(['`', '[', ']']) else {
                out.push_str(rest);
                break;
            };
            out.push_str(&rest[..at]);
            rest = &rest[at..];
            let taken = self.code(rest, &mut out).or_else(|| self.wiki(rest, path, mended, &mut out));
            let taken = taken.or_else(|| self.inline(rest, path, mended, &mut out)).unwrap_or_else(|| {
                out.push_str(&rest[..1]);
                1
            });
            rest = &rest[taken..];
        }
        out
    }

    /// Takes a piece of code as it is.
    fn code(&self, rest: &str, out: &mut String) -> Option<usize> {
        let ticks = rest.bytes().take_while(|b| *b == b'`').count();
        if ticks == 0 {
            return None;
        }
        let end = rest[ticks..].find(&rest[..ticks]).map_or(ticks, |at| at + 2 * ticks);
        out.push_str(&rest[..end]);
        Some(end)
    }

    /// Takes a link such as `[[Plans]]`, `[[Plans#March|see there]]`.
    fn wiki(&self, rest: &str, path: &str, mended: &mut u64, out: &mut String) -> Option<usize> {
        let inner = rest.strip_prefix("[[")?;
        let inner = &inner[..inner.find("]]")?];
        let (target, alias) = inner.split_once('|').unwrap_or((inner, inner));
        let (name, heading) = target.split_once('#').unwrap_or((target, ""));
        let at = if name.is_empty() {
            self.by_path.get(path).copied()
        } else {
            let name = name.trim().trim_end_matches(".md");
            self.by_name.get(&stem(name).to_lowercase()).copied().flatten()
        }?;
        let anchor = self.within(at, &super::markdown::slug(heading));
        *mended += 1;
        out.push_str(&format!("[{}](#{anchor})", alias.replace('[', "\\[")));
        Some(inner.len() + 4)
    }

    /// Takes the end of a link such as `[the plans](plans.md#march "Plans")`, from its `](` on.
    fn inline(&self, rest: &str, path: &str, mended: &mut u64, out: &mut String) -> Option<usize> {
        let inner = rest.strip_prefix("](")?;
        let (target, after) = match inner.strip_prefix('<') {
            Some(inner) => {
                let end = inner.find('>')?;
                (&inner[..end], end + 2)
            }
            None => {
                let mut depth = 0;
                let end = inner.find(|c: char| {
                    depth += i32::from(c == '(') - i32::from(c == ')');
                    depth < 0 || c.is_whitespace()
                })?;
                (&inner[..end], end)
            }
        };
        let new = self.target(target, path, mended)?;
        out.push_str("](");
        out.push_str(&new);
        Some(2 + after)
    }

    /// Gives where a link leads in the document; nothing if it stays as it is.
    fn target(&self, target: &str, path: &str, mended: &mut u64) -> Option<String> {
        let leads_out = target.split(['/', '#', '?']).next().is_some_and(|first| first.contains(':'));
        if target.is_empty() || leads_out || target.starts_with(['/', '\\']) {
            return None;
        }
        let (file, fragment) = target.split_once('#').unwrap_or((target, ""));
        if file.is_empty() {
            let at = *self.by_path.get(path)?;
            return Some(format!("#{}", self.within(at, fragment)));
        }
        let whole = resolved(path, &decoded(file))?;
        if let Some(at) = self.by_path.get(&whole) {
            *mended += 1;
            return Some(format!("#{}", self.within(*at, fragment)));
        }
        // What is no text of the document is found from where the document is.
        let relative = relative(&self.folder, &whole)?;
        let fragment = if fragment.is_empty() { String::new() } else { format!("#{fragment}") };
        Some(format!("{}{fragment}", encoded(&relative)))
    }

    fn within(&self, at: usize, fragment: &str) -> &str {
        let Some((anchor, headings)) = self.anchors.get(at) else { return "" };
        headings.get(&decoded(fragment).to_lowercase()).unwrap_or(anchor)
    }
}

/// Parts a line such as `[plans]: plans.md` before its target.
fn definition(line: &str) -> Option<(&str, &str)> {
    if !line.starts_with('[') {
        return None;
    }
    let at = line.find("]: ")? + 3;
    let target = line[at..].trim();
    (!target.is_empty() && !target.contains(' ')).then(|| (&line[..at], target))
}

fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

/// Gives the path that a link in the text at `from` leads to; nothing if it leads out of the granted folder.
fn resolved(from: &str, link: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop().filter(|_| !parts.is_empty())?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

/// Gives a path as it is written from this folder; nothing if they have no folder in common.
fn relative(folder: &str, path: &str) -> Option<String> {
    let (here, there): (Vec<&str>, Vec<&str>) = (folder.split('/').collect(), path.split('/').collect());
    let same = here.iter().zip(&there).take_while(|(a, b)| a == b).count();
    if same == 0 {
        return None;
    }
    let up = std::iter::repeat_n("..", here.len() - same);
    Some(up.chain(there[same..].iter().copied()).collect::<Vec<_>>().join("/"))
}

/// Reads `%20` and the like.
fn decoded(link: &str) -> String {
    let mut bytes = Vec::with_capacity(link.len());
    let raw = link.as_bytes();
    let mut at = 0;
    while at < raw.len() {
        let hex = |b: Option<&u8>| b.and_then(|b| char::from(*b).to_digit(16));
        match (raw[at], hex(raw.get(at + 1)), hex(raw.get(at + 2))) {
            (b'%', Some(high), Some(low)) => {
                bytes.push(u8::try_from(high * 16 + low).unwrap_or(b'?'));
                at += 3;
            }
            (byte, ..) => {
                bytes.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| link.to_owned())
}

fn encoded(path: &str) -> String {
    path.replace('%', "%25").replace(' ', "%20").replace('(', "%28").replace(')', "%29")
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::Places;

    #[test]
    fn links_between_texts_lead_to_their_anchors() {
        let mut places = Places::new("N");
        places.add("N/a.md", "a".to_owned(), HashMap::from([("march".to_owned(), "march-1".to_owned())]));
        places.add("N/sub/My note.md", "my-note".to_owned(), HashMap::new());
        let cases = [
            ("see [it](sub/My%20note.md) now", "see [it](#my-note) now"),
            ("[it](<sub/My note.md> \"T\")", "[it](#my-note \"T\")"),
            ("[own](#march) [gone](#none)", "[own](#march-1) [gone](#a)"),
            ("[[my note]] [[A#March|then]] [[nobody]]", "[my note](#my-note) [then](#march-1) [[nobody]]"),
            (
                "`[x](sub/a.md)` [w](https://x.y/a.md) [m](mailto:a@b)",
                "`[x](sub/a.md)` [w](https://x.y/a.md) [m](mailto:a@b)",
            ),
            ("![p](img/p(1).png)", "![p](img/p%281%29.png)"),
            ("[id]: sub/My%20note.md", "[id]: #my-note"),
            ("- [ ] do [x] and a ] b", "- [ ] do [x] and a ] b"),
            ("[out](../../etc/passwd)", "[out](../../etc/passwd)"),
        ];
        for (line, expected) in cases {
            assert_eq!(places.mend(line, "N/a.md", &mut 0), expected);
        }
        let mut mended = 0;
        assert_eq!(
            places.mend("[up](../a.md#march) ![p](p.png)", "N/sub/My note.md", &mut mended),
            "[up](#march-1) ![p](sub/p.png)"
        );
        assert_eq!(mended, 1);
    }
}
