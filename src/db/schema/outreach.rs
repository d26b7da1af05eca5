//! The tables, for diesel's query builder, of outreach contacts, offers and follow-ups.

use crate::db::schema::cases::referrals;
use crate::db::schema::{family_guests, people};
use crate::db::sql_types::{SqlTime, SqlUuid};

diesel::table! {
    use diesel::sql_types::*;
    use super::*;
    outreach_contacts (id) {
        id -> SqlUuid,
        office_id -> SqlUuid,
        worker_id -> SqlUuid,
        occurred_at -> SqlTime,
        channel -> Text,
        outcome -> Text,
        district_id -> Nullable<SqlUuid>,
        service_id -> Nullable<SqlUuid>,
        family_id -> Nullable<SqlUuid>,
        protected -> Bool,
        in_error -> Bool,
        record -> Binary,
        fingerprint -> Binary,
        recorded_at -> SqlTime,
        updated_at -> SqlTime,
        updated_by -> SqlUuid,
        version -> Integer,
        code -> Nullable<Binary>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::*;
    outreach_contact_versions (id) {
        id -> SqlUuid,
        contact_id -> SqlUuid,
        version -> Integer,
        record -> Binary,
        written_at -> SqlTime,
        written_by -> SqlUuid,
    }
}

diesel::table! {
    use super::*;
    outreach_participants (person_id, contact_id) {
        person_id -> SqlUuid,
        contact_id -> SqlUuid,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::*;
    family_first_facts (family_id) {
        family_id -> SqlUuid,
        at -> SqlTime,
        source_id -> SqlUuid,
        through -> Text,
        open_at -> Nullable<SqlTime>,
        open_source_id -> Nullable<SqlUuid>,
        open_through -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::*;
    offers (id) {
        id -> SqlUuid,
        contact_id -> SqlUuid,
        service_id -> SqlUuid,
        family_id -> Nullable<SqlUuid>,
        offered_at -> SqlTime,
        offered_by -> SqlUuid,
        record -> Binary,
        closed_at -> Nullable<SqlTime>,
        close_reason -> Nullable<Text>,
        updated_at -> SqlTime,
        version -> Integer,
        code -> Nullable<Binary>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::*;
    offer_answers (id) {
        id -> SqlUuid,
        offer_id -> SqlUuid,
        answer -> Text,
        decline_reason -> Nullable<Text>,
        answered_at -> SqlTime,
        ask_again_on -> Nullable<Date>,
        recorded_at -> SqlTime,
        recorded_by -> SqlUuid,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::*;
    follow_ups (id) {
        id -> SqlUuid,
        office_id -> SqlUuid,
        owner_id -> SqlUuid,
        due_on -> Date,
        contact_id -> Nullable<SqlUuid>,
        referral_id -> Nullable<SqlUuid>,
        family_id -> Nullable<SqlUuid>,
        protected -> Bool,
        record -> Binary,
        done_at -> Nullable<SqlTime>,
        done_by -> Nullable<SqlUuid>,
        created_at -> SqlTime,
        created_by -> SqlUuid,
        updated_at -> SqlTime,
        version -> Integer,
        next_referral_id -> Nullable<SqlUuid>,
        code -> Nullable<Binary>,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    outreach_contacts,
    outreach_participants,
    offers,
    offer_answers,
    follow_ups
);
diesel::allow_tables_to_appear_in_same_query!(follow_ups, referrals);
diesel::allow_tables_to_appear_in_same_query!(offers, people);
diesel::allow_tables_to_appear_in_same_query!(offers, family_guests);
diesel::allow_tables_to_appear_in_same_query!(outreach_participants, people);
diesel::allow_tables_to_appear_in_same_query!(outreach_participants, family_guests);
diesel::allow_tables_to_appear_in_same_query!(outreach_contacts, people);
diesel::allow_tables_to_appear_in_same_query!(outreach_contacts, family_guests);
diesel::allow_tables_to_appear_in_same_query!(offer_answers, people);
diesel::allow_tables_to_appear_in_same_query!(offer_answers, family_guests);
diesel::joinable!(offer_answers -> offers (offer_id));
diesel::joinable!(offers -> outreach_contacts (contact_id));
