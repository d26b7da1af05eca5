//! A further concern report of an agency that has very many open reports about the same child.
//!
//! A duty to report is never refused. But a child whose file one key can fill with thousands of reports is helped by nobody, so
//! from [`open_reports::MOST_OPEN`] open reports on, a further one is taken as a supplement: all its words become messages on the
//! newest open report that covers it, and the agency is told so. The report keeps its deadlines, and the office sees the words where
//! it works. A further report that is more urgent than all open ones, or states or asks for more, is taken in as a report of its own.

use crate::audit::Entry;
use crate::cases::intake::ReferralIntake;
use crate::context::Tx;
use crate::db::{DbConn, stale};
use crate::directory::Directory;
use crate::error::{Error, Result};
use crate::id::PartnerId;
use crate::moment::Moment;
use crate::people::ProtectedIdentity;
use crate::referrals::Referral;
use crate::referrals::matter::NewReferral;
use crate::referrals::messages::MessageKind;
use crate::referrals::messages::store::{self as message_store, SealedMessage};
use crate::referrals::messages::view::WHEREABOUTS;
use crate::referrals::person::whom::ConcernedPerson;
use crate::referrals::sending::open_reports;
use crate::referrals::sending::sender::SenderDeed;
use crate::referrals::sending::writing::DeedWriting;
use crate::referrals::store::SealedReferral;
use crate::vault::{ConfidentialProse, Vault};

/// The way in which a referral that an agency sends is taken, ready to be written.
pub enum SubmissionTaking {
    /// It is stored as a referral of its own. `looked` says whether it was checked before that it need not be a supplement.
    New { intake: Box<ReferralIntake>, sender: PartnerId, number: Option<Vec<u8>>, looked: bool },
    /// It is added to a report that the agency has sent before, with this audit entry.
    Supplement(Box<FurtherReport>, Box<Entry>),
}

/// A further report as a supplement to an open one, sealed (encrypted).
pub struct FurtherReport {
    writing: DeedWriting,
    /// The rest of the words, if they are longer than one message, and the child's whereabouts.
    rest: Vec<SealedMessage>,
    /// The lookup of the child in the register of people, and the protection by which the words were chosen.
    whom: ConcernedPerson,
    protection: ProtectedIdentity,
    /// The open report as it is after the supplement.
    pub after: Referral,
}

/// Returns the newest of the reports `open` that covers the referral `further`, which must be a concern report. `open` are the
/// agency's open reports about the same child, the newest first.
pub fn covering(further: &Referral, open: Vec<SealedReferral>, vault: &Vault) -> Result<Option<Referral>> {
    for report in open {
        let report = report.open(vault)?;
        if report.kind == further.kind && report.covers(further) {
            return Ok(Some(report));
        }
    }
    Ok(None)
}

impl FurtherReport {
    /// Makes the supplement to the open report `before` from the words of the referral `further`, and seals it. `whom` is the lookup
    /// of the child, and `protection` what it found.
    pub fn new(
        before: &Referral,
        (further, whom, protection): (&Referral, ConcernedPerson, ProtectedIdentity),
        sender: PartnerId,
        directory: &Directory,
        vault: &Vault,
        moment: &Moment,
    ) -> Result<Self> {
        let child = further.matter.child.clone().without_whereabouts(ProtectedIdentity::ProtectedRegistration);
        let words = NewReferral { child, ..further.matter.clone() }.in_words()?;
        let mut parts = words.into_iter().chain(whereabouts(&further.matter, protection)?);
        let first = parts.next().ok_or_else(|| Error::internal("a report has no words"))?;
        let effect = SenderDeed::Supplement(first).judge(before, directory, moment.now)?;
        let writing = DeedWriting::new(before, &effect, sender, vault, moment)?;
        let later = |(index, text): (usize, ConfidentialProse)| {
            let message = SealedMessage::by_sender(before.id, (MessageKind::Supplement, &text), sender, vault, moment)?;
            // Messages of one moment have no order, so each part comes a microsecond after the one before it.
            let micros = i64::try_from(index + 1).unwrap_or(i64::MAX);
            let at = moment.now.utc() + chrono::TimeDelta::microseconds(micros);
            Ok(SealedMessage { at: at.into(), ..message })
        };
        let rest = parts.enumerate().map(later).collect::<Result<_>>()?;
        Ok(Self { writing, rest, whom, protection, after: effect.after(before).clone() })
    }

    /// Fails as stale if the child's protection has changed since the words were chosen.
    fn write(&self, conn: &mut DbConn) -> Result<()> {
        if self.whom.hold(conn)?.protection() != self.protection {
            return Err(stale());
        }
        self.writing.write(conn)?;
        self.rest.iter().try_for_each(|message| message_store::insert(conn, message))
    }
}

/// The child's whereabouts as a text of their own. `None` if the report states none. If the child has a protected registration,
/// the text says that they are not stored.
fn whereabouts(matter: &NewReferral, known: ProtectedIdentity) -> Result<Option<ConfidentialProse>> {
    if !matter.child.tells_whereabouts() {
        return Ok(None);
    }
    let said = match matter.child.clone().without_whereabouts(known).tells_whereabouts() {
        true => matter.whereabouts_in_words()?,
        false => "Uppgifterna sparas inte, eftersom barnet har skyddad folkbokföring.".to_owned(),
    };
    let text = format!("{WHEREABOUTS}\n\n{said}").parse();
    let text = text.map_err(|_| Error::internal("the whereabouts in a report break the rules for texts"))?;
    Ok(Some(ConfidentialProse::new(text)))
}

impl SubmissionTaking {
    /// Writes the referral or the supplement, and names in the audit what was written. Fails as stale if what it was judged by has
    /// changed, or if it turns out that the agency has too many open reports about the child.
    pub fn write(&self, tx: &mut Tx<'_>) -> Result<()> {
        match self {
            Self::New { intake, sender, number, looked } => {
                if let Some(number) = number.as_ref().filter(|_| !looked)
                    && open_reports::are_many(tx, *sender, number)?
                {
                    return Err(stale());
                }
                intake.write(tx)?;
                tx.about([intake.id]);
            }
            Self::Supplement(further, entry) => {
                further.write(tx)?;
                tx.record_instead((**entry).clone());
            }
        }
        Ok(())
    }
}
