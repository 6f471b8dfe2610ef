//! The tool by which a model keeps notes for later tasks of its thread. The engine keeps them.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Effects, Error, Kind, Noting, Preview, Result, ToolContext, ToolOutput, TypedTool};

pub(super) struct Remember;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-seldom" = true))]
pub(super) struct RememberArgs {
    /// What it is called, in a few words. A note of that name is replaced.
    name: String,
    /// What it says, up to 1,024 bytes. Empty: the note of that name is forgotten.
    text: String,
}

#[async_trait]
impl TypedTool for Remember {
    type Args = RememberArgs;
    const NAME: &'static str = "remember";
    const ABOUT: &'static str = "Keeps a short note that later tasks of this person's thread are shown: what they prefer, what was decided, \
        where things are. No secrets.";

    fn effects(&self, args: &RememberArgs) -> Result<Effects> {
        let noting = Noting { name: args.name.clone(), text: args.text.clone() };
        noting.check()?;
        let what = if noting.text.is_empty() { "forget" } else { "note" };
        let preview = Preview { title: format!("{what}: {}", noting.name), ..Preview::default() };
        Ok(Effects::notes(noting).showing(preview))
    }

    async fn run(&self, _: RememberArgs, _: ToolContext) -> Result<ToolOutput> {
        Err(Error::new(Kind::Unsupported, "keep note", "this engine keeps no notes"))
    }
}
