//! A small API, described as real routes are, so that the tests run the real output of utoipa through all steps.

#![expect(dead_code, reason = "Only utoipa reads the routes and their parameters.")]

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::openapi::{OpenApi, RefOr};
use utoipa::{IntoParams, OpenApi as _, PartialSchema, ToSchema};

use nara::openapi::finish;

/// An identifier with a kind, as in `id.rs`.
#[derive(Serialize, Deserialize)]
struct Id<Kind>(String, std::marker::PhantomData<Kind>);

#[derive(Serialize, Deserialize)]
enum AreaKind {}
type AreaId = Id<AreaKind>;

impl<Kind> PartialSchema for Id<Kind> {
    fn schema() -> RefOr<Schema> {
        let uuid =
            ObjectBuilder::new().schema_type(Type::String).format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)));
        uuid.description(Some("An identifier.")).examples(["01935b7e-8c00-7a3e-9d52-6f1c2b3a4d5e"]).into()
    }
}

impl<Kind> ToSchema for Id<Kind> {
    fn name() -> std::borrow::Cow<'static, str> {
        "Id".into()
    }
}

/// A line of text.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, min_length = 1, max_length = 200, example = "Norr")]
struct Line(String);

/// Whether something is in use.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Status {
    Active,
    Retired,
}

/// The number of people who live in an area.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Population {
    /// The number of people.
    #[schema(maximum = 10_000_000, example = 31_250)]
    total: u32,
    /// The day of the count.
    as_of: chrono::NaiveDate,
}

/// A new area.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct NewArea {
    /// Its name.
    name: Line,
    /// Its status.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status>,
    /// The number of people who live in the area.
    #[serde(skip_serializing_if = "Option::is_none")]
    population: Option<Population>,
    /// An estimate of the number of people, instead of `population`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(extensions(("x-example-omit" = json!(true))))]
    estimate: Option<i64>,
}

/// An area.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Area {
    /// The area's identifier, a UUID.
    id: AreaId,
    /// Its neighbours.
    #[schema(max_items = 20)]
    neighbours: Vec<AreaId>,
    /// The person who is responsible for it.
    ///
    /// @personal OSL 26 kap. 1 §
    #[serde(skip_serializing_if = "Option::is_none")]
    contact: Option<Line>,
    /// A remark by a resident.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 40, extensions(("x-personal-data" = json!(true)), ("x-secrecy" = json!("OSL 26 kap. 1 §"))))]
    remark: Option<String>,
    /// Whether its office is open; null if that is unknown.
    #[schema(required, extensions(("x-nullable" = json!(true))))]
    open_now: Option<bool>,
    /// The population before; null if there was none.
    ///
    /// @x-nullable true
    #[schema(required)]
    former: Option<Population>,
    /// The place of its label: longitude and latitude.
    label: (f64, f64),
    /// Texts by language.
    texts: BTreeMap<String, Line>,
    /// Its parts.
    #[schema(no_recursion, max_items = 10)]
    parts: Vec<Area>,
    #[serde(flatten)]
    history: History,
}

/// The times of its changes.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct History {
    /// The time at which it was made.
    created_at: chrono::DateTime<chrono::Utc>,
    /// The number of changes.
    version: i64,
}

/// One page of a list.
#[derive(Serialize, ToSchema)]
struct Page<T> {
    /// The items.
    #[schema(max_items = 100)]
    items: Vec<T>,
    /// The facts about the page.
    #[serde(rename = "_meta")]
    meta: Meta,
}

/// The facts about a page.
#[derive(Serialize, ToSchema)]
struct Meta {
    /// The largest number of items on a page.
    limit: u8,
}

/// A row of the list.
#[derive(Serialize, ToSchema)]
struct AreaRow {
    /// The area's identifier, a UUID.
    id: AreaId,
    /// Its status.
    status: Status,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct AreaPath {
    /// Its identifier.
    #[param(value_type = AreaId)]
    id: String,
}

#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
struct Filters {
    /// Only areas with this status.
    status: Option<Status>,
    /// Only the part of this area.
    part_of: Option<AreaId>,
    /// The largest number of items on a page.
    #[param(minimum = 1, maximum = 100, default = 20, example = 20)]
    limit: Option<u32>,
}

/// List the areas.
///
/// The areas by name, in pages.
#[utoipa::path(get, path = "/nara/v1/areas", operation_id = "listAreas", tag = "areas", params(Filters),
    responses((status = 200, description = "A page.", body = Page<AreaRow>)))]
fn list_areas() {}

/// Create an area.
///
/// It starts without districts.
#[utoipa::path(post, path = "/nara/v1/areas", operation_id = "createArea", tag = "areas", request_body = NewArea,
    responses((status = 201, description = "The new area.", body = Area), (status = 409, description = "There is one already.")),
    security(("staffToken" = [])))]
fn create_area() {}

/// Get an area.
///
/// The area as it is now.
#[utoipa::path(get, path = "/nara/v1/areas/{id}", operation_id = "getArea", tag = "areas", params(AreaPath),
    responses((status = 200, description = "The area.", body = Area)))]
fn get_area() {}

/// Change an area.
///
/// Only the fields that the body names are changed.
#[utoipa::path(patch, path = "/nara/v1/areas/{id}", operation_id = "changeArea", tag = "areas", params(AreaPath),
    request_body = NewArea, responses((status = 200, body = Area)), security(("staffToken" = [])),
    extensions(("x-answer-example" = json!({ "openNow": false }))))]
fn change_area() {}

/// Delete an area.
///
/// An area can be deleted only if nothing refers to it.
#[utoipa::path(delete, path = "/nara/v1/areas/{id}", operation_id = "deleteArea", tag = "areas", params(AreaPath),
    responses((status = 204, description = "It is gone."), (status = 409)), security(("staffToken" = [])))]
fn delete_area() {}

/// Estimate the population.
///
/// The call reads and changes nothing.
#[utoipa::path(post, path = "/nara/v1/estimate", operation_id = "estimatePopulation", tag = "areas", request_body = Population,
    responses((status = 200, description = "The estimate.", body = Population)), extensions(("x-no-prefer" = json!(true))))]
fn estimate_population() {}

#[derive(utoipa::OpenApi)]
#[openapi(paths(list_areas, create_area, get_area, change_area, delete_area, estimate_population))]
struct Sample;

/// The document that utoipa makes of the sample.
pub fn raw() -> OpenApi {
    Sample::openapi()
}

/// The published document of the sample.
pub fn finished() -> Value {
    finish(raw())
}
