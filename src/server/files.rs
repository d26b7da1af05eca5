//! A connection is an open file, and a process may have a thousand of them or so unless it asks for more.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// For the database, the listeners, the log and whatever is read meanwhile.
const OTHERS: u64 = 256;

/// Asks for so many connections, as far as whoever started the program lets it.
pub fn allow(connections: usize) {
    let wanted = u64::try_from(connections).unwrap_or(u64::MAX).saturating_add(OTHERS);
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    // Nothing is no limit.
    let Some(current) = current.filter(|current| *current < wanted) else { return };
    let possible = maximum.map_or(wanted, |maximum| maximum.min(wanted));
    let raised = setrlimit(Resource::Nofile, Rlimit { current: Some(possible), maximum });
    let open = if raised.is_ok() { possible } else { current };
    if open < wanted {
        tracing::warn!(
            open,
            wanted,
            "the process may have fewer open files than the server takes connections: raise `ulimit -n`"
        );
    }
}
