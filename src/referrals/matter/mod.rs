//! The matter of a referral: the content that its sender writes, and the rules that the content must keep.
//!
//! - Each referral is about one child, and must tell enough to find the child.
//! - A concern report needs no consent and must not carry one. A partner agency, which reports with an API key, must name its
//!   reporter. Only a private person may stay anonymous, by reporting to a member of staff (SoL 19 kap. 1 and 4 §§).
//! - A support request needs consent, from the guardian or from the child, depending on the child's age (SoL 21 kap. 1-2 §§).

pub mod child;
pub mod consent;
pub mod corrections;
mod in_words;
pub mod staff_matter;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::directory::Directory;
use crate::error::{Problem, Result, Text};
use crate::id::ServiceId;
use crate::people::{ConfidentialNumber, names};
use crate::referrals::matter::child::Child;
use crate::referrals::matter::consent::Consent;
use crate::referrals::{Kind, Origin, Urgency};
use crate::rules::{Rules, check_year};
use crate::services::Need;
use crate::vault::{self, ConfidentialLine, ConfidentialProse};

/// A new referral as a partner agency sends it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewReferral {
    /// The kind of the referral: a concern report (orosanmälan) or a support request (förfrågan om stöd).
    pub kind: SenderKind,
    /// The urgency of the referral: how soon somebody must look at it. In an emergency call 112 as well: referrals are read when
    /// the office is open.
    pub urgency: Urgency,
    /// The sender's own reference for the referral, which the receipt shows again.
    ///
    /// @example "2026-117"
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub sender_reference: Option<ConfidentialLine>,
    /// The person at the agency who makes the referral. Required for a concern report.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reporter: Option<Reporter>,
    /// The child or young person that the referral is about.
    pub child: Child,
    /// The child's guardians, at most two.
    #[schema(max_items = 2)]
    pub guardians: Vec<Guardian>,
    /// The child's brothers and sisters, at most 20. The office decides whether a sibling who is also concerned gets a separate
    /// report. Where you are obliged to report a sibling, send a separate report yourself.
    #[schema(max_items = 20)]
    pub siblings: Vec<Sibling>,
    /// The areas of need that the referral is about, at most 17.
    #[schema(max_items = 17)]
    pub needs: Vec<Need>,
    /// The cause of the concern, or the help that is asked for, in the sender's words.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Borta från skolan i tre veckor."
    #[serde(serialize_with = "vault::disclose")]
    pub description: ConfidentialProse,
    /// Whether the child is in acute danger, as the sender judges it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acute_danger: Option<bool>,
    /// Whether violence, sexual abuse or honour-related oppression is suspected. If so, the guardians should not be told of the
    /// referral in advance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suspected_violence: Option<bool>,
    /// The things that work well around the child.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub protective_factors: Option<ConfidentialProse>,
    /// The support that the child or the family already has.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub existing_support: Option<ConfidentialProse>,
    /// The things that the office should consider before it contacts the family.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub consider_before_contact: Option<ConfidentialProse>,
    /// Whether the guardians know of the referral, and the reason if they do not.
    pub guardians_informed: GuardiansInformed,
    /// The consent of the child or a guardian. A support request needs it; a concern report must not have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consent: Option<Consent>,
    /// The identifiers of the services that a support request asks for, at most 20. Not allowed in a concern report.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 20)]
    pub requested_service_ids: Option<Vec<ServiceId>>,
    /// Whether a mandatory reporter wants to know if an inquiry is opened (SoL 19 kap. 6 §). Only a concern report may have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub feedback_requested: Option<bool>,
    /// Whether the reporter can take part in a meeting with the child and the guardians (SoL 19 kap. 5 §). Only a concern report
    /// may have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub willing_to_meet: Option<bool>,
}

/// The kinds of referral that a partner agency may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SenderKind {
    /// A report of concern about a child (orosanmälan), made under a legal duty or by anyone who is worried.
    ConcernReport,
    /// A request for support (förfrågan om stöd), made with the family's consent.
    SupportRequest,
}

impl From<SenderKind> for Kind {
    fn from(kind: SenderKind) -> Self {
        match kind {
            SenderKind::ConcernReport => Self::ConcernReport,
            SenderKind::SupportRequest => Self::SupportRequest,
        }
    }
}

/// The checked content of a referral that a member of staff took down, with the kind and the source of the referral.
#[derive(Debug, Clone)]
pub struct TakenDown {
    pub matter: NewReferral,
    pub kind: Kind,
    pub origin: Origin,
}

/// The person who reports a concern or asks for help.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Reporter {
    /// The name of the person who reports a concern or asks for help.
    ///
    /// @personal OSL (2009:400) 26 kap. 5 §
    /// @example "Karin Påhittad"
    #[serde(serialize_with = "vault::disclose")]
    pub name: ConfidentialLine,
    /// The reporter's job title.
    ///
    /// @personal OSL (2009:400) 26 kap. 5 §
    /// @example "Kurator"
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub title: Option<ConfidentialLine>,
    /// The reporter's telephone number.
    ///
    /// @personal OSL (2009:400) 26 kap. 5 §
    /// @example "013-20 00 00"
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub phone: Option<ConfidentialLine>,
    /// The reporter's e-mail address.
    ///
    /// @personal OSL (2009:400) 26 kap. 5 §
    /// @example "karin.pahittad@nara.example"
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub email: Option<ConfidentialLine>,
    /// The reporter's relation to the child.
    ///
    /// @personal OSL (2009:400) 26 kap. 5 §
    /// @example "Granne"
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub relation: Option<ConfidentialLine>,
}

/// A guardian of the child that a referral is about.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Guardian {
    /// The guardian's given name.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Anna"
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub given_name: Option<ConfidentialLine>,
    /// The guardian's family name.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Påhittad"
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub family_name: Option<ConfidentialLine>,
    /// The guardian's personal identity number.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub personal_identity_number: Option<ConfidentialNumber>,
    /// The guardian's telephone number.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "013-20 00 00"
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub phone: Option<ConfidentialLine>,
    /// Whether the guardian knows of the referral.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[serde(skip_serializing_if = "Option::is_none")]
    pub knows_of_report: Option<bool>,
    /// The language in which the guardian needs an interpreter.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interpreter_language: Option<crate::text::LanguageCode>,
}

/// A brother or sister of the child that a referral is about.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Sibling {
    /// The sibling's given name, or full name.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Saga"
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub name: Option<ConfidentialLine>,
    /// The sibling's year of birth.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1900, maximum = 2200, example = 2016)]
    pub birth_year: Option<u16>,
    /// Whether the concern is also about this sibling.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example false
    pub also_concerned: bool,
}

/// Whether the child's guardians know of the referral, and the reason if they do not.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GuardiansInformed {
    /// Whether the guardians know of the referral: yes, no, or that it is not appropriate for them to know.
    pub informed: Informed,
    /// The reason why the guardians were not told.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Det kan vara farligt för barnet."
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub reason: Option<ConfidentialProse>,
}

/// Whether the guardians were told of the referral.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Informed {
    /// The guardians know of the referral.
    Yes,
    /// The guardians do not know of the referral.
    No,
    /// The guardians should not know of the referral now, for the child's sake.
    NotAppropriate,
}

impl NewReferral {
    /// Checks a new referral that an agency sends or that is made from an outreach contact: it must keep every rule for its kind
    /// and its source on the day `today`, and must not name a registered person.
    pub fn check(&self, kind: Kind, origin: Origin, today: NaiveDate, directory: &Directory) -> Result<()> {
        let mut rules = Rules::default();
        let ours = Text::new("is not a field here", "är inte ett fält här");
        rules.require(self.child.person_id.is_none(), "/child/personId", ours);
        self.judge(kind, origin, today, directory, &mut rules);
        rules.finish(Some(()))
    }

    /// Checks every rule for the kind and the source of the referral on the day `today`, and adds the breaches to `rules`. Unlike
    /// [`Self::check`], it allows a registered person to be named.
    pub fn judge(&self, kind: Kind, origin: Origin, today: NaiveDate, directory: &Directory, rules: &mut Rules) {
        self.child.check(today, directory, rules);
        self.check_around(None, rules);
        rules.list("/needs", &self.needs, 17);
        rules.at_most("/siblings", self.siblings.len(), 20);
        for (index, sibling) in self.siblings.iter().enumerate() {
            check_year(sibling.birth_year, today, &format!("/siblings/{index}/birthYear"), rules);
        }
        match kind {
            Kind::ConcernReport => self.check_concern_report(origin, rules),
            _ => self.check_request(kind, today, directory, rules),
        }
    }

    /// Checks the facts that a correction can change (the child and the guardians), and that no listed sibling is now the child
    /// itself. `before` is the child as it was before the correction. Adds the breaches to `rules`.
    pub fn judge_corrected(&self, before: &Child, today: NaiveDate, directory: &Directory, rules: &mut Rules) {
        self.child.check_corrected(before, today, directory, rules);
        self.check_around(Some(before), rules);
    }

    fn check_around(&self, before: Option<&Child>, rules: &mut Rules) {
        rules.at_most("/guardians", self.guardians.len(), 2);
        let is_child = |sibling: &Sibling| sibling.is(&self.child) && !before.is_some_and(|before| sibling.is(before));
        for index in self.siblings.iter().enumerate().filter(|(_, sibling)| is_child(sibling)).map(|(at, _)| at) {
            let same = Text::new("is the child itself", "är barnet självt");
            rules.require_or(Problem::SiblingIsTheChild, false, format!("/siblings/{index}"), same);
        }
    }

    fn check_concern_report(&self, origin: Origin, rules: &mut Rules) {
        let anonymous = Text::new(
            "is required: an agency's report cannot be anonymous (SoL 19 kap. 1 and 4 §§)",
            "krävs: en organisations anmälan kan inte vara anonym (SoL 19 kap. 1 och 4 §§)",
        );
        rules.require(self.reporter.is_some() || origin.partner().is_none(), "/reporter", anonymous);
        let consent = Text::new(
            "does not belong to a concern report, which needs no consent",
            "hör inte till en orosanmälan, som inte kräver samtycke",
        );
        rules.require(self.consent.is_none(), "/consent", consent);
        let services = Text::new("belongs to a request for support", "hör till en förfrågan om stöd");
        rules.require(self.requested_service_ids.is_none(), "/requestedServiceIds", services);
    }

    fn check_request(&self, kind: Kind, today: NaiveDate, directory: &Directory, rules: &mut Rules) {
        for (pointer, given) in
            [("/feedbackRequested", self.feedback_requested), ("/willingToMeet", self.willing_to_meet)]
        {
            let detail = Text::new(
                "belongs to a concern report (SoL 19 kap. 5-6 §§)",
                "hör till en orosanmälan (SoL 19 kap. 5-6 §§)",
            );
            rules.require(given != Some(true), pointer, detail);
        }
        let requested = self.requested_service_ids.as_deref().unwrap_or_default();
        let known = rules.all_named("/requestedServiceIds", requested, 20, |id| {
            directory.service(*id).map(|service| (*id, service.needs_assessment))
        });
        let all_assessed =
            !requested.is_empty() && known.len() == requested.len() && known.iter().all(|(_, assessed)| *assessed);
        // Without a known birth, the child counts as the youngest.
        let age = self.child.birth().lowest_age(today).unwrap_or(0);
        match &self.consent {
            Some(consent) => consent.check(age, all_assessed, today, rules),
            // A self-request is its own consent, at any age.
            None => {
                let detail = Text::new(
                    "is required: a support request needs consent",
                    "krävs: en förfrågan om stöd kräver samtycke",
                );
                rules.require(kind == Kind::SelfRequest, "/consent", detail);
            }
        }
    }
}

impl Sibling {
    /// Whether the sibling appears to be `child` itself: both have the same name, and their birth years, where known, do not
    /// differ.
    fn is(&self, child: &Child) -> bool {
        let Some(name) = &self.name else { return false };
        let words = names::words(name.reveal().as_ref());
        let year = self.birth_year.map(i32::from);
        let may_be_one = year.is_none_or(|year| child.birth().year().is_none_or(|born| born == year));
        !words.is_empty() && may_be_one && words == names::words(&child.full_name())
    }
}
