//! The tables as diesel's query builder needs them, defined once for both databases. `tests/api/migrations.rs` checks that they
//! agree with the migrations.

mod cases;
mod outreach;

use crate::db::sql_types::{SqlJson, SqlTime, SqlUuid};

pub use cases::*;
pub use outreach::*;

diesel::table! {
    use diesel::sql_types::*;
    migration_fingerprints (version) {
        version -> Text,
        fingerprint -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    directory_state (id) {
        id -> Integer,
        version -> BigInt,
        synthetic -> Bool,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::*;
    directory_documents (name) {
        name -> Text,
        content -> SqlJson,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::*;
    vault_keys (kind, id) {
        kind -> Text,
        id -> BigInt,
        check_value -> Binary,
        created_at -> SqlTime,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::*;
    database_identity (only_row) {
        only_row -> Integer,
        id -> SqlUuid,
        code -> Binary,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::*;
    bound_rows_since (id) {
        id -> Integer,
        at -> SqlTime,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::*;
    areas (id) {
        id -> SqlUuid,
        slug -> Text,
        name -> SqlJson,
        description -> Nullable<SqlJson>,
        status -> Text,
        version -> Integer,
        updated_at -> SqlTime,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::*;
    districts (id) {
        id -> SqlUuid,
        slug -> Text,
        code -> Text,
        name -> SqlJson,
        place_names -> SqlJson,
        area_id -> SqlUuid,
        population -> Nullable<SqlJson>,
        boundary -> SqlJson,
        status -> Text,
        version -> Integer,
        updated_at -> SqlTime,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::*;
    services (id) {
        id -> SqlUuid,
        slug -> Text,
        name -> SqlJson,
        description -> SqlJson,
        orientation -> Text,
        provision -> Text,
        needs_assessment -> Bool,
        assessment_kind -> Nullable<Text>,
        identity_exempt -> Bool,
        ages -> SqlJson,
        needs -> SqlJson,
        languages -> SqlJson,
        status -> Text,
        version -> Integer,
        updated_at -> SqlTime,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::*;
    offices (id) {
        id -> SqlUuid,
        slug -> Text,
        name -> SqlJson,
        kind -> Text,
        status -> Text,
        address -> Nullable<SqlJson>,
        location -> Nullable<SqlJson>,
        phone -> Nullable<Text>,
        email -> Nullable<Text>,
        opening_hours -> Nullable<Text>,
        languages -> SqlJson,
        accessibility -> SqlJson,
        entrance_note -> Nullable<SqlJson>,
        opened_on -> Nullable<Text>,
        closed_on -> Nullable<Text>,
        version -> Integer,
        updated_at -> SqlTime,
    }
}

diesel::table! {
    use super::*;
    office_areas (office_id, area_id) {
        office_id -> SqlUuid,
        area_id -> SqlUuid,
    }
}

diesel::table! {
    use super::*;
    office_services (office_id, service_id) {
        office_id -> SqlUuid,
        service_id -> SqlUuid,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::*;
    staff (id) {
        id -> SqlUuid,
        subject_hash -> Binary,
        subject -> Binary,
        name -> Nullable<Binary>,
        works_cases -> Bool,
        signed_in_at -> SqlTime,
        token_issued_at -> Nullable<SqlTime>,
    }
}

diesel::table! {
    use super::*;
    staff_offices (staff_id, office_id) {
        staff_id -> SqlUuid,
        office_id -> SqlUuid,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::*;
    partners (id) {
        id -> SqlUuid,
        slug -> Text,
        name -> Text,
        name_order -> Text,
        name_folded -> Text,
        category -> Text,
        phone -> Nullable<Text>,
        email -> Nullable<Text>,
        status -> Text,
        version -> Integer,
        created_at -> SqlTime,
        updated_at -> SqlTime,
        code -> Nullable<Binary>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::*;
    partner_keys (id) {
        id -> Text,
        partner_id -> SqlUuid,
        label -> Text,
        secret_hash -> Binary,
        scopes -> SqlJson,
        allowed_networks -> SqlJson,
        created_at -> SqlTime,
        expires_at -> Nullable<SqlTime>,
        overlap_until -> Nullable<SqlTime>,
        rotated_to -> Nullable<Text>,
        revoked_at -> Nullable<SqlTime>,
        last_used_at -> Nullable<SqlTime>,
        code -> Nullable<Binary>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::*;
    families (id) {
        id -> SqlUuid,
        district_id -> Nullable<SqlUuid>,
        merged_into -> Nullable<SqlUuid>,
        facts -> Binary,
        registered_at -> SqlTime,
        updated_at -> SqlTime,
        version -> Integer,
        code -> Nullable<Binary>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::*;
    people (id) {
        id -> SqlUuid,
        number_hash -> Nullable<Binary>,
        number_slot -> Integer,
        protection -> Text,
        family_id -> Nullable<SqlUuid>,
        district_id -> Nullable<SqlUuid>,
        facts -> Binary,
        registered_at -> SqlTime,
        updated_at -> SqlTime,
        version -> Integer,
        code -> Nullable<Binary>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::*;
    person_name_tokens (token_hash, person_id) {
        token_hash -> Binary,
        person_id -> SqlUuid,
    }
}

diesel::table! {
    use diesel::sql_types::{Binary, Bool, Nullable};
    use super::*;
    person_offices (person_id, office_id, through_protected, source_id) {
        person_id -> SqlUuid,
        office_id -> SqlUuid,
        through_protected -> Bool,
        source_id -> SqlUuid,
        code -> Nullable<Binary>,
    }
}

diesel::table! {
    use diesel::sql_types::{Binary, Bool, Nullable};
    use super::*;
    family_offices (family_id, office_id, through_protected, source_id) {
        family_id -> SqlUuid,
        office_id -> SqlUuid,
        through_protected -> Bool,
        source_id -> SqlUuid,
        code -> Nullable<Binary>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::*;
    family_guests (person_id, family_id) {
        person_id -> SqlUuid,
        family_id -> SqlUuid,
        place -> Integer,
        code -> Nullable<Binary>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::*;
    family_events (id) {
        id -> SqlUuid,
        kind -> Text,
        person_id -> Nullable<SqlUuid>,
        from_family_id -> Nullable<SqlUuid>,
        to_family_id -> Nullable<SqlUuid>,
        reason -> Nullable<Binary>,
        staff_id -> SqlUuid,
        at -> SqlTime,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::*;
    audit_records (id) {
        id -> SqlUuid,
        at -> SqlTime,
        actor -> Text,
        action -> Text,
        resource_type -> Text,
        resource_id -> Nullable<SqlUuid>,
        resource_ids -> SqlJson,
        office_id -> Nullable<SqlUuid>,
        reason -> Nullable<Text>,
        client_address -> Nullable<Text>,
        client_agent -> Nullable<Text>,
        trace_id -> Text,
        outcome -> Text,
        code -> Nullable<Binary>,
        left_rows -> Nullable<SqlJson>,
    }
}

diesel::table! {
    use super::*;
    audit_record_resources (resource_id, record_id) {
        resource_id -> SqlUuid,
        record_id -> SqlUuid,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::*;
    audit_seals (seq) {
        seq -> BigInt,
        record_id -> SqlUuid,
        hash -> Binary,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::*;
    kept_answers (id) {
        id -> SqlUuid,
        key_hash -> Binary,
        fingerprint -> Binary,
        resource_id -> SqlUuid,
        answer -> Binary,
        expires_at -> SqlTime,
    }
}

diesel::allow_tables_to_appear_in_same_query!(partner_keys, partners);
diesel::allow_tables_to_appear_in_same_query!(people, person_name_tokens, person_offices);
diesel::allow_tables_to_appear_in_same_query!(families, family_offices, people, family_guests, family_events);
diesel::allow_tables_to_appear_in_same_query!(staff, staff_offices);
diesel::allow_tables_to_appear_in_same_query!(audit_records, audit_seals);
diesel::joinable!(partner_keys -> partners (partner_id));
diesel::joinable!(person_name_tokens -> people (person_id));
diesel::joinable!(family_guests -> people (person_id));
diesel::joinable!(staff_offices -> staff (staff_id));
