//! The rules that an outreach contact must keep, as far as they can be judged without the database.
//!
//! Rules that need the database (whether somebody exists, and whether the worker may know of them) are judged when the contact is
//! written: see [`crate::outreach::arrival`].

use crate::directory::Directory;
use crate::error::{Problem, Result, Text};
use crate::id::{DistrictId, OfficeId};
use crate::offices::OfficeStatus;
use crate::outreach::free_text;
use crate::outreach::{Coordinates, NewContact, Participant};
use crate::referrals::Urgency;
use crate::rules::{Rules, in_the_future};
use crate::time::Timestamp;
use crate::vault::ConfidentialProse;

/// The types of problem for which a contact is refused, in addition to errors in its form: breaches of these rules, and identifiers
/// of what does not exist.
pub const PROBLEMS: [Problem; 7] = [
    Problem::UnknownReference,
    Problem::ContactInFuture,
    Problem::BeforeOfficeOpened,
    Problem::DistrictRetired,
    Problem::HeadCountOutOfRange,
    Problem::IdentityNotRecorded,
    Problem::IdentityInText,
];

/// The facts by which a contact is judged, besides its own content.
pub struct ContactSetting<'a> {
    /// The office on whose behalf the contact was made.
    pub office: OfficeId,
    pub directory: &'a Directory,
    pub now: Timestamp,
    /// The content of the contact before a correction; `None` for a new contact. A district that stays the same is accepted even if
    /// it was retired since.
    pub before: Option<&'a NewContact>,
}

impl NewContact {
    /// Checks every rule that can be judged without the database. Returns the district where the contact took place, or an error
    /// with all breaches.
    pub fn check(&self, setting: &ContactSetting) -> Result<DistrictId> {
        let mut rules = Rules::default();
        self.check_time(setting, &mut rules);
        let district = self.check_place(setting, &mut rules);
        self.check_who(&mut rules);
        if let Some(service) = self.service_id {
            rules.named("/serviceId", setting.directory.service(service));
        }
        rules.list("/topics", &self.topics, 17);
        if let Some(follow_up) = &self.follow_up {
            let day = setting.directory.calendar.local_date(self.occurred_at.utc());
            let early = Text::new("must not be before the contact", "får inte ligga före kontakten");
            rules.require(follow_up.due_on >= day, "/followUp/dueOn", early);
        }
        self.check_urgency(setting, &mut rules);
        if self.is_identity_exempt(setting.directory) {
            self.check_anonymity(&mut rules);
        }
        rules.finish(district)
    }

    fn check_time(&self, setting: &ContactSetting, rules: &mut Rules) {
        rules.require_or(Problem::ContactInFuture, self.occurred_at <= setting.now, "/occurredAt", in_the_future());
        let day = setting.directory.calendar.local_date(self.occurred_at.utc());
        let office = setting.directory.office(setting.office);
        let opened = office.is_none_or(|office| {
            let begun = office.opened_on.as_ref().map(|opened| opened.first_day());
            begun.map_or(office.status != OfficeStatus::Planned, |begun| begun <= day)
        });
        let early =
            Text::new("comes before the day on which the office opened", "ligger före den dag då kontoret öppnade");
        rules.require_or(Problem::BeforeOfficeOpened, opened, "/occurredAt", early);
        let closed = office.and_then(|office| office.closed_on.as_ref()).is_some_and(|closed| closed.last_day() < day);
        let late =
            Text::new("comes after the day on which the office closed", "ligger efter den dag då kontoret stängde");
        rules.require(!closed, "/occurredAt", late);
        let length = Text::new("must be 1 to 1440", "måste vara 1 till 1440");
        let is_a_length = self.duration_minutes.is_none_or(|minutes| (1..=1440).contains(&minutes));
        rules.require(is_a_length, "/durationMinutes", length);
    }

    fn check_place(&self, setting: &ContactSetting, rules: &mut Rules) -> Option<DistrictId> {
        let directory = setting.directory;
        match (self.district_id, self.location) {
            (Some(id), None) => {
                let stays = setting.before.is_some_and(|before| before.district_id == Some(id));
                let district = rules.named("/districtId", directory.district(id))?;
                let retired = Text::new("is no longer in use", "används inte längre");
                rules.require_or(Problem::DistrictRetired, stays || district.is_active(), "/districtId", retired);
                Some(district.id)
            }
            (None, Some(Coordinates { lat, lon })) => {
                // A number that is not finite fails these comparisons as well.
                let on_earth = lat.abs() <= 90.0 && lon.abs() <= 180.0;
                let district = if on_earth { directory.locate(lat, lon) } else { None };
                let nowhere =
                    Text::new("is in no district of the municipality", "ligger inte i någon stadsdel i kommunen");
                rules.require(district.is_some(), "/location", nowhere);
                district.map(|district| district.id)
            }
            (Some(_), Some(_)) => {
                let both = Text::new("cannot be combined with districtId", "går inte ihop med districtId");
                rules.require(false, "/location", both);
                None
            }
            (None, None) => {
                let neither = Text::new("is required, or a location", "krävs, eller location");
                rules.require(false, "/districtId", neither);
                None
            }
        }
    }

    fn check_who(&self, rules: &mut Rules) {
        rules.at_most("/participants", self.participants.len(), 50);
        let mut named = Vec::new();
        for (index, participant) in self.participants.iter().enumerate() {
            let pointer = |field: &str| format!("/participants/{index}{field}");
            let Participant { person_id, age_band, role, gender } = participant;
            let said = [("/ageBand", age_band.is_some()), ("/role", role.is_some()), ("/gender", gender.is_some())];
            match person_id {
                Some(person) => {
                    for (field, _) in said.into_iter().filter(|(_, is_said)| *is_said) {
                        let twofold = Text::new("cannot be combined with personId", "går inte ihop med personId");
                        rules.require(false, pointer(field), twofold);
                    }
                    rules.require(
                        !named.contains(person),
                        pointer("/personId"),
                        Text::new("is listed twice", "står två gånger"),
                    );
                    named.push(*person);
                }
                None => {
                    for (field, is_said) in said.into_iter().take(2) {
                        rules.require(
                            is_said,
                            pointer(field),
                            Text::new("is required, or personId", "krävs, eller personId"),
                        );
                    }
                }
            }
        }
        let group = self.group.as_deref().unwrap_or_default();
        rules.at_most("/group", group.len(), 50);
        for (index, heads) in group.iter().enumerate() {
            let range = Text::new("must be 1 to 10,000", "måste vara 1 till 10 000");
            let pointer = format!("/group/{index}/count");
            rules.require_or(Problem::HeadCountOutOfRange, (1..=10_000).contains(&heads.count), pointer, range);
        }
    }

    fn check_urgency(&self, setting: &ContactSetting, rules: &mut Rules) {
        if self.urgency != Some(Urgency::Immediate) {
            let detail = Text::new("is allowed only with urgency `immediate`", "hör bara till urgency `immediate`");
            rules.require(self.child.is_none(), "/child", detail);
            return;
        }
        let needed = || Text::new("is required: a concern report is made", "krävs: en orosanmälan görs");
        rules.require(self.child.is_some(), "/child", needed());
        rules.require(self.summary.is_some(), "/summary", needed());
        if let Some(child) = &self.child {
            child.check(setting.directory.calendar.local_date(setting.now.utc()), setting.directory, rules);
        }
    }

    /// Whether the contact belongs to a service under which identity is not recorded.
    pub fn is_identity_exempt(&self, directory: &Directory) -> bool {
        self.service_id.and_then(|id| directory.service(id)).is_some_and(|service| service.identity_exempt)
    }

    fn check_anonymity(&self, rules: &mut Rules) {
        let named = || Text::new("names somebody", "anger vem någon är");
        for (index, participant) in self.participants.iter().enumerate() {
            let pointer = format!("/participants/{index}/personId");
            rules.require_or(Problem::IdentityNotRecorded, participant.person_id.is_none(), pointer, named());
        }
        for (pointer, is_named) in [("/familyId", self.family_id.is_some()), ("/child", self.child.is_some())] {
            rules.require_or(Problem::IdentityNotRecorded, !is_named, pointer, named());
        }
        check_tells_nobody("/summary", self.summary.as_ref(), rules);
        check_tells_nobody("/followUp/note", self.follow_up.as_ref().and_then(|promise| promise.note.as_ref()), rules);
    }
}

/// Adds a breach to `rules` for each part of the text that identifies a person, such as a telephone number. `pointer` is the place
/// of the text in the body. It is called for services that record no identity.
pub fn check_tells_nobody(pointer: &str, text: Option<&ConfidentialProse>, rules: &mut Rules) {
    for hit in text.map(|text| free_text::scan(text.reveal().as_ref())).unwrap_or_default() {
        rules.refuse_span(Problem::IdentityInText, pointer, (hit.start, hit.end), hit.what.detail());
    }
}
