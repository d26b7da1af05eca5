//! Describes to the OpenAPI document a change of what was registered.

use std::borrow::Cow;
use std::marker::PhantomData;

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};

/// A body with fields that belong to the registration alone: afterwards they are no part of the record, and cannot be changed.
pub trait Registration {
    /// The names of the fields that belong to the registration alone.
    const FIELDS: &'static [&'static str];
}

/// The schema of those fields of a `T` that can be changed. The document makes the merge patch of it.
pub struct Changeable<T>(PhantomData<T>);

impl<T: PartialSchema + Registration> PartialSchema for Changeable<T> {
    fn schema() -> RefOr<Schema> {
        let mut schema = T::schema();
        if let RefOr::T(Schema::Object(object)) = &mut schema {
            T::FIELDS.iter().for_each(|field| _ = object.properties.remove(*field));
        }
        schema
    }
}

impl<T: ToSchema + Registration> ToSchema for Changeable<T> {
    fn name() -> Cow<'static, str> {
        format!("{}Facts", T::name().trim_start_matches("New")).into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        T::schemas(schemas);
    }
}
