//! Budgets: what is counted together.

/// What calls are taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumIter, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Budget {
    /// Calls of those who do not sign in.
    Anonymous,
    /// Reading.
    Read,
    /// Writing.
    Write,
    /// Searching for people.
    Search,
    /// Failing to sign in.
    SignIn,
}
