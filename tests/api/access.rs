//! Who may do what: a row for every operation, a column for every kind of caller, and the status that each is answered with.
//!
//! A new operation without a row fails, and so does a row without an operation.

pub mod credentials;
mod hiding;
mod mutations;

use std::collections::BTreeMap;

use nara::http::documented::DocumentedOperation;

use crate::support::app::RECEPTION;
use crate::support::document::{OPERATIONS, described};
use crate::support::{Actor, TestApp};

/// `elsewhere` is a caseworker of another office than the one that has the case, `reasoned` a team lead there who says why they look,
/// `cleared` one who may see protected identities; all three work at the reception. The school has sent what is read.
const TABLE: &str = "
                      nobody outreach caseworker lead elsewhere reasoned cleared administrator auditor analyst school police healthcare association
    whereToTurn          200      200        200  200       200      200     200           200     200     200    200    200        200         200
    askWhereToTurn       200      200        200  200       200      200     200           200     200     200    200    200        200         200
    getCoverage          200      200        200  200       200      200     200           200     200     200    200    200        200         200
    getApiInfo           200      200        200  200       200      200     200           200     200     200    200    200        200         200
    listCodeLists        200      200        200  200       200      200     200           200     200     200    200    200        200         200
    getCodeList          200      200        200  200       200      200     200           200     200     200    200    200        200         200
    listAreas            200      200        200  200       200      200     200           200     200     200    200    200        200         200
    getArea              200      200        200  200       200      200     200           200     200     200    200    200        200         200
    createArea           401      403        403  403       403      403     403           201     403     403    401    401        401         401
    changeArea           401      403        403  403       403      403     403           200     403     403    401    401        401         401
    deleteArea           401      403        403  403       403      403     403           204     403     403    401    401        401         401
    listDistricts        200      200        200  200       200      200     200           200     200     200    200    200        200         200
    getDistrict          200      200        200  200       200      200     200           200     200     200    200    200        200         200
    createDistrict       401      403        403  403       403      403     403           201     403     403    401    401        401         401
    changeDistrict       401      403        403  403       403      403     403           200     403     403    401    401        401         401
    deleteDistrict       401      403        403  403       403      403     403           204     403     403    401    401        401         401
    getBoundary          200      200        200  200       200      200     200           200     200     200    200    200        200         200
    replaceBoundary      401      403        403  403       403      403     403           200     403     403    401    401        401         401
    listOffices          200      200        200  200       200      200     200           200     200     200    200    200        200         200
    getOffice            200      200        200  200       200      200     200           200     200     200    200    200        200         200
    getOpeningHours      200      200        200  200       200      200     200           200     200     200    200    200        200         200
    createOffice         401      403        403  403       403      403     403           201     403     403    401    401        401         401
    changeOffice         401      403        403  403       403      403     403           200     403     403    401    401        401         401
    deleteOffice         401      403        403  403       403      403     403           204     403     403    401    401        401         401
    listServices         200      200        200  200       200      200     200           200     200     200    200    200        200         200
    getService           200      200        200  200       200      200     200           200     200     200    200    200        200         200
    createService        401      403        403  403       403      403     403           201     403     403    401    401        401         401
    changeService        401      403        403  403       403      403     403           200     403     403    401    401        401         401
    deleteService        401      403        403  403       403      403     403           204     403     403    401    401        401         401
    listPartners         401      403        403  403       403      403     403           200     403     403    401    401        401         401
    createPartner        401      403        403  403       403      403     403           201     403     403    401    401        401         401
    getPartner           401      403        403  403       403      403     403           200     403     403    401    401        401         401
    changePartner        401      403        403  403       403      403     403           200     403     403    401    401        401         401
    listApiKeys          401      403        403  403       403      403     403           200     403     403    401    401        401         401
    createApiKey         401      403        403  403       403      403     403           201     403     403    401    401        401         401
    getApiKey            401      403        403  403       403      403     403           200     403     403    401    401        401         401
    rotateApiKey         401      403        403  403       403      403     403           201     403     403    401    401        401         401
    revokeApiKey         401      403        403  403       403      403     403           200     403     403    401    401        401         401
    getMe                401      200        200  200       200      200     200           200     200     200    401    401        401         401
    listStaff            401      200        200  200       200      200     200           403     403     403    401    401        401         401
    listReferrals        401      200        200  200       200      200     200           403     403     403    401    401        401         401
    getReferral          401      404        200  200       404      200     404           403     403     403    401    401        401         401
    listReferralHistory  401      404        200  200       404      200     404           403     403     403    401    401        401         401
    assessProtection     401      403        200  200       404      404     404           403     403     403    401    401        401         401
    requestInformation   401      403        200  200       404      404     404           403     403     403    401    401        401         401
    supplyInformation    401      403        200  200       404      404     404           403     403     403    401    401        401         401
    assignReferral       401      403        200  200       404      404     404           403     403     403    401    401        401         401
    acceptReferral       401      403        200  200       404      404     404           403     403     403    401    401        401         401
    startReferral        401      403        200  200       404      404     404           403     403     403    401    401        401         401
    logAttempt           401      403        200  200       404      404     404           403     403     403    401    401        401         401
    holdReferral         401      403        200  200       404      404     404           403     403     403    401    401        401         401
    resumeReferral       401      403        200  200       404      404     404           403     403     403    401    401        401         401
    redirectReferral     401      403        200  200       404      404     404           403     403     403    401    401        401         401
    declineReferral      401      403        200  200       404      404     404           403     403     403    401    401        401         401
    recordFamilyDeclined 401      403        200  200       404      404     404           403     403     403    401    401        401         401
    recordNotReached     401      403        200  200       404      404     404           403     403     403    401    401        401         401
    completeReferral     401      403        200  200       404      404     404           403     403     403    401    401        401         401
    withdrawConsent      401      403        200  200       404      404     404           403     403     403    401    401        401         401
    sendFeedback         401      403        200  200       404      404     404           403     403     403    401    401        401         401
    refuseFeedback       401      403        200  200       404      404     404           403     403     403    401    401        401         401
    decideInquiry        401      403        200  200       404      404     404           403     403     403    401    401        401         401
    extendDeadline       401      403        403  200       404      404     404           403     403     403    401    401        401         401
    markDuplicate        401      403        403  200       404      404     404           403     403     403    401    401        401         401
    reopenReferral       401      403        403  200       404      404     404           403     403     403    401    401        401         401
    enterReferralInError 401      403        403  200       404      404     404           403     403     403    401    401        401         401
    getPartnerView       401      404        200  200       404      200     404           403     403     403    401    401        401         401
    listReferralMessages 401      404        200  200       404      200     404           403     403     403    401    401        401         401
    writeReferralMessage 401      403        201  201       404      404     404           403     403     403    401    401        401         401
    createReferral       401      201        201  201       201      201     201           403     403     403    401    401        401         401
    searchReferrals      401      200        200  200       200      200     200           403     403     403    401    401        401         401
    correctReferral      401      403        200  200       404      404     404           403     403     403    401    401        401         401
    copyReferralForSibling 401    403        201  201       404      404     404           403     403     403    401    401        401         401
    listRelatedReferrals 401      404        200  200       404      200     404           403     403     403    401    401        401         401
    listAuditRecords     401      403        403  403       403      403     403           403     200     403    401    401        401         401
    verifyAuditRecords   401      403        403  403       403      403     403           403     200     403    401    401        401         401
    createPerson         401      201        201  201       201      201     201           403     403     403    401    401        401         401
    searchPeople         401      200        200  200       200      200     200           403     403     403    401    401        401         401
    getPerson            401      200        200  200       404      200     404           403     403     403    401    401        401         401
    changePerson         401      200        200  200       404      404     404           403     403     403    401    401        401         401
    movePerson           401      200        200  200       404      404     404           403     403     403    401    401        401         401
    getPersonTimeline    401      200        200  200       404      200     404           403     403     403    401    401        401         401
    createFamily         401      201        201  201       201      201     201           403     403     403    401    401        401         401
    getFamily            401      200        200  200       404      200     404           403     403     403    401    401        401         401
    changeFamily         401      200        200  200       404      404     404           403     403     403    401    401        401         401
    mergeFamilies        401      200        200  200       404      404     404           403     403     403    401    401        401         401
    getFamilyTimeline    401      200        200  200       404      200     404           403     403     403    401    401        401         401
    createOutreachContact 401     201        201  201       201      201     201           403     403     403    401    401        401         401
    putOutreachContact   401      201        201  201       201      201     201           403     403     403    401    401        401         401
    submitOutreachContactBatch 401 200       200  200       200      200     200           403     403     403    401    401        401         401
    listOutreachContacts 401      200        200  200       200      200     200           403     403     403    401    401        401         401
    getOutreachContact   401      200        200  200       404      200     404           403     403     403    401    401        401         401
    correctOutreachContact 401    200        200  200       404      404     404           403     403     403    401    401        401         401
    listOutreachContactVersions 401 403      403  200       403      200     403           403     404     403    401    401        401         401
    enterOutreachContactInError 401 200      200  200       404      404     404           403     403     403    401    401        401         401
    createOffer          401      201        201  201       404      404     404           403     403     403    401    401        401         401
    listOffers           401      200        200  200       404      200     404           403     403     403    401    401        401         401
    getOffer             401      200        200  200       404      200     404           403     403     403    401    401        401         401
    answerOffer          401      201        201  201       404      404     404           403     403     403    401    401        401         401
    closeOffer           401      200        200  200       404      404     404           403     403     403    401    401        401         401
    listFollowUps        401      200        200  200       200      200     200           403     403     403    401    401        401         401
    createFollowUp       401      201        201  201       422      422     422           403     403     403    401    401        401         401
    getFollowUp          401      200        200  200       404      200     404           403     403     403    401    401        401         401
    completeFollowUp     401      200        200  200       404      404     404           403     403     403    401    401        401         401
    submitReferral       401      401        401  401       401      401     401           401     401     401    201    201        201         201
    getPartnerMe         401      401        401  401       401      401     401           401     401     401    200    200        200         200
    listPartnerReferrals 401      401        401  401       401      401     401           401     401     401    200    200        200         200
    getPartnerReferral   401      401        401  401       401      401     401           401     401     401    200    404        404         404
    supplementPartnerReferral 401 401        401  401       401      401     401           401     401     401    201    404        404         404
    withdrawPartnerReferral 401   401        401  401       401      401     401           401     401     401    200    404        404         404
    requestFeedback      401      401        401  401       401      401     401           401     401     401    200    404        404         404
    listPartnerMessages  401      401        401  401       401      401     401           401     401     401    200    404        404         404
    writePartnerMessage  401      401        401  401       401      401     401           401     401     401    201    404        404         404
";

/// Somebody who is answered like one of the columns, `but` where something else is said.
struct Like {
    who: fn(&TestApp) -> Actor,
    column: &'static str,
    but: &'static [(&'static str, u16)],
}

/// A team lead of another office is nobody special without a reason, and a reason makes nobody else special.
const LIKE: [Like; 9] = [
    Like {
        who: |app| app.staff("team_lead", &[RECEPTION]),
        column: "elsewhere",
        // Team leads read what their own offices' contacts were before; this one is another office's. So are the cases that they lead.
        but: &[
            ("listOutreachContactVersions", 404),
            ("extendDeadline", 404),
            ("markDuplicate", 404),
            ("reopenReferral", 404),
            ("enterReferralInError", 404),
        ],
    },
    Like { who: |app| reasoned(app, "outreach"), column: "outreach", but: &[] },
    Like { who: |app| reasoned(app, "caseworker"), column: "caseworker", but: &[] },
    Like { who: |app| reasoned(app, "elsewhere"), column: "elsewhere", but: &[] },
    Like { who: |app| reasoned(app, "cleared"), column: "cleared", but: &[] },
    Like { who: |app| reasoned(app, "administrator"), column: "administrator", but: &[] },
    Like {
        who: |app| reasoned(app, "auditor"),
        column: "auditor",
        // The one thing of a case that auditors read, and only with a reason.
        but: &[("listOutreachContactVersions", 200)],
    },
    Like { who: |app| reasoned(app, "analyst"), column: "analyst", but: &[] },
    Like { who: |app| reasoned(app, "school"), column: "school", but: &[] },
];

fn reasoned(app: &TestApp, name: &str) -> Actor {
    caller(app, name).and("access-reason", "supervision")
}

/// The expected status by operation and by caller.
fn table() -> BTreeMap<String, Vec<(&'static str, u16)>> {
    let mut lines =
        TABLE.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()).filter(|words| !words.is_empty());
    let callers = lines.next().expect("the table has a head");
    let row = |words: Vec<&'static str>| {
        let statuses = words[1..].iter().map(|status| status.parse().expect("a status"));
        assert_eq!(words.len(), callers.len() + 1, "{} has not a status for each caller", words[0]);
        (words[0].to_owned(), callers.iter().copied().zip(statuses).collect())
    };
    lines.map(row).collect()
}

fn caller(app: &TestApp, name: &str) -> Actor {
    match name {
        "nobody" => app.anyone(),
        "outreach" => app.outreach_worker(),
        "caseworker" => app.qualified_caseworker(),
        "lead" => app.team_lead(),
        "elsewhere" => app.reception_caseworker(),
        "reasoned" => app.staff("team_lead", &[RECEPTION]).and("access-reason", "supervision"),
        "cleared" => app.protected_identity_caseworker(),
        "administrator" => app.administrator(),
        "auditor" => app.auditor(),
        "analyst" => app.analyst(),
        "school" => app.school(),
        "police" => app.police(),
        "healthcare" => app.healthcare(),
        "association" => app.association(),
        other => panic!("nobody is called {other}"),
    }
}

fn slug(status: u16) -> &'static str {
    match status {
        401 => "unauthenticated",
        403 => "forbidden",
        // A body that names what is another office's.
        422 => "unknown-reference",
        _ => "not-found",
    }
}

#[test]
fn every_operation_has_its_row() {
    let listed: Vec<String> = table().into_keys().collect();
    let mut published: Vec<String> = OPERATIONS.iter().map(|operation| operation.id.clone()).collect();
    published.sort();
    assert_eq!(listed, published, "the table and the document name different operations");
}

on_both_databases! {
    async fn every_caller_may_do_what_the_table_says_and_nothing_else(app: TestApp) {
        let table = table();
        let mut wrong = Vec::new();
        for operation in OPERATIONS.iter() {
            for (name, expected) in &table[&operation.id] {
                let request = app.prepare(operation).await;
                let answer = request.send(&caller(&app, name)).await;
                if answer.status != *expected {
                    wrong.push(format!("{} by {name}: {} instead of {expected}", operation.id, answer.status));
                } else if *expected >= 400 {
                    let is_lead_s = answer.status == 403 && answer.json().get("allowedActions").is_some();
                    answer.problem(*expected, if is_lead_s { "action-forbidden" } else { slug(*expected) });
                    assert_eq!(answer.header("www-authenticate").is_some(), *expected == 401, "{answer:?}");
                }
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    async fn a_reason_opens_nothing_to_those_whom_the_rule_gives_none(app: TestApp) {
        let table = table();
        let mut wrong = Vec::new();
        for operation in OPERATIONS.iter().filter(|operation| !operation.secured_by.is_empty()) {
            for Like { who, column, but } in LIKE {
                let expected = table[&operation.id].iter().find(|(name, _)| *name == column).unwrap().1;
                let exception = but.iter().find(|(id, _)| *id == operation.id);
                let expected = exception.map_or(expected, |(_, status)| *status);
                let answer = app.prepare(operation).await.send(&who(&app)).await;
                if answer.status != expected {
                    wrong.push(format!("{} like {column}: {} instead of {expected}", operation.id, answer.status));
                }
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    async fn who_is_refused_changes_nothing(app: TestApp) {
        let changes = OPERATIONS.iter().filter(|operation| operation.method != "GET" && !operation.secured_by.is_empty());
        for operation in changes {
            let request = app.prepare(operation).await;
            let before = (app.things_done().await, app.stored_referrals().await);
            for (name, _) in table()[&operation.id].iter().filter(|(_, status)| *status >= 400) {
                request.send(&caller(&app, name)).await;
            }
            assert_eq!((app.things_done().await, app.stored_referrals().await), before, "{}", operation.id);
        }
    }
}

/// The document tells clients how to sign in, in the words of the table.
#[test]
fn the_document_agrees_with_the_table_on_who_signs_in() {
    let table = table();
    for operation in OPERATIONS.iter() {
        let status = |name: &str| table[&operation.id].iter().find(|(caller, _)| *caller == name).unwrap().1;
        let by_token = ["outreach", "caseworker", "lead", "administrator"].iter().any(|name| status(name) != 401);
        let by_key = status("school") != 401;
        let expected: Vec<&str> = match (status("nobody"), by_token, by_key) {
            (401, true, false) => vec!["staffToken"],
            (401, false, true) => vec!["partnerKey"],
            (401, true, true) => vec!["partnerKey", "staffToken"],
            _ => vec![],
        };
        assert_eq!(operation.secured_by, expected, "{}", operation.id);
        let told = described(operation)["responses"].as_object().unwrap();
        for status in ["401", "403"] {
            assert_eq!(told.contains_key(status), !expected.is_empty(), "{} and {status}", operation.id);
        }
    }
}

/// All operations that need a sign-in.
fn secured() -> impl Iterator<Item = &'static DocumentedOperation> {
    OPERATIONS.iter().filter(|operation| !operation.secured_by.is_empty())
}

/// A child whose identity is protected, whose case is the reception's.
fn protected() -> serde_json::Value {
    use crate::support::fixtures::{concern_report, with};
    with(concern_report(), "/child/protectedIdentity", "marked".into())
}
