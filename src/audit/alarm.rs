//! The alarm of a running server: the breaks of the audit that it has found, for its health check and for verifications.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use crate::audit::breaks::AuditBreak;
use crate::audit::chain::Head;
use crate::audit::verify::{AuditEvidence, AuditFlaw};
use crate::time::Timestamp;

/// The state of the audit as the sealing task of this server knows it. Clones share it.
#[derive(Clone, Default)]
pub struct AuditAlarm(Arc<Mutex<AlarmState>>);

#[derive(Default)]
struct AlarmState {
    breaks: BTreeSet<AuditBreak>,
    head: Option<Head>,
    caught_up_at: Option<Timestamp>,
    anchor_fails: bool,
}

impl AuditAlarm {
    /// Raises the alarm. It stays raised until the server ends.
    pub fn found(&self, broken: AuditBreak) {
        self.change(|state| {
            state.breaks.insert(broken);
        });
    }

    /// Sets the end of the chain as the server knows it and, if no record was waiting for its seal, the time of that.
    pub fn sealed_to(&self, head: Option<Head>, caught_up_at: Option<Timestamp>) {
        self.change(|state| {
            state.head = head;
            state.caught_up_at = caught_up_at.or(state.caught_up_at);
        });
    }

    /// Sets whether the anchor cannot be written.
    pub fn anchor_fails(&self, fails: bool) {
        self.change(|state| state.anchor_fails = fails);
    }

    /// Returns the codes of what an operator must look into.
    pub fn warnings(&self) -> Vec<&'static str> {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let warnings = [(!state.breaks.is_empty(), "audit_break"), (state.anchor_fails, "audit_anchor_not_written")];
        warnings.into_iter().filter_map(|(is_raised, warning)| is_raised.then_some(warning)).collect()
    }

    /// Returns the knowledge of this server for a verification.
    pub fn evidence(&self) -> AuditEvidence {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        AuditEvidence {
            heads: state.head.into_iter().collect(),
            flaws: state.breaks.iter().map(|_| (AuditFlaw::Broken, None)).collect(),
            codes_required: true,
            caught_up_at: state.caught_up_at,
        }
    }

    fn change(&self, change: impl FnOnce(&mut AlarmState)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}
