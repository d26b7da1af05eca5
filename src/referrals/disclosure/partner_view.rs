//! The sender's view of a referral, for the office: exactly what the sender sees, and the facts that are withheld with the
//! ground for each.

use serde::Serialize;
use utoipa::ToSchema;

use crate::error::Text;
use crate::referrals::disclosure::receipt::Receipt;
use crate::referrals::disclosure::{self, DisclosedReferral};
use crate::referrals::{Kind, Referral};
use crate::text::Localized;

/// The receipt that the sender of a referral sees, and the facts that are withheld from the sender, for the office to read.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PartnerView)]
pub struct SenderView {
    /// The sender's receipt, as an API key of the sender with all scopes can read it now.
    pub receipt: Receipt,
    /// The facts that are withheld from the sender, at most five.
    #[schema(max_items = 5)]
    pub withheld: Vec<Withheld>,
}

/// A fact about a referral that is withheld from its sender, with the ground for it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Withheld {
    /// The fact that is withheld, in Swedish and English.
    ///
    /// @example {"en": "Whether an inquiry is opened", "sv": "Om en utredning inleds"}
    pub what: Localized,
    /// The ground on which the fact is withheld, in Swedish and English.
    ///
    /// @example {"en": "The office has not told yet", "sv": "Kontoret har inte informerat ännu"}
    pub ground: Localized,
    /// The identifier of the legal reference, if the ground rests on one that the directory has.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 100, example = "sol-19-6")]
    pub legal_basis_id: Option<&'static str>,
}

impl Withheld {
    /// Lists the facts of a referral that are withheld from its sender. `disclosed` is the part that the sender may know.
    pub fn from(referral: &Referral, disclosed: &DisclosedReferral<'_>) -> Vec<Self> {
        let mut withheld = vec![Self {
            what: Text::new(
                "The office's own work: the assignee, notes, attempts, reasons, extended deadlines, other referrals",
                "Kontorets eget arbete: vem som har det, anteckningar, försök, skäl, förlängda frister, andra ärenden",
            )
            .into(),
            ground: Text::new(
                "Secrecy for the individual in social services (OSL 2009:400, 26 kap. 1 §)",
                "Sekretess till skydd för enskild i socialtjänsten (OSL 2009:400, 26 kap. 1 §)",
            )
            .into(),
            legal_basis_id: None,
        }];
        withheld.extend(match referral.kind {
            Kind::ConcernReport => Self::decision(referral, disclosed),
            _ => Self::outcome(referral),
        });
        if disclosed.office != referral.office_id {
            withheld.push(Self {
                what: Text::new("The office that has the referral now", "Vilket kontor som har det nu").into(),
                ground: Text::new(
                    "It would reveal something that the sender may not know: that the referral was passed on, or that an identity is protected",
                    "Det skulle röja det som avsändaren inte får veta: att ärendet lämnats vidare eller att en identitet är skyddad",
                )
                .into(),
                legal_basis_id: None,
            });
        }
        withheld
    }

    fn decision(referral: &Referral, disclosed: &DisclosedReferral<'_>) -> Option<Self> {
        let feedback = &referral.course.feedback;
        let ground = match disclosed.feedback {
            None if disclosure::reports_by_duty(referral) => Text::new(
                "The municipality does not tell this kind of agency about its decisions",
                "Kommunen lämnar inga uppgifter om sina beslut till detta slag av verksamhet",
            ),
            None => Text::new(
                "Only a reporter with a legal duty to report may be told",
                "Endast den som anmält enligt anmälningsskyldigheten får informeras",
            ),
            Some(told) if told.told.is_some() && feedback.answered && feedback.refused.is_none() => return None,
            Some(_) if feedback.refused.is_some() => {
                Text::new("The office has refused to tell", "Kontoret har beslutat att inte informera")
            }
            Some(_) => Text::new("The office has not told yet", "Kontoret har inte informerat ännu"),
        };
        Some(Self {
            what: Text::new("Whether an inquiry is opened", "Om en utredning inleds").into(),
            ground: ground.into(),
            legal_basis_id: Some("sol-19-6"),
        })
    }

    fn outcome(referral: &Referral) -> Option<Self> {
        (!disclosure::learns_the_outcome(referral)).then(|| Self {
            what: Text::new(
                "Whether the office takes on the request, how the work goes, how it ends, and where to turn instead",
                "Om kontoret tar sig an förfrågan, hur arbetet går, hur det slutar och vart man kan vända sig i stället",
            )
            .into(),
            ground: Text::new(
                "No consent covers telling the sender about the progress",
                "Inget samtycke omfattar att avsändaren får veta hur det går",
            )
            .into(),
            legal_basis_id: None,
        })
    }
}
