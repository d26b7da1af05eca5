//! The OpenAPI schema of a merge patch that changes what was registered.

use std::borrow::Cow;
use std::marker::PhantomData;

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};

/// A request body that registers something and has some fields for the registration only, such as the office. These fields are
/// not part of what is registered, and cannot be changed later.
pub trait Registration {
    /// The JSON names of the fields that cannot be changed after the registration.
    const FIELDS: &'static [&'static str];
}

/// The OpenAPI schema of a `T` without the fields for the registration only. It has no values. The document makes the schema of
/// the merge patch from it.
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
