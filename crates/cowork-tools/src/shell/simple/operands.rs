//! Where an operand is read.

use super::{Place, shown, words::Word};

/// Folders in which reading a file can do more than read: it takes away what was to be read, or starts a device.
const KERNEL: &[&str] = &["dev", "proc", "sys"];

/// What there is in them that nothing happens to.
const HARMLESS: &[&str] = &["/dev/null", "/dev/zero", "/dev/random", "/dev/urandom", "/dev/stdin"];

/// Gives where a word is looked up whose files are only named or described.
pub(super) fn name(word: &Word) -> Result<Vec<Place>, String> {
    let Some(pattern) = word.pattern else {
        return Ok(vec![Place { path: word.text.clone(), home: word.home }]);
    };
    let from = word.text[..pattern].rfind('/').map_or(0, |slash| slash + 1);
    let (folder, names) = word.text.split_at(from);
    // It may be found to be `.` or `..`.
    if names.split('/').any(|part| part.starts_with('.')) {
        return Err(format!("the pattern {} can lead to a folder above", shown(&word.text)));
    }
    let folder = match folder.trim_end_matches('/') {
        "" if folder.is_empty() => ".",
        "" => "/",
        folder => folder,
    };
    Ok(vec![Place { path: folder.to_owned(), home: word.home }])
}

/// Gives where a word is looked up whose files' content is read.
pub(super) fn content(word: &Word) -> Result<Vec<Place>, String> {
    if word.text.starts_with("/dev/tcp/") || word.text.starts_with("/dev/udp/") {
        return Err("the shell makes a connection of that name".to_owned());
    }
    if !HARMLESS.contains(&word.text.as_str()) && is_kernels(word) {
        return Err(format!("reading {} can do more than read", shown(&word.text)));
    }
    name(word)
}

/// Says whether a path leads, or may lead, to what is the kernel's.
fn is_kernels(word: &Word) -> bool {
    let mut parts: Vec<&str> = Vec::new();
    let absolute = word.text.starts_with('/');
    // From a folder that is not known, upwards leads anywhere.
    let mut anywhere = word.home && word.text.contains("..");
    for part in word.text.split('/') {
        match part {
            "" | "." => {}
            ".." => anywhere |= parts.pop().is_none() || word.pattern.is_some(),
            part => parts.push(part),
        }
    }
    let is_pattern = |part: &str| word.pattern.is_some() && part.contains(['*', '?', '[']);
    let leads = |part: &str| KERNEL.contains(&part) || is_pattern(part);
    if absolute && !anywhere {
        return parts.first().is_none_or(|first| leads(first));
    }
    anywhere && parts.first().is_none_or(|first| KERNEL.contains(first) || (is_pattern(first) && parts.len() > 1))
}
