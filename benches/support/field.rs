//! The contact that the load writes down: a meeting on a square. Nobody in it is real.

use nara::directory::Directory;
use nara::id::StaffId;
use nara::moment::Moment;
use nara::outreach::store::SealedContact;
use nara::outreach::{ContactSetting, OutreachContact};
use nara::time::Timestamp;
use nara::vault::Vault;

/// The body.
pub fn body() -> String {
    let body = serde_json::json!({
        "occurredAt": "2026-03-20T15:30:00Z", "durationMinutes": 20, "channel": "street", "initiatedBy": "worker",
        "location": { "lat": 58.4289, "lon": 15.5972 }, "placeType": "square", "outcome": "reached",
        "participants": [{ "ageBand": "13-15", "role": "child" }, { "ageBand": "16-17", "role": "child" }],
        "topics": ["leisure", "loneliness"],
        "summary": "Pratade på torget om vad som finns att göra på kvällarna och om jobb till sommaren.",
    });
    body.to_string()
}

/// The contact as it is stored, from what the body says.
pub fn sealed(directory: &Directory, vault: &Vault, moment: &Moment, at: Timestamp) -> SealedContact {
    let mut new: nara::outreach::NewContact = serde_json::from_str(&body()).expect("the contact is one");
    new.occurred_at = at;
    let office = directory.offices.iter().find(|office| office.slug.as_ref() == "skaggetorp");
    let office = office.expect("the directory has the office").id;
    let setting = ContactSetting { office, directory, now: moment.now, before: None };
    let worker: StaffId = moment.id();
    let contact = OutreachContact::new(new, &setting, worker, moment.random.bytes(), moment);
    SealedContact::new(&contact.expect("the contact keeps the rules"), vault, &moment.random).expect("it can be sealed")
}
