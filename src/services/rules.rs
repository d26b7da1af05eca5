//! The rules for a service that an administrator writes: the offices that it names exist, its ages are in order, and
//! the law's rules on individual assessments are followed.

use crate::directory::known::DirectoryContext;
use crate::error::{Result, Text};
use crate::id::OfficeId;
use crate::moment::Moment;
use crate::rules::Rules;
use crate::services::{NewService, Service};

impl Service {
    /// Makes a new service from `new`, which an administrator wrote, and returns it with the offices that give it.
    /// Fails with all mistakes in `new` at once.
    pub fn new(new: NewService, known: &DirectoryContext<'_>, moment: &Moment) -> Result<(Self, Vec<OfficeId>)> {
        let mut rules = Rules::default();
        new.check(&mut rules);
        let offices =
            rules.all_named("/officeIds", &new.office_ids, 200, |name| known.office(name).map(|office| office.id));
        let service = Self {
            id: moment.id(),
            slug: new.slug,
            name: new.name,
            description: new.description,
            orientation: new.orientation,
            provision: new.provision,
            needs_assessment: new.needs_assessment,
            assessment_kind: new.assessment_kind,
            identity_exempt: new.identity_exempt,
            ages: new.ages,
            needs: new.needs,
            languages: new.languages,
            status: new.status.unwrap_or_default(),
            version: 1,
            updated_at: moment.now,
        };
        rules.finish(Some((service, offices)))
    }

    /// Returns the next version of the service, with the contents of `new`, and the offices that give the service from
    /// then on. Fails with all mistakes in `new` at once.
    pub fn changed(
        &self,
        new: NewService,
        known: &DirectoryContext<'_>,
        moment: &Moment,
    ) -> Result<(Self, Vec<OfficeId>)> {
        let (service, offices) = Self::new(new, known, moment)?;
        Ok((Self { id: self.id, version: self.version + 1, ..service }, offices))
    }
}

impl NewService {
    fn check(&self, rules: &mut Rules) {
        let assessed = self.needs_assessment || self.assessment_kind.is_none();
        let always = Text::new(
            "must be true: this kind always needs an individual assessment (SoL 11:5)",
            "måste vara true: detta slag kräver alltid individuell behovsprövning (SoL 11:5)",
        );
        rules.require(assessed, "/needsAssessment", always);
        let exempt = Text::new(
            "must be false: identity may go unrecorded only where no assessment is needed (SoL 14:5)",
            "måste vara false: identitet får lämnas odokumenterad bara där ingen behovsprövning görs (SoL 14:5)",
        );
        rules.require(!(self.identity_exempt && self.needs_assessment), "/identityExempt", exempt);
        let backwards = Text::new("must not be lower than from", "får inte vara lägre än from");
        rules.require(self.ages.from <= self.ages.to, "/ages/to", backwards);
        rules.require(self.ages.to <= 120, "/ages/to", Text::new("must be 0 to 120", "måste vara 0 till 120"));
        rules.list("/needs", &self.needs, 17);
        rules.list("/languages", &self.languages, 50);
    }
}
