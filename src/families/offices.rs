//! The links between families and the offices that have met them. They are bound, since a link opens a family to an office: see
//! [`crate::binding`].

use diesel::prelude::*;

use crate::binding::{BoundRow, BoundTable, RowBytes, RowCode, StoredRow};
use crate::db::DbConn;
use crate::db::schema::family_offices;
use crate::error::Result;
use crate::id::{FamilyId, OfficeId, ResourceId};
use crate::vault::Vault;
use crate::{bound_link, on_backend};

bound_link!(
    /// The link to an office that has met a family, so that its staff may know of the family.
    FamilyOffice, FamilyOfficeRows in family_offices from family_id: FamilyId
);
