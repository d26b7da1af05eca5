//! Referrals that staff take down: from an outreach contact, for somebody who asks for help, or for a private person who is worried
//! about a child.
//!
//! - A referral has exactly one source, and a kind that fits the source. Requests for support come only from partner agencies.
//! - Only a private person may stay unknown. Then nothing is written down that leads back to the person (JO 2798-2008).
//! - A self-request is its own consent. An internal referral from a contact needs a consent that was written down; a concern report
//!   needs none.

use chrono::NaiveDate;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::directory::Directory;
use crate::error::{Result, Text};
use crate::id::{OutreachContactId, ServiceId};
use crate::referrals::matter::child::Child;
use crate::referrals::matter::consent::Consent;
use crate::referrals::matter::{Guardian, GuardiansInformed, NewReferral, Reporter, SenderKind, Sibling, TakenDown};
use crate::referrals::{Kind, Origin, Urgency};
use crate::rules::Rules;
use crate::services::Need;
use crate::slug::OfficeName;
use crate::vault::{ConfidentialLine, ConfidentialProse};

/// A new referral that a member of staff takes down.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewStaffReferral {
    /// The kind of the referral, which must fit its source: a concern report from a contact or a private person, an internal
    /// referral from a contact, or a self-request. Support requests are refused, since partner agencies send them.
    pub kind: Kind,
    /// The urgency of the referral: how soon somebody must look at it.
    pub urgency: Urgency,
    /// The source of the referral: an outreach contact, a young person or guardian who asks for help, or a private person.
    pub source: NewSource,
    /// The office on whose behalf the referral is made, by its identifier or slug. Required of staff with several offices. The
    /// office that receives the referral follows from where the child lives.
    ///
    /// @x-example-omit true
    pub office_id: Option<OfficeName>,
    /// A reference that the source of the referral uses for the matter. Not allowed for a private person who stays unknown.
    ///
    /// @x-example-omit true
    pub sender_reference: Option<ConfidentialLine>,
    /// The person who reports or asks for help. Not allowed if the source is a private person, who is named there. A concern report
    /// from a contact has you as the reporter, unless you name somebody here.
    ///
    /// @x-example-omit true
    pub reporter: Option<Reporter>,
    /// The child or young person that the referral is about.
    pub child: Child,
    /// The child's guardians, at most two.
    #[schema(max_items = 2)]
    pub guardians: Vec<Guardian>,
    /// The child's brothers and sisters, at most 20.
    #[schema(max_items = 20)]
    pub siblings: Vec<Sibling>,
    /// The areas of need that the referral is about, at most 17.
    #[schema(max_items = 17)]
    pub needs: Vec<Need>,
    /// The cause of the concern, or the help that is asked for, in words.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    pub description: ConfidentialProse,
    /// Whether the child is in acute danger, as far as is known.
    pub acute_danger: Option<bool>,
    /// Whether violence, sexual abuse or honour-related oppression is suspected. If so, the guardians should not be told of the
    /// referral in advance.
    pub suspected_violence: Option<bool>,
    /// The things that work well around the child.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    pub protective_factors: Option<ConfidentialProse>,
    /// The support that the child or the family already has.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    pub existing_support: Option<ConfidentialProse>,
    /// The things that the office should consider before it contacts the family.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    pub consider_before_contact: Option<ConfidentialProse>,
    /// Whether the guardians know of the referral, and the reason if they do not.
    pub guardians_informed: GuardiansInformed,
    /// The consent to the referral. An internal referral needs it, a self-request does not, and a concern report must not have it.
    ///
    /// @x-example-omit true
    pub consent: Option<Consent>,
    /// The identifiers of the services that are asked for, at most 20. Not allowed in a concern report.
    ///
    /// @x-example-omit true
    #[schema(max_items = 20)]
    pub requested_service_ids: Option<Vec<ServiceId>>,
    /// Whether the reporter wants to know if an inquiry is opened. The law gives only mandatory reporters the right to know it
    /// (SoL 19 kap. 6 §).
    ///
    /// @x-example-omit true
    pub feedback_requested: Option<bool>,
    /// Whether the reporter can take part in a meeting with the child and the guardians (SoL 19 kap. 5 §).
    ///
    /// @x-example-omit true
    pub willing_to_meet: Option<bool>,
}

/// The source of a referral that staff take down. Exactly one of the three fields is given.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewReferralSource)]
pub struct NewSource {
    /// The outreach contact that the referral is made from.
    ///
    /// @x-example-omit true
    pub outreach_contact_id: Option<OutreachContactId>,
    /// `true` if a young person or a guardian asks for help themselves.
    ///
    /// @x-example-omit true
    pub self_request: Option<bool>,
    /// The private person who reports a concern, and for whom staff take the referral down.
    pub private: Option<PrivatePerson>,
}

/// A private person who reports a concern to a member of staff.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PrivatePerson {
    /// Whether the private person stays unknown. Then nothing about them may be written down, and the audit does not connect the
    /// report with the call.
    ///
    /// @example false
    pub anonymous: bool,
    /// The private person's name. Required unless they stay unknown.
    ///
    /// @personal OSL (2009:400) 26 kap. 5 §
    /// @example "Berit Påhittad"
    pub name: Option<ConfidentialLine>,
    /// The private person's telephone number.
    ///
    /// @personal OSL (2009:400) 26 kap. 5 §
    /// @example "013-20 00 00"
    pub phone: Option<ConfidentialLine>,
    /// The private person's relation to the child.
    ///
    /// @personal OSL (2009:400) 26 kap. 5 §
    /// @example "Granne"
    pub relation: Option<ConfidentialLine>,
}

impl NewStaffReferral {
    /// Whether the referral is taken down for a private person who stays unknown.
    pub fn is_anonymous(&self) -> bool {
        self.source.private.as_ref().is_some_and(|private| private.anonymous)
    }

    /// Returns the checked content of the referral with its kind and source, or an error that lists every broken rule on the day
    /// `today`. `by` is the name of the member of staff who takes the referral down.
    pub fn taken_down(self, by: ConfidentialLine, today: NaiveDate, directory: &Directory) -> Result<TakenDown> {
        let mut rules = Rules::default();
        let (kind, origin) = (self.kind, self.source.origin());
        let one = Text::new(
            "must have exactly one of outreachContactId, selfRequest and private",
            "måste ha exakt ett av outreachContactId, selfRequest och private",
        );
        rules.require(origin.is_some(), "/source", one);
        let sent = Text::new("is sent by partner agencies", "skickas av samverkansparter");
        rules.require(kind != Kind::SupportRequest, "/kind", sent);
        let fits = kind == Kind::SupportRequest || origin.is_none_or(|origin| origin.makes(kind));
        rules.require(fits, "/kind", Text::new("does not fit the source", "passar inte ihop med källan"));
        if let Some(private) = &self.source.private {
            self.check_private(private, &mut rules);
        }
        let matter = self.into_matter(origin, by);
        // Without a source, the missing source is reported; assuming a private person adds no further problem.
        let origin_told = origin.unwrap_or(Origin::Private);
        matter.judge(kind, origin_told, today, directory, &mut rules);
        rules.finish(origin.map(|origin| TakenDown { matter, kind, origin }))
    }

    fn check_private(&self, private: &PrivatePerson, rules: &mut Rules) {
        if !private.anonymous {
            let named =
                Text::new("is required, unless the reporter stays unknown", "krävs, om anmälaren inte är anonym");
            rules.require(private.name.is_some(), "/source/private/name", named);
            let there = Text::new("is given in the source", "står i källan");
            rules.require(self.reporter.is_none(), "/reporter", there);
            return;
        }
        let leads_back = [
            ("/source/private/name", private.name.is_some()),
            ("/source/private/phone", private.phone.is_some()),
            ("/source/private/relation", private.relation.is_some()),
            ("/reporter", self.reporter.is_some()),
            ("/senderReference", self.sender_reference.is_some()),
            ("/feedbackRequested", self.feedback_requested == Some(true)),
            ("/willingToMeet", self.willing_to_meet == Some(true)),
        ];
        for (pointer, is_there) in leads_back {
            let unknown = Text::new(
                "must not be given for a reporter who stays unknown",
                "går inte ihop med en anmälare som är anonym",
            );
            rules.require(!is_there, pointer, unknown);
        }
    }

    fn into_matter(self, origin: Option<Origin>, by: ConfidentialLine) -> NewReferral {
        let named = |name| Reporter { name, title: None, phone: None, email: None, relation: None };
        let reporter = match (self.source.private, origin) {
            (Some(private), _) => {
                let PrivatePerson { name, phone, relation, .. } = private;
                name.map(|name| Reporter { phone, relation, ..named(name) })
            }
            (None, Some(Origin::Contact(_))) if self.kind == Kind::ConcernReport => {
                self.reporter.or_else(|| Some(named(by)))
            }
            _ => self.reporter,
        };
        NewReferral {
            kind: if self.kind == Kind::ConcernReport { SenderKind::ConcernReport } else { SenderKind::SupportRequest },
            urgency: self.urgency,
            sender_reference: self.sender_reference,
            reporter,
            child: self.child,
            guardians: self.guardians,
            siblings: self.siblings,
            needs: self.needs,
            description: self.description,
            acute_danger: self.acute_danger,
            suspected_violence: self.suspected_violence,
            protective_factors: self.protective_factors,
            existing_support: self.existing_support,
            consider_before_contact: self.consider_before_contact,
            guardians_informed: self.guardians_informed,
            consent: self.consent,
            requested_service_ids: self.requested_service_ids,
            feedback_requested: self.feedback_requested,
            willing_to_meet: self.willing_to_meet,
        }
    }
}

impl NewSource {
    fn origin(&self) -> Option<Origin> {
        let given = [
            self.outreach_contact_id.map(Origin::Contact),
            self.self_request.unwrap_or(false).then_some(Origin::SelfRequest),
            self.private.is_some().then_some(Origin::Private),
        ];
        let mut given = given.into_iter().flatten();
        given.next().filter(|_| given.next().is_none())
    }
}

impl Origin {
    /// Whether a referral of this kind can come from this source.
    fn makes(self, kind: Kind) -> bool {
        match self {
            Self::Partner(_) => matches!(kind, Kind::ConcernReport | Kind::SupportRequest),
            Self::Contact(_) => matches!(kind, Kind::ConcernReport | Kind::Internal),
            Self::SelfRequest => kind == Kind::SelfRequest,
            Self::Private => kind == Kind::ConcernReport,
        }
    }
}
