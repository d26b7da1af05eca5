//! The rule of permissions is held by the table: whichever line is taken away, somebody is answered otherwise.

use nara::auth::permissions::{Line, Permissions, TABLE};
use nara::http::document::Operation;

use super::{caller, table};
use crate::support::TestApp;
use crate::support::document::{OPERATIONS, Prepared};

/// Everybody who may do something at all with what needs a token.
const STAFF: [&str; 7] = ["outreach", "caseworker", "lead", "elsewhere", "reasoned", "administrator", "auditor"];

/// What can be done by each of them again and again.
const CHANGES: [&str; 2] = ["createArea", "createReferral"];

/// Whether a server with this rule answers somebody otherwise than the table says.
async fn somebody_notices(app: &TestApp, requests: &[(&Operation, Prepared)]) -> bool {
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
    // What only reads can be asked of each server in turn. Some of what is kept and made needs no reading, so it is tried by a change.
    for operation in secured.clone().filter(|operation| operation.method == "GET") {
        readings.push((operation, whole.prepare(operation).await));
    }
    assert!(!somebody_notices(&whole, &readings).await, "the whole rule is what the table says");
    let changes: Vec<_> = secured.clone().filter(|operation| CHANGES.contains(&operation.id.as_str())).collect();
    assert_eq!(changes.len(), CHANGES.len());
    for missing in TABLE {
        let rule: Vec<Line> = TABLE.into_iter().filter(|line| *line != missing).collect();
        let app = whole.another_server_with(|setup| setup.permissions = Permissions::of(&rule)).await;
        let mut noticed = somebody_notices(&app, &readings).await;
        for change in &changes {
            noticed = noticed || somebody_notices(&app, &[(*change, whole.prepare(change).await)]).await;
        }
        assert!(noticed, "nobody misses {missing:?}");
    }
}
