//! The opening hours of an office, day by day.

use serde_json::{Value, json};

use crate::directory_writes::change;
use crate::support::TestApp;

/// The days of Skäggetorp's office with these hours.
async fn days(app: &TestApp, hours: &str, from: &str, to: &str) -> Value {
    change(app, "/offices/skaggetorp", json!({"openingHours": hours})).await;
    let answer = app.anyone().get(&format!("/offices/skaggetorp/opening-hours?from={from}&to={to}")).await.expect(200);
    assert_eq!(answer["known"], true);
    answer["days"].clone()
}

/// From when to when it is open on each day.
fn intervals(days: &Value) -> Vec<Vec<String>> {
    let text = |interval: &Value| {
        format!("{}/{}", interval["opensAt"].as_str().unwrap(), interval["closesAt"].as_str().unwrap())
    };
    let of_day = |day: &Value| day["intervals"].as_array().unwrap().iter().map(text).collect();
    days.as_array().unwrap().iter().map(of_day).collect()
}

on_both_databases! {
    async fn each_day_has_its_hours_with_a_break(app: TestApp) {
        let days = days(&app, "Mo-Fr 08:00-12:00,13:00-16:30; PH off", "2026-11-27", "2026-11-30").await;
        assert_eq!(days[0]["date"], "2026-11-27");
        assert_eq!(intervals(&days), [
            vec!["2026-11-27T07:00:00Z/2026-11-27T11:00:00Z", "2026-11-27T12:00:00Z/2026-11-27T15:30:00Z"],
            vec![],
            vec![],
            vec!["2026-11-30T07:00:00Z/2026-11-30T11:00:00Z", "2026-11-30T12:00:00Z/2026-11-30T15:30:00Z"],
        ]);
        assert!(days[0].get("holiday").is_none());
    }

    async fn eves_and_holidays_have_their_names_and_their_hours(app: TestApp) {
        let days = days(&app, "Mo-Su 10:00-14:00; PH off", "2026-12-23", "2027-01-06").await;
        let open: Vec<bool> = intervals(&days).iter().map(|day| !day.is_empty()).collect();
        let names: Vec<&str> = days.as_array().unwrap().iter().map(|day| day["holiday"]["sv"].as_str().unwrap_or_default()).collect();
        let told: Vec<_> = names.into_iter().zip(open).collect();
        assert_eq!(told, [
            ("", true),
            ("Julafton", false),
            ("Juldagen", false),
            ("Annandag jul", false),
            ("", true),
            ("", true),
            ("", true),
            ("", true),
            ("Nyårsafton", false),
            ("Nyårsdagen", false),
            ("", true),
            ("", true),
            ("", true),
            // Custom and not law.
            ("Trettondagsafton", true),
            ("Trettondedag jul", false),
        ]);
        assert_eq!(days[1]["holiday"]["en"], "Christmas Eve");
    }

    async fn midsummer_eve_is_free_and_easter_eve_is_not(app: TestApp) {
        let hours = "Mo-Su 10:00-14:00; PH off";
        let midsummer = days(&app, hours, "2027-06-24", "2027-06-27").await;
        assert_eq!(intervals(&midsummer).iter().map(Vec::len).collect::<Vec<_>>(), [1, 0, 0, 1]);
        let easter = days(&app, hours, "2027-03-25", "2027-03-30").await;
        assert_eq!(intervals(&easter).iter().map(Vec::len).collect::<Vec<_>>(), [1, 0, 1, 0, 0, 1]);
        assert_eq!(easter[2]["holiday"]["sv"], "Påskafton");
    }

    async fn the_night_of_october_is_an_hour_longer_and_that_of_march_an_hour_shorter(app: TestApp) {
        let hours = "Sa 22:00-04:00; Su 08:00-12:00";
        let october = days(&app, hours, "2026-10-24", "2026-10-25").await;
        assert_eq!(intervals(&october), [["2026-10-24T20:00:00Z/2026-10-25T03:00:00Z"], ["2026-10-25T07:00:00Z/2026-10-25T11:00:00Z"]]);
        let march = days(&app, hours, "2027-03-27", "2027-03-28").await;
        assert_eq!(intervals(&march), [["2027-03-27T21:00:00Z/2027-03-28T02:00:00Z"], ["2027-03-28T06:00:00Z/2027-03-28T10:00:00Z"]]);
    }

    async fn hours_within_the_hour_that_the_clock_skips_never_come(app: TestApp) {
        let march = days(&app, "Su 02:00-03:00", "2027-03-21", "2027-03-28").await;
        assert_eq!(intervals(&march)[0], ["2027-03-21T01:00:00Z/2027-03-21T02:00:00Z"]);
        assert_eq!(intervals(&march)[7], [""; 0]);
    }

    async fn what_begins_on_a_day_belongs_to_it_also_past_midnight(app: TestApp) {
        let nights = days(&app, "Fr 22:00-02:00; Sa off", "2026-11-27", "2026-11-28").await;
        assert_eq!(intervals(&nights), [vec!["2026-11-27T21:00:00Z/2026-11-28T01:00:00Z"], vec![]]);
        let always = days(&app, "24/7", "2026-11-27", "2026-11-28").await;
        assert_eq!(intervals(&always), [["2026-11-26T23:00:00Z/2026-11-27T23:00:00Z"], ["2026-11-27T23:00:00Z/2026-11-28T23:00:00Z"]]);
    }

    async fn hours_of_which_nobody_is_sure_are_told_as_unknown(app: TestApp) {
        let days = days(&app, "Mo 08:00-12:00 \"efter överenskommelse\"", "2026-11-23", "2026-11-23").await;
        assert_eq!(days[0]["intervals"][0]["unknown"], true);
        let office = app.anyone().get("/offices/skaggetorp").await.expect(200);
        assert_eq!(office["openState"], json!({"openNow": null}));
    }

    async fn hours_that_nobody_stated_are_empty_and_marked_as_unknown(app: TestApp) {
        let answer = app.anyone().get("/offices/skaggetorp/opening-hours?from=2026-12-24&to=2026-12-25").await.expect(200);
        assert_eq!(answer["known"], false);
        assert_eq!(answer["days"], json!([
            {"date": "2026-12-24", "holiday": {"sv": "Julafton", "en": "Christmas Eve"}, "intervals": []},
            {"date": "2026-12-25", "holiday": {"sv": "Juldagen", "en": "Christmas Day"}, "intervals": []},
        ]));
        assert_eq!(answer["officeId"], app.anyone().get("/offices/skaggetorp").await.json()["id"]);
    }

    async fn a_week_from_today_is_told_if_no_days_are_asked_for(app: TestApp) {
        // Half past midnight local time is still yesterday in UTC.
        app.clock.set("2026-11-23T23:30:00Z");
        let answer = app.anyone().get("/offices/skaggetorp/opening-hours").await.expect(200);
        let days = answer["days"].as_array().unwrap();
        assert_eq!((days.len(), &days[0]["date"], &days[6]["date"]), (7, &json!("2026-11-24"), &json!("2026-11-30")));
    }

    async fn an_office_opens_and_closes_on_the_minute_for_whoever_asks_again(app: TestApp) {
        change(&app, "/offices/skaggetorp", json!({"openingHours": "Mo-Fr 08:00-16:30"})).await;
        for (time, open) in [
            ("2026-11-24T06:59:00Z", false),
            ("2026-11-24T06:59:59.999999Z", false),
            ("2026-11-24T07:00:00Z", true),
            ("2026-11-24T15:29:59Z", true),
            ("2026-11-24T15:30:00Z", false),
        ] {
            app.clock.set(time);
            assert_eq!(app.anyone().get("/offices/skaggetorp").await.expect(200)["openState"]["openNow"], open, "{time}");
            let offices = app.anyone().get("/offices").await.expect(200);
            let office = offices["items"].as_array().unwrap().iter().find(|office| office["slug"] == "skaggetorp");
            assert_eq!(office.unwrap()["openState"]["openNow"], open, "{time}");
        }
        change(&app, "/offices/skaggetorp", json!({"openingHours": "24/7"})).await;
        assert_eq!(app.anyone().get("/offices/skaggetorp").await.expect(200)["openState"]["openNow"], true);
    }

    async fn at_most_sixty_two_days_are_told_in_their_order(app: TestApp) {
        let path = "/offices/skaggetorp/opening-hours";
        let days = async |question: &str| app.anyone().get(&format!("{path}?{question}")).await.expect(200)["days"].as_array().unwrap().len();
        assert_eq!(days("from=2026-12-01&to=2027-01-31").await, 62);
        assert_eq!(days("from=2026-12-01&to=2026-12-01").await, 1);
        for (question, parameter) in [
            ("from=2026-12-01&to=2027-02-01", "to"),
            ("from=2026-12-02&to=2026-12-01", "to"),
            ("from=2026-02-30", "from"),
            ("from=tomorrow", "from"),
            ("from=20261201", "from"),
            ("from=2026-12-01&to=2026-12-01T00:00:00Z", "to"),
            ("from=&to=2026-12-01", "from"),
            ("until=2026-12-01", "until"),
        ] {
            let answer = app.anyone().get(&format!("{path}?{question}")).await;
            answer.problem(400, "invalid-parameter");
            assert_eq!(answer.parameters(), [parameter], "{question}");
        }
        app.anyone().get("/offices/nowhere/opening-hours").await.problem(404, "not-found");
    }
}
