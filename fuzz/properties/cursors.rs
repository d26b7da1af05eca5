//! Pages: a list that is walked by its own links is told whole and once, and a cursor that was changed, or is another list's, is
//! refused.

use nara::error::Problem;
use nara::http::call::Call;
use nara::http::page::{PageStart, Paging};

use super::{call, extracted, request, text};

/// The bytes are a query.
pub fn check(data: &[u8]) {
    let Some(query) = text(data) else { return };
    let Some(request) = request(&format!("/nara/v1/referrals?{query}")) else { return };
    let request = request.to_http_request();
    let call = call(&request);
    let Ok(paging) = extracted::<Paging>(&request) else { return };
    assert!((1..=100).contains(&paging.limit));
    check_depth(&paging, &call);
    walk(&call, &paging, query);
}

/// Nobody can ask the database to walk over millions of rows.
fn check_depth(paging: &Paging, call: &Call) {
    match paging.from_among_cases::<(i64, u64)>(call) {
        Ok(PageStart::Row(row)) => assert!(row <= 10_000),
        Ok(PageStart::After(_) | PageStart::Empty) => {}
        Err(error) => assert!(matches!(error.problem(), Problem::InvalidCursor | Problem::PageTooDeep)),
    }
}

/// Follows `next` to the end of a list of a hundred numbers.
fn walk(first: &Call, paging: &Paging, query: &str) {
    let numbers: Vec<u64> = (0..100).map(|number| number * 7).collect();
    let all: Vec<&u64> = numbers.iter().collect();
    let Ok(mut found) = paging.of_sorted(first, &all, |number| *number) else { return };
    let mut walked: Vec<u64> = found.rows.iter().map(|number| **number).collect();
    let mut from = None;
    let mut here = None;
    while found.next.is_some() {
        let page = found.page(here.as_ref().unwrap_or(first), paging, |number| *number).expect("a page");
        assert!(page.items.len() <= paging.shown());
        let next = next_link(&page.links);
        if from.is_none() {
            refuse_what_was_changed(&next, query);
        }
        let request = request(&next).expect("a link is an address").to_http_request();
        let (there, paging) = (call(&request), extracted::<Paging>(&request).expect("a link is a page"));
        found = paging.of_sorted(&there, &all, |number| *number).expect("a cursor of this list");
        walked.extend(found.rows.iter().copied());
        (from, here) = (Some(next), Some(there));
    }
    assert!(walked.is_sorted_by(|one, other| one < other), "a row came twice");
    let skipped = walked.first().map_or(numbers.len(), |first| usize::try_from(first / 7).expect("small"));
    assert_eq!(walked.len(), numbers.len() - skipped, "a row was skipped");
}

fn next_link(links: &[nara::http::link::Link]) -> String {
    let links = serde_json::to_value(links).expect("links are JSON");
    let next = links.as_array().and_then(|links| links.iter().find(|link| link["rel"] == "next"));
    let href = next.and_then(|link| link["href"].as_str()).expect("there is more, so there is a link");
    href.strip_prefix("https://nara.test").expect("under the public address").to_owned()
}

fn refuse_what_was_changed(next: &str, query: &str) {
    let at = next.rfind("cursor=").expect("by cursor") + "cursor=".len();
    let place = at + query.len() % (next.len() - at);
    let other = if next.as_bytes()[place] == b'A' { "B" } else { "A" };
    let mut changed = next.to_owned();
    changed.replace_range(place..=place, other);
    let foreign = next.replacen("/nara/v1/referrals?", "/nara/v1/referrals?more=1&", 1);
    for wrong in [changed, foreign] {
        let request = request(&wrong).expect("an address").to_http_request();
        let paging = extracted::<Paging>(&request).expect("its form is right");
        let refused = paging.from::<u64>(&call(&request)).map(|_| ()).expect_err("a changed cursor");
        assert_eq!(refused.problem(), Problem::InvalidCursor);
    }
}
