//! The columns of outreach contacts, offers and follow-ups that are bound: see [`crate::binding`].

use diesel::prelude::*;

use crate::db::schema::{follow_ups, offers, outreach_contacts};
use crate::id::{FollowUpId, OfferId, OutreachContactId};
use crate::outreach::follow_ups::store::SealedFollowUp;
use crate::outreach::offers::store::SealedOffer;
use crate::outreach::store::SealedContact;
use crate::{bound_row, bound_table};

bound_row! {
    SealedContact in outreach_contacts, version |row| row.version,
    cells [
        id, office_id, worker_id, occurred_at, district_id, service_id, family_id, protected, in_error, record, fingerprint,
        recorded_at, updated_at, updated_by, version,
    ],
    texts [channel, outcome],
    texts_if_any [],
    json []
}
bound_table!(
    /// The table of outreach contacts.
    ContactRows: SealedContact in outreach_contacts by OutreachContactId
);

bound_row! {
    SealedOffer in offers, version |row| row.version,
    cells [
        id, contact_id, service_id, family_id, offered_at, offered_by, record, closed_at, updated_at, version,
    ],
    texts [],
    texts_if_any [close_reason],
    json []
}
bound_table!(
    /// The table of offers.
    OfferRows: SealedOffer in offers by OfferId
);

bound_row! {
    SealedFollowUp in follow_ups, version |row| row.version,
    cells [
        id, office_id, owner_id, due_on, contact_id, referral_id, family_id, protected, record, done_at, done_by, created_at,
        created_by, updated_at, version, next_referral_id,
    ],
    texts [],
    texts_if_any [],
    json []
}
bound_table!(
    /// The table of follow-ups.
    FollowUpRows: SealedFollowUp in follow_ups by FollowUpId
);
