//! What staff take down: of a contact in the field, for somebody who asks for help, or for a private person who is worried.
//!
//! - Exactly one source, and a kind that fits it. Requests for support come from partner agencies.
//! - Only a private person may stay unknown, and then nothing is written down that leads back to them (JO 2798-2008).
//! - Whoever asks for themselves says so by asking. What comes from a contact needs a consent that was noted.

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

/// A referral as staff make it.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewStaffReferral {
    /// A concern report, of a contact or for a private person; an internal referral, of a contact; or somebody's own request. Requests
    /// for support are sent by partner agencies.
    pub kind: Kind,
    /// How soon somebody must look at it.
    pub urgency: Urgency,
    /// Where it comes from.
    pub source: NewSource,
    /// The office on whose behalf it is made, by its identifier or slug: needed of staff with several offices. Which office gets it
    /// follows from where the child lives.
    ///
    /// @x-example-omit true
    pub office_id: Option<OfficeName>,
    /// A reference of whoever it comes from.
    ///
    /// @x-example-omit true
    pub sender_reference: Option<ConfidentialLine>,
    /// Who reports or asks, where the source does not say so. Of a contact it is you, unless said.
    ///
    /// @x-example-omit true
    pub reporter: Option<Reporter>,
    /// The child or young person.
    pub child: Child,
    /// The guardians, at most two.
    #[schema(max_items = 2)]
    pub guardians: Vec<Guardian>,
    /// Brothers and sisters.
    #[schema(max_items = 20)]
    pub siblings: Vec<Sibling>,
    /// What it is about.
    #[schema(max_items = 17)]
    pub needs: Vec<Need>,
    /// What causes the concern, or what help is asked for.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    pub description: ConfidentialProse,
    /// Whether the child is in acute danger.
    pub acute_danger: Option<bool>,
    /// Whether violence, sexual abuse or honour-related oppression is suspected; guardians are then not told first.
    pub suspected_violence: Option<bool>,
    /// What works well around the child.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    pub protective_factors: Option<ConfidentialProse>,
    /// What support there is already.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    pub existing_support: Option<ConfidentialProse>,
    /// What to think of before contact is taken.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    pub consider_before_contact: Option<ConfidentialProse>,
    /// Whether the guardians know of it.
    pub guardians_informed: GuardiansInformed,
    /// The consent. An internal referral needs one; somebody's own request does not.
    ///
    /// @x-example-omit true
    pub consent: Option<Consent>,
    /// Services that are asked for.
    ///
    /// @x-example-omit true
    #[schema(max_items = 20)]
    pub requested_service_ids: Option<Vec<ServiceId>>,
    /// Whether the reporter wants to know if an inquiry is opened. The law gives that right to mandatory reporters alone (SoL 19
    /// kap. 6 §).
    ///
    /// @x-example-omit true
    pub feedback_requested: Option<bool>,
    /// Whether the reporter can take part in a meeting with the child and the guardians (SoL 19 kap. 5 §).
    ///
    /// @x-example-omit true
    pub willing_to_meet: Option<bool>,
}

/// Where it comes from: exactly one of the three.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewReferralSource)]
pub struct NewSource {
    /// The contact in the field that it is made of.
    ///
    /// @x-example-omit true
    pub outreach_contact_id: Option<OutreachContactId>,
    /// That a young person or a guardian asks for it themselves.
    ///
    /// @x-example-omit true
    pub self_request: Option<bool>,
    /// The private person for whom it is taken down.
    pub private: Option<PrivatePerson>,
}

/// A private person who reports.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PrivatePerson {
    /// Whether they stay unknown. Then nothing about them may be written down, and no trace of the call is kept.
    ///
    /// @example false
    pub anonymous: bool,
    /// Their name; needed unless they stay unknown.
    ///
    /// @personal OSL (2009:400) 26 kap. 5 §
    /// @example "Berit Påhittad"
    pub name: Option<ConfidentialLine>,
    /// Their telephone number.
    ///
    /// @personal OSL (2009:400) 26 kap. 5 §
    /// @example "013-20 00 00"
    pub phone: Option<ConfidentialLine>,
    /// How they know the child.
    ///
    /// @personal OSL (2009:400) 26 kap. 5 §
    /// @example "Granne"
    pub relation: Option<ConfidentialLine>,
}

impl NewStaffReferral {
    /// Whether it is taken down for somebody who stays unknown.
    pub fn is_anonymous(&self) -> bool {
        self.source.private.as_ref().is_some_and(|private| private.anonymous)
    }

    /// What was taken down, if it keeps every rule on the day `today`; `by` is who did.
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
        // Without a source there is enough to tell.
        let origin_told = origin.unwrap_or(Origin::Private);
        matter.judge(kind, origin_told, today, directory, &mut rules);
        rules.finish(origin.map(|origin| TakenDown { matter, kind, origin }))
    }

    fn check_private(&self, private: &PrivatePerson, rules: &mut Rules) {
        if !private.anonymous {
            let named =
                Text::new("is required, unless the reporter stays unknown", "krävs, om anmälaren inte är anonym");
            rules.require(private.name.is_some(), "/source/private/name", named);
            let there = Text::new("stands in the source", "står i källan");
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
                "does not go with a reporter who stays unknown",
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
    /// The one source, if there is exactly one.
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
    /// Whether such a matter comes from there.
    fn makes(self, kind: Kind) -> bool {
        match self {
            Self::Partner(_) => matches!(kind, Kind::ConcernReport | Kind::SupportRequest),
            Self::Contact(_) => matches!(kind, Kind::ConcernReport | Kind::Internal),
            Self::SelfRequest => kind == Kind::SelfRequest,
            Self::Private => kind == Kind::ConcernReport,
        }
    }
}
