//! How the document describes a change of what is registered.

use std::borrow::Cow;
use std::marker::PhantomData;

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};

use crate::directory::PatchOf;

/// A body with fields that belong to the registration alone: they are no part of the thing afterwards, and cannot be changed.
pub trait Registration {
    /// Those fields.
    const FIELDS: &'static [&'static str];
}

/// The schema of a merge patch of what was registered with a `T`.
pub struct RegisteredPatch<T>(PhantomData<T>);

impl<T: PartialSchema + Registration> PartialSchema for RegisteredPatch<T> {
    fn schema() -> RefOr<Schema> {
        let mut schema = PatchOf::<T>::schema();
        if let RefOr::T(Schema::Object(object)) = &mut schema {
            T::FIELDS.iter().for_each(|field| _ = object.properties.remove(*field));
        }
        schema
    }
}

impl<T: ToSchema + Registration> ToSchema for RegisteredPatch<T> {
    fn name() -> Cow<'static, str> {
        PatchOf::<T>::name()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        PatchOf::<T>::schemas(schemas);
    }
}
