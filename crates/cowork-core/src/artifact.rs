//! What a tool gives to be looked at.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Something that a tool gives besides what it says: a plot, a page. A person's screen shows it, and a model that can see its type does see it.
///
/// A tool puts them under [`Artifact::KEY`] into the object that it gives ([`ToolOutput::value`](crate::ToolOutput::value)), as a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Artifact {
    /// What it is called: `plot-1.png`.
    pub name: String,
    /// Its type: `image/png`.
    pub media_type: String,
    /// Its bytes in Base64, with padding.
    pub data: Arc<str>,
}

impl Artifact {
    /// Under which name they are in what a tool gives.
    pub const KEY: &'static str = "artifacts";

    /// Takes the artifacts out of what a tool gave, and leaves of each its name, type and how many bytes it has.
    pub fn take(value: &mut Value) -> Vec<Self> {
        let Some(Value::Array(all)) = value.get_mut(Self::KEY) else { return Vec::new() };
        let take = |one: &mut Value| {
            let artifact = Self::deserialize(&*one).ok()?;
            let object = one.as_object_mut()?;
            object.remove("data");
            object.insert("bytes".to_owned(), (artifact.data.len() / 4 * 3).into());
            Some(artifact)
        };
        all.iter_mut().filter_map(take).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_an_artifact_is_taken_and_what_is_none_stays() {
        let plot = json!({ "name": "plot-1.png", "media_type": "image/png", "data": "AAAA" });
        let mut value = json!({ "output": "", "artifacts": [plot, { "name": 1 }] });
        let taken = Artifact::take(&mut value);
        assert_eq!((taken.len(), &*taken[0].data), (1, "AAAA"));
        let left = json!({ "name": "plot-1.png", "media_type": "image/png", "bytes": 3 });
        assert_eq!(value, json!({ "output": "", "artifacts": [left, { "name": 1 }] }));
        assert_eq!(Artifact::take(&mut json!("text")), []);
    }
}
