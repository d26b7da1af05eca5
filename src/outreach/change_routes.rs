//! The operations that correct an outreach contact, enter it in error, and list its earlier versions.

use actix_web::{HttpResponse, get, patch, post};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::audit::{Entry, actions};
use crate::auth::{OutreachWorker, VersionReader};
use crate::binding;
use crate::cases::correct_contact::ContactCorrection;
use crate::context::{Context, Tx};
use crate::error::{Problem, Result};
use crate::http::body::Body;
use crate::http::call::Cache;
use crate::http::merge_patch::MergePatch;
use crate::http::page::{Page, Paging, PagingParameters};
use crate::http::path::Named;
use crate::id::OutreachContactId;
use crate::idempotency;
use crate::outreach::answers::ContactAnswers;
use crate::outreach::view::{ContactView, VersionView};
use crate::outreach::{ContactSetting, NewContact, OutreachContact, check_tells_nobody, known, rules, store};
use crate::people::{Changeable, Registration};
use crate::rules::Rules;
use crate::vault::ConfidentialProse;

type ContactFacts = Changeable<NewContact>;

/// Correct a contact
///
/// Changes what was written down by a merge patch (RFC 7396), and makes a new version. The version before stays readable to team leads
/// and auditors. If the contact moves to another family, the offers and follow-ups of its old family move to the new one. Participants to
/// whom something was offered must stay in their places. The office no longer knows of people whom only this contact named before. A
/// concern report that was made from the contact is changed as a referral.
#[utoipa::path(
    operation_id = "correctOutreachContact",
    tag = "outreach",
    params(("id" = OutreachContactId, Path, description = "The contact's identifier.")),
    request_body(content = ContactFacts, example = json!({
        "durationMinutes": 20,
        "summary": "Pratade om skolan och om vad som finns att göra efter den.",
    })),
    responses(
        (status = 200, description = "The contact as it is now.", body = ContactView),
        (status = 409, description = "The contact was entered in error.")
    ),
    security(("staffToken" = [])),
    extensions(("x-problems" = json!([Problem::EnteredInError, rules::PROBLEMS])))
)]
#[patch("/outreach-contacts/{id}")]
pub async fn correct_contact(
    ctx: Context<OutreachWorker>,
    id: Named<OutreachContactId>,
    patch: MergePatch,
) -> Result<HttpResponse> {
    let (id, answers) = (id.0, ContactAnswers::new(&ctx));
    let patch = patch.without(NewContact::FIELDS)?;
    let attempt = actions::OUTREACH_CONTACT_CORRECTED.on(id);
    ctx.write(attempt, idempotency::public(), async || {
        let scope = ctx.changeable();
        let before = ctx.read(move |conn| store::find(conn, &scope, id)).await?;
        ctx.call.check_if_match(before.version)?;
        let before = before.open(&ctx.vault)?;
        let (office, written, now) = (before.office_id, &before.record.written, ctx.call.moment.now);
        let setting = ContactSetting { office, directory: &ctx.directory, now, before: Some(written) };
        let after = before.corrected(patch.apply(written)?, &setting, ctx.staff().id)?;
        let correction = ContactCorrection::new(&before, &after, ctx.changeable(), &ctx.vault, &ctx.call.moment)?;
        let answers = answers.clone();
        Ok(move |tx: &mut Tx| {
            correction.write(tx)?;
            tx.on_behalf_of(office);
            answers.changed(tx, id)
        })
    })
    .await
}

/// List the versions of a contact
///
/// Returns the contact as it is now and as it was before each of its corrections, the newest first. It is open to team leads, and to
/// auditors who state a reason. A version that names somebody whose identity is protected now exists only for staff who are cleared for
/// protected identities.
#[utoipa::path(
    operation_id = "listOutreachContactVersions",
    tag = "outreach",
    params(("id" = OutreachContactId, Path, description = "The contact's identifier."), PagingParameters),
    responses((status = 200, description = "A page of versions.", body = Page<VersionView>)),
    security(("staffToken" = []))
)]
#[get("/outreach-contacts/{id}/versions")]
pub async fn list_versions(
    ctx: Context<VersionReader>,
    id: Named<OutreachContactId>,
    paging: Paging,
) -> Result<HttpResponse> {
    let (id, scope, vault) = (id.0, ctx.readable(), ctx.vault.clone());
    let attempt = actions::OUTREACH_CONTACT_VERSIONS_READ.on(id).because(scope.reason);
    let read = move |conn: &mut _| {
        let contact = store::find(conn, &scope, id)?.open(&vault)?;
        let before = binding::sound(store::versions(conn, id)?, |version| version.open(&contact, &vault));
        let before = known::versions_known_to(conn, &scope, before)?;
        Ok((contact, before))
    };
    let seen =
        |(contact, _): &(OutreachContact, Vec<OutreachContact>), entry: Entry| entry.on_behalf_of(contact.office_id);
    let (contact, before) = ctx.read_recorded(attempt, read, seen).await?;
    // A contact is corrected only a few times, so all its versions are read at once.
    let all: Vec<&OutreachContact> = std::iter::once(&contact).chain(&before).collect();
    let position = |version: &OutreachContact| std::cmp::Reverse(version.version);
    let found = paging.of_sorted(&ctx.call, &all, position)?.counted_when_asked(&paging);
    let answer = found.answer(&ctx.call, &paging, |version| VersionView::from(version.clone()))?;
    Ok(ctx.call.give(answer, Cache::NoStore))
}

/// The body of the call that enters a contact in error: the reason for it.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ContactError {
    /// The reason why the contact is in error.
    ///
    /// @personal OSL (2009:400) 26 kap. 1 §
    /// @example "Fel familj: kontakten gällde grannen."
    reason: ConfidentialProse,
}

/// Enter a contact in error
///
/// Takes a contact out of all lists and statistics. The contact stays readable, can no longer be changed, and does not count as having
/// reached anybody. People and families that the office knows of because of this contact alone no longer exist for it.
#[utoipa::path(
    operation_id = "enterOutreachContactInError",
    tag = "outreach",
    params(("id" = OutreachContactId, Path, description = "The contact's identifier.")),
    request_body = ContactError,
    responses(
        (status = 200, description = "The contact as it is now.", body = ContactView),
        (status = 409, description = "The contact was already entered in error."),
        (status = 412, description = "`If-Match` was given, and the contact has changed since.")
    ),
    security(("staffToken" = [])),
    extensions(
        ("x-problems" = json!([Problem::EnteredInError, Problem::IdentityInText])),
        ("x-answer-example" = json!({
            "status": "entered_in_error",
            "version": 2,
            "errorReason": "Fel familj: kontakten gällde grannen.",
        }))
    )
)]
#[post("/outreach-contacts/{id}/enter-in-error")]
pub async fn enter_in_error(
    ctx: Context<OutreachWorker>,
    id: Named<OutreachContactId>,
    body: Body<ContactError>,
) -> Result<HttpResponse> {
    let (id, answers) = (id.0, ContactAnswers::new(&ctx));
    let attempt = actions::OUTREACH_CONTACT_ENTERED_IN_ERROR.on(id);
    ctx.write(attempt, answers.repeat(), async || {
        let scope = ctx.changeable();
        let before = ctx.read(move |conn| store::find(conn, &scope, id)).await?;
        ctx.call.check_if_match_when_given(before.version)?;
        let before = before.open(&ctx.vault)?;
        if before.record.written.is_identity_exempt(&ctx.directory) {
            let mut rules = Rules::default();
            check_tells_nobody("/reason", Some(&body.0.reason), &mut rules);
            rules.finish(Some(()))?;
        }
        let after = before.entered_in_error(body.0.reason.clone(), ctx.staff().id, ctx.call.moment.now)?;
        let correction = ContactCorrection::new(&before, &after, ctx.changeable(), &ctx.vault, &ctx.call.moment)?;
        let (answers, office) = (answers.clone(), before.office_id);
        Ok(move |tx: &mut Tx| {
            correction.write(tx)?;
            tx.on_behalf_of(office);
            answers.changed(tx, id)
        })
    })
    .await
}
