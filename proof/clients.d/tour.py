"""The tour of `docs/tour.md`, walked by a client that is generated from the document. Nothing is cast: what an answer holds is
what the document says of it."""

import datetime
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import httpx
from nara_client import AuthenticatedClient, Client
from nara_client import models as m
from nara_client.api.audit import list_audit_records, verify_audit_records
from nara_client.api.outreach import answer_offer, create_offer, create_outreach_contact, get_follow_up
from nara_client.api.partner import (
    get_partner_me,
    get_partner_referral,
    list_partner_messages,
    list_partner_referrals,
    submit_referral,
    write_partner_message,
)
from nara_client.api.partners import create_api_key, create_partner
from nara_client.api.people import create_person, search_people
from nara_client.api.referrals import (
    assess_protection,
    decide_inquiry,
    get_partner_view,
    get_referral,
    list_referral_history,
    list_referrals,
    request_information,
    send_feedback,
)
from nara_client.api.services import get_service
from nara_client.api.where_to_turn import ask_where_to_turn, where_to_turn
from nara_client.types import Response, Unset

Told = TypeVar("Told")
Parsed = TypeVar("Parsed")
calls = 0


def told(kind: type[Told], answer: Response[Parsed], status: int) -> Told:
    """The body of an answer that must have this status."""
    global calls
    calls += 1
    assert answer.status_code == status, answer.content.decode()
    body = answer.parsed
    assert isinstance(body, kind), f"{type(body)} is not {kind}"
    return body


def refused(answer: Response[Parsed], status: int, slug: str) -> m.Problem:
    """The problem that a call must be answered with."""
    problem = told(m.Problem, answer, status)
    assert problem.type_.endswith(f"/problems/{slug}"), problem.type_
    return problem


def there(value: Told | Unset) -> Told:
    """A field that may be absent, and is there."""
    assert not isinstance(value, Unset)
    return value


class Transport(httpx.HTTPTransport):
    """On a machine that is busy with other things the server may have given up waiting for the request: nothing was done, and
    it may be sent again (RFC 9110, 15.5.9)."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = super().handle_request(request)
        for _ in range(4):
            if response.status_code != 408:
                break
            response.close()
            response = super().handle_request(request)
        return response


class Demo:
    """The tokens and keys that the demo made."""

    def __init__(self) -> None:
        self.base = f"{os.environ['NARA_URL']}/nara/v1"
        self.told: Mapping[str, Mapping[str, str]] = json.loads(Path(os.environ["NARA_DEMO"]).read_text())

    def staff(self, role: str) -> AuthenticatedClient:
        return self._signed_in(self.told["tokens"][role], "Bearer", "Authorization")

    def partner(self, category: str) -> AuthenticatedClient:
        return self.with_key(self.told["partnerKeys"][category])

    def with_key(self, key: str) -> AuthenticatedClient:
        return self._signed_in(key, "", "X-API-Key")

    def anyone(self) -> Client:
        patience, how = httpx.Timeout(60), {"transport": Transport()}
        return Client(self.base, timeout=patience, httpx_args=how, raise_on_unexpected_status=True)

    def _signed_in(self, token: str, prefix: str, header: str) -> AuthenticatedClient:
        patience, how = httpx.Timeout(60), {"transport": Transport()}
        return AuthenticatedClient(
            self.base,
            token=token,
            prefix=prefix,
            auth_header_name=header,
            timeout=patience,
            httpx_args=how,
            raise_on_unexpected_status=True,
        )


def a_resident_asks(demo: Demo) -> None:
    answer = told(m.WhereToTurn, where_to_turn.sync_detailed(client=demo.anyone(), lat=58.4275, lon=15.5837), 200)
    assert (answer.resolved_by, answer.certainty) == (m.ResolvedBy.COORDINATES, m.Certainty.EXACT)
    assert (there(answer.district).slug, there(answer.area).slug) == ("skaggetorp-tornby", "norr")
    assert (answer.office.slug, answer.open_state.open_now) == ("skaggetorp", None)
    assert (answer.emergency.number, answer.outside_municipality) == ("112", False)
    question = m.WhereToTurnQuestion(lat=58.4275, lon=15.5837)
    asked = told(m.WhereToTurn, ask_where_to_turn.sync_detailed(client=demo.anyone(), body=question), 200)
    assert asked == answer


def the_loop(demo: Demo) -> UUID:
    school, qualified = demo.partner("school"), demo.staff("qualifiedCaseworker")
    report = m.NewReferral(
        kind=m.SenderKind.CONCERN_REPORT,
        urgency=m.Urgency.SOON,
        sender_reference="2026-118",
        reporter=m.Reporter(name="Karin Ek", title="Kurator"),
        child=m.Child(
            given_name="Alva", family_name="Berg", place_name="Skäggetorp", school="Skäggetorpsskolan"
        ),
        guardians=[],
        siblings=[],
        needs=[m.Need.SCHOOL_ABSENCE],
        description="Borta från skolan i tre veckor.",
        guardians_informed=m.GuardiansInformed(informed=m.Informed.YES),
        feedback_requested=True,
    )
    submitted = told(m.Receipt, submit_referral.sync_detailed(client=school, body=report), 201)
    referral = submitted.id
    assert (submitted.status, submitted.kind) == (m.DisclosedStatus.RECEIVED, m.ReferralKind.CONCERN_REPORT)
    assert (submitted.sender_reference, there(submitted.feedback).requested) == ("2026-118", True)
    assert there(submitted.office).name.sv == "Nära socialtjänst Skäggetorp"
    assert [deadline.kind for deadline in submitted.deadlines] == [m.DeadlineKind.INQUIRY_DECISION]

    caseworker = demo.staff("caseworker")
    queue = told(
        m.ReferralRowPage,
        list_referrals.sync_detailed(client=caseworker, limit=5, sort=m.ListReferralsSort("-receivedAt")),
        200,
    )
    [row] = [row for row in queue.items if row.id == referral]
    assert (row.reference, row.child.initials, row.overdue) == (submitted.reference, "AB", False)
    assert queue.field_meta.limit == 5
    read = told(m.Referral, get_referral.sync_detailed(referral, client=caseworker), 200)
    assert (read.description, read.child.given_name, read.guardians) == ("Borta från skolan i tre veckor.", "Alva", [])
    assert [deadline.kind for deadline in read.deadlines] == [
        m.DeadlineKind.PROTECTION_ASSESSMENT,
        m.DeadlineKind.INQUIRY_DECISION,
    ]
    refused(get_referral.sync_detailed(referral, client=demo.staff("receptionCaseworker")), 404, "not-found")

    decision = m.DecideInquiry(decision=m.InquiryChoice.OPEN_INQUIRY)
    too_early = decide_inquiry.sync_detailed(referral, client=qualified, body=decision)
    allowed = there(refused(too_early, 409, "assessment-missing").allowed_actions)
    assert "assess-protection" in allowed and "decide-inquiry" not in allowed

    question = m.RequestInformation(question="Vilka dagar har Alva varit borta?")
    asked = told(m.Referral, request_information.sync_detailed(referral, client=qualified, body=question), 200)
    assert asked.status == m.ReferralStatus.INFORMATION_REQUESTED
    messages = told(m.PartnerMessagePage, list_partner_messages.sync_detailed(referral, client=school), 200)
    assert [message.text for message in messages.items] == ["Vilka dagar har Alva varit borta?"]
    reply = m.NewMessage(text="Måndag till onsdag, varje vecka.")
    answered = told(m.PartnerMessage, write_partner_message.sync_detailed(referral, client=school, body=reply), 201)
    assert answered.by == m.MessageAuthor.SENDER
    before = get_partner_referral.sync_detailed(referral, client=school)
    assert told(m.Receipt, before, 200).status == m.DisclosedStatus.RECEIVED

    assessment = m.AssessProtection(immediate_need=False, measures="Samtal med barnet i skolan i dag.")
    assessed = told(m.Referral, assess_protection.sync_detailed(referral, client=qualified, body=assessment), 200)
    assert there(assessed.protection_assessment).immediate_need is False
    decision.rationale = "Frånvaron och det som barnet berättat."
    decided = told(m.Referral, decide_inquiry.sync_detailed(referral, client=qualified, body=decision), 200)
    assert decided.status == m.ReferralStatus.HANDED_OVER
    assert there(decided.inquiry_decision).decision == m.InquiryChoice.OPEN_INQUIRY

    untold = get_partner_referral.sync_detailed(referral, client=school)
    assert told(m.Receipt, untold, 200) == told(m.Receipt, before, 200)
    assert untold.headers["etag"] == before.headers["etag"]
    told(m.Referral, send_feedback.sync_detailed(referral, client=qualified, body=m.SendFeedback()), 200)
    receipt = told(m.Receipt, get_partner_referral.sync_detailed(referral, client=school), 200)
    assert (receipt.status, there(receipt.feedback).value) == (m.DisclosedStatus.RECEIVED, m.FeedbackValue.OPENED)

    view = told(m.PartnerView, get_partner_view.sync_detailed(referral, client=qualified), 200)
    assert view.receipt.reference == receipt.reference
    assert there(view.receipt.feedback).value == m.FeedbackValue.OPENED
    assert view.withheld and all(withheld.what.sv and withheld.ground.sv for withheld in view.withheld)
    history = told(m.ReferralEventPage, list_referral_history.sync_detailed(referral, client=qualified), 200)
    steps = sorted((str(step.action), str(step.from_ or ""), str(step.to)) for step in history.items)
    assert steps == [
        ("assess-protection", "received", "received"),
        ("decide-inquiry", "received", "handed_over"),
        ("receive", "", "received"),
        ("request-information", "received", "information_requested"),
        ("send-feedback", "handed_over", "handed_over"),
        ("supply-information", "information_requested", "received"),
    ], steps
    ended = told(m.Referral, get_referral.sync_detailed(referral, client=qualified), 200)
    assert sum(not isinstance(deadline.met_at, Unset) for deadline in ended.deadlines) == 3
    return referral


def an_agency_gets_a_key(demo: Demo) -> None:
    administrator = demo.staff("administrator")
    agency = m.NewPartner(slug="skola-python", name="Ryds skola", category=m.PartnerCategory.SCHOOL)
    made = told(m.Partner, create_partner.sync_detailed(client=administrator, body=agency), 201)
    assert made.mandatory_reporter
    terms = m.NewApiKey(
        label="Elevhälsan",
        scopes=[m.ApiKeyScope.REFERRALSSUBMIT, m.ApiKeyScope.REFERRALSREAD],
        allowed_networks=["127.0.0.0/8"],
    )
    issued = told(m.IssuedApiKey, create_api_key.sync_detailed(made.slug, client=administrator, body=terms), 201)
    theirs = demo.with_key(issued.secret)
    self = told(m.PartnerMe, get_partner_me.sync_detailed(client=theirs), 200)
    assert (self.id, self.name) == (made.id, "Ryds skola")
    assert told(m.ReceiptPage, list_partner_referrals.sync_detailed(client=theirs), 200).items == []


def a_child_is_registered(demo: Demo) -> None:
    field = demo.staff("outreachWorker")
    child = m.NewPerson(given_name="Åsa", family_name="Öberg", birth_year=2013)
    first, again = (
        create_person.sync_detailed(client=field, body=child, idempotency_key="visit-python") for _ in range(2)
    )
    registered = told(m.Person, first, 201)
    assert told(m.Person, again, 201) == registered
    assert again.headers["idempotent-replayed"] == "true"
    found = told(m.PersonMatches, search_people.sync_detailed(client=field, body=m.PersonSearch(name="asa oberg")), 200)
    assert any(match.id == registered.id for match in found.items)


def a_meeting_is_written_down(demo: Demo) -> None:
    field = demo.staff("outreachWorker")
    now = datetime.datetime.now(datetime.UTC)
    in_two_weeks = (now + datetime.timedelta(days=14)).date()
    meeting = m.NewContact(
        occurred_at=now - datetime.timedelta(hours=1),
        duration_minutes=20,
        channel=m.Channel.STREET,
        initiated_by=m.InitiatedBy.WORKER,
        location=m.Coordinates(lat=58.4275, lon=15.5837),
        place_type=m.PlaceType.SQUARE,
        outcome=m.ContactOutcome.REACHED,
        participants=[m.Participant(age_band=m.AgeBand("13-15"), role=m.ParticipantRole.CHILD)],
        family_knowledge=m.FamilyKnowledge(
            value=m.FamilyKnowledgeValue.NEWLY_KNOWN, basis=m.FamilyKnowledgeBasis.SELF_REPORTED
        ),
        topics=[m.Need.LEISURE],
        summary="Vill hitta något att göra efter skolan.",
        follow_up=m.ContactFollowUp(due_on=in_two_weeks, note="Fråga hur det gick på fritidsgården."),
    )
    contact = told(m.OutreachContact, create_outreach_contact.sync_detailed(client=field, body=meeting), 201)
    there(contact.district_id)
    assert (contact.status, contact.version) == (m.OutreachContactStatus.RECORDED, 1)
    assert str(there(contact.participants[0].age_band)) == "13-15"

    service = told(m.Service, get_service.sync_detailed("bokat-samtal", client=demo.anyone()), 200)
    new_offer = m.NewOffer(service_id=service.id, to=m.Recipient(participant_index=0))
    offer = told(m.Offer, create_offer.sync_detailed(contact.id, client=field, body=new_offer), 201)
    no = m.NewAnswer(answer=m.OfferAnswer.DECLINED, decline_reason=m.DeclineReason.NOT_WANTED_NOW)
    told(m.Offer, answer_offer.sync_detailed(offer.id, client=field, body=no), 201)
    yes = m.NewAnswer(answer=m.OfferAnswer.ACCEPTED)
    accepted = told(m.Offer, answer_offer.sync_detailed(offer.id, client=field, body=yes), 201)
    assert [given.answer for given in accepted.answers] == [m.OfferAnswer.DECLINED, m.OfferAnswer.ACCEPTED]
    assert (accepted.current_answer, accepted.version) == (m.OfferAnswer.ACCEPTED, 3)
    assert accepted.accepted_after_decline
    follow_up = told(m.FollowUp, get_follow_up.sync_detailed(there(contact.follow_up_id), client=field), 200)
    assert follow_up.due_on == in_two_weeks


def the_auditor_sees(demo: Demo, referral: UUID) -> None:
    auditor = demo.staff("auditor")
    records = told(
        m.AuditRecordPage, list_audit_records.sync_detailed(client=auditor, resource_id=referral, limit=100), 200
    )
    seen = {(record.action, record.outcome) for record in records.items}
    assert {("referral.received", "done"), ("referral.read", "denied")} <= seen, seen
    assert told(m.AuditVerification, verify_audit_records.sync_detailed(client=auditor), 200).sound


demo = Demo()
a_resident_asks(demo)
referral = the_loop(demo)
an_agency_gets_a_key(demo)
a_child_is_registered(demo)
a_meeting_is_written_down(demo)
the_auditor_sees(demo, referral)
print(f"Python: the tour, {calls} answers")
