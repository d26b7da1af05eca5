//! What a person's timeline tells of changes of family: those that name a family which the reader may know of, and no others.

use std::time::Duration;

use serde_json::{Value, json};

use crate::people::{cleared, path};
use crate::support::app::{RECEPTION, SKAGGETORP};
use crate::support::fixtures::{contact, person, with};
use crate::support::{Actor, TestApp};

const REASON: &str = "Pappan vet inte var mamman bor.";

async fn moved(actor: &Actor, person: &Value, family: &Value, reason: &str) {
    let to = json!({ "familyId": family, "reason": reason });
    actor.post(&format!("{}/move", path(person)), to).await.expect(200);
}

/// The number of events on the person's timeline, and those among them that are changes of family.
async fn changes(actor: &Actor, person: &Value) -> (Value, Vec<Value>) {
    let answer = actor.get(&format!("{}/timeline?total=true", path(person))).await.expect(200);
    let items = answer["items"].as_array().unwrap();
    let of_families = |item: &&Value| ["moved", "merged"].contains(&item["kind"].as_str().unwrap());
    (answer["_meta"]["totalRecords"].clone(), items.iter().filter(of_families).cloned().collect())
}

async fn family(actor: &Actor, members: &[&Value]) -> Value {
    let ids: Vec<&Value> = members.iter().map(|member| &member["id"]).collect();
    actor.post("/families", json!({ "memberIds": ids })).await.expect(201)
}

on_both_databases! {
    async fn a_move_between_families_of_others_is_told_to_nobody_else(app: TestApp) {
        let (here, there) = (app.caseworker(), app.reception_caseworker());
        let child = here.post("/people", person()).await.expect(201);
        let met = with(contact(), "/participants", json!([{ "personId": child["id"] }]));
        there.post("/outreach-contacts", met.clone()).await.expect(201);
        let (before, none) = changes(&here, &child).await;
        assert!(none.is_empty(), "{none:?}");
        let (first, second) = (family(&there, &[&child]).await, family(&there, &[]).await);
        moved(&there, &child, &second["id"], REASON).await;
        there.post(&format!("/families/{}/merge", first["id"].as_str().unwrap()), json!({ "otherId": second["id"], "reason": REASON })).await.expect(200);
        moved(&there, &child, &Value::Null, REASON).await;
        let told = here.get(&format!("{}/timeline", path(&child))).await.text();
        assert!(!told.contains(REASON) && !told.contains("moved") && !told.contains("merged"), "{told}");
        assert_eq!(changes(&here, &child).await, (before.clone(), Vec::new()));
        assert_eq!(changes(&there, &child).await.1.len(), 4);
        // From page to page there is nothing more.
        assert_eq!(here.get(&format!("{}/timeline?limit=1", path(&child))).await.link("next"), None);
        // Where one of the two families is known, the change is told with its reason, and the other family is not named.
        let own = family(&here, &[]).await;
        let both = app.staff("caseworker", &[SKAGGETORP, RECEPTION]);
        moved(&both, &child, &own["id"], "Bor hos mormor.").await;
        app.clock.advance(Duration::from_secs(60));
        moved(&both, &child, &first["id"], "Bor hemma igen.").await;
        let (_, told) = changes(&here, &child).await;
        let reasons: Vec<&Value> = told.iter().map(|event| &event["reason"]).collect();
        assert_eq!(reasons, [&json!("Bor hemma igen."), &json!("Bor hos mormor.")]);
        assert_eq!((&told[0]["fromFamilyId"], told[0].get("toFamilyId")), (&own["id"], None));
        // Whoever meets somebody of a family learns of it.
        here.post("/outreach-contacts", met).await.expect(201);
        assert_eq!(changes(&here, &child).await.1.len(), 6);
    }

    async fn a_move_to_somebody_protected_is_told_to_nobody_who_is_not_cleared(app: TestApp) {
        let (here, cleared) = (app.caseworker(), cleared(&app, &[SKAGGETORP]));
        let (child, mother) = (here.post("/people", person()).await.expect(201), here.post("/people", person()).await.expect(201));
        let home = family(&cleared, &[&mother]).await;
        cleared.patch(&path(&mother), json!({ "protection": "marked" }), "*").await.expect(200);
        here.get(&format!("/families/{}", home["id"].as_str().unwrap())).await.problem(404, "not-found");
        // She is alone there again when the child has gone, so for others there is no such family.
        moved(&cleared, &child, &home["id"], REASON).await;
        moved(&cleared, &child, &Value::Null, REASON).await;
        assert_eq!(changes(&here, &child).await.1, Vec::<Value>::new());
        assert_eq!(changes(&cleared, &child).await.1.len(), 2);
    }
}
