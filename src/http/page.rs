//! Lists in pages. A page is asked for by number, or by a cursor, which neither repeats nor skips rows while other rows are
//! written.
//!
//! A cursor is the position of the last row of the page before, encrypted and bound to the list and its filters. A changed cursor,
//! or one of another list, is refused.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::binding;
use crate::code::code;
use crate::error::{Error, Problem, Result, Text};
use crate::http::answer::Representation;
use crate::http::call::Call;
use crate::http::link::Link;
use crate::http::parameters::is_paging;
use crate::http::query;

/// The most rows that may come before a page that is asked for by number in a list of cases. The database would have to walk over
/// all of them.
const DEEPEST_ROW: u64 = 10_000;

/// The query parameters with which a caller asks for a page of a list.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PagingParameters {
    /// The largest number of items on the page.
    #[param(minimum = 1, maximum = 100, default = 20, example = 20)]
    limit: Option<u32>,
    /// The number of the page, counted from 1. Page 0 and pages past the end are empty. Not together with `cursor`.
    #[param(minimum = 0, maximum = 1_000_000, default = 1, example = 1)]
    page: Option<u32>,
    /// The cursor of a `next` link, unchanged: the position after which the page begins. Not together with `page`.
    #[param(max_length = 500, pattern = "^[A-Za-z0-9_-]+$")]
    cursor: Option<String>,
    /// Whether to count all items of the list, for `totalRecords` in the answer. Lists of the directory are always counted.
    #[param(default = false, example = false)]
    total: Option<bool>,
}

/// The page of a list that a caller asks for, parsed from the query.
#[derive(Debug, Clone)]
pub struct Paging {
    /// The largest number of items on the page.
    pub limit: u32,
    pub total: bool,
    start: RequestedStart,
}

#[derive(Debug, Clone)]
enum RequestedStart {
    Page(u32),
    Cursor(String),
}

/// The place in a list where a page begins. `P` is the position of a row in the order of the list.
pub enum PageStart<P> {
    /// After this number of rows from the beginning of the list.
    Row(u64),
    /// After the row with this position.
    After(P),
    /// Nowhere: the caller asked for page 0, which is always empty.
    Empty,
}

impl FromRequest for Paging {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut dev::Payload) -> Self::Future {
        let pairs = request.query_string().split('&').filter(|pair| is_paging(pair)).collect::<Vec<_>>().join("&");
        ready(query::parse(&pairs).and_then(Self::new))
    }
}

impl Paging {
    fn new(asked: PagingParameters) -> Result<Self> {
        let limit = asked.limit.unwrap_or(20);
        if !(1..=100).contains(&limit) {
            return Err(Error::parameter("limit", Text::new("must be 1 to 100", "måste vara 1 till 100")));
        }
        if asked.page.is_some_and(|page| page > 1_000_000) {
            return Err(Error::parameter("page", Text::new("must be 0 to 1,000,000", "måste vara 0 till 1 000 000")));
        }
        let start = match (asked.page, asked.cursor) {
            (Some(_), Some(_)) => {
                let detail = Text::new("does not go with page", "går inte ihop med page");
                return Err(Error::parameter("cursor", detail));
            }
            (page, None) => RequestedStart::Page(page.unwrap_or(1)),
            (None, Some(cursor)) => RequestedStart::Cursor(cursor),
        };
        Ok(Self { limit, total: asked.total.unwrap_or(false), start })
    }

    /// The largest number of rows on the page, as a `usize`.
    pub fn shown(&self) -> usize {
        usize::try_from(self.limit).unwrap_or(usize::MAX)
    }

    /// Returns the place where the page begins. A cursor is accepted only if it belongs to the list and the filters that `call`
    /// asks for.
    pub fn from<P: DeserializeOwned>(&self, call: &Call) -> Result<PageStart<P>> {
        match &self.start {
            RequestedStart::Page(0) => Ok(PageStart::Empty),
            RequestedStart::Page(page) => Ok(PageStart::Row(u64::from(page - 1) * u64::from(self.limit))),
            RequestedStart::Cursor(cursor) => {
                unseal(call, cursor).map(PageStart::After).ok_or_else(|| Error::new(Problem::InvalidCursor))
            }
        }
    }

    /// Like [`Paging::from`], for lists of cases, which grow without end: a page that begins after row 10,000 is refused unless it
    /// is asked for by cursor.
    pub fn from_among_cases<P: DeserializeOwned>(&self, call: &Call) -> Result<PageStart<P>> {
        match self.from(call)? {
            PageStart::Row(row) if row > DEEPEST_ROW => Err(Error::new(Problem::PageTooDeep)),
            from => Ok(from),
        }
    }

    /// Takes the page from a whole list in memory. The items must be sorted by `position`.
    pub fn of_sorted<'a, T, P: Serialize + DeserializeOwned + Ord>(
        &self,
        call: &Call,
        sorted: &[&'a T],
        position: impl Fn(&T) -> P,
    ) -> Result<PageRows<&'a T, P>> {
        let first = match self.from::<P>(call)? {
            PageStart::Empty => sorted.len(),
            PageStart::Row(row) => usize::try_from(row).unwrap_or(usize::MAX).min(sorted.len()),
            PageStart::After(last) => sorted.partition_point(|item| position(item) <= last),
        };
        let rest = sorted.get(first..).unwrap_or_default();
        let limit = self.shown();
        let rows: Vec<&T> = rest.iter().take(limit).copied().collect();
        let next = rows.last().filter(|_| rest.len() > limit).map(|last| position(last));
        Ok(PageRows { rows, next, total: u64::try_from(sorted.len()).ok() })
    }
}

/// The rows of one page, before they are turned into the answer.
pub struct PageRows<T, P> {
    pub rows: Vec<T>,
    /// The position of the page's last row, from which the next page's cursor is made; `None` if no more rows follow.
    pub next: Option<P>,
    /// The number of rows in the whole list, if they were counted.
    pub total: Option<u64>,
}

/// One page of a list.
#[derive(Serialize, ToSchema)]
pub struct Page<T> {
    /// The items of this page, in order.
    #[schema(max_items = 100)]
    pub items: Vec<T>,
    /// The facts about this page: its limit, its number of items, and the total if it was counted.
    #[serde(rename = "_meta")]
    pub meta: Meta,
    /// The links to pages of the list: `self`, `first`, and `next` and `prev` if there is such a page.
    #[serde(rename = "_links")]
    #[schema(max_items = 10)]
    pub links: Vec<Link>,
}

/// The facts about one page of a list.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PageMeta)]
pub struct Meta {
    /// The largest number of items on a page.
    #[schema(minimum = 1, maximum = 100, example = 20)]
    limit: u32,
    /// The number of items on this page.
    #[schema(minimum = 0, maximum = 100, example = 1)]
    count: usize,
    /// The number of this page, counted from 1. Absent if the page was asked for by cursor.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 1_000_000, example = 1)]
    page: Option<u32>,
    /// The number of items in the whole list. Absent if they were not counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 1_000_000_000, example = 1)]
    total_records: Option<u64>,
}

impl<T, P> PageRows<T, P> {
    /// Makes the page from the rows that a query with the limit plus one returned. The extra row, if there is one, only shows that
    /// a next page exists, and is removed.
    pub fn of_one_more(mut rows: Vec<T>, paging: &Paging, total: Option<u64>, position: impl FnOnce(&T) -> P) -> Self {
        let has_more = rows.len() > paging.shown();
        rows.truncate(paging.shown());
        let next = rows.last().filter(|_| has_more).map(position);
        Self { rows, next, total }
    }

    /// Removes the number of rows in the whole list unless the caller asked for it (`total=true`).
    pub fn counted_when_asked(self, paging: &Paging) -> Self {
        Self { total: self.total.filter(|_| paging.total), ..self }
    }

    /// Opens each row of the page with `open`. A row that is broken is left out: it must not hide the others. See
    /// [`binding::sound`].
    pub fn opened<U>(self, open: impl FnMut(T) -> Result<U>) -> PageRows<U, P> {
        PageRows { rows: binding::sound(self.rows, open), next: self.next, total: self.total }
    }
}

impl<T, P: Serialize> PageRows<T, P> {
    /// Makes the answer with the page as its body. `view` turns a row into an item. The links to other pages are both in the body
    /// and in the `Link` header.
    pub fn answer<V: Serialize>(self, call: &Call, paging: &Paging, view: impl Fn(T) -> V) -> Result<Representation> {
        let page = self.page(call, paging, view)?;
        Representation::of_list(&page, &page.links)
    }

    /// Makes the page without rendering it, for answers that use it as a part of another body.
    pub fn page<V>(self, call: &Call, paging: &Paging, view: impl Fn(T) -> V) -> Result<Page<V>> {
        let mut links = vec![call.link_to_list("self", &[])];
        let page = match paging.start {
            RequestedStart::Page(page) => Some(page),
            RequestedStart::Cursor(_) => None,
        };
        links.push(call.link_to_list("first", &[("page", None), ("cursor", None)]));
        if let Some(before) = page.filter(|page| *page > 1) {
            links.push(call.link_to_list("prev", &[("page", Some((before - 1).to_string())), ("cursor", None)]));
        }
        if let Some(last) = &self.next {
            let cursor = seal(call, last)?;
            links.push(call.link_to_list("next", &[("page", None), ("cursor", Some(cursor))]));
        }
        let items: Vec<V> = self.rows.into_iter().map(view).collect();
        let meta = Meta { limit: paging.limit, count: items.len(), page, total_records: self.total };
        Ok(Page { items, meta, links })
    }
}

/// The length in bytes of a nonce of XChaCha20, which begins each cursor.
const NONCE_LENGTH: usize = 24;

/// Makes a cursor by encrypting a position, since a position may contain data that must not be in an address, such as a name. The
/// nonce is a keyed code of the list and the position, so that one position always has the same cursor, and one list the same
/// entity tag.
fn seal<P: Serialize>(call: &Call, position: &P) -> Result<String> {
    let position = serde_json::to_vec(position).map_err(Error::internal)?;
    let list = call.list_identity();
    let mut nonce = [0; NONCE_LENGTH];
    let code = code(call.cursor_key(), &[b"nonce", &[0], list.as_bytes(), &[0], &position]);
    nonce.copy_from_slice(&code[..NONCE_LENGTH]);
    let sealed = cipher(call).encrypt(&nonce.into(), Payload { msg: &position, aad: list.as_bytes() });
    let sealed = sealed.map_err(|_| Error::internal("a position is too long to be sealed"))?;
    Ok(URL_SAFE_NO_PAD.encode([nonce.as_slice(), &sealed].concat()))
}

/// Decrypts a cursor to its position. `None` if the cursor was changed, or was made for another list or other filters.
fn unseal<P: DeserializeOwned>(call: &Call, cursor: &str) -> Option<P> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
    let (nonce, sealed) = bytes.split_first_chunk::<NONCE_LENGTH>()?;
    let list = call.list_identity();
    let payload = Payload { msg: sealed, aad: list.as_bytes() };
    let position = cipher(call).decrypt(&(*nonce).into(), payload).ok()?;
    serde_json::from_slice(&position).ok()
}

fn cipher(call: &Call) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(&code(call.cursor_key(), &[b"seal"]).into())
}
