//! Time and chance, through the log.

use async_trait::async_trait;
use cowork_core::{Effects, Error, Kind, Label, Result, ToolContext, ToolOutput, TypedTool};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

pub(crate) struct Now;

/// The arguments of `now`: none.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NowArgs {}

#[async_trait]
impl TypedTool for Now {
    type Args = NowArgs;
    const NAME: &'static str = "now";
    const ABOUT: &'static str = "Gives the time: `millis` since 1970, `iso` as text, `zone` (always UTC).";

    fn effects(&self, _: &NowArgs) -> Result<Effects> {
        Ok(Effects::none())
    }

    async fn run(&self, _: NowArgs, ctx: ToolContext) -> Result<ToolOutput> {
        let millis = ctx.runtime.now().as_millis();
        let at = jiff::Timestamp::from_millisecond(millis).map_err(|e| {
            Error::new(Kind::Unavailable, "tell the time", "the clock is not within the years that can be written")
                .with_source(e)
        })?;
        let value = json!({ "millis": millis, "iso": format!("{at:.3}"), "zone": "UTC" });
        Ok(ToolOutput { value, note: String::new(), label: Label::trusted() })
    }
}

pub(crate) struct Random;

/// The arguments of `random`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-seldom" = true))]
pub(crate) struct RandomArgs {
    /// The number is at least 0 and less than this.
    #[schemars(range(min = 1, max = 9_007_199_254_740_992_u64))]
    below: u64,
}

#[async_trait]
impl TypedTool for Random {
    type Args = RandomArgs;
    const NAME: &'static str = "random";
    const ABOUT: &'static str = "Gives a random whole number. It is 0 or more and less than `below`.";

    fn effects(&self, args: &RandomArgs) -> Result<Effects> {
        if args.below == 0 {
            return Err(Error::new(Kind::InvalidInput, "draw a number", "`below` must be at least 1"));
        }
        Ok(Effects::none())
    }

    async fn run(&self, args: RandomArgs, ctx: ToolContext) -> Result<ToolOutput> {
        // 128 random bits leave no bias that anybody could see for a number this small.
        let number = ctx.runtime.entropy() % u128::from(args.below.max(1));
        let value = json!({ "number": u64::try_from(number).unwrap_or(0) });
        Ok(ToolOutput { value, note: String::new(), label: Label::trusted() })
    }
}
