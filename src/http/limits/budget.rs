//! The budgets: the kinds of calls that are counted together.

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
    /// Searches by a signed-in caller: calls of POST to a path that ends in `/search`.
    Search,
    /// Sign-ins that fail, by IP address.
    SignIn,
}
