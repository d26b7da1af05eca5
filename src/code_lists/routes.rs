//! The HTTP operations on code lists.

use actix_web::{HttpResponse, get};
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::Anyone;
use crate::code_lists::{Code, LISTS};
use crate::error::{Error, Result};
use crate::http::answer::Validator;
use crate::http::call::{Cache, Call};
use crate::http::link::Link;
use crate::http::mount::Mount;
use crate::http::page::{Page, Paging, PagingParameters};
use crate::http::path::Named;
use crate::slug::Slug;
use crate::text::Localized;

/// Mounts the operations on code lists.
pub fn mount(api: &mut impl Mount) {
    api.service(list_code_lists).service(get_code_list);
}

/// A code list: the codes that a field or filter can have, with their meanings.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CodeList)]
pub struct CodeListView {
    /// The identifier of the list in addresses, such as `needs`.
    #[schema(max_length = 100, pattern = "^[a-z]+(-[a-z]+)*$", example = "needs")]
    id: String,
    /// The title of the list for readers, in Swedish and possibly other languages.
    ///
    /// @example {"sv": "Behov och ämnen", "en": "Needs and topics"}
    name: Localized,
    /// The codes of the list, in their usual order.
    #[schema(max_items = 200)]
    codes: Vec<Code>,
    /// A link to the list itself.
    #[serde(rename = "_links")]
    #[schema(max_items = 10)]
    links: Vec<Link>,
}

impl CodeListView {
    fn of(name: &str, call: &Call) -> Option<Self> {
        let list = LISTS.get(name)?.clone();
        let links = vec![call.link("self", "GET", &format!("/code-lists/{name}"))];
        Some(Self { id: name.to_owned(), name: list.name, codes: list.items, links })
    }
}

/// List all code lists
///
/// The answer has every list of codes that bodies and filters use, with the meaning of each code in Swedish and
/// English.
#[utoipa::path(
    operation_id = "listCodeLists",
    tag = "meta",
    params(PagingParameters),
    responses((status = 200, description = "A page of code lists, by name.", body = Page<CodeListView>))
)]
#[get("/code-lists")]
async fn list_code_lists(_: Anyone, call: Call, paging: Paging) -> Result<HttpResponse> {
    let names: Vec<&String> = LISTS.keys().collect();
    let found = paging.of_sorted(&call, &names, |name: &String| name.clone())?;
    Ok(call.give(found.answer(&call, &paging, |name| CodeListView::of(name, &call))?, Cache::Public))
}

/// Get a code list
///
/// The answer is one code list, with the meaning of each code in Swedish and English.
#[utoipa::path(
    operation_id = "getCodeList",
    tag = "meta",
    params(("id" = Slug, Path, description = "The list's name, such as `needs`.", example = "needs")),
    responses((status = 200, description = "The code list.", body = CodeListView))
)]
#[get("/code-lists/{id}")]
async fn get_code_list(_: Anyone, call: Call, name: Named<Slug>) -> Result<HttpResponse> {
    let view = CodeListView::of(name.0.as_ref(), &call).ok_or_else(Error::not_found)?;
    call.found(&view, Validator::Content, Cache::Public)
}
