//! The rules for an office that an administrator writes: the areas and services that it names exist, its opening hours
//! can be read, and it does not close before it opens.

use crate::calendar::{Calendar, HoursError, OpeningHours};
use crate::directory::known::DirectoryContext;
use crate::error::{Result, Text};
use crate::moment::Moment;
use crate::offices::{NewOffice, Office};
use crate::rules::Rules;

impl Office {
    /// Makes a new office from `new`, which an administrator wrote. Fails with all mistakes in `new` at once.
    pub fn new(new: NewOffice, known: &DirectoryContext<'_>, moment: &Moment) -> Result<Self> {
        let mut rules = Rules::default();
        new.check(&mut rules, known.calendar);
        let mut area_ids = rules.all_named("/areaIds", &new.area_ids, 50, |name| known.area(name).map(|area| area.id));
        let mut service_ids =
            rules.all_named("/serviceIds", &new.service_ids, 200, |name| known.service(name).map(|service| service.id));
        area_ids.sort_unstable();
        service_ids.sort_unstable();
        rules.finish(Some(Self {
            id: moment.id(),
            slug: new.slug,
            name: new.name,
            kind: new.kind,
            status: new.status,
            area_ids,
            address: new.address,
            location: new.location,
            phone: new.phone,
            email: new.email,
            opening_hours: new.opening_hours,
            languages: new.languages,
            accessibility: new.accessibility,
            entrance_note: new.entrance_note,
            service_ids,
            opened_on: new.opened_on,
            closed_on: new.closed_on,
            version: 1,
            updated_at: moment.now,
        }))
    }

    /// Returns the next version of the office, with the contents of `new`. Fails with all mistakes in `new` at once.
    pub fn changed(&self, new: NewOffice, known: &DirectoryContext<'_>, moment: &Moment) -> Result<Self> {
        Ok(Self { id: self.id, version: self.version + 1, ..Self::new(new, known, moment)? })
    }
}

impl NewOffice {
    fn check(&self, rules: &mut Rules, calendar: &Calendar) {
        if let Some(Err(error)) = self.opening_hours.as_ref().map(|hours| OpeningHours::parse(hours.as_ref(), calendar))
        {
            rules.require(false, "/openingHours", unreadable(&error));
        }
        let (opened, closed) = (self.opened_on.as_ref(), self.closed_on.as_ref());
        let in_order = opened.zip(closed).is_none_or(|(opened, closed)| opened.first_day() <= closed.last_day());
        rules.require(in_order, "/closedOn", Text::new("must not lie before openedOn", "får inte ligga före openedOn"));
        rules.list("/languages", &self.languages, 50);
        rules.list("/accessibility", &self.accessibility, 20);
    }
}

pub(super) fn unreadable(error: &HoursError) -> Text {
    let HoursError { position, message } = error;
    Text::new(format!("{} (at character {position})", message.en), format!("{} (vid tecken {position})", message.sv))
}
