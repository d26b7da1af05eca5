//! The columns of families that are bound: see [`crate::binding`].

use diesel::prelude::*;

use crate::db::schema::families;
use crate::families::store::SealedFamily;
use crate::id::FamilyId;
use crate::{bound_row, bound_table};

bound_row! {
    SealedFamily in families, version |row| row.version,
    cells [id, district_id, merged_into, facts, registered_at, updated_at, version],
    texts [],
    texts_if_any [],
    json []
}
bound_table!(
    /// The table of families.
    FamilyRows: SealedFamily in families by FamilyId
);
