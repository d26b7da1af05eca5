//! The configuration of the audit's anchor.

use std::path::PathBuf;

use clap::Args;

use crate::db::Target;

/// The argument that names the anchor's file, for every command that reads or writes it.
#[derive(Debug, Clone, Args)]
pub struct AnchorConfig {
    /// The audit's anchor: a file outside the database in which this server notes the end of the audit, so that it shows when
    /// somebody removes records or puts an older database in place. Required with PostgreSQL; each server needs its own. With
    /// SQLite the default is audit-anchor-ID in the parent of the database's folder
    #[arg(long, env = "NARA_AUDIT_ANCHOR", value_name = "NARA_AUDIT_ANCHOR")]
    pub audit_anchor: Option<PathBuf>,
}

/// The argument by which an operator accepts a break of the audit, for every command that serves.
#[derive(Debug, Clone, Args)]
pub struct AcceptanceConfig {
    /// Start although the audit is not what its anchor says, for this reason, which is recorded and sealed. Use it for one start
    #[arg(long, value_name = "REASON", value_parser = ["backup_restored", "database_moved", "anchor_lost", "investigated"])]
    pub accept_audit_break: Option<String>,
}

impl AnchorConfig {
    /// Returns the configured path of the anchor. Fails if the database needs one and none is configured.
    pub fn path(&self, target: &Target) -> Result<Option<PathBuf>, String> {
        if self.audit_anchor.is_none() && target.file().is_none() {
            return Err("NARA_AUDIT_ANCHOR: is required with PostgreSQL: a file of this server's own, outside the database, for \
                        example /var/lib/nara/audit-anchor"
                .to_owned());
        }
        Ok(self.audit_anchor.clone())
    }
}
