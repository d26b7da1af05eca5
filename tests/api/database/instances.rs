//! Several servers on one PostgreSQL: what one writes, the others know.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::document::new_area;
use crate::support::{Backend, TestApp, fixtures};

async fn two_servers() -> Option<(TestApp, TestApp)> {
    let one = TestApp::fresh_with(Backend::Postgres, |_| {}).await?;
    let other = one.another_server().await;
    Some((one, other))
}

#[actix_web::test]
async fn a_change_of_the_directory_reaches_the_other_server_within_two_seconds() {
    let Some((one, other)) = two_servers().await else { return };
    let etag = one.anyone().get("/areas/norr").await.etag();
    one.administrator().patch("/areas/norr", json!({ "name": { "sv": "Omdöpt" } }), &etag).await.expect(200);
    let written = Instant::now();
    assert_eq!(
        one.anyone().get("/areas/norr").await.expect(200)["name"]["sv"],
        "Omdöpt",
        "the writer reads its own write"
    );
    while other.anyone().get("/areas/norr").await.expect(200)["name"]["sv"] != "Omdöpt" {
        assert!(written.elapsed() < Duration::from_secs(2), "the other server has not noticed");
        actix_web::rt::time::sleep(Duration::from_millis(20)).await;
    }
}

#[actix_web::test]
async fn a_writer_that_has_not_noticed_yet_still_overwrites_nobody() {
    let Some((one, other)) = two_servers().await else { return };
    let before = one.anyone().get("/areas/norr").await;
    let patch = |name: &str| json!({ "name": { "sv": name } });
    let changed = one.administrator().patch("/areas/norr", patch("Ett"), &before.etag()).await;
    changed.expect(200);
    other.administrator().patch("/areas/norr", patch("Annat"), &before.etag()).await.problem(412, "stale-version");
    other.administrator().patch("/areas/norr", patch("Annat"), &changed.etag()).await.expect(200);
    let created = one.administrator().post("/areas", new_area()).await.expect(201);
    let path = format!("/areas/{}", created["slug"].as_str().unwrap());
    let etag = one.anyone().get(&path).await.etag();
    assert_eq!(other.administrator().delete(&path, &etag).await.status, 204);
}

#[actix_web::test]
async fn writers_on_both_servers_lose_nothing() {
    let Some((one, other)) = two_servers().await else { return };
    let (first, second) = (one.administrator(), other.administrator());
    let writes =
        (0..20).map(
            |number| if number % 2 == 0 { first.post("/areas", new_area()) } else { second.post("/areas", new_area()) },
        );
    for answer in futures_util::future::join_all(writes).await {
        answer.expect(201);
    }
    let written = Instant::now();
    for server in [&one, &other] {
        while server.anyone().get("/areas?limit=1").await.expect(200)["_meta"]["totalRecords"] != 24 {
            assert!(written.elapsed() < Duration::from_secs(4), "a write is missing");
            actix_web::rt::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

#[actix_web::test]
async fn a_referral_sent_to_one_server_is_read_at_the_other() {
    let Some((one, other)) = two_servers().await else { return };
    let id = one.submitted(fixtures::concern_report()).await;
    other.caseworker().get(&format!("/referrals/{id}")).await.expect(200);
    other.school().get(&format!("/partner/referrals/{id}")).await.expect(200);
    let cursor = {
        one.clock.advance(Duration::from_secs(1));
        one.submitted(fixtures::concern_report()).await;
        one.caseworker().get("/referrals?limit=1").await.link("next").unwrap()
    };
    assert_eq!(other.caseworker().get(&cursor).await.expect(200)["items"][0]["id"], id.as_str());
}
