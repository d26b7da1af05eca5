//! The referral that the load submits: a concern report of a school. No person in it is real.

use super::client::{CHILD, NUMBER, Request};

/// Where it is sent.
pub const PATH: &str = "/nara/v1/partner/referrals";

/// The request of an agency with this key. The sender's reference and the child's number differ from one sending to the next.
pub fn submission(path: &str, partner_key: &str) -> Request {
    Request::post(path, Some(("x-api-key", partner_key)), &body())
}

/// The body. The identity number is one of Skatteverket's published test numbers.
pub fn body() -> String {
    let body = serde_json::json!({
        "kind": "concern_report",
        "urgency": "soon",
        "senderReference": format!("LOAD-{NUMBER}"),
        "reporter": { "name": "Rektor Påhittad", "title": "Rektor", "phone": "013-20 00 00" },
        "child": {
            "givenName": "Elias", "familyName": "Påhittad", "personalIdentityNumber": CHILD,
            "placeName": "Skäggetorp", "school": "Skäggetorps grundskola (påhittad)",
        },
        "guardians": [{ "givenName": "Alva", "familyName": "Påhittad", "knowsOfReport": true }],
        "siblings": [{ "name": "Saga", "birthYear": 2016, "alsoConcerned": false }],
        "needs": ["school_absence", "mental_health"],
        "description": "Eleven har varit borta från skolan i flera veckor och svarar inte när skolan hör av sig. \
                        Hemma säger man att allt är bra.",
        "protectiveFactors": "Farmor bor nära och träffar barnet ofta.",
        "guardiansInformed": { "informed": "yes" },
        "feedbackRequested": true,
    });
    body.to_string()
}

/// The identifier of the referral that a receipt is about.
pub fn id_in(receipt: &[u8]) -> String {
    let receipt: serde_json::Value = serde_json::from_slice(receipt).expect("a receipt is JSON");
    receipt["id"].as_str().expect("a receipt names its referral").to_owned()
}
