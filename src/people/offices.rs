//! The links between people and the offices that have met them. They are bound, since a link opens a person to an office: see
//! [`crate::binding`].

use diesel::prelude::*;

use crate::binding::{BoundRow, BoundTable, RowBytes, RowCode, StoredRow};
use crate::db::DbConn;
use crate::db::schema::person_offices;
use crate::error::Result;
use crate::id::{OfficeId, PersonId, ResourceId};
use crate::vault::Vault;
use crate::{bound_link, on_backend};

bound_link!(
    /// The link to an office that has met a person, so that its staff may know of the person.
    PersonOffice, PersonOfficeRows in person_offices from person_id: PersonId
);
