//! The tables, for diesel's query builder, of referrals and of their events and messages.

use crate::db::schema::{family_guests, people};
use crate::db::sql_types::{SqlJson, SqlTime, SqlUuid};

diesel::table! {
    use diesel::sql_types::*;
    use super::*;
    referrals (id) {
        id -> SqlUuid,
        reference -> Text,
        kind -> Text,
        status -> Text,
        urgency -> Text,
        protected -> Bool,
        partner_id -> Nullable<SqlUuid>,
        contact_id -> Nullable<SqlUuid>,
        sender_reference_hash -> Nullable<Binary>,
        office_id -> SqlUuid,
        disclosed_office_id -> SqlUuid,
        district_id -> Nullable<SqlUuid>,
        assignee_id -> Nullable<SqlUuid>,
        person_id -> Nullable<SqlUuid>,
        child_number_hash -> Nullable<Binary>,
        matter -> Binary,
        routing -> Binary,
        deadlines -> SqlJson,
        next_due_at -> SqlTime,
        received_at -> SqlTime,
        updated_at -> SqlTime,
        version -> Integer,
        made_by -> Nullable<SqlUuid>,
        sender_category -> Nullable<Text>,
        course -> Nullable<Binary>,
        disclosed_status -> Text,
        disclosed_at -> SqlTime,
        unmarked_due_at -> SqlTime,
        linked_silently -> Bool,
        is_copy -> Bool,
        code -> Nullable<Binary>,
    }
}

diesel::table! {
    use super::*;
    referral_services (referral_id, service_id) {
        referral_id -> SqlUuid,
        service_id -> SqlUuid,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::*;
    referral_events (id) {
        id -> SqlUuid,
        referral_id -> SqlUuid,
        version -> Integer,
        action -> Text,
        from_status -> Text,
        to_status -> Text,
        office_id -> SqlUuid,
        to_office_id -> Nullable<SqlUuid>,
        staff_id -> Nullable<SqlUuid>,
        partner_id -> Nullable<SqlUuid>,
        at -> SqlTime,
        told -> Nullable<Binary>,
        code -> Nullable<Binary>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::*;
    referral_messages (id) {
        id -> SqlUuid,
        referral_id -> SqlUuid,
        kind -> Text,
        staff_id -> Nullable<SqlUuid>,
        partner_id -> Nullable<SqlUuid>,
        at -> SqlTime,
        text -> Binary,
        asks_for_new_report -> Bool,
        code -> Nullable<Binary>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::*;
    referral_own_words (id) {
        id -> SqlUuid,
        referral_id -> SqlUuid,
        staff_id -> SqlUuid,
        until -> SqlTime,
        words -> Binary,
    }
}

diesel::joinable!(referral_events -> referrals (referral_id));
diesel::allow_tables_to_appear_in_same_query!(referral_events, referrals);
diesel::joinable!(referral_own_words -> referrals (referral_id));
diesel::allow_tables_to_appear_in_same_query!(referral_own_words, referrals);
diesel::allow_tables_to_appear_in_same_query!(referrals, people);
diesel::allow_tables_to_appear_in_same_query!(referrals, family_guests);
