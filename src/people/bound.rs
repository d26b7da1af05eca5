//! The columns of people that are bound: see [`crate::binding`].

use diesel::prelude::*;

use crate::db::schema::people;
use crate::id::PersonId;
use crate::people::store::SealedPerson;
use crate::{bound_row, bound_table};

bound_row! {
    SealedPerson in people, version |row| row.version,
    cells [id, number_hash, number_slot, family_id, district_id, facts, registered_at, updated_at, version],
    texts [protection],
    texts_if_any [],
    json []
}
bound_table!(
    /// The table of people.
    PersonRows: SealedPerson in people by PersonId
);
