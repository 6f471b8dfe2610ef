//! A key in a real keyring: GNOME's, on a session bus of its own.

use std::{fs, os::unix::fs::PermissionsExt, process::Command};

use crate::{
    KEY, TASK, organised, service,
    support::{Place, Said},
    tidy, write,
};

/// Runs a script of commands beside a keyring that is unlocked and empty. None where this computer has no such keyring.
fn beside_a_keyring(place: &Place, script: &str) -> Option<Said> {
    let has = |program: &str| {
        std::env::var_os("PATH").is_some_and(|p| std::env::split_paths(&p).any(|d| d.join(program).is_file()))
    };
    if !has("dbus-run-session") || !has("gnome-keyring-daemon") {
        assert!(std::env::var_os("CI").is_none(), "CI has a keyring");
        return None;
    }
    let run = place.home().join("run");
    fs::create_dir_all(&run).unwrap();
    fs::set_permissions(&run, fs::Permissions::from_mode(0o700)).unwrap();
    // It runs in the foreground of its session, which ends with the script: nothing of it stays behind.
    let all = format!("printf secret | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1; {script}");
    let mut command = Command::new("dbus-run-session");
    command.args(["--", "sh", "-c", &all]).env_clear().env("PATH", std::env::var_os("PATH").unwrap());
    command.env("HOME", place.home()).env("COWORK_DATA", place.data()).env("XDG_RUNTIME_DIR", &run);
    command.env("COWORK", env!("CARGO_BIN_EXE_cowork")).env("FOLDER", &place.folder).env("KEY", KEY).env("TASK", TASK);
    Some(command.output().unwrap().into())
}

#[test]
fn a_key_is_kept_in_the_systems_keyring_found_there_and_taken_away() {
    let (place, service) = (Place::with_files(), service(tidy()));
    let text = format!(
        "model = \"mine\"\n[models.mine]\nservice = \"anthropic\"\nmodel = \"m\"\nbase = \"{}\"\n",
        service.url()
    );
    write(&place, &text);
    let script = "printf %s \"$KEY\" | \"$COWORK\" models key set mine && unset KEY && \
                  \"$COWORK\" models && \
                  \"$COWORK\" run --folder \"$FOLDER\" --mode auto \"$TASK\" && \
                  \"$COWORK\" models key remove mine && ! \"$COWORK\" models key remove mine";
    let Some(said) = beside_a_keyring(&place, script) else { return };
    let said = said.ends(0).says("Kept the key of mine in the system's keyring").says("key from the keyring (mine)");
    let said = said
        .says("I brought a.pdf")
        .says("Removed the key of mine from the system's keyring")
        .says("no key named mine is kept");
    assert!(organised(&place));
    assert!(!format!("{}{}", said.out, said.err).contains(KEY));
    assert!(!place.home().join(".config/cowork/keys").exists(), "it is in the keyring alone");
}
