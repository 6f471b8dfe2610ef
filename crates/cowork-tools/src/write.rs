//! Writing whole text files.

use async_trait::async_trait;
use cowork_core::{
    Change, Clash, Content, Effects, Error, FilePath, Kind, Known, Label, Preview, Result, Stamp, ToolContext,
    ToolOutput, TypedTool, Write,
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    change::{LET, one, parse_mode, told},
    show::{count, folder_of, shown},
};

const WRITE_AT_MOST: usize = 16 * 1024 * 1024;

/// What to do with a file that is there already.
#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum IfExists {
    /// Leave it as it is and write nothing.
    #[default]
    Skip,
    /// Write the new one under a numbered name.
    Number,
    /// Replace it; undo gives it back.
    Replace,
}

pub(crate) struct WriteFile;

/// The arguments of `write_file`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WriteArgs {
    /// The file: `Documents/report.md`. Missing folders are made.
    path: FilePath,
    /// Its whole content.
    #[schemars(length(max = 16_777_216))]
    text: String,
    /// What to do if there is one: `skip` (the usual) writes nothing, `number` takes another name, `replace` replaces it if this task
    /// has read it.
    #[serde(default)]
    if_exists: IfExists,
    /// To replace the file only if it is as it was when `read_file` gave this `stamp`.
    #[serde(default)]
    #[schemars(extend("x-seldom" = true))]
    stamp: Option<Stamp>,
    /// Whether to replace the file even if this task has not read it, whatever is in it by now; no if left out.
    #[serde(default)]
    #[schemars(extend("x-seldom" = true))]
    even_unread: bool,
    /// Whether the new content may be less than half of what it replaces; no if left out.
    #[serde(default)]
    #[schemars(extend("x-seldom" = true))]
    may_shrink: bool,
    /// The permissions of a new file: `rwxr-xr-x`, or in octal `755`; the usual ones, or those of the file it replaces, if left out.
    #[serde(default)]
    #[schemars(extend("x-seldom" = true))]
    mode: Option<String>,
}

#[async_trait]
impl TypedTool for WriteFile {
    type Args = WriteArgs;
    const NAME: &'static str = "write_file";
    const ABOUT: &'static str = "Writes a whole text file (UTF-8), new or in place of the old one; to change a part of one, use `edit_file`. One that changed \
        since it was read, or would lose more than half, is not replaced: the error says what to do.\n\nGives `made` (0 or 1) and `otherwise`, where the name was taken.";

    fn effects(&self, args: &WriteArgs) -> Result<Effects> {
        let folder = folder_of("write file", &args.path)?;
        if args.text.len() > WRITE_AT_MOST {
            let why = format!("the text is {} bytes long; at most {WRITE_AT_MOST} can be written", args.text.len());
            return Err(Error::new(Kind::LimitExceeded, "write file", why));
        }
        let replaces = args.if_exists == IfExists::Replace;
        if !replaces && (args.stamp.is_some() || args.even_unread || args.may_shrink) {
            let why = "`stamp`, `even_unread` and `may_shrink` are about a file that is replaced, and none is to be";
            return Err(Error::new(Kind::InvalidInput, "write file", why)
                .with_fix("say `if_exists`: `replace`, or leave them out"));
        }
        if args.stamp.is_some() && args.even_unread {
            let why = "`stamp` and `even_unread` contradict each other";
            return Err(Error::new(Kind::InvalidInput, "write file", why).with_fix("leave one of them out"));
        }
        args.mode.as_deref().map(parse_mode).transpose()?;
        let mut notes = Vec::new();
        if replaces {
            notes.push("a file of that name is replaced; undo gives it back".to_owned());
        }
        if args.even_unread {
            notes.push("it is replaced whatever is in it by now".to_owned());
        }
        let title = format!("write {} ({})", shown(args.path.as_str()), count(args.text.len(), "byte"));
        // A numbered name is not known before: then the folder is what is touched.
        let path = if args.if_exists == IfExists::Number { folder } else { args.path.clone() };
        Ok(Effects::changes([path]).showing(Preview { title, notes, ..Preview::default() }))
    }

    async fn run(&self, args: WriteArgs, ctx: ToolContext) -> Result<ToolOutput> {
        let label = Label::file(args.path.as_str());
        let known = match args.stamp {
            Some(stamp) => Known::Stamp(stamp),
            None if args.even_unread => Known::Nothing,
            None => Known::Seen,
        };
        let mode = args.mode.as_deref().map(parse_mode).transpose()?;
        let clash = match args.if_exists {
            IfExists::Skip => Clash::Skip,
            IfExists::Number => Clash::Number,
            IfExists::Replace => Clash::Replace,
        };
        let content = Content::Bytes(args.text.into_bytes());
        let write = Write { clash, known, may_shrink: args.may_shrink, mode, ..Write::new(args.path.clone(), content) };
        let change = Change::Write(write);
        let changed = if args.if_exists == IfExists::Replace {
            one(&ctx, change, &fix(&args.path, args.may_shrink)).await?
        } else {
            let files = ctx.files()?;
            let changed = files.change(vec![change], ctx.watch.clone()).await?;
            // Left out although nothing is there: not because its name is taken.
            let left = changed.otherwise.first().filter(|o| o.renamed.is_none());
            if let Some(left) = left
                && files.stat(left.path.clone()).await.is_err()
            {
                let other = "choose another path: a shorter name, in a folder that is there or can be made";
                return Err(Error::new(Kind::Conflict, "write file", left.reason.clone())
                    .with("path", left.path.as_str())
                    .with_fix(if left.reason.contains("permission") { LET } else { other }));
            }
            changed
        };
        Ok(told(&changed, "file", "written", label))
    }
}

fn fix(path: &FilePath, may_shrink: bool) -> String {
    let mut fix = format!(
        "read `{path}` (again) with `read_file`, then decide again, with its `stamp` as it was given if with any; \
             `if_exists`: `number` keeps both"
    );
    if !may_shrink {
        fix.push_str("; if it is meant to lose more than half of its content, say `may_shrink`");
    }
    fix
}
