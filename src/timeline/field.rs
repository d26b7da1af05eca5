//! The timeline events that come from outreach work: contacts, the offers made at them, the answers to these offers, and
//! follow-ups. Each source finds only events that the reader may know of.

use chrono::NaiveDate;
use diesel::prelude::*;

use crate::db::DbConn;
use crate::db::among::among;
use crate::db::schema::{follow_ups, offer_answers, offers, outreach_contacts, outreach_participants};
use crate::error::Result;
use crate::id::{AnswerId, FollowUpId, OfferId, OfficeId, OutreachContactId, ServiceId};
use crate::on_backend;
use crate::outreach::codes::{Channel, ContactOutcome, OfferAnswer};
use crate::outreach::follow_ups::store::listed_to;
use crate::outreach::offers::store::made_to_known;
use crate::time::Timestamp;
use crate::timeline::sources::newest;
use crate::timeline::{Happening, HappeningDetail, TimelineSource, TimelineSubject, Window};

/// The sources of the timeline events that come from outreach work.
pub const SOURCES: [TimelineSource; 4] = [
    TimelineSource { newest: contacts, count: count_contacts },
    TimelineSource { newest: offers_made, count: count_offers },
    TimelineSource { newest: answers, count: count_answers },
    TimelineSource { newest: promises, count: count_promises },
];

/// The identifiers of the contacts in which people of the timeline took part. They are read first: a single query with an
/// `or` would look at all contacts.
fn naming(conn: &mut DbConn, subject: &TimelineSubject) -> Result<Vec<OutreachContactId>> {
    Ok(on_backend!(conn, conn => outreach_participants::table
        .filter(outreach_participants::person_id.eq_any(subject.people.clone()))
        .select(outreach_participants::contact_id)
        .load(conn))?)
}

/// The SQL condition for the contacts of a timeline that the reader may know of: contacts with the identifiers `$naming`, and
/// contacts that name a family of the timeline.
macro_rules! known_contact {
    ($subject:expr, $naming:expr) => {{
        let subject: &TimelineSubject = $subject;
        let cleared = outreach_contacts::protected
            .eq(false)
            .or(outreach_contacts::protected.eq(subject.sight.protected_identity));
        outreach_contacts::in_error
            .eq(false)
            .and(cleared)
            .and(outreach_contacts::office_id.eq_any(subject.sight.offices.clone()))
            .and(
                among(outreach_contacts::id, $naming)
                    .or(outreach_contacts::family_id.eq_any(subject.families.clone()).assume_not_null()),
            )
    }};
}

macro_rules! contact_rows {
    ($subject:expr, $naming:expr) => {
        outreach_contacts::table.filter(known_contact!($subject, $naming)).into_boxed()
    };
}

fn contacts(conn: &mut DbConn, subject: &TimelineSubject, window: Window) -> Result<Vec<Happening>> {
    type Row = (OutreachContactId, Timestamp, OfficeId, Channel, ContactOutcome);
    let naming = naming(conn, subject)?;
    let columns = (
        outreach_contacts::id,
        outreach_contacts::occurred_at,
        outreach_contacts::office_id,
        outreach_contacts::channel,
        outreach_contacts::outcome,
    );
    let rows: Vec<Row> = on_backend!(conn, conn => {
        newest!(contact_rows!(subject, naming), window, outreach_contacts::occurred_at, outreach_contacts::id, OutreachContactId)
            .select(columns)
            .load(conn)
    })?;
    let happening = |(id, at, office, channel, outcome): Row| Happening {
        at,
        id: id.uuid(),
        what: HappeningDetail::Contact { id, office, channel, outcome },
    };
    Ok(rows.into_iter().map(happening).collect())
}

fn count_contacts(conn: &mut DbConn, subject: &TimelineSubject) -> Result<i64> {
    let naming = naming(conn, subject)?;
    Ok(on_backend!(conn, conn => contact_rows!(subject, naming).count().get_result(conn))?)
}

macro_rules! offer_rows {
    ($subject:expr, $naming:expr) => {
        offers::table
            .inner_join(outreach_contacts::table)
            .filter(known_contact!($subject, $naming))
            .filter(made_to_known!($subject.sight.protected_identity))
            .into_boxed()
    };
}

fn offers_made(conn: &mut DbConn, subject: &TimelineSubject, window: Window) -> Result<Vec<Happening>> {
    type Row = (OfferId, Timestamp, OutreachContactId, ServiceId);
    let naming = naming(conn, subject)?;
    let columns = (offers::id, offers::offered_at, offers::contact_id, offers::service_id);
    let rows: Vec<Row> = on_backend!(conn, conn => {
        newest!(offer_rows!(subject, naming), window, offers::offered_at, offers::id, OfferId).select(columns).load(conn)
    })?;
    let happening = |(id, at, contact, service): Row| Happening {
        at,
        id: id.uuid(),
        what: HappeningDetail::Offer { id, contact, service },
    };
    Ok(rows.into_iter().map(happening).collect())
}

fn count_offers(conn: &mut DbConn, subject: &TimelineSubject) -> Result<i64> {
    let naming = naming(conn, subject)?;
    Ok(on_backend!(conn, conn => offer_rows!(subject, naming).count().get_result(conn))?)
}

macro_rules! answer_rows {
    ($subject:expr, $naming:expr) => {
        offer_answers::table
            .inner_join(offers::table.inner_join(outreach_contacts::table))
            .filter(known_contact!($subject, $naming))
            .filter(made_to_known!($subject.sight.protected_identity))
            .into_boxed()
    };
}

fn answers(conn: &mut DbConn, subject: &TimelineSubject, window: Window) -> Result<Vec<Happening>> {
    type Row = (AnswerId, Timestamp, OfferAnswer, OfferId, OutreachContactId, ServiceId);
    let naming = naming(conn, subject)?;
    let columns = (
        offer_answers::id,
        offer_answers::answered_at,
        offer_answers::answer,
        offers::id,
        offers::contact_id,
        offers::service_id,
    );
    let rows: Vec<Row> = on_backend!(conn, conn => {
        newest!(answer_rows!(subject, naming), window, offer_answers::answered_at, offer_answers::id, AnswerId)
            .select(columns)
            .load(conn)
    })?;
    let happening = |(id, at, answer, offer, contact, service): Row| Happening {
        at,
        id: id.uuid(),
        what: HappeningDetail::Answer { answer, offer, contact, service },
    };
    Ok(rows.into_iter().map(happening).collect())
}

fn count_answers(conn: &mut DbConn, subject: &TimelineSubject) -> Result<i64> {
    let naming = naming(conn, subject)?;
    Ok(on_backend!(conn, conn => answer_rows!(subject, naming).count().get_result(conn))?)
}

/// The follow-ups of a timeline that the reader may know of: on one of the contacts `$naming`, or about a family of the timeline.
macro_rules! promise_rows {
    ($subject:expr, $naming:expr) => {{
        let subject: &TimelineSubject = $subject;
        let about = among(follow_ups::contact_id, $naming)
            .or(follow_ups::family_id.eq_any(subject.families.clone()).assume_not_null());
        listed_to!(subject.sight.protected_identity)
            .filter(follow_ups::office_id.eq_any(subject.sight.offices.clone()))
            .filter(about)
            .into_boxed()
    }};
}

fn promises(conn: &mut DbConn, subject: &TimelineSubject, window: Window) -> Result<Vec<Happening>> {
    type Row = (FollowUpId, Timestamp, Option<OutreachContactId>, NaiveDate, Option<Timestamp>, OfficeId);
    let naming = naming(conn, subject)?;
    let columns = (
        follow_ups::id,
        follow_ups::created_at,
        follow_ups::contact_id,
        follow_ups::due_on,
        follow_ups::done_at,
        follow_ups::office_id,
    );
    let rows: Vec<Row> = on_backend!(conn, conn => {
        newest!(promise_rows!(subject, naming), window, follow_ups::created_at, follow_ups::id, FollowUpId)
            .select(columns)
            .load(conn)
    })?;
    let happening = |(id, at, contact, due_on, done_at, office): Row| Happening {
        at,
        id: id.uuid(),
        what: HappeningDetail::FollowUp { id, contact, due_on, done_at, office },
    };
    Ok(rows.into_iter().map(happening).collect())
}

fn count_promises(conn: &mut DbConn, subject: &TimelineSubject) -> Result<i64> {
    let naming = naming(conn, subject)?;
    Ok(on_backend!(conn, conn => promise_rows!(subject, naming).count().get_result(conn))?)
}
