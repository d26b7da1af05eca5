//! Examples of referrals for the OpenAPI document, as differences from the example of a concern report that was just received.

use serde_json::{Value, json};

use crate::http::merge_patch::merge;

const ANYBODY: &str = "01935b7e-8c00-7a3e-9d52-6f1c2b3a4d5e";
const NOW: &str = "2026-11-21T14:30:00Z";

/// Makes the example of a support request in the state `status`, with the family's consent. `special` is merged into it.
pub fn request(status: &str, special: Value) -> Value {
    let request = json!({
        "kind": "support_request", "status": status, "version": 2,
        "consent": { "basis": "written", "givenBy": ["guardian"], "givenOn": "2026-11-20", "scopes": ["referral", "outcome"] },
        "deadlines": [], "nextDueAt": null, "feedback": null, "feedbackRequested": false,
    });
    with(request, &special)
}

/// Makes the example of a support request that was accepted, with a deadline for the first contact. `special` is merged into
/// it.
pub fn accepted(special: Value) -> Value {
    let due = "2026-11-27T23:00:00Z";
    let deadline = json!({
        "kind": "first_contact", "dueAt": due, "overdue": false, "legalBasisId": "first-contact-5-working-days",
    });
    with(request("accepted", json!({ "deadlines": [deadline], "nextDueAt": due })), &special)
}

/// Makes the example of a concern report on which it was decided to open an inquiry, with a deadline for feedback to the
/// reporter. `special` is merged into it.
pub fn decided(special: Value) -> Value {
    let due = "2026-11-28T23:00:00Z";
    let decided = json!({
        "status": "handed_over", "version": 3,
        "protectionAssessment": assessment(),
        "inquiryDecision": {
            "decision": "open_inquiry", "decidedAt": NOW, "decidedBy": ANYBODY, "caseReference": "SN 2026-1204",
            "rationale": "Skolfrånvaron och det som barnet berättat tyder på behov av stöd.",
        },
        "deadlines": [
            {
                "kind": "inquiry_decision", "dueAt": "2026-12-05T23:00:00Z", "rolledDueAt": "2026-12-07T23:00:00Z", "metAt": NOW,
                "overdue": false, "legalBasisId": "sol-20-2",
            },
            {
                "kind": "feedback", "dueAt": due, "rolledDueAt": "2026-11-30T23:00:00Z", "overdue": false,
                "legalBasisId": "sol-19-6",
            },
        ],
        "nextDueAt": due,
    });
    with(decided, &special)
}

/// Makes the example of a decided concern report on which `feedback` was given or refused, so that no deadline runs any more.
pub fn answered(feedback: Value) -> Value {
    decided(json!({ "version": 4, "feedback": feedback, "deadlines": [], "nextDueAt": null }))
}

/// Makes the example of an assessment that the child needs no protection at once.
pub fn assessment() -> Value {
    json!({
        "immediateNeed": false, "measures": "Samtal med barnet i skolan i dag.", "assessedAt": NOW, "assessedBy": ANYBODY,
    })
}

/// Makes an example with `count` attempts to reach the family at which nobody answered.
pub fn attempts(count: usize) -> Value {
    let attempt = json!({
        "at": "2026-11-20T13:00:00Z", "channel": "phone", "reached": false, "note": "Ringde; ingen svarade.", "by": ANYBODY,
    });
    vec![attempt; count].into()
}

fn with(mut example: Value, special: &Value) -> Value {
    merge(&mut example, special);
    example
}
