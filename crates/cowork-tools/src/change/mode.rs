//! Permissions.

use async_trait::async_trait;
use cowork_core::{Change, Effects, Error, FilePath, Kind, Result, ToolContext, ToolOutput, TypedTool};
use schemars::JsonSchema;
use serde::Deserialize;

use super::make;
use crate::show::{check_size, count, folder_of, folders, label, list, touched};

pub(crate) struct SetMode;

/// The arguments of `set_mode`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-seldom" = true))]
pub(crate) struct ModeArgs {
    /// The files and folders themselves, not what is in them; up to 100,000.
    #[schemars(length(min = 1, max = 100_000))]
    paths: Vec<FilePath>,
    /// The permissions for owner, group and others: `rw-r--r--`, or in octal `644`.
    mode: String,
}

#[async_trait]
impl TypedTool for SetMode {
    type Args = ModeArgs;
    const NAME: &'static str = "set_mode";
    const ABOUT: &'static str = "Sets the permissions of files and folders: for instance to make a script run (`rwxr-xr-x`) or a file read-only \
        (`r--r--r--`). Bits that let a program run as its owner can't be set.\n\nGives `made` and `otherwise`: those left as they were, each with \
        `index`, `path` and `reason`.";

    fn effects(&self, args: &ModeArgs) -> Result<Effects> {
        check_size("set permissions", args.paths.len())?;
        let mode = parse_mode(&args.mode)?;
        for path in &args.paths {
            folder_of("set permissions", path)?;
        }
        let paths: Vec<&FilePath> = args.paths.iter().collect();
        let title = format!("set the permissions of {} to {}", count(paths.len(), "file"), spelled(mode));
        Ok(Effects::changes(touched(&paths)).showing(list(title, &paths)))
    }

    async fn run(&self, args: ModeArgs, ctx: ToolContext) -> Result<ToolOutput> {
        let label = label(folders(&args.paths));
        let mode = parse_mode(&args.mode)?;
        let changes = args.paths.into_iter().map(|path| Change::Mode { path, mode }).collect();
        make(&ctx, changes, "file", "given other permissions", label).await
    }
}

/// Reads permissions: nine letters, or three or four octal digits.
pub(crate) fn parse_mode(text: &str) -> Result<u32> {
    let letters = || {
        let fits = text.len() == 9 && text.bytes().zip("rwxrwxrwx".bytes()).all(|(b, full)| b == full || b == b'-');
        fits.then(|| text.bytes().fold(0, |mode, b| mode << 1 | u32::from(b != b'-')))
    };
    let octal = || {
        let fits = matches!(text.len(), 3 | 4) && text.bytes().all(|b| matches!(b, b'0'..=b'7'));
        fits.then(|| u32::from_str_radix(text, 8).ok()).flatten().filter(|mode| *mode <= 0o1777)
    };
    let (letters, octal) = (letters(), octal());
    // `420` is what 644 is in decimal: nobody means that others may do what the owner may not, unless it is spelled out.
    let odd = |mode: u32| (mode >> 3 | mode) & 0o7 & !(mode >> 6) != 0;
    if letters.is_none() && !text.starts_with('0') && octal.is_some_and(odd) {
        let meant = spelled(octal.unwrap_or(0));
        let why = format!("`{text}` would be `{meant}`, by which others may do what the owner may not; is it decimal?");
        return Err(Error::new(Kind::InvalidInput, "set permissions", why).with_fix(format!(
            "say nine letters, as `file_info` gives them: `rw-r--r--`; or `0{text}` if it is meant so"
        )));
    }
    letters.or(octal).ok_or_else(|| {
        let why = format!("`{}` are not permissions that can be set", text.escape_debug());
        Error::new(Kind::InvalidInput, "set permissions", why)
            .with_fix("say nine letters such as `rw-r--r--`, or octal digits such as `644` or `0755`, up to `1777`")
    })
}

/// Spells permissions out: `rw-r--r--`.
fn spelled(mode: u32) -> String {
    let letters = letters(mode);
    if mode & 0o1000 == 0 { letters } else { format!("{letters}, and that only owners remove what is in it") }
}

/// Gives permissions as nine letters; bits beyond them are left out.
pub(crate) fn letters(mode: u32) -> String {
    (0..9).map(|at| if mode >> (8 - at) & 1 == 1 { char::from(b"rwx"[at % 3]) } else { '-' }).collect()
}

#[cfg(test)]
mod tests {
    use super::{parse_mode, spelled};

    #[test]
    fn permissions_are_read_in_letters_and_in_octal() {
        for (text, mode) in [("rw-r--r--", 0o644), ("644", 0o644), ("0755", 0o755), ("1777", 0o1777), ("---------", 0)]
        {
            assert_eq!(parse_mode(text).ok(), Some(mode), "{text}");
        }
        for bad in ["", "rws------", "4755", "99", "00644", "rwx", "u+x", "r-xw-----x"] {
            assert!(parse_mode(bad).is_err(), "{bad}");
        }
        for ambiguous in ["420", "436", "416"] {
            let error = parse_mode(ambiguous).err().map(|e| e.message).unwrap_or_default();
            assert!(error.contains("is it decimal?"), "{error}");
        }
        assert_eq!(parse_mode("0420").ok(), Some(0o420));
        assert_eq!(spelled(0o754), "rwxr-xr--");
    }
}
