//! Walking a list: nothing is repeated and nothing is left out, whatever is written meanwhile.

use std::time::Duration;

use crate::support::document::new_area;
use crate::support::{Actor, TestApp, fixtures};

/// The ids of a page, and the way to the next.
async fn page(actor: &Actor, path: &str) -> (Vec<String>, Option<String>) {
    let answer = actor.get(path).await;
    let ids = answer.expect(200)["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["id"].as_str().unwrap().to_owned())
        .collect();
    (ids, answer.link("next"))
}

async fn walk(actor: &Actor, path: &str) -> Vec<String> {
    let (mut all, mut next) = page(actor, path).await;
    while let Some(path) = next {
        let (ids, further) = page(actor, &path).await;
        assert!(!ids.is_empty(), "{path} leads nowhere");
        all.extend(ids);
        next = further;
    }
    all
}

fn distinct(ids: &[String]) -> usize {
    ids.iter().collect::<std::collections::HashSet<_>>().len()
}

on_both_databases! {
    async fn a_walk_through_the_directory_meets_everything_once(app: TestApp) {
        let anyone = app.anyone();
        let whole = page(&anyone, "/districts?limit=100").await.0;
        assert_eq!(whole.len(), 32);
        for limit in [1, 7, 31, 32, 33] {
            assert_eq!(walk(&anyone, &format!("/districts?limit={limit}")).await, whole, "limit {limit}");
        }
        let mut numbered = Vec::new();
        for number in 1..=6 {
            numbered.extend(page(&anyone, &format!("/districts?limit=7&page={number}")).await.0);
        }
        assert_eq!(numbered, whole);
    }

    async fn a_walk_is_not_disturbed_by_what_is_written_meanwhile(app: TestApp) {
        let (anyone, admin) = (app.anyone(), app.administrator());
        let before = page(&anyone, "/areas?limit=100").await.0;
        let (first, next) = page(&anyone, "/areas?limit=2").await;
        let mut new = new_area();
        // It sorts before everything: pages by number would now repeat the last row that was seen.
        new["name"]["sv"] = "AAA".into();
        let made = admin.post("/areas", new).await;
        made.expect(201);
        let mut seen = first;
        seen.extend(walk(&anyone, &next.unwrap()).await);
        assert_eq!(seen, before);
        assert_eq!(page(&anyone, "/areas?limit=100").await.0.len(), before.len() + 1);
    }

    async fn a_walk_goes_on_behind_a_row_that_was_removed(app: TestApp) {
        let (anyone, admin) = (app.anyone(), app.administrator());
        let mut new = new_area();
        new["name"]["sv"] = "AAA".into();
        let made = admin.post("/areas", new).await;
        let path = format!("/areas/{}", made.expect(201)["id"].as_str().unwrap());
        let (first, next) = page(&anyone, "/areas?limit=1").await;
        assert_eq!(first, [made.json()["id"].as_str().unwrap()]);
        assert_eq!(admin.delete(&path, &made.etag()).await.status, 204);
        assert_eq!(walk(&anyone, &next.unwrap()).await, page(&anyone, "/areas?limit=100").await.0);
    }

    async fn a_walk_through_the_queue_meets_every_referral_once(app: TestApp) {
        let caseworker = app.caseworker();
        let mut sent = Vec::new();
        for number in 0..7 {
            // Several come in the same instant: the time alone would not order them.
            if number % 3 == 0 {
                app.clock.advance(Duration::from_secs(60));
            }
            sent.push(app.submitted(fixtures::concern_report()).await);
        }
        for sort in ["receivedAt", "-receivedAt", "nextDueAt"] {
            let (first, next) = page(&caseworker, &format!("/referrals?sort={sort}&limit=3")).await;
            let late = app.submitted(fixtures::concern_report()).await;
            let mut seen = first;
            seen.extend(walk(&caseworker, &next.unwrap()).await);
            assert_eq!(distinct(&seen), seen.len(), "{sort} repeats");
            assert!(sent.iter().all(|id| seen.contains(id)), "{sort} leaves out");
            sent.push(late);
        }
        let oldest_first = walk(&caseworker, "/referrals?sort=receivedAt&limit=2").await;
        let mut newest_first = walk(&caseworker, "/referrals?sort=-receivedAt&limit=4").await;
        assert_eq!(page(&caseworker, "/referrals?limit=100").await.0, newest_first);
        newest_first.reverse();
        assert_eq!(oldest_first, newest_first);
        assert_eq!(distinct(&oldest_first), sent.len());
    }

    async fn a_cursor_belongs_to_its_list_and_its_filters(app: TestApp) {
        for _ in 0..3 {
            app.submitted(fixtures::concern_report()).await;
        }
        let (anyone, caseworker) = (app.anyone(), app.caseworker());
        let cursor_of = |path: String| path.split("cursor=").nth(1).unwrap().split('&').next().unwrap().to_owned();
        let districts = cursor_of(page(&anyone, "/districts?limit=1").await.1.unwrap());
        let of_norr = cursor_of(page(&anyone, "/districts?limit=1&areaId=norr").await.1.unwrap());
        let referrals = cursor_of(page(&caseworker, "/referrals?limit=1").await.1.unwrap());
        let by_due = cursor_of(page(&caseworker, "/referrals?limit=1&sort=nextDueAt").await.1.unwrap());

        anyone.get(&format!("/districts?limit=5&cursor={districts}")).await.expect(200);
        anyone.get(&format!("/districts?areaId=norr&cursor={of_norr}")).await.expect(200);
        for path in [
            format!("/offices?cursor={districts}"),
            format!("/districts?areaId=norr&cursor={districts}"),
            format!("/districts?areaId=syd&cursor={of_norr}"),
            format!("/districts?cursor={of_norr}"),
            format!("/districts?name=r&cursor={districts}"),
        ] {
            anyone.get(&path).await.problem(400, "invalid-cursor");
        }
        for path in [
            format!("/referrals?sort=nextDueAt&cursor={referrals}"),
            format!("/referrals?cursor={by_due}"),
            format!("/referrals?kind=concern_report&cursor={referrals}"),
        ] {
            caseworker.get(&path).await.problem(400, "invalid-cursor");
        }
        for at in 0..districts.len() {
            let mut changed = districts.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            anyone.get(&format!("/districts?cursor={changed}")).await.problem(400, "invalid-cursor");
        }
    }
}
