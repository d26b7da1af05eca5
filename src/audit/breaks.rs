//! Breaks of the audit: signs that somebody wrote into the audit past the program, which a running server finds, and the
//! reasons for which an operator lets a server go on after one.
//!
//! A running server records a break as `audit.break`, with the code of what it found, and seals that record at once. A start on a
//! broken audit is refused, unless the operator accepts the break with a reason. That is recorded as `audit.break_accepted`.

/// The kind of break that a running server found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[derive(strum::AsRefStr, strum::IntoStaticStr, strum::EnumString, strum::EnumIter)]
#[strum(serialize_all = "snake_case")]
pub enum AuditBreak {
    /// A seal that the server has seen at the end of the chain is gone.
    SealsRemoved,
    /// A seal that the server has seen at the end of the chain has become another one.
    SealsChanged,
    /// A record turned up that the program did not write.
    RecordUnproven,
    /// The anchor's file is not as the server left it.
    AnchorChanged,
}

/// The reason for which an operator accepts a break of the audit, so that the server starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[derive(strum::AsRefStr, strum::IntoStaticStr, strum::EnumString, strum::EnumIter)]
#[strum(serialize_all = "snake_case")]
pub enum BreakAcceptance {
    /// The database was restored from a backup, so its audit ends earlier than the anchor says.
    BackupRestored,
    /// The database was moved or copied to another place, and its anchor was left behind.
    DatabaseMoved,
    /// The anchor's file was lost or damaged.
    AnchorLost,
    /// Somebody wrote into the audit past the program, and the matter has been investigated.
    Investigated,
}
