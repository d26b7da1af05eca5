//! The limit of open files of the process. Each connection is an open file, and a process may have only about a thousand unless it
//! asks for more.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The number of open files that a server needs besides its connections: for the database, the listeners, the log, and files that
/// are read meanwhile.
const OTHERS: u64 = 256;

/// Raises the process's limit of open files to fit this number of connections, as far as the system allows. If that is not enough,
/// it logs a warning.
pub fn allow(connections: usize) {
    let wanted = u64::try_from(connections).unwrap_or(u64::MAX).saturating_add(OTHERS);
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    // `None` means that there is no limit.
    let Some(current) = current.filter(|current| *current < wanted) else { return };
    let possible = maximum.map_or(wanted, |maximum| maximum.min(wanted));
    let raised = setrlimit(Resource::Nofile, Rlimit { current: Some(possible), maximum });
    let open = if raised.is_ok() { possible } else { current };
    if open < wanted {
        tracing::warn!(
            open,
            wanted,
            "the limit of open files is too low for the number of connections: raise it with `ulimit -n`"
        );
    }
}
