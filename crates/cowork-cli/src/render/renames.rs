//! A question that is about names alone: what is moved stays where it is, and is called otherwise.

use cowork::{Ask, Preview};
use serde_json::Value;

use super::text::{grouped, visible};

/// The tool whose questions may be about names alone.
const MOVE: &str = "move_files";

/// Gives what is shown of a question: of new names so many examples, old and new; of anything else what its tool says.
pub(crate) fn shown(ask: &Ask, examples: usize) -> Preview {
    let preview = &ask.effects.preview;
    if ask.call.tool != MOVE {
        return preview.clone();
    }
    let args = ask.call.args.value();
    let Some(pairs) = renames(&args) else { return preview.clone() };
    let title = preview.title.strip_prefix("move ").map_or_else(
        || format!("rename {} files", grouped(pairs.len() as u64)),
        |rest| format!("rename {}", rest.replacen(" inside ", " in ", 1)),
    );
    let mut notes: Vec<String> =
        pairs.iter().take(examples).map(|(old, new)| format!("{} → {}", visible(old), visible(new))).collect();
    let more = pairs.len() - notes.len();
    notes.extend((more > 0).then(|| format!("and {} more", grouped(more as u64))));
    notes.extend(preview.notes.iter().cloned());
    Preview { title, notes, ..Preview::default() }
}

/// Gives the old and the new names of moves that stay in their folders. `None`: something goes elsewhere.
fn renames<'a>(args: &'a Value) -> Option<Vec<(&'a str, &'a str)>> {
    let moves = args.get("moves")?.as_array()?;
    let names = |one: &'a Value| {
        // Several that keep their names go to another folder.
        if one.get("names").is_some() {
            return None;
        }
        let (from, old) = one.get("from")?.as_str()?.rsplit_once('/')?;
        let (to, new) = one.get("to")?.as_str()?.rsplit_once('/')?;
        (from == to).then_some((old, new))
    };
    moves.iter().map(names).collect::<Option<Vec<_>>>().filter(|pairs| !pairs.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_stays_in_its_folder_is_renamed() {
        let of = |moves: Value| renames(&json!({ "moves": moves })).map(|r| r.len());
        let (renamed, moved) = (json!({ "from": "D/a", "to": "D/b" }), json!({ "from": "D/a", "to": "D/x/a" }));
        assert_eq!(of(json!([renamed, renamed])), Some(2));
        assert_eq!(of(json!([renamed, moved])), None);
        assert_eq!(of(json!([{ "from": "D/a", "to": "D/b", "names": ["x"] }])), None);
        assert_eq!(of(json!([])), None);
    }
}
