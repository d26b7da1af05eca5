//! The work queue of an office: filters, orders, and walking it while new referrals arrive.

use std::time::Duration;

use serde_json::{Value, json};

use crate::referrals::{office, submit};
use crate::support::TestApp;
use crate::support::app::{RECEPTION, SKAGGETORP};
use crate::support::fixtures::{concern_report, support_request, with};

/// Five referrals, a minute apart: concern reports, but for the third, which is a support request.
async fn five(app: &TestApp) -> Vec<Value> {
    let mut receipts = Vec::new();
    for number in 0..5 {
        let body = if number == 2 { support_request() } else { concern_report() };
        receipts.push(submit(&app.school(), body).await["id"].clone());
        app.clock.advance(Duration::from_secs(60));
    }
    receipts
}

/// The ids of a page of Skäggetorp's queue.
async fn queue(app: &TestApp, question: &str) -> Vec<Value> {
    let page = app.caseworker().get(&format!("/referrals?{question}")).await.expect(200);
    page["items"].as_array().unwrap().iter().map(|row| row["id"].clone()).collect()
}

fn picked(all: &[Value], numbers: &[usize]) -> Vec<Value> {
    numbers.iter().map(|number| all[*number].clone()).collect()
}

on_both_databases! {
    async fn a_row_is_enough_to_know_a_matter_again_and_holds_no_free_text(app: TestApp) {
        let receipt = submit(&app.school(), concern_report()).await;
        let answer = app.caseworker().get("/referrals").await;
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let list = answer.expect(200);
        assert_eq!(list["items"], json!([{
            "id": receipt["id"],
            "reference": receipt["reference"],
            "kind": "concern_report",
            "status": "received",
            "urgency": "soon",
            "child": {"initials": "EP", "birthYear": 2013},
            "officeId": office(&app, SKAGGETORP).await["id"],
            "receivedAt": "2026-11-23T09:00:00Z",
            "nextDueAt": "2026-11-24T09:00:00Z",
            "overdue": false,
        }]));
        assert_eq!(list["_meta"], json!({"limit": 20, "count": 1, "page": 1}), "nobody counts a queue unasked");
    }

    async fn initials_and_birth_year_are_told_as_far_as_they_are_known(app: TestApp) {
        for (child, told) in [
            (json!({"givenName": "åsa", "school": "Skola", "placeName": "Skäggetorp"}), json!({"initials": "Å"})),
            (json!({"birthYear": 2012, "street": "Nygatan 1", "postalCode": "58643"}), json!({"birthYear": 2012})),
            (json!({"familyName": "Öst", "birthDate": "2011-02-03", "placeName": "Skäggetorp"}), json!({"initials": "Ö", "birthYear": 2011})),
        ] {
            app.clock.advance(Duration::from_secs(1));
            submit(&app.school(), with(concern_report(), "/child", child)).await;
            assert_eq!(app.caseworker().get("/referrals").await.expect(200)["items"][0]["child"], told);
        }
    }

    async fn a_queue_is_ordered_by_receipt_or_by_what_is_due(app: TestApp) {
        let all = five(&app).await;
        assert_eq!(queue(&app, "").await, picked(&all, &[4, 3, 2, 1, 0]), "the newest comes first");
        assert_eq!(queue(&app, "sort=-receivedAt").await, picked(&all, &[4, 3, 2, 1, 0]));
        assert_eq!(queue(&app, "sort=receivedAt").await, picked(&all, &[0, 1, 2, 3, 4]));
        assert_eq!(queue(&app, "sort=nextDueAt").await, picked(&all, &[0, 1, 3, 4, 2]), "what has no deadline comes last");
    }

    async fn a_queue_is_filtered_by_what_work_needs(app: TestApp) {
        let all = five(&app).await;
        let (skaggetorp, reception) = (office(&app, SKAGGETORP).await, office(&app, RECEPTION).await);
        for (filter, expected) in [
            (format!("officeId={}", skaggetorp["id"].as_str().unwrap()), vec![4, 3, 2, 1, 0]),
            (format!("officeId={}", reception["id"].as_str().unwrap()), vec![]),
            ("status=received".to_owned(), vec![4, 3, 2, 1, 0]),
            ("status=accepted".to_owned(), vec![]),
            ("kind=support_request".to_owned(), vec![2]),
            ("kind=concern_report&sort=receivedAt".to_owned(), vec![0, 1, 3, 4]),
            ("kind=internal".to_owned(), vec![]),
            ("assigneeId=01935b7e-8c00-7a3e-9d52-6f1c2b3a4d5e".to_owned(), vec![]),
            // From is included, and to is not.
            ("receivedFrom=2026-11-23T09:03:00Z".to_owned(), vec![4, 3]),
            ("receivedTo=2026-11-23T09:03:00Z".to_owned(), vec![2, 1, 0]),
            ("receivedFrom=2026-11-23T10:01:00%2B01:00&receivedTo=2026-11-23T09:02:00Z".to_owned(), vec![1]),
            ("dueBefore=2026-11-24T09:03:00Z".to_owned(), vec![1, 0]),
            ("overdue=true".to_owned(), vec![]),
            ("overdue=false".to_owned(), vec![4, 3, 2, 1, 0]),
        ] {
            assert_eq!(queue(&app, &filter).await, picked(&all, &expected), "{filter}");
        }
        app.clock.set("2026-11-24T09:01:30Z");
        assert_eq!(queue(&app, "overdue=true&sort=nextDueAt").await, picked(&all, &[0, 1]));
        assert_eq!(queue(&app, "overdue=false").await, picked(&all, &[4, 3, 2]));
        for (wrong, parameter) in [
            ("status=lost", "status"),
            ("kind=letter", "kind"),
            ("officeId=1", "officeId"),
            ("assigneeId=me", "assigneeId"),
            ("receivedFrom=today", "receivedFrom"),
            ("dueBefore=2026-11-24", "dueBefore"),
            ("overdue=yes", "overdue"),
            ("sort=urgency", "sort"),
            ("limit=101", "limit"),
            ("need=parenting", "need"),
            ("districtId=01935b7e-8c00-7a3e-9d52-6f1c2b3a4d5e", "districtId"),
        ] {
            let answer = app.caseworker().get(&format!("/referrals?{wrong}")).await;
            answer.problem(400, "invalid-parameter");
            assert_eq!(answer.parameters(), [parameter], "{wrong}");
        }
    }

    async fn a_queue_is_counted_on_request(app: TestApp) {
        five(&app).await;
        let count = async |question: &str| app.caseworker().get(&format!("/referrals?{question}")).await.expect(200)["_meta"]["totalRecords"].clone();
        assert_eq!(count("total=true&limit=2").await, 5);
        assert_eq!(count("total=true&kind=support_request").await, 1);
        assert_eq!(count("total=true&page=0").await, 5);
        assert_eq!(count("total=false").await, Value::Null);
    }

    async fn a_walk_neither_repeats_nor_skips_while_new_ones_arrive(app: TestApp) {
        for (sort, new_ones_are_met) in [("-receivedAt", false), ("receivedAt", true), ("nextDueAt", true)] {
            let before = queue(&app, "limit=100").await;
            let mut all = five(&app).await;
            all.extend(before);
            let (mut walked, mut arrived) = (Vec::new(), Vec::new());
            let mut next = Some(format!("/referrals?sort={sort}&limit=2"));
            while let Some(path) = next {
                let page = app.caseworker().get(&path).await;
                walked.extend(page.expect(200)["items"].as_array().unwrap().iter().map(|row| row["id"].clone()));
                next = page.link("next");
                if arrived.len() < 3 {
                    arrived.push(submit(&app.school(), concern_report()).await["id"].clone());
                    app.clock.advance(Duration::from_secs(60));
                }
            }
            let mut distinct: Vec<String> = walked.iter().map(Value::to_string).collect();
            distinct.sort_unstable();
            distinct.dedup();
            assert_eq!(distinct.len(), walked.len(), "{sort} repeats");
            assert!(all.iter().all(|id| walked.contains(id)), "{sort} skips");
            assert_eq!(arrived.iter().any(|id| walked.contains(id)), new_ones_are_met, "{sort}");
        }
    }

    async fn a_walk_of_referrals_that_came_in_the_same_moment_is_whole(app: TestApp) {
        let mut all = Vec::new();
        for _ in 0..7 {
            all.push(submit(&app.school(), concern_report()).await["id"].to_string());
        }
        for sort in ["receivedAt", "-receivedAt", "nextDueAt"] {
            let mut walked = Vec::new();
            let mut next = Some(format!("/referrals?limit=3&sort={sort}"));
            while let Some(path) = next {
                let page = app.caseworker().get(&path).await;
                walked.extend(page.expect(200)["items"].as_array().unwrap().iter().map(|row| row["id"].to_string()));
                next = page.link("next");
            }
            walked.sort_unstable();
            all.sort_unstable();
            assert_eq!(walked, all, "{sort}");
        }
    }

    async fn somebody_of_two_offices_has_one_queue(app: TestApp) {
        let here = submit(&app.school(), concern_report()).await["id"].clone();
        app.clock.advance(Duration::from_secs(60));
        let there = submit(&app.school(), with(concern_report(), "/child/placeName", json!("Berga"))).await["id"].clone();
        let both = app.staff("caseworker", &[SKAGGETORP, RECEPTION]);
        let list = async |question: &str| {
            let list = both.get(&format!("/referrals?{question}")).await.expect(200);
            list["items"].as_array().unwrap().iter().map(|row| row["id"].clone()).collect::<Vec<_>>()
        };
        assert_eq!(list("").await, [there.clone(), here.clone()]);
        assert_eq!(list("sort=nextDueAt&limit=1").await, [here]);
        let reception = office(&app, RECEPTION).await["id"].as_str().unwrap().to_owned();
        assert_eq!(list(&format!("officeId={reception}")).await, [there]);
    }

    async fn a_page_is_recorded_with_exactly_what_it_showed(app: TestApp) {
        let all = five(&app).await;
        let before = app.audit().await.len();
        let first = app.caseworker().get("/referrals?limit=2").await;
        app.caseworker().get(&first.link("next").unwrap()).await.expect(200);
        let recorded: Vec<Value> = app.audit().await.split_off(before).into_iter().map(|(_, action, ids)| json!([action, ids])).collect();
        // Both happened at one moment, so their order is by chance.
        let pages = [json!(["referral.listed", picked(&all, &[4, 3])]), json!(["referral.listed", picked(&all, &[2, 1])])];
        assert_eq!(recorded.len(), 2);
        assert!(pages.iter().all(|page| recorded.contains(page)), "{recorded:?}");
    }
}
