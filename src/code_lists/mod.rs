//! Code lists: the meaning of each code that the API uses, in Swedish and English.
//!
//! The texts are data (`data/code_lists.json`). A test compares each list with the enum that it describes.

pub mod routes;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::text::Localized;

/// A code list: the codes that a field can have, with their meanings, as in the data file.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CodeList {
    /// The title of the list for readers, such as "Needs and topics".
    pub name: Localized,
    /// The codes of the list, in their usual order.
    #[schema(max_items = 200)]
    pub items: Vec<Code>,
}

/// A code that a field or filter can have, with its meaning.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Code {
    /// The code as it is written in bodies and filters.
    #[schema(max_length = 100, pattern = "^[a-z0-9][a-z0-9_.:-]*$", example = "school_absence")]
    pub code: String,
    /// The meaning of the code, in Swedish.
    #[schema(max_length = 500, example = "Skolfrånvaro")]
    pub sv: String,
    /// The meaning of the code, in English.
    #[schema(max_length = 500, example = "Absence from school")]
    pub en: String,
}

/// All code lists by their names in paths, such as `needs`. The data file is compiled into the program. A test reads
/// it, so the empty default for an unreadable file is never used.
pub static LISTS: LazyLock<BTreeMap<String, CodeList>> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../data/code_lists.json")).unwrap_or_default());

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use strum::IntoEnumIterator;

    fn codes<E: IntoEnumIterator + AsRef<str>>() -> Vec<String> {
        let mut codes: Vec<String> = E::iter().map(|code| code.as_ref().to_owned()).collect();
        codes.sort();
        codes
    }

    #[test]
    fn each_enum_has_its_list_and_each_list_its_enum() {
        let lists: [(&str, Vec<String>); 57] = [
            ("referral-kinds", codes::<crate::referrals::kind::Kind>()),
            ("referral-statuses", codes::<crate::referrals::kind::Status>()),
            ("urgencies", codes::<crate::referrals::kind::Urgency>()),
            ("genders", codes::<crate::people::gender::Gender>()),
            ("age-bands", codes::<crate::people::AgeBand>()),
            ("first-reached-through", codes::<crate::families::FirstReachedThrough>()),
            ("timeline-kinds", codes::<crate::timeline::TimelineKind>()),
            ("protected-identity", codes::<crate::people::protected_identity::ProtectedIdentity>()),
            ("partner-categories", codes::<crate::auth::Category>()),
            ("access-reasons", codes::<crate::audit::AccessReason>()),
            ("audit-outcomes", codes::<crate::audit::AuditOutcome>()),
            ("audit-breaks", codes::<crate::audit::breaks::AuditBreak>()),
            ("audit-break-acceptances", codes::<crate::audit::breaks::BreakAcceptance>()),
            ("client-agents", codes::<crate::audit::client::Agent>()),
            ("partner-statuses", codes::<crate::auth::PartnerStatus>()),
            ("api-key-scopes", codes::<crate::auth::role::Scope>()),
            ("staff-roles", codes::<crate::auth::role::Role>()),
            ("consent-scopes", codes::<crate::referrals::matter::consent::ConsentScope>()),
            ("consent-givers", codes::<crate::referrals::matter::consent::Giver>()),
            ("consent-bases", codes::<crate::referrals::matter::consent::Basis>()),
            ("channels", codes::<crate::outreach::codes::Channel>()),
            ("initiated-by", codes::<crate::outreach::codes::InitiatedBy>()),
            ("place-types", codes::<crate::outreach::codes::PlaceType>()),
            ("outreach-outcomes", codes::<crate::outreach::codes::ContactOutcome>()),
            ("outreach-contact-statuses", codes::<crate::outreach::codes::ContactStatus>()),
            ("participant-roles", codes::<crate::outreach::codes::ParticipantRole>()),
            ("family-knowledge-values", codes::<crate::outreach::codes::KnowledgeValue>()),
            ("family-knowledge-bases", codes::<crate::outreach::codes::KnowledgeBasis>()),
            ("answers", codes::<crate::outreach::codes::OfferAnswer>()),
            ("decline-reasons", codes::<crate::referrals::course::codes::DeclineReason>()),
            ("offer-close-reasons", codes::<crate::outreach::codes::OfferCloseReason>()),
            ("inquiry-decisions", codes::<crate::referrals::course::codes::InquiryChoice>()),
            ("feedback-values", codes::<crate::referrals::course::codes::FeedbackValue>()),
            ("feedback-refusal-reasons", codes::<crate::referrals::course::codes::FeedbackRefusalReason>()),
            ("redirect-reasons", codes::<crate::referrals::course::codes::RedirectReason>()),
            ("hold-reasons", codes::<crate::referrals::course::codes::HoldReason>()),
            ("referral-decline-reasons", codes::<crate::referrals::course::codes::ReferralDeclineReason>()),
            ("extension-reasons", codes::<crate::referrals::course::codes::ExtensionReason>()),
            ("support-outcomes", codes::<crate::referrals::course::codes::SupportOutcome>()),
            ("disclosed-statuses", codes::<crate::referrals::course::codes::DisclosedStatus>()),
            ("referral-actions", codes::<crate::referrals::course::table::Action>()),
            ("message-kinds", codes::<crate::referrals::messages::MessageKind>()),
            ("guardians-informed", codes::<crate::referrals::matter::Informed>()),
            ("withdrawers", codes::<crate::referrals::course::Withdrawer>()),
            ("deadline-kinds", codes::<crate::calendar::DeadlineKind>()),
            ("area-statuses", codes::<crate::areas::AreaStatus>()),
            ("district-statuses", codes::<crate::districts::DistrictStatus>()),
            ("service-statuses", codes::<crate::services::ServiceStatus>()),
            ("service-orientations", codes::<crate::services::Orientation>()),
            ("service-provisions", codes::<crate::services::Provision>()),
            ("assessment-kinds", codes::<crate::services::AssessmentKind>()),
            ("needs", codes::<crate::services::Need>()),
            ("office-kinds", codes::<crate::offices::OfficeKind>()),
            ("office-statuses", codes::<crate::offices::OfficeStatus>()),
            ("accessibility", codes::<crate::offices::Accessibility>()),
            ("resolved-by", codes::<crate::where_to_turn::ResolvedBy>()),
            ("certainties", codes::<crate::where_to_turn::Certainty>()),
        ];
        let held: BTreeSet<&str> = lists.iter().map(|(name, _)| *name).collect();
        // The program has no enum for the actions of the audit or for languages. Both are texts there.
        let data_alone = BTreeSet::from(["audit-actions", "languages"]);
        let all: BTreeSet<&str> = LISTS.keys().map(String::as_str).collect();
        assert_eq!(held.union(&data_alone).copied().collect::<BTreeSet<_>>(), all);
        for (name, expected) in lists {
            let mut listed: Vec<String> = LISTS[name].items.iter().map(|item| item.code.clone()).collect();
            listed.sort();
            assert_eq!(listed, expected, "{name}");
        }
    }
}
