//! The facts that staff write down about a person, and the checks of these facts.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::directory::Directory;
use crate::error::{Result, Text};
use crate::id::{DistrictId, FamilyId};
use crate::offices::PostalCode;
use crate::people::{Birth, ConfidentialNumber, Gender, PersonalIdentityNumber, ProtectedIdentity, Registration};
use crate::rules::{Rules, check_year, in_the_future};
use crate::slug::OfficeName;
use crate::text::LanguageCode;
use crate::vault::{self, Confidential, ConfidentialLine};

/// A person as staff register them, with the facts that are known. Every field may be absent.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewPerson {
    /// The given name of the person.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Åsa"
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub given_name: Option<ConfidentialLine>,
    /// The family name of the person.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Öberg"
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub family_name: Option<ConfidentialLine>,
    /// The personal identity number of the person.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "vault::disclose")]
    pub personal_identity_number: Option<ConfidentialNumber>,
    /// The year in which the person was born. It is meant for people whose identity number is not known, and must not contradict
    /// the number.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1900, maximum = 2200, example = 2013)]
    pub birth_year: Option<u16>,
    /// The person's gender, as the person or somebody else stated it.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gender: Option<Gender>,
    /// The protection of the person's identity, if the person's whereabouts must not become known; `none` by default. A
    /// protection hides the person from staff who are not cleared for protected identities, and sends open referrals about the
    /// person to the central reception.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "none"
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protection: Option<ProtectedIdentity>,
    /// The address where the person lives. It is not stored for somebody with a protected registration.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<HomeAddress>,
    /// The district where the person lives. It is not stored for somebody with a protected registration.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub district_id: Option<DistrictId>,
    /// The codes of the languages that the person speaks, with the one that the person speaks best in first place.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 20)]
    pub languages: Option<Vec<LanguageCode>>,
    /// Whether the person needs an interpreter to talk with staff.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example false
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interpreter_needed: Option<bool>,
    /// The family that the new person joins. To change families later, move the person.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family_id: Option<FamilyId>,
    /// The office on whose behalf the person is registered, by its identifier or slug. Staff with several offices must give it.
    ///
    /// @x-example-omit true
    #[serde(skip_serializing_if = "Option::is_none")]
    pub office_id: Option<OfficeName>,
}

impl Registration for NewPerson {
    const FIELDS: &'static [&'static str] = &["familyId", "officeId"];
}

/// The postal code of somebody's home, which is personal data.
pub type ConfidentialPostalCode = Confidential<PostalCode>;

/// The postal address of a person's home.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HomeAddress {
    /// The street and the number of the house.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Påhittade gatan 1"
    #[serde(serialize_with = "vault::disclose")]
    pub street: ConfidentialLine,
    /// The postal code of the address: five digits.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    #[serde(serialize_with = "vault::disclose")]
    pub postal_code: ConfidentialPostalCode,
    /// The postal locality of the address.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Linköping"
    #[serde(serialize_with = "vault::disclose")]
    pub locality: ConfidentialLine,
}

impl NewPerson {
    /// Checks that the district is active, that no birth lies after the day `today`, that the birth year does not contradict the
    /// identity number, and that the list of languages has at most 20 different entries.
    pub fn check(&self, today: NaiveDate, directory: &Directory) -> Result<()> {
        let mut rules = Rules::default();
        directory.check_home(self.district_id, "/districtId", &mut rules);
        let has_been = self.number().is_none_or(|number| number.has_been_born(today));
        rules.require(has_been, "/personalIdentityNumber", in_the_future());
        check_year(self.birth_year, today, "/birthYear", &mut rules);
        let same = |year: u16| self.number().is_none_or(|number| number.birth_year() == i32::from(year));
        let differs = Text::new("contradicts the identity number", "motsäger personnumret");
        rules.require(self.birth_year.is_none_or(same), "/birthYear", differs);
        if let Some(languages) = &self.languages {
            rules.list("/languages", languages, 20);
        }
        rules.finish(Some(()))
    }

    /// Returns the facts that are stored: without the family and the office, which are stored apart from the person's facts, and,
    /// for somebody with a protected registration, without the address and the district.
    pub fn kept(self) -> Self {
        let kept = Self { family_id: None, office_id: None, ..self };
        match kept.protection {
            Some(ProtectedIdentity::ProtectedRegistration) => Self { address: None, district_id: None, ..kept },
            _ => kept,
        }
    }

    pub fn number(&self) -> Option<&PersonalIdentityNumber> {
        self.personal_identity_number.as_ref().map(Confidential::reveal)
    }

    /// The given name and the family name with a space between them. Empty if neither is known.
    pub fn full_name(&self) -> String {
        let names = [&self.given_name, &self.family_name].into_iter().flatten();
        names.map(|name| name.reveal().as_ref()).collect::<Vec<_>>().join(" ")
    }

    /// The birth date and birth year, as far as the identity number and the birth year that was written down tell them.
    pub fn birth(&self) -> Birth {
        Birth::told_by(self.number(), None, self.birth_year)
    }
}
