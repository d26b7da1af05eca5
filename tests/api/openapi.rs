//! The document's own pass, on a small API whose routes are described as the real ones are.

pub mod flaws;
mod sample;

use serde_json::json;

use nara::openapi::{finish, operations, walk};

#[test]
fn what_utoipa_collects_becomes_what_is_published() {
    let document = sample::finished();
    let schemas = &document["components"]["schemas"];
    let names: Vec<&str> = walk::members(schemas).map(|(name, _)| name).collect();
    let expected = [
        "Area",
        "AreaPatch",
        "AreaRow",
        "AreaRowPage",
        "History",
        "Meta",
        "NewArea",
        "Population",
        "Problem",
        "Status",
        "Violation",
    ];
    assert_eq!(names, expected);
    let area = &schemas["Area"]["allOf"][1]["properties"];
    assert_eq!(area["contact"]["x-secrecy"], "OSL 26 kap. 1 §");
    assert_eq!(area["contact"]["maxLength"], 200);
    assert_eq!(area["openNow"]["type"], json!(["boolean", "null"]));
    assert_eq!(area["former"]["oneOf"][1], json!({ "type": "null" }));
    assert_eq!(area["id"]["description"], "The area's identifier, a UUID.");
    assert_eq!(schemas["NewArea"]["additionalProperties"], false);
    assert_eq!(schemas["AreaPatch"]["properties"]["status"]["oneOf"][0]["$ref"], "#/components/schemas/Status");
    let ids: Vec<String> = operations(&document).into_iter().map(|operation| operation.id).collect();
    assert_eq!(ids, ["listAreas", "createArea", "deleteArea", "getArea", "changeArea", "estimatePopulation"]);
    let markers = ["x-no-prefer", "x-conditional", "x-no-if-match", "x-answer-example", "x-example-omit"];
    assert!(markers.iter().all(|marker| !document.to_string().contains(marker)));
    let changed = &document["paths"]["/areas/{id}"]["patch"]["responses"]["200"]["content"]["application/json"];
    assert_eq!(changed["examples"]["example"]["value"]["openNow"], false);
}

#[test]
fn the_same_routes_make_the_same_document() {
    assert_eq!(finish(sample::raw()).to_string(), finish(sample::raw()).to_string());
}
