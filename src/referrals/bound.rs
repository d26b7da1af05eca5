//! The columns of referrals, of their events and of their messages that are bound: see [`crate::binding`].

use diesel::prelude::*;
use serde_json::value::RawValue;

use crate::db::columns::Json;
use crate::db::schema::{referral_events, referral_messages, referrals};
use crate::id::{MessageId, ReferralEventId, ReferralId};
use crate::referrals::course::events::SealedEvent;
use crate::referrals::messages::store::SealedMessage;
use crate::referrals::store::SealedReferral;
use crate::{bound_row, bound_table};

bound_row! {
    SealedReferral in referrals, version |row| row.version,
    cells [
        id, protected, partner_id, contact_id, sender_reference_hash, office_id, disclosed_office_id, district_id, assignee_id,
        person_id, child_number_hash, matter, routing, next_due_at, received_at, updated_at, version, made_by, course,
        disclosed_at, unmarked_due_at, linked_silently, is_copy,
    ],
    texts [reference, kind, status, urgency, disclosed_status],
    texts_if_any [sender_category],
    json [deadlines: |deadlines: &Json<Box<RawValue>>| deadlines.0.get().to_owned()]
}
bound_table!(
    /// The table of referrals.
    ReferralRows: SealedReferral in referrals by ReferralId
);

bound_row! {
    SealedEvent in referral_events, version |_| 1,
    cells [id, referral_id, version, office_id, to_office_id, staff_id, partner_id, at, told],
    texts [action, from_status, to_status],
    texts_if_any [],
    json []
}
bound_table!(
    /// The table of what happened to referrals.
    EventRows: SealedEvent in referral_events by ReferralEventId
);

bound_row! {
    SealedMessage in referral_messages, version |_| 1,
    cells [id, referral_id, staff_id, partner_id, at, text, asks_for_new_report],
    texts [kind],
    texts_if_any [],
    json []
}
bound_table!(
    /// The table of messages between offices and senders.
    MessageRows: SealedMessage in referral_messages by MessageId
);
