//! The words that several names share, which tell whose files they are.

use std::collections::{HashMap, HashSet};

/// Words that many file names begin with and that say nothing about whose they are.
const GENERIC: &str = "the and for from with invoice invoices receipt receipts bill bills statement statements report reports letter letters \
    contract contracts document documents doc scan scans scanned copy final draft version file files img image \
    photo dsc screenshot screen shot note notes page pages new old untitled download attachment offer offers quote quotes \
    order orders january february march april may june july august september october november december \
    inv rechnung rechnungen re rg facture factures fattura factura quittung angebot angebote vertrag vertrage verträge brief bescheid kontoauszug auszug \
    beleg belege mahnung gutschrift lieferschein auftrag \
    jan feb mar apr jun jul aug sep sept oct nov dec";
/// Of so many names it is told what is in nearly all of them.
const MANY: usize = 10;
/// Of very many names some are enough to name a folder.
const ENOUGH: usize = 200;
/// So many words may follow the one that is shared.
const MOST_WORDS: usize = 4;

/// Gives for each name what it shares with others, as a folder may be called; nothing where it shares nothing.
pub(super) fn names(names: &[&str]) -> Vec<Option<String>> {
    let generic: HashSet<&str> = GENERIC.split_whitespace().collect();
    let words: Vec<Vec<&str>> = names.iter().map(|name| words(stem(name))).collect();
    let low: Vec<Vec<String>> =
        words.iter().map(|line| line.iter().map(|word| word.to_lowercase()).collect()).collect();
    let mut counts: HashMap<&str, (usize, &str)> = HashMap::new();
    for (line, low) in words.iter().zip(&low) {
        let mut seen = HashSet::new();
        for (word, low) in line.iter().zip(low).filter(|(_, low)| !generic.contains(low.as_str())) {
            if seen.insert(low.as_str()) {
                let (number, spelling) = counts.entry(low).or_insert((0, word));
                *number += 1;
                if *spelling == low.as_str() {
                    *spelling = word;
                }
            }
        }
    }
    // What is in the names of nearly all tells nothing apart, unless there is nothing else.
    let common = |low: &str| names.len() >= MANY && counts.get(low).is_some_and(|(n, _)| n * 10 > names.len() * 7);
    let shared = |low: &&String| counts.get(low.as_str()).is_some_and(|(number, _)| *number > 1);
    let mut groups: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, line) in low.iter().enumerate() {
        let tells = line.iter().filter(shared).find(|low| !common(low)).or_else(|| line.iter().find(shared));
        if let Some(low) = tells {
            groups.entry(low).or_default().push(at);
        }
    }
    let mut found = vec![None; names.len()];
    for (low, group) in groups {
        let Some((_, spelling)) = counts.get(low) else { continue };
        let step = group.len() / ENOUGH + 1;
        let stems: Vec<&str> = group.iter().step_by(step).map(|at| stem(names[*at])).collect();
        let folder = whole_name(spelling, &stems, &generic);
        group.into_iter().for_each(|at| found[at] = Some(folder.clone()));
    }
    found
}

fn stem(name: &str) -> &str {
    name.rfind('.').filter(|at| *at > 0).map_or(name, |at| &name[..at])
}

fn is_letter(c: char) -> bool {
    c.is_alphabetic() || ('\u{300}'..='\u{36f}').contains(&c)
}

/// Gives the words of a name, of two letters at least.
fn words(stem: &str) -> Vec<&str> {
    stem.split(|c| !is_letter(c)).filter(|word| word.chars().nth(1).is_some()).collect()
}

/// Gives the words that follow one in all names of a group, with it: of “Côté Jardin 1” and “Côté Jardin 2” both words.
fn whole_name(word: &str, stems: &[&str], generic: &HashSet<&str>) -> String {
    let rests: Vec<Vec<String>> = stems.iter().map(|stem| following(stem, word)).collect();
    let mut more = String::new();
    for at in 0..MOST_WORDS {
        let Some(first) = rests.first().and_then(|rest| rest.get(at)) else { break };
        let plain = |part: &str| part.trim_matches([' ', '_', '-']).to_lowercase();
        let low = plain(first);
        let same = rests.iter().all(|rest| rest.get(at).is_some_and(|other| plain(other) == low));
        if !same || generic.contains(low.as_str()) {
            break;
        }
        more.push_str(first);
    }
    format!("{word}{}", more.replace('_', " "))
}

/// Gives the words that follow one in a name, each with what stands before it: ` Jardin`, ` & Söhne`.
fn following(stem: &str, word: &str) -> Vec<String> {
    let chars: Vec<char> = stem.chars().collect();
    let wanted: Vec<char> = word.chars().collect();
    let same = |a: &char, b: &char| a.to_lowercase().eq(b.to_lowercase());
    let begins = |at: usize| chars[at..].iter().zip(&wanted).filter(|(a, b)| same(a, b)).count() == wanted.len();
    let Some(found) = (0..chars.len()).find(|at| begins(*at)) else { return Vec::new() };
    let letters = |from: usize| chars[from..].iter().take_while(|c| is_letter(**c)).count();
    let mut at = found + wanted.len();
    at += letters(at);
    let mut words = Vec::new();
    loop {
        let marks = chars[at..].iter().take_while(|c| matches!(c, ' ' | '_' | '-')).count();
        let after = at + marks;
        let joins = |text: &str| {
            let length = text.chars().count();
            let here = chars.get(after..after + length)?;
            let fits = here.iter().zip(text.chars()).all(|(a, b)| same(a, &b)) && letters(after + length) > 1;
            fits.then_some(after + length)
        };
        let begin = ["& ", "and ", "und "].into_iter().find_map(joins).unwrap_or(after);
        let length = letters(begin);
        if length < 2 {
            return words;
        }
        words.push(chars[at..begin + length].iter().collect());
        at = begin + length;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(all: &[&str]) -> Vec<String> {
        names(all).into_iter().map(Option::unwrap_or_default).collect()
    }

    #[test]
    fn what_names_share_names_the_folder() {
        let files = ["2026-01 Acme invoice.pdf", "invoice_acme_02.pdf", "Invoice Globex 7.pdf", "globex-contract.docx"];
        assert_eq!(told(&files), ["Acme", "Acme", "Globex", "Globex"]);
        assert_eq!(told(&["alone.txt", "12.txt", "invoice 1.pdf", "invoice 2.pdf"]), ["", "", "", ""]);
        assert_eq!(told(&["Côté Jardin 1.pdf", "côté_jardin-2.pdf"]), ["Côté Jardin", "Côté Jardin"]);
        assert_eq!(
            told(&["Müller & Söhne 1.pdf", "Müller & Söhne Rechnung.pdf"]),
            ["Müller & Söhne", "Müller & Söhne"]
        );
        assert_eq!(
            told(&["acme 1.pdf", "Acme letter.pdf"]),
            ["Acme", "Acme"],
            "it is written as somebody wrote it with care"
        );
    }

    #[test]
    fn what_is_in_nearly_all_names_tells_nothing_apart() {
        let files: Vec<String> =
            (0..12).map(|n| format!("Taxes {} {n}.pdf", if n % 2 == 0 { "Acme" } else { "Globex" })).collect();
        let files: Vec<&str> = files.iter().map(String::as_str).collect();
        assert_eq!(told(&files)[..2], ["Acme", "Globex"]);
        let same: Vec<String> = (0..12).map(|n| format!("Taxes {n}.pdf")).collect();
        assert_eq!(told(&same.iter().map(String::as_str).collect::<Vec<_>>())[0], "Taxes");
    }
}
