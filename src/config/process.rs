//! The settings of the process itself: the files that it makes are for nobody else, its memory is never written to a file, and
//! its environment holds no keys.

use std::ffi::OsString;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use rustix::fs::Mode;
use rustix::process::{Resource, Rlimit, setrlimit, umask};
use zeroize::Zeroizing;

/// The variable with the vault's ring of keys.
const KEYS: &str = "NARA_VAULT_KEYS";

/// The value of the variable with the vault's keys that says that the keys are on the standard input.
pub const ON_STDIN: &str = "-";

/// The length in bytes of the longest ring that is handed on through a pipe, which holds at least this much.
const LONGEST: usize = 32 * 1024;

/// Keeps what the process holds from other users: the files that it makes are readable and writable only for its owner, and if
/// it crashes, its memory, with keys and personal data, is not written to a file.
pub fn keep_private() {
    umask(Mode::RWXG | Mode::RWXO);
    // Lowering a limit needs no permission, so this cannot fail.
    let _always_allowed = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
}

/// Starts the program again with the vault's keys on its standard input, if they are in its environment.
///
/// A process cannot wipe its environment: it is memory that the system has filled, and that the system shows to the same user
/// and the administrator (`/proc/PID/environ`). Starting again replaces all of the process's memory. It stays the same process
/// for whoever started it.
///
/// Returns only if nothing had to be done, or with the reason why it could not be done.
pub fn move_keys_out_of_environment() -> Result<(), String> {
    let Some(keys) = std::env::var_os(KEYS).filter(|keys| keys != ON_STDIN).and_then(|keys| keys.into_string().ok())
    else {
        return Ok(());
    };
    let keys = Zeroizing::new(keys);
    if keys.len() > LONGEST {
        return Err("they are too long".to_owned());
    }
    let told = |error: std::io::Error| error.to_string();
    let program = std::env::current_exe().map_err(told)?;
    let (reader, mut writer) = std::io::pipe().map_err(told)?;
    writer.write_all(keys.as_bytes()).map_err(told)?;
    drop(writer);
    let mut arguments = std::env::args_os();
    let name: OsString = arguments.next().unwrap_or_else(|| program.clone().into_os_string());
    let mut again = Command::new(program);
    again.arg0(name).args(arguments).env(KEYS, ON_STDIN).stdin(Stdio::from(reader));
    // It returns only if it fails.
    Err(told(again.exec()))
}
