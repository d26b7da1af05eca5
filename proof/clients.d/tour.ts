// The tour of `docs/tour.md`, walked by a client that is generated from the document. Nothing is cast: what an answer holds is
// what the document says of it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import createClient from "openapi-fetch";
import type { components, paths } from "./nara.js";

type Problem = components["schemas"]["Problem"];

/** The tokens and keys that the demo made. */
class Demo {
  readonly #told: unknown;
  calls = 0;

  constructor(path: string) {
    this.#told = JSON.parse(readFileSync(path, "utf8"));
  }

  staff(role: string) {
    return this.#client({ Authorization: `Bearer ${this.#of("tokens", role)}` });
  }

  partner(category: string) {
    return this.withKey(this.#of("partnerKeys", category));
  }

  withKey(key: string) {
    return this.#client({ "X-API-Key": key });
  }

  anyone() {
    return this.#client({});
  }

  #client(headers: Record<string, string>) {
    const fetched = async (request: Request) => {
      this.calls += 1;
      let response = await fetch(request.clone());
      // On a machine that is busy with other things the server may have given up waiting for the request: nothing was done,
      // and it may be sent again (RFC 9110, 15.5.9).
      for (let tries = 1; response.status === 408 && tries < 5; tries += 1) response = await fetch(request.clone());
      return response;
    };
    return createClient<paths>({ baseUrl: `${variable("NARA_URL")}/nara/v1`, headers, fetch: fetched });
  }

  #of(kind: string, name: string): string {
    const found = field(field(this.#told, kind), name);
    assert.ok(typeof found === "string", `the demo has no ${kind} for ${name}`);
    return found;
  }
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? new Map<string, unknown>(Object.entries(value)).get(name) : undefined;
}

function variable(name: string): string {
  const value = process.env[name];
  assert.ok(value, `${name} is not set`);
  return value;
}

/** The body of an answer that must have this status. */
function told<Body>(answer: { data?: Body; error?: unknown; response: Response }, status: number): NonNullable<Body> {
  assert.equal(answer.response.status, status, JSON.stringify(answer.error));
  assert.ok(answer.data !== undefined && answer.data !== null, "the answer has no body");
  return answer.data;
}

/** The problem that a call must be answered with. */
function refused(answer: { error?: Problem; response: Response }, status: number, slug: string): Problem {
  assert.equal(answer.response.status, status);
  assert.ok(answer.error, "the answer is no problem");
  assert.ok(answer.error.type.endsWith(`/problems/${slug}`), answer.error.type);
  return answer.error;
}

async function whereToTurn(demo: Demo): Promise<void> {
  const query = { lat: 58.4275, lon: 15.5837 };
  const answer = told(await demo.anyone().GET("/where-to-turn", { params: { query } }), 200);
  assert.deepEqual(
    [answer.resolvedBy, answer.certainty, answer.district?.slug, answer.area?.slug, answer.office.slug],
    ["coordinates", "exact", "skaggetorp-tornby", "norr", "skaggetorp"],
  );
  assert.deepEqual([answer.openState.openNow, answer.emergency.number, answer.outsideMunicipality], [null, "112", false]);
  const asked = told(await demo.anyone().POST("/where-to-turn", { body: query }), 200);
  assert.deepEqual(asked, answer);
}

async function theLoop(demo: Demo): Promise<string> {
  const school = demo.partner("school");
  const qualified = demo.staff("qualifiedCaseworker");
  const submitted = told(
    await school.POST("/partner/referrals", {
      body: {
        kind: "concern_report",
        urgency: "soon",
        senderReference: "2026-117",
        reporter: { name: "Karin Ek", title: "Kurator" },
        child: { givenName: "Alva", familyName: "Berg", placeName: "Skäggetorp", school: "Skäggetorpsskolan" },
        guardians: [],
        siblings: [],
        needs: ["school_absence"],
        description: "Borta från skolan i tre veckor.",
        guardiansInformed: { informed: "yes" },
        feedbackRequested: true,
      },
    }),
    201,
  );
  assert.deepEqual([submitted.status, submitted.kind, submitted.senderReference, submitted.feedback?.requested], ["received", "concern_report", "2026-117", true]);
  assert.equal(submitted.office?.name.sv, "Nära socialtjänst Skäggetorp");
  assert.deepEqual(submitted.deadlines.map(({ kind }) => kind), ["inquiry_decision"]);

  const of = { params: { path: { id: submitted.id } } };
  const queue = told(await demo.staff("caseworker").GET("/referrals", { params: { query: { limit: 5, sort: "-receivedAt" } } }), 200);
  const row = queue.items.find(({ id }) => id === submitted.id);
  assert.deepEqual([row?.reference, row?.child.initials, row?.overdue], [submitted.reference, "AB", false]);
  assert.equal(queue._meta.limit, 5);
  const read = told(await demo.staff("caseworker").GET("/referrals/{id}", of), 200);
  assert.deepEqual([read.description, read.child.givenName, read.guardians], ["Borta från skolan i tre veckor.", "Alva", []]);
  assert.deepEqual(read.deadlines.map(({ kind }) => kind), ["protection_assessment", "inquiry_decision"]);
  refused(await demo.staff("receptionCaseworker").GET("/referrals/{id}", of), 404, "not-found");

  const tooEarly = refused(await qualified.POST("/referrals/{id}/decide-inquiry", { ...of, body: { decision: "open_inquiry" } }), 409, "assessment-missing");
  const allowed = tooEarly.allowedActions ?? [];
  assert.ok(allowed.includes("assess-protection") && !allowed.includes("decide-inquiry"));

  const asked = told(await qualified.POST("/referrals/{id}/request-information", { ...of, body: { question: "Vilka dagar har Alva varit borta?" } }), 200);
  assert.equal(asked.status, "information_requested");
  const messages = told(await school.GET("/partner/referrals/{id}/messages", of), 200);
  assert.deepEqual(messages.items.map(({ text }) => text), ["Vilka dagar har Alva varit borta?"]);
  const answered = told(await school.POST("/partner/referrals/{id}/messages", { ...of, body: { text: "Måndag till onsdag, varje vecka." } }), 201);
  assert.equal(answered.by, "sender");
  const beforeDecision = await school.GET("/partner/referrals/{id}", of);
  assert.equal(told(beforeDecision, 200).status, "received");

  const assessed = told(
    await qualified.POST("/referrals/{id}/assess-protection", { ...of, body: { immediateNeed: false, measures: "Samtal med barnet i skolan i dag." } }),
    200,
  );
  assert.equal(assessed.protectionAssessment?.immediateNeed, false);
  const decided = told(
    await qualified.POST("/referrals/{id}/decide-inquiry", { ...of, body: { decision: "open_inquiry", rationale: "Frånvaron och det som barnet berättat." } }),
    200,
  );
  assert.deepEqual([decided.status, decided.inquiryDecision?.decision], ["handed_over", "open_inquiry"]);

  const untold = await school.GET("/partner/referrals/{id}", of);
  assert.deepEqual(told(untold, 200), told(beforeDecision, 200));
  assert.equal(untold.response.headers.get("etag"), beforeDecision.response.headers.get("etag"));
  assert.equal(told(untold, 200).feedback?.value, undefined);

  told(await qualified.POST("/referrals/{id}/send-feedback", { ...of, body: {} }), 200);
  const receipt = told(await school.GET("/partner/referrals/{id}", of), 200);
  assert.deepEqual([receipt.status, receipt.feedback?.value], ["received", "opened"]);

  const view = told(await qualified.GET("/referrals/{id}/partner-view", of), 200);
  assert.deepEqual([view.receipt.reference, view.receipt.feedback?.value], [receipt.reference, "opened"]);
  assert.ok(view.withheld.length > 0 && view.withheld.every(({ what, ground }) => what.sv !== "" && ground.sv !== ""));
  const history = told(await qualified.GET("/referrals/{id}/history", of), 200);
  const steps = history.items.map(({ action, from, to }) => `${action} ${from ?? ""} ${to}`).sort();
  assert.deepEqual(steps, [
    "assess-protection received received",
    "decide-inquiry received handed_over",
    "receive  received",
    "request-information received information_requested",
    "send-feedback handed_over handed_over",
    "supply-information information_requested received",
  ]);
  const ended = told(await qualified.GET("/referrals/{id}", of), 200);
  assert.equal(ended.deadlines.filter(({ metAt }) => metAt !== undefined).length, 3);
  return submitted.id;
}

async function anAgencyGetsAKey(demo: Demo): Promise<void> {
  const administrator = demo.staff("administrator");
  const made = told(await administrator.POST("/partners", { body: { slug: "skola-typescript", name: "Ryds skola", category: "school" } }), 201);
  assert.equal(made.mandatoryReporter, true);
  const issued = told(
    await administrator.POST("/partners/{id}/api-keys", {
      params: { path: { id: made.slug } },
      body: { label: "Elevhälsan", scopes: ["referrals:submit", "referrals:read"], allowedNetworks: ["127.0.0.0/8"] },
    }),
    201,
  );
  const theirs = demo.withKey(issued.secret);
  const self = told(await theirs.GET("/partner/me"), 200);
  assert.deepEqual([self.id, self.name], [made.id, "Ryds skola"]);
  assert.deepEqual(told(await theirs.GET("/partner/referrals"), 200).items, []);
}

async function aChildIsRegistered(demo: Demo): Promise<void> {
  const field = demo.staff("outreachWorker");
  const once = () => field.POST("/people", { params: { header: { "Idempotency-Key": "visit-typescript" } }, body: { givenName: "Åsa", familyName: "Öberg", birthYear: 2013 } });
  const [first, again] = [await once(), await once()];
  assert.deepEqual(told(again, 201), told(first, 201));
  assert.equal(again.response.headers.get("idempotent-replayed"), "true");
  const found = told(await field.POST("/people/search", { body: { name: "asa oberg" } }), 200);
  assert.ok(found.items.some(({ id }) => id === told(first, 201).id));
}

async function aMeetingIsWrittenDown(demo: Demo): Promise<void> {
  const field = demo.staff("outreachWorker");
  const anHourAgo = new Date(Date.now() - 3_600_000).toISOString();
  const inTwoWeeks = new Date(Date.now() + 14 * 86_400_000).toISOString().slice(0, 10);
  const contact = told(
    await field.POST("/outreach-contacts", {
      body: {
        occurredAt: anHourAgo,
        durationMinutes: 20,
        channel: "street",
        initiatedBy: "worker",
        location: { lat: 58.4275, lon: 15.5837 },
        placeType: "square",
        outcome: "reached",
        participants: [{ ageBand: "13-15", role: "child" }],
        familyKnowledge: { value: "newly_known", basis: "self_reported" },
        topics: ["leisure"],
        summary: "Vill hitta något att göra efter skolan.",
        followUp: { dueOn: inTwoWeeks, note: "Fråga hur det gick på fritidsgården." },
      },
    }),
    201,
  );
  assert.ok(contact.districtId !== undefined && contact.followUpId !== undefined);
  assert.deepEqual([contact.status, contact.participants[0]?.ageBand, contact.version], ["recorded", "13-15", 1]);

  const service = told(await demo.anyone().GET("/services/{id}", { params: { path: { id: "bokat-samtal" } } }), 200);
  const offer = told(
    await field.POST("/outreach-contacts/{id}/offers", { params: { path: { id: contact.id } }, body: { serviceId: service.id, to: { participantIndex: 0 } } }),
    201,
  );
  const answer = (body: components["schemas"]["NewAnswer"]) => field.POST("/offers/{id}/answers", { params: { path: { id: offer.id } }, body });
  told(await answer({ answer: "declined", declineReason: "not_wanted_now" }), 201);
  const accepted = told(await answer({ answer: "accepted" }), 201);
  assert.deepEqual(accepted.answers.map(({ answer }) => answer), ["declined", "accepted"]);
  assert.deepEqual([accepted.currentAnswer, accepted.acceptedAfterDecline, accepted.version], ["accepted", true, 3]);
  const followUp = told(await field.GET("/follow-ups/{id}", { params: { path: { id: contact.followUpId } } }), 200);
  assert.equal(followUp.dueOn, inTwoWeeks);
}

async function theAuditorSees(demo: Demo, referral: string): Promise<void> {
  const auditor = demo.staff("auditor");
  const records = told(await auditor.GET("/audit-records", { params: { query: { resourceId: referral, limit: 100 } } }), 200);
  const actions = records.items.map(({ action, outcome }) => `${action} ${outcome}`);
  assert.ok(actions.includes("referral.received done") && actions.includes("referral.read denied"), actions.join(", "));
  assert.equal(told(await auditor.GET("/audit-records/verification"), 200).sound, true);
}

const demo = new Demo(variable("NARA_DEMO"));
await whereToTurn(demo);
const referral = await theLoop(demo);
await anAgencyGetsAKey(demo);
await aChildIsRegistered(demo);
await aMeetingIsWrittenDown(demo);
await theAuditorSees(demo, referral);
console.log(`TypeScript: the tour, ${demo.calls} calls`);
