//! The rule of permissions is held by the table: whichever line is taken away, somebody is answered otherwise.

use nara::auth::permissions::{PermissionLine, Permissions, TABLE};
use nara::http::documented::DocumentedOperation;

use super::{caller, table};
use crate::support::TestApp;
use crate::support::document::{OPERATIONS, Prepared};

/// Everybody who may do something at all with what needs a token.
const STAFF: [&str; 7] = ["outreach", "caseworker", "lead", "elsewhere", "reasoned", "administrator", "auditor"];

/// What changes something, and is tried where no reading notices: for each permission that opens no reading.
const CHANGES: [&str; 5] = ["createArea", "createReferral", "logAttempt", "extendDeadline", "decideInquiry"];

/// The same for changes, each with something of its own to change.
async fn a_writer_notices(whole: &TestApp, app: &TestApp) -> bool {
    let table = table();
    for operation in OPERATIONS.iter().filter(|operation| CHANGES.contains(&operation.id.as_str())) {
        for (name, expected) in table[&operation.id].iter().filter(|(name, _)| STAFF.contains(name)) {
            let request = whole.prepare(operation).await;
            if request.send(&caller(app, name)).await.status != *expected {
                return true;
            }
        }
    }
    false
}

/// Whether a server with this rule answers somebody otherwise than the table says.
async fn somebody_notices(app: &TestApp, requests: &[(&DocumentedOperation, Prepared)]) -> bool {
    let table = table();
    for (operation, request) in requests {
        for (name, expected) in table[&operation.id].iter().filter(|(name, _)| STAFF.contains(name)) {
            if request.send(&caller(app, name)).await.status != *expected {
                return true;
            }
        }
    }
    false
}

#[actix_web::test]
async fn no_line_of_the_rule_can_be_taken_away_without_somebody_noticing() {
    let whole = TestApp::start_with(|_| {}).await;
    let mut readings = Vec::new();
    let secured =
        OPERATIONS.iter().filter(|operation| operation.secured_by.iter().any(|scheme| scheme == "staffToken"));
    // What only reads can be asked of each server in turn.
    for operation in secured.filter(|operation| operation.method == "GET") {
        readings.push((operation, whole.prepare(operation).await));
    }
    assert!(!somebody_notices(&whole, &readings).await, "the whole rule is what the table says");
    for missing in TABLE {
        let rule: Vec<PermissionLine> = TABLE.into_iter().filter(|line| *line != missing).collect();
        let app = whole.another_server_with(|setup| setup.permissions = Permissions::of(&rule)).await;
        let noticed = somebody_notices(&app, &readings).await || a_writer_notices(&whole, &app).await;
        assert!(noticed, "nobody misses {missing:?}");
    }
}
