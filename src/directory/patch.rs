//! How the document describes a merge patch.

use std::borrow::Cow;
use std::marker::PhantomData;

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};

/// The schema of a merge patch of a `T`: the same fields, and none of them required.
pub struct PatchOf<T>(PhantomData<T>);

impl<T: PartialSchema> PartialSchema for PatchOf<T> {
    fn schema() -> RefOr<Schema> {
        let mut schema = T::schema();
        if let RefOr::T(Schema::Object(object)) = &mut schema {
            object.required.clear();
            object.description = Some(
                "The fields to change, as in a merge patch (RFC 7396); null takes an optional one away.".to_owned(),
            );
        }
        schema
    }
}

impl<T: ToSchema> ToSchema for PatchOf<T> {
    fn name() -> Cow<'static, str> {
        format!("{}Patch", T::name().trim_start_matches("New")).into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        T::schemas(schemas);
    }
}
