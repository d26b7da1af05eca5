//! The child or young person that a referral is about.
//!
//! The facts must be enough to find the child, and the facts about its birth may not contradict each other. For a child with a
//! protected registration (skyddad folkbokföring), neither the home nor the present whereabouts are kept.

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::directory::Directory;
use crate::error::Text;
use crate::id::{DistrictId, PersonId};
use crate::people::{
    Birth, ConfidentialNumber, ConfidentialPostalCode, Gender, NewPerson, PersonalIdentityNumber, ProtectedIdentity,
};
use crate::rules::{Rules, check_year, in_the_future};
use crate::time::day;
use crate::vault::{self, Confidential, ConfidentialLine};

/// The child or young person that a referral is about. The facts must be enough to find the child: the identifier of a registered
/// person, a personal identity number, a name with a school or a place, or a birth date or birth year with a street.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Child {
    /// The identifier of the child as a registered person, whom the caller may know of. It alone is enough to find the child, and
    /// facts that are left out are filled in from the register. Only staff who take down or correct a referral may give it.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person_id: Option<PersonId>,
    /// The child's given name.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Alva"
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub given_name: Option<ConfidentialLine>,
    /// The child's family name.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Påhittad"
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub family_name: Option<ConfidentialLine>,
    /// The child's personal identity number.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub personal_identity_number: Option<ConfidentialNumber>,
    /// The child's birth date, where the personal identity number is not known.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @x-example-omit true
    #[serde(default, deserialize_with = "day::optional", skip_serializing_if = "Option::is_none")]
    #[schema(example = "2013-04-05")]
    pub birth_date: Option<NaiveDate>,
    /// The child's birth year, where the birth date is not known.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1900, maximum = 2200, example = 2013)]
    pub birth_year: Option<u16>,
    /// The child's gender.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gender: Option<Gender>,
    /// The district where the child lives.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub district_id: Option<DistrictId>,
    /// The place where the child lives, by name.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Skäggetorp"
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub place_name: Option<ConfidentialLine>,
    /// The postal code where the child lives.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "58644"
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub postal_code: Option<ConfidentialLine>,
    /// The street and number where the child lives.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Påhittade gatan 1"
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub street: Option<ConfidentialLine>,
    /// The postal locality where the child lives.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Linköping"
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub locality: Option<ConfidentialLine>,
    /// The child's school or preschool. It never decides which office is responsible.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Skäggetorps grundskola (påhittad)"
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub school: Option<ConfidentialLine>,
    /// The place where the child is at the time of the referral, in words.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "I skolan"
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub where_now: Option<ConfidentialLine>,
    /// The protection of the child's identity, if the sender states one: marked, or protected registration.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protected_identity: Option<ProtectedIdentity>,
    /// The language in which the child needs an interpreter.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interpreter_language: Option<crate::text::LanguageCode>,
    /// Whether the child knows of the referral.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub knows_of_report: Option<bool>,
}

impl Child {
    /// Whether the facts state that the child's identity is protected, in either of the two ways.
    pub fn is_said_to_be_protected(&self) -> bool {
        self.protected_identity.unwrap_or_default().is_protected()
    }

    /// The child's birth date and year, as far as they are known: taken from the identity number, else from the birth date, else
    /// from the birth year.
    pub fn birth(&self) -> Birth {
        Birth::told_by(self.number(), self.birth_date, self.birth_year)
    }

    /// The upper-case initials of the given name and the family name, which lists show instead of the names. `None` without a name.
    pub fn initials(&self) -> Option<String> {
        let initial =
            |name: &Option<ConfidentialLine>| name.as_ref().and_then(|name| name.reveal().as_ref().chars().next());
        let initials: String = [initial(&self.given_name), initial(&self.family_name)]
            .into_iter()
            .flatten()
            .flat_map(char::to_uppercase)
            .collect();
        (!initials.is_empty()).then_some(initials)
    }

    /// Checks the facts about the child of a new referral on the day `today`: the district, the birth, and that they are enough to
    /// find the child. Adds the breaches to `rules`.
    pub fn check(&self, today: NaiveDate, directory: &Directory, rules: &mut Rules) {
        directory.check_home(self.district_id, "/child/districtId", rules);
        self.check_birth(today, rules);
        rules.require(self.can_be_found(), "/child", lost());
    }

    /// Checks corrected facts about the child on the day `today`, and adds the breaches to `rules`. `before` is the child before
    /// the correction: a district that stays the same is not checked, since it may have been retired. The facts need not be enough
    /// to find a child with a protected registration, whose home is not kept, or a child that could not be found before.
    pub fn check_corrected(&self, before: &Self, today: NaiveDate, directory: &Directory, rules: &mut Rules) {
        let moved = self.district_id.filter(|_| self.district_id != before.district_id);
        directory.check_home(moved, "/child/districtId", rules);
        self.check_birth(today, rules);
        let is_nowhere = self.protected_identity == Some(ProtectedIdentity::ProtectedRegistration);
        rules.require(self.can_be_found() || is_nowhere || !before.can_be_found(), "/child", lost());
    }

    fn check_birth(&self, today: NaiveDate, rules: &mut Rules) {
        let stated = self.number().and_then(PersonalIdentityNumber::birth_date);
        let has_been = self.number().is_none_or(|number| number.has_been_born(today));
        rules.require(has_been, "/child/personalIdentityNumber", in_the_future());
        rules.require(self.birth_date.is_none_or(|born| born <= today), "/child/birthDate", in_the_future());
        let early = Text::new("must not lie before 1900", "får inte ligga före 1900");
        rules.require(self.birth_date.is_none_or(|born| born.year() >= 1900), "/child/birthDate", early);
        check_year(self.birth_year, today, "/child/birthYear", rules);
        let differs = || Text::new("contradicts the other birth facts", "motsäger de andra uppgifterna om födelse");
        let same_date = self.birth_date.is_none_or(|date| stated.is_none_or(|born| born == date));
        rules.require(same_date, "/child/birthDate", differs());
        let same_year = |year: u16| self.birth().year() == Some(i32::from(year));
        rules.require(self.birth_year.is_none_or(same_year), "/child/birthYear", differs());
    }

    pub fn number(&self) -> Option<&PersonalIdentityNumber> {
        self.personal_identity_number.as_ref().map(Confidential::reveal)
    }

    /// The child's given name and family name with a space between them; empty if neither is known.
    pub fn full_name(&self) -> String {
        let names = [&self.given_name, &self.family_name].into_iter().flatten();
        names.map(|name| name.reveal().as_ref()).collect::<Vec<_>>().join(" ")
    }

    /// Whether `other` has the same district, place name and postal code: the facts that decide which office is responsible.
    pub fn lives_where(&self, other: &Self) -> bool {
        let place = |child: &Self| {
            let text = |line: &Option<ConfidentialLine>| line.as_ref().map(|line| line.reveal().to_string());
            (child.district_id, text(&child.place_name), text(&child.postal_code))
        };
        place(self) == place(other)
    }

    /// Returns the facts, with those that are left out filled in from the register entry of the person `id`. The names are filled
    /// in only if both are left out, and the home only if no part of it is given.
    pub fn filled_from(self, id: PersonId, person: &NewPerson) -> Self {
        let is_unnamed = self.given_name.is_none() && self.family_name.is_none();
        let is_unplaced = self.district_id.is_none()
            && self.place_name.is_none()
            && self.postal_code.is_none()
            && self.street.is_none();
        let is_unborn =
            self.personal_identity_number.is_none() && self.birth_date.is_none() && self.birth_year.is_none();
        let named = |name: &Option<ConfidentialLine>| name.clone().filter(|_| is_unnamed);
        let home = person.address.as_ref().filter(|_| is_unplaced);
        Self {
            person_id: Some(id),
            given_name: self.given_name.or_else(|| named(&person.given_name)),
            family_name: self.family_name.or_else(|| named(&person.family_name)),
            birth_year: self.birth_year.or(person.birth_year.filter(|_| is_unborn)),
            personal_identity_number: self.personal_identity_number.or_else(|| person.personal_identity_number.clone()),
            gender: self.gender.or(person.gender),
            district_id: self.district_id.or(person.district_id.filter(|_| is_unplaced)),
            street: self.street.or_else(|| home.map(|home| home.street.clone())),
            postal_code: self.postal_code.or_else(|| home.and_then(|home| line_of(&home.postal_code))),
            locality: self.locality.or_else(|| home.map(|home| home.locality.clone())),
            ..self
        }
    }

    /// Whether any fact tells where the child lives or is now. The school does not count.
    pub fn tells_whereabouts(&self) -> bool {
        self.district_id.is_some()
            || self.place_name.is_some()
            || self.postal_code.is_some()
            || self.street.is_some()
            || self.locality.is_some()
            || self.where_now.is_some()
    }

    fn can_be_found(&self) -> bool {
        let named = self.given_name.is_some() || self.family_name.is_some();
        let placed = self.school.is_some()
            || self.place_name.is_some()
            || self.district_id.is_some()
            || self.postal_code.is_some()
            || self.street.is_some();
        let born = self.birth_date.is_some() || self.birth_year.is_some();
        let is_known = self.person_id.is_some() || self.personal_identity_number.is_some();
        is_known || (named && placed) || (born && self.street.is_some())
    }

    /// The facts about the child that are stored with a referral: without the person's identifier, which the referral has in a
    /// field of its own, and without the whereabouts of a child with a protected registration. `known` is the protection in the
    /// register of people.
    pub fn kept(self, known: ProtectedIdentity) -> Self {
        Self { person_id: None, ..self.without_whereabouts(known) }
    }

    /// Removes the child's home and present whereabouts, if the child has a protected registration. `known` is the protection that
    /// the office knows of already; the stronger of it and the stated protection counts.
    pub fn without_whereabouts(self, known: ProtectedIdentity) -> Self {
        match self.protected_identity.unwrap_or_default().max(known) {
            ProtectedIdentity::ProtectedRegistration => Self {
                district_id: None,
                place_name: None,
                postal_code: None,
                street: None,
                locality: None,
                where_now: None,
                ..self
            },
            _ => self,
        }
    }
}

fn lost() -> Text {
    Text::new(
        "must be enough to find the child: a name with a school or a place, or an identity number, or a birth year with an address",
        "måste räcka för att hitta barnet: ett namn med skola eller plats, eller ett personnummer, eller ett födelseår med adress",
    )
}

fn line_of(code: &ConfidentialPostalCode) -> Option<ConfidentialLine> {
    code.reveal().as_ref().parse().ok().map(Confidential::new)
}
