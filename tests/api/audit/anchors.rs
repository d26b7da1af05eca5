//! The anchor outside the database: when it is written, and the starts that it refuses.

use std::fs;
use std::path::{Path, PathBuf};

use diesel::prelude::*;
use diesel::sql_query;
use nara::audit::anchor::comparison;
use nara::audit::anchor::file::{self, Anchor};
use nara::audit::anchor::lines::{AnchorContent, AnchorNote};
use nara::audit::anchor::opening::{AnchorOpening, AnchorSettings, OpenedAudit};
use nara::audit::authorship::RecordKey;
use nara::audit::breaks::{AuditBreak, BreakAcceptance};
use nara::audit::chain::{Seal, Sealer};
use nara::audit::seal::{Sealing, SealingStep};
use nara::audit::verify::{AuditFlaw, Walk};
use nara::audit::{self, Actor, Entry, actions};
use nara::db::schema::{audit_records, audit_seals};
use nara::db::{Db, DbConn, Sizes, migrations};
use nara::error::Result;
use nara::moment::Moment;
use nara::time::{Random, Timestamp};

use super::forgeries::anchored;
use super::seals::{all_records, insert_by_hand, seals};
use crate::support::clock::TestClock;
use crate::support::{EmptyDatabase, TestApp, credentials, databases, fixtures};

fn sealer() -> Sealer {
    Sealer::with(credentials::vault().ring())
}

fn read(path: &Path) -> AnchorContent {
    file::read(path, &sealer().anchor_key).unwrap()
}

/// A migrated database without a server, and the place of its anchor.
struct Place {
    // The database's handle comes before the database, because fields are dropped in order.
    db: Db,
    database: EmptyDatabase,
    anchor: PathBuf,
    clock: TestClock,
}

impl Place {
    fn new(database: EmptyDatabase) -> Self {
        migrations::run(&database.target).unwrap();
        let db = Db::open(&database.target, Sizes::for_target(&database.target)).unwrap();
        Self { database, db, anchor: databases::folder("anchor").join("anchor"), clock: TestClock::new() }
    }

    fn moment(&self) -> Moment {
        Moment { now: self.clock.now().into(), random: Random::system() }
    }

    /// A server starts: it opens its anchor.
    async fn open(&self, acceptance: Option<BreakAcceptance>) -> Result<OpenedAudit> {
        let settings = AnchorSettings { path: Some(self.anchor.clone()), acceptance };
        let (sealer, moment) = (sealer(), self.moment());
        let (db, target, settings) = (&self.db, &self.database.target, &settings);
        AnchorOpening { db, target, settings, sealer: &sealer, moment: &moment }.open().await
    }

    /// Writes and seals some records, and notes the head.
    async fn work(&self) -> Vec<Seal> {
        let mut opened = self.open(None).await.unwrap();
        let (key, moment) = (RecordKey::of(credentials::vault().ring()), self.moment());
        let write = move |conn: &mut DbConn| {
            (0..3).try_for_each(|_| {
                let entry = Entry::new(&key, &moment, Actor::System, actions::REFERRAL_READ, vec![], String::new());
                audit::record(conn, &entry)
            })
        };
        self.db.write(write).await.unwrap();
        let mut sealing = Sealing::new(sealer(), Random::system(), opened.last);
        while sealing.step(&self.db, self.clock.now().into()).await.unwrap() != SealingStep::Nothing {}
        let note = AnchorNote::Head { head: sealing.head().unwrap(), is_caught_up: true };
        opened.anchor.note(note, self.clock.now().into()).unwrap();
        self.seals().await
    }

    async fn seals(&self) -> Vec<Seal> {
        let read = |conn: &mut DbConn| {
            let rows = audit_seals::table.select((audit_seals::seq, audit_seals::record_id, audit_seals::hash));
            Ok(rows.order(audit_seals::seq).load(conn)?)
        };
        self.db.read(read).await.unwrap()
    }

    fn damage(&self, statements: &[&str]) {
        let mut conn = self.database.connect();
        for statement in statements {
            nara::on_backend!(&mut conn, conn => sql_query(*statement).execute(conn)).unwrap();
        }
    }

    /// Takes away the triggers that protect the seals, and runs a statement.
    fn damage_seals(&self, statement: &str) {
        match self.database.backend {
            crate::support::Backend::Sqlite => {
                self.damage(&[
                    "DROP TRIGGER IF EXISTS audit_seals_are_not_changed",
                    "DROP TRIGGER IF EXISTS audit_seals_are_not_removed",
                ]);
            }
            crate::support::Backend::Postgres => {
                self.damage(&["DROP TRIGGER IF EXISTS audit_seals_are_not_changed ON audit_seals"]);
            }
        }
        self.damage(&[statement]);
    }

    /// What a verification with the anchor finds.
    fn flaws(&self) -> Vec<AuditFlaw> {
        let mut conn = self.database.connect();
        let evidence = comparison::evidence(&mut conn, &self.database.target, Some(&self.anchor), &sealer()).unwrap();
        let found = Walk::new(sealer(), evidence, self.clock.now().into()).to_end(&mut conn).unwrap();
        found.findings.iter().map(|finding| finding.flaw).collect()
    }

    /// Why a start without an acceptance is refused.
    async fn refusal(&self) -> String {
        self.open(None).await.err().expect("it starts on a broken audit").told()
    }

    async fn recorded(&self, action: &'static str) -> Vec<Option<String>> {
        let read = move |conn: &mut DbConn| {
            let rows = audit_records::table.filter(audit_records::action.eq(action)).order(audit_records::id);
            Ok(rows.select(audit_records::reason).load(conn)?)
        };
        self.db.read(read).await.unwrap()
    }
}

on_both_databases! {
    async fn the_head_is_noted_within_a_minute_and_at_the_stop(app: TestApp) {
        let first = anchored(&app).await.last().unwrap().head().unwrap();
        app.submitted(fixtures::concern_report()).await;
        let second = anchored(&app).await.last().unwrap().head().unwrap();
        assert!(second.seq > first.seq);
        app.submitted(fixtures::concern_report()).await;
        app.caseworker().get("/referrals").await.expect(200);
        let (anchor, count) = (app.anchor.clone(), all_records(&app).await);
        app.stop_gracefully().await;
        let content = read(&anchor);
        let heads: Vec<i64> = content.lines.iter().filter_map(|line| match line.note {
            AnchorNote::Head { head, .. } => Some(head.seq),
            _ => None,
        }).collect();
        assert!(heads.is_sorted() && heads.contains(&first.seq) && heads.contains(&second.seq), "{heads:?}");
        assert_eq!(heads.last(), Some(&i64::try_from(count).unwrap()), "the rest is sealed and noted at the stop");
        assert_eq!(content.lines[0].note, AnchorNote::Made);
    }

    async fn each_server_has_its_anchor_and_its_making_is_recorded(app: TestApp) {
        let other = app.another_server().await;
        assert_ne!(read(&app.anchor).header.id, read(&other.anchor).header.id);
        assert_eq!(read(&app.anchor).header.database, read(&other.anchor).header.database);
        let list = app.auditor().get("/audit-records?action=audit.anchor_made").await.expect(200);
        let named: Vec<&str> = list["items"].as_array().unwrap().iter().map(|record| record["resourceIds"][0].as_str().unwrap()).collect();
        assert_eq!(named.len(), 2, "{list}");
        for anchor in [&app.anchor, &other.anchor] {
            assert!(named.contains(&read(anchor).header.id.to_string().as_str()));
        }
        assert!(!list.to_string().contains(app.anchor.to_str().unwrap()), "a path is told");
    }

    async fn an_anchor_that_somebody_changes_under_a_running_server_is_a_break(app: TestApp) {
        anchored(&app).await;
        fs::write(&app.anchor, "nothing").unwrap();
        app.submitted(fixtures::concern_report()).await;
        anchored_again(&app).await;
        assert_eq!(app.anyone().get("//health/ready").await.expect(200)["warnings"], serde_json::json!(["audit_break"]));
        let list = app.auditor().get("/audit-records?action=audit.break").await.expect(200);
        assert_eq!(list["items"][0]["reason"], "anchor_changed");
        let notes: Vec<AnchorNote> = read(&app.anchor).lines.iter().map(|line| line.note).collect();
        assert!(notes.contains(&AnchorNote::Break(AuditBreak::AnchorChanged)), "{notes:?}");
        assert!(!seals(&app).await.is_empty());
    }

    async fn a_sound_audit_starts_again_and_has_nothing_to_accept(empty: EmptyDatabase) {
        let place = Place::new(empty);
        place.work().await;
        place.work().await;
        assert_eq!(place.flaws(), []);
        assert_eq!(place.recorded("audit.anchor_made").await.len(), 1);
        let said = place.open(Some(BreakAcceptance::Investigated)).await.err().unwrap().told();
        assert!(said.contains("no break to accept"), "{said}");
        drop(place.open(None).await.unwrap());
    }

    async fn a_chain_that_is_shorter_than_the_anchor_starts_only_if_that_is_accepted(empty: EmptyDatabase) {
        let place = Place::new(empty);
        let whole = place.work().await;
        let last = whole.last().unwrap().seq;
        place.damage_seals(&format!("DELETE FROM audit_seals WHERE seq >= {}", last - 1));
        let said = place.refusal().await;
        assert!(said.contains(&format!("cut (seal {last})")) && said.contains("--accept-audit-break"), "{said}");
        assert!(place.flaws().contains(&AuditFlaw::Cut), "{:?}", place.flaws());
        assert!(place.recorded("audit.break_accepted").await.is_empty(), "a refused start has written something");

        drop(place.open(Some(BreakAcceptance::BackupRestored)).await.unwrap());
        assert_eq!(place.recorded("audit.break_accepted").await, [Some("backup_restored".to_owned())]);
        let seals = place.seals().await;
        assert_eq!(seals.last().unwrap().seq, last + 1, "the acceptance is sealed at once, after what waited for a seal");
        let notes: Vec<AnchorNote> = read(&place.anchor).lines.iter().map(|line| line.note).collect();
        assert_eq!(notes.last(), Some(&AnchorNote::Accepted(BreakAcceptance::BackupRestored)));
        // After that all is well, and the acceptance holds for once.
        place.work().await;
        assert_eq!(place.flaws(), []);
        place.damage_seals("DELETE FROM audit_seals");
        assert!(place.refusal().await.contains("cut"));
    }

    async fn a_chain_that_is_another_than_the_anchors_is_refused(empty: EmptyDatabase) {
        let place = Place::new(empty);
        let last = place.work().await.last().unwrap().seq;
        place.damage_seals(&format!("UPDATE audit_seals SET seq = seq + 1000 WHERE seq = {last}"));
        assert!(place.refusal().await.contains("cut (seal "));
    }

    async fn a_missing_or_damaged_anchor_is_refused_and_a_new_one_made_if_that_is_accepted(empty: EmptyDatabase) {
        let place = Place::new(empty);
        place.work().await;
        let first = read(&place.anchor).header.id;
        fs::remove_file(&place.anchor).unwrap();
        assert!(place.refusal().await.contains("anchor_missing"));
        assert_eq!(place.flaws(), [AuditFlaw::AnchorMissing]);
        drop(place.open(Some(BreakAcceptance::AnchorLost)).await.unwrap());
        let second = read(&place.anchor).header.id;
        assert_ne!(first, second);
        assert_eq!(place.recorded("audit.anchor_made").await.len(), 2);
        place.work().await;
        assert_eq!(place.flaws(), []);

        let text = fs::read_to_string(&place.anchor).unwrap();
        fs::write(&place.anchor, text.replacen("made", "mead", 1)).unwrap();
        assert!(place.refusal().await.contains("anchor_changed"));
        assert_eq!(place.flaws(), [AuditFlaw::AnchorChanged]);
        drop(place.open(Some(BreakAcceptance::AnchorLost)).await.unwrap());
        // What was there is kept for an investigation.
        let kept = fs::read_dir(place.anchor.parent().unwrap()).unwrap().map(|entry| entry.unwrap().file_name());
        assert!(kept.into_iter().any(|name| name.to_str().unwrap().contains("set-aside")));
        place.work().await;
        assert_eq!(place.flaws(), []);
    }

    async fn an_anchor_of_another_database_is_refused(empty: EmptyDatabase) {
        let place = Place::new(empty);
        place.work().await;
        place.damage(&["DELETE FROM database_identity"]);
        assert!(place.flaws().contains(&AuditFlaw::Replaced), "{:?}", place.flaws());
        assert!(place.refusal().await.contains("replaced"));
        drop(place.open(Some(BreakAcceptance::DatabaseMoved)).await.unwrap());
        assert_eq!(place.flaws(), []);
    }

    async fn two_servers_do_not_share_an_anchor(empty: EmptyDatabase) {
        let place = Place::new(empty);
        place.work().await;
        let running = place.open(None).await.unwrap();
        assert!(place.refusal().await.contains("another server uses it"));
        drop(running);
        drop(place.open(None).await.unwrap());
    }

    async fn what_an_older_version_of_the_program_left_is_sealed_once_and_never_again(empty: EmptyDatabase) {
        let place = Place::new(empty);
        // An older version wrote records without codes, and sealed all but the last ones.
        let now = place.clock.now();
        let insert = move |conn: &mut DbConn| (0..3).map(|_| Ok(insert_by_hand(conn, now)?)).collect::<Result<Vec<_>>>();
        place.db.write(insert).await.unwrap();
        drop(place.open(None).await.unwrap());
        assert_eq!(place.seals().await.len(), 3, "they are sealed");
        place.work().await;
        assert_eq!(place.flaws(), []);
        // From now on such a record is an inserted one.
        place.db.write(insert).await.unwrap();
        let sealed = place.seals().await.len();
        let opened = place.open(None).await.unwrap();
        let mut sealing = Sealing::new(sealer(), Random::system(), opened.last);
        let step = sealing.step(&place.db, now.into()).await.unwrap();
        assert_eq!(step, SealingStep::Broken(AuditBreak::RecordUnproven));
        assert_eq!(place.seals().await.len(), sealed + 1, "only the record of the break is sealed");
        assert_eq!(place.flaws(), [AuditFlaw::Inserted; 3]);
        // Another server, or the next start, does not report the same records again.
        let mut sealing = Sealing::new(sealer(), Random::system(), None);
        assert_eq!(sealing.step(&place.db, now.into()).await.unwrap(), SealingStep::Nothing);
    }
}

/// Waits until the anchor can be read again.
async fn anchored_again(app: &TestApp) {
    let begun = std::time::Instant::now();
    while file::read(&app.anchor, &sealer().anchor_key).is_err() {
        assert!(begun.elapsed() < std::time::Duration::from_secs(30), "the anchor is not written again");
        app.clock.advance(std::time::Duration::from_secs(31));
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

#[test]
fn an_anchor_that_is_opened_again_goes_on_where_it_ended() {
    let path = databases::folder("anchor").join("anchor");
    let id = uuid::Uuid::from_u128(7);
    let header = nara::audit::anchor::lines::AnchorHeader {
        id: nara::id::AnchorId::from_uuid(id),
        database: nara::id::DatabaseId::from_uuid(id),
        place: [0; 32],
    };
    let at: Timestamp = TestClock::new().now().into();
    let key = sealer().anchor_key;
    drop(Anchor::make(&path, &key, header, at).unwrap());
    for _ in 0..3 {
        Anchor::open(&path, &key).unwrap().note(AnchorNote::Break(AuditBreak::SealsChanged), at).unwrap();
    }
    assert_eq!(read(&path).lines.len(), 4);
}
