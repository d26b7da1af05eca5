//! The budgets: the kinds of calls that are counted together. The operation that the router chose decides, and never the path as it
//! was written: a path can be written in many ways.

/// A kind of calls that has a rate limit of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumIter, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Budget {
    /// Calls without a sign-in, by IP address.
    Anonymous,
    /// Reading calls of a signed-in caller.
    Read,
    /// Writing calls of a signed-in caller, except searches.
    Write,
    /// Look-ups of somebody by a signed-in caller: see [`LOOK_UPS`].
    Search,
    /// Sign-ins that fail, by IP address.
    SignIn,
}

/// The operations that look somebody up by a name, an identity number or a reference. A reference leads to a person as a name does
/// (förordning 2001:637, 15 §), so both share one budget. A call of another operation in which a named number makes the server
/// look somebody up is charged to it as well: see [`Call::charge_search`](crate::http::call::Call::charge_search).
pub const LOOK_UPS: [&str; 2] = ["searchPeople", "searchReferrals"];
