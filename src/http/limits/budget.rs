//! Budgets: what is counted together.

/// The budgets that calls are taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumIter, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Budget {
    /// Calls without a sign-in.
    Anonymous,
    /// Calls that read.
    Read,
    /// Calls that write.
    Write,
    /// Searches for people.
    Search,
    /// Sign-ins that fail.
    SignIn,
}
