//! Whether a yes to an offer came after an earlier no. This is the result for which a municipality goes out into the districts.
//!
//! All answers that a family ever gave count, in the order of their time. An offer without a known family is judged by its own
//! answers alone.

use crate::id::{AnswerId, OfferId, ServiceId};
use crate::outreach::codes::OfferAnswer;
use crate::time::Timestamp;

/// One of the answers that a family gave to offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FamilyAnswer {
    /// The offer that was answered.
    pub offer: OfferId,
    /// The service that was offered.
    pub service: ServiceId,
    /// When the answer was given.
    pub at: Timestamp,
    pub id: AnswerId,
    pub answer: OfferAnswer,
}

/// Whether an offer's last answer is a yes that came after an earlier no.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AfterDecline {
    /// Whether the last answer is a yes and there was an earlier no to the same service.
    pub same_service: bool,
    /// Whether the last answer is a yes and there was an earlier no to any service.
    pub any_service: bool,
}

/// Judges whether an offer was accepted after a no. `answers` are all answers of the offer's family, in any order, or the offer's
/// own answers if it has no known family.
pub fn after_decline(offer: OfferId, answers: &[FamilyAnswer]) -> AfterDecline {
    let own = answers.iter().filter(|asked| asked.offer == offer).max_by_key(|asked| (asked.at, asked.id));
    let Some(current) = own.filter(|asked| asked.answer == OfferAnswer::Accepted) else {
        return AfterDecline::default();
    };
    let mut earlier_noes = answers
        .iter()
        .filter(|asked| asked.answer == OfferAnswer::Declined && (asked.at, asked.id) < (current.at, current.id))
        .peekable();
    let any_service = earlier_noes.peek().is_some();
    AfterDecline { same_service: earlier_noes.any(|asked| asked.service == current.service), any_service }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use uuid::Uuid;

    /// The verdicts of a second, simpler method: it goes through the answers in the order of their time, and remembers the declined
    /// services and the current verdict on each offer.
    fn told(offers: &[(OfferId, ServiceId)], history: &[FamilyAnswer]) -> Vec<AfterDecline> {
        let mut history = history.to_vec();
        history.sort_by_key(|asked| (asked.at, asked.id));
        let mut declined: Vec<ServiceId> = Vec::new();
        let mut standing: Vec<(OfferId, AfterDecline)> = Vec::new();
        for asked in history {
            let verdict = match asked.answer {
                OfferAnswer::Accepted => {
                    AfterDecline { same_service: declined.contains(&asked.service), any_service: !declined.is_empty() }
                }
                _ => AfterDecline::default(),
            };
            if asked.answer == OfferAnswer::Declined {
                declined.push(asked.service);
            }
            standing.retain(|(offer, _)| *offer != asked.offer);
            standing.push((asked.offer, verdict));
        }
        let verdict = |(offer, _): &(OfferId, ServiceId)| {
            standing.iter().find(|(known, _)| known == offer).map(|(_, verdict)| *verdict).unwrap_or_default()
        };
        offers.iter().map(verdict).collect()
    }

    proptest! {
        #[test]
        fn it_is_what_somebody_would_tell_who_was_there_each_time(
            services in proptest::collection::vec(0_u128..3, 1..6),
            answers in proptest::collection::vec((any::<prop::sample::Index>(), 0_i64..8, 0_usize..4), 0..20),
        ) {
            let offers: Vec<(OfferId, ServiceId)> = services
                .iter()
                .enumerate()
                .map(|(number, service)| (OfferId::from_uuid(Uuid::from_u128(number as u128)), ServiceId::from_uuid(Uuid::from_u128(*service))))
                .collect();
            let kinds = [OfferAnswer::Accepted, OfferAnswer::Declined, OfferAnswer::Thinking, OfferAnswer::NotAnswered];
            let history: Vec<FamilyAnswer> = answers
                .iter()
                .enumerate()
                .map(|(number, (which, at, kind))| {
                    let (offer, service) = offers[which.index(offers.len())];
                    let at = Timestamp::from_micros(*at).unwrap();
                    FamilyAnswer { offer, service, at, id: AnswerId::from_uuid(Uuid::from_u128(number as u128)), answer: kinds[*kind] }
                })
                .collect();
            let judged: Vec<AfterDecline> = offers.iter().map(|(offer, _)| after_decline(*offer, &history)).collect();
            prop_assert_eq!(judged, told(&offers, &history));
        }
    }
}
