//! The task of a server that seals the audit, notes the head of the chain in the anchor, and raises the alarm at a break.

use std::sync::Arc;
use std::time::{Duration, Instant};

use strum::IntoEnumIterator;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::audit::alarm::AuditAlarm;
use crate::audit::anchor::file::{Anchor, AnchorFault};
use crate::audit::anchor::lines::AnchorNote;
use crate::audit::breaks::AuditBreak;
use crate::audit::chain::Head;
use crate::audit::seal::{Sealing, SealingStep};
use crate::db::Db;
use crate::error::{Error, Result};
use crate::telemetry::Metrics;
use crate::time::{Clock, Timestamp};

/// The least time between two log entries with the head of the audit's chain. Logs keep the head out of reach of somebody who can
/// change the database.
const HEAD_TOLD_EVERY: Duration = Duration::from_secs(3600);
/// The least time between two notes of the head in the anchor. With the time that sealing takes, a head is noted within a minute.
const NOTED_EVERY_SECONDS: i64 = 30;

/// The task that seals the audit, and what it works on.
pub struct SealingTask {
    db: Db,
    sealing: Sealing,
    /// The anchor, unless writing it has failed in a way that lost it.
    anchor: Option<Anchor>,
    alarm: AuditAlarm,
    metrics: Arc<Metrics>,
    clock: Clock,
    notes: SealingNotes,
}

/// The state of the task between its steps.
#[derive(Default)]
struct SealingNotes {
    /// The time at which the head was last told to the log.
    logged: Option<Instant>,
    /// The head that the anchor has.
    anchored: Option<Head>,
    /// The time at which the head was last noted in the anchor, or that was tried.
    tried_at: Option<Timestamp>,
    /// Whether no record was waiting for its seal.
    is_caught_up: bool,
    /// Whether somebody else has changed the anchor, and it could not be written again yet.
    is_anchor_changed: bool,
}

/// A sealing task that runs.
pub struct RunningSealing {
    task: JoinHandle<()>,
    goes_on: oneshot::Sender<()>,
}

impl RunningSealing {
    /// Lets the task seal what waits for a seal and note the head, and waits for that.
    pub async fn end(self) {
        drop(self.goes_on);
        if self.task.await.is_err() {
            tracing::error!("the sealing of the audit panicked");
        }
    }
}

impl SealingTask {
    /// Makes the task, and sets its counter of breaks to zero for each kind, so that every kind appears in the metrics.
    pub fn new(db: Db, sealing: Sealing, anchor: Anchor, metrics: Arc<Metrics>, clock: Clock) -> Self {
        AuditBreak::iter().for_each(|kind| metrics.count_audit_breaks(kind.into(), 0));
        let (anchor, alarm) = (Some(anchor), AuditAlarm::default());
        Self { db, sealing, anchor, alarm, metrics, clock, notes: SealingNotes::default() }
    }

    /// The alarm that the task raises.
    pub fn alarm(&self) -> AuditAlarm {
        self.alarm.clone()
    }

    pub fn begin(self) -> RunningSealing {
        let (goes_on, stopped) = oneshot::channel();
        RunningSealing { task: tokio::task::spawn_local(self.run(stopped)), goes_on }
    }

    /// Seals new records again and again until `stopped` is told or its sender dropped. Then it seals the rest and notes the head.
    async fn run(mut self, mut stopped: oneshot::Receiver<()>) {
        loop {
            let pause = self.step().await.map_or(Duration::from_secs(5), |(_, pause)| pause);
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = &mut stopped => break,
            }
        }
        while let Some((SealingStep::Sealed { .. } | SealingStep::Broken(_), _)) = self.step().await {}
        self.note_head(true).await;
    }

    /// Takes one step. Returns its result and the pause after it; `None` if it failed.
    async fn step(&mut self) -> Option<(SealingStep, Duration)> {
        let (begun, now) = (Instant::now(), self.clock.now());
        let step = match self.sealing.step(&self.db, now).await {
            Ok(step) => step,
            Err(error) => {
                tracing::warn!(cause = ?error.cause(), "the audit could not be sealed; trying again");
                return None;
            }
        };
        self.notes.is_caught_up = matches!(step, SealingStep::Nothing | SealingStep::Sealed { more: false, .. });
        self.alarm.sealed_to(self.sealing.head(), self.notes.is_caught_up.then_some(now));
        match step {
            SealingStep::Broken(broken) => {
                self.raise(broken);
                self.write(AnchorNote::Break(broken)).await;
            }
            SealingStep::Sealed { head, more: false } => self.log(head),
            _ => {}
        }
        self.note_head(false).await;
        Some((step, step.pause(begun.elapsed())))
    }

    fn log(&mut self, head: Head) {
        if self.notes.logged.is_none_or(|logged| logged.elapsed() >= HEAD_TOLD_EVERY) {
            tracing::info!(%head, "the audit is sealed");
            self.notes.logged = Some(Instant::now());
        }
    }

    fn raise(&self, broken: AuditBreak) {
        tracing::error!(found = broken.as_ref(), "somebody has written into the audit: run `nara audit verify`");
        self.metrics.count_audit_breaks(broken.into(), 1);
        self.alarm.found(broken);
    }

    /// Notes the head in the anchor if it has moved and, unless this is the end, the last note is old enough.
    async fn note_head(&mut self, is_end: bool) {
        let Some(head) = self.sealing.head().filter(|head| self.notes.anchored != Some(*head)) else { return };
        let now = self.clock.now();
        // The clock may have been set back.
        let is_recent = |at: Timestamp| (0..NOTED_EVERY_SECONDS).contains(&(now.utc() - at.utc()).num_seconds());
        if !is_end && self.notes.tried_at.is_some_and(is_recent) {
            return;
        }
        self.notes.tried_at = Some(now);
        if self.write(AnchorNote::Head { head, is_caught_up: self.notes.is_caught_up }).await {
            self.notes.anchored = Some(head);
        }
    }

    /// Writes a note. Returns whether it is on the disk.
    async fn write(&mut self, note: AnchorNote) -> bool {
        let Some(anchor) = self.anchor.take() else { return false };
        let at = self.clock.now();
        match self.in_background(anchor, move |anchor| anchor.note(note, at)).await {
            Ok(Ok(())) => {
                self.alarm.anchor_fails(false);
                true
            }
            Ok(Err(AnchorFault::Changed)) => {
                if let Err(error) = self.restore(at).await {
                    self.fails(&error);
                }
                false
            }
            Ok(Err(fault)) => {
                self.fails(&Error::internal(fault));
                false
            }
            Err(error) => {
                self.fails(&error);
                false
            }
        }
    }

    /// Records that somebody else has changed the anchor, and writes it again.
    async fn restore(&mut self, at: Timestamp) -> Result<()> {
        let broken = AuditBreak::AnchorChanged;
        if !std::mem::replace(&mut self.notes.is_anchor_changed, true) {
            self.raise(broken);
            if let Err(error) = self.sealing.report_break(&self.db, broken, at).await {
                tracing::warn!(cause = ?error.cause(), "the break of the audit could not be recorded");
            }
        }
        let Some(anchor) = self.anchor.take() else { return Ok(()) };
        let restored = self.in_background(anchor, move |anchor| anchor.restore(AnchorNote::Break(broken), at)).await?;
        restored.map_err(Error::internal)?;
        self.notes.is_anchor_changed = false;
        Ok(())
    }

    /// Works on the anchor on another thread, since a disk may be slow, and keeps it afterwards.
    async fn in_background<T: Send + 'static>(
        &mut self,
        mut anchor: Anchor,
        work: impl FnOnce(&mut Anchor) -> T + Send + 'static,
    ) -> Result<T> {
        let work = move || {
            let outcome = work(&mut anchor);
            (anchor, outcome)
        };
        let (anchor, outcome) = tokio::task::spawn_blocking(work).await.map_err(Error::internal)?;
        self.anchor = Some(anchor);
        Ok(outcome)
    }

    fn fails(&self, error: &Error) {
        tracing::error!(cause = ?error.cause(), "the audit's anchor could not be written; trying again");
        self.alarm.anchor_fails(true);
    }
}
