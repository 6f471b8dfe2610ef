//! Builds the helper that confines commands, which then travels inside whatever this crate is linked into.

use std::{env, error::Error, fs, path::Path, process::Command};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=helper");
    println!("cargo::rustc-check-cfg=cfg(confined, fuzzing)");
    let out = env::var("OUT_DIR")?;
    let is_known = env::var("CARGO_CFG_TARGET_OS")? == "linux" && env::var("CARGO_CFG_TARGET_ARCH")? == "x86_64";
    if !is_known {
        return Ok(());
    }
    let mut rustc = Command::new(env::var("RUSTC")?);
    rustc.args(["--edition", "2024", "--crate-name", "cowork_confine", "--crate-type", "bin", "--deny", "warnings"]);
    rustc.args(["--target", &env::var("TARGET")?, "-C", "opt-level=s", "-C", "panic=abort", "-C", "strip=symbols"]);
    // It needs nothing of the system that it runs on, and is loaded where it says: there is no C library to place it.
    rustc.args(["-C", "relocation-model=static", "-C", "link-arg=-nostdlib", "-C", "link-arg=-nostartfiles"]);
    rustc.args(["-C", "link-arg=-static", "-C", "link-arg=-Wl,--gc-sections,--build-id=none,-z,norelro"]);
    if let Ok(linker) = env::var("RUSTC_LINKER") {
        rustc.args(["-C", &format!("linker={linker}")]);
    }
    let helper = Path::new(&out).join("helper");
    rustc.arg("-o").arg(&helper).arg("helper/main.rs");
    let ran = rustc.output().map_err(|e| format!("rustc can't be run for the helper: {e}"))?;
    if !ran.status.success() {
        return Err(format!("the helper can't be built:\n{}", String::from_utf8_lossy(&ran.stderr)).into());
    }
    fs::metadata(&helper)?;
    println!("cargo::rustc-cfg=confined");
    Ok(())
}
