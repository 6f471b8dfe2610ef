//! The system's keyring: Secret Service on Linux, the keychain on macOS, the credential store on Windows.

use cowork_core::{Error, Kind, Result};
use keyring::Entry;
use zeroize::Zeroizing;

use crate::Secret;

const OP: &str = "use keyring";

/// As whose keys ours are kept.
const SERVICE: &str = "cowork";

/// Gives the key of this name, if it is there.
pub(super) fn get(name: &str) -> Result<Option<Secret>> {
    match entry(name)?.get_password().map(Zeroizing::new) {
        Ok(text) => Ok(Some(Secret::new(&text, format!("the keyring ({name})")))),
        Err(keyring::Error::NoEntry) => Ok(None),
        Err(e) => Err(failed(&e)),
    }
}

/// Keeps a key under this name.
pub(super) fn set(name: &str, text: &str) -> Result<()> {
    entry(name)?.set_password(text).map_err(|e| failed(&e))
}

/// Takes the key of this name away. Says whether there was one; a system without a keyring had none.
pub(super) fn forget(name: &str) -> Result<bool> {
    let Ok(entry) = entry(name) else { return Ok(false) };
    match entry.delete_credential() {
        Ok(()) => Ok(true),
        Err(keyring::Error::NoEntry) => Ok(false),
        Err(e) => Err(failed(&e)),
    }
}

fn entry(name: &str) -> Result<Entry> {
    Entry::new(SERVICE, name).map_err(|e| failed(&e))
}

/// Says what went wrong. What the store holds is not repeated: some of its errors carry it.
fn failed(error: &keyring::Error) -> Error {
    let why = match error {
        keyring::Error::NoStorageAccess(_) => "the system's keyring is locked, or does not let us in",
        keyring::Error::NoDefaultStore => "this system has no keyring that runs",
        keyring::Error::BadEncoding(_) => "what the keyring holds is no text",
        _ => "the system's keyring does not answer as it should",
    };
    Error::new(Kind::Unavailable, OP, why).with_fix("unlock it, or keep the key in a file or in the environment")
}
