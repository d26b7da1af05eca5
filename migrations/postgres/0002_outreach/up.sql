-- The same tables and columns as on SQLite, in PostgreSQL's own types.

-- `record` is sealed: what was said, where, with whom and about what. Who was met is named by `outreach_participants` as far as it is a
-- person, so that the person is found; where somebody was met whose identity is protected stands in no readable column.
CREATE TABLE outreach_contacts (
    id UUID NOT NULL PRIMARY KEY,
    office_id UUID NOT NULL REFERENCES offices (id),
    worker_id UUID NOT NULL,
    occurred_at TIMESTAMPTZ NOT NULL,
    channel TEXT NOT NULL,
    outcome TEXT NOT NULL,
    district_id UUID REFERENCES districts (id),
    service_id UUID REFERENCES services (id),
    family_id UUID REFERENCES families (id),
    protected BOOLEAN NOT NULL,
    in_error BOOLEAN NOT NULL,
    record BYTEA NOT NULL,
    -- What was first submitted, as a keyed hash: a client in the field sends it as often as the network asks.
    fingerprint BYTEA NOT NULL CHECK (length(fingerprint) = 32),
    recorded_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    updated_by UUID NOT NULL,
    version INTEGER NOT NULL
);
-- An office's contacts, or a worker's, newest first; the row's key at the end makes each order total.
CREATE INDEX outreach_contacts_office ON outreach_contacts (office_id, occurred_at, id);
CREATE INDEX outreach_contacts_worker ON outreach_contacts (worker_id, occurred_at, id);
CREATE INDEX outreach_contacts_district ON outreach_contacts (district_id);
CREATE INDEX outreach_contacts_service ON outreach_contacts (service_id) WHERE service_id IS NOT NULL;
CREATE INDEX outreach_contacts_family ON outreach_contacts (family_id, occurred_at, id) WHERE family_id IS NOT NULL;

-- What a contact was before it was corrected. `record` is sealed.
CREATE TABLE outreach_contact_versions (
    id UUID NOT NULL PRIMARY KEY,
    contact_id UUID NOT NULL REFERENCES outreach_contacts (id),
    version INTEGER NOT NULL,
    record BYTEA NOT NULL,
    written_at TIMESTAMPTZ NOT NULL,
    written_by UUID NOT NULL,
    UNIQUE (contact_id, version)
);

CREATE TABLE outreach_participants (
    person_id UUID NOT NULL REFERENCES people (id),
    contact_id UUID NOT NULL REFERENCES outreach_contacts (id),
    PRIMARY KEY (person_id, contact_id)
);
CREATE INDEX outreach_participants_contact ON outreach_participants (contact_id);

-- When and how a family was first reached, by whichever office: the earliest of all facts, and the earliest of those that everybody
-- may know of. Both follow from contacts and referrals, and are made anew with them.
CREATE TABLE family_first_facts (
    family_id UUID NOT NULL PRIMARY KEY REFERENCES families (id),
    at TIMESTAMPTZ NOT NULL,
    source_id UUID NOT NULL,
    through TEXT NOT NULL,
    open_at TIMESTAMPTZ,
    open_source_id UUID,
    open_through TEXT
);

-- What was offered to whom. `record` is sealed: the note, and which of the anonymous participants it was for.
CREATE TABLE offers (
    id UUID NOT NULL PRIMARY KEY,
    contact_id UUID NOT NULL REFERENCES outreach_contacts (id),
    service_id UUID NOT NULL REFERENCES services (id),
    family_id UUID REFERENCES families (id),
    offered_at TIMESTAMPTZ NOT NULL,
    offered_by UUID NOT NULL,
    record BYTEA NOT NULL,
    closed_at TIMESTAMPTZ,
    close_reason TEXT,
    updated_at TIMESTAMPTZ NOT NULL,
    version INTEGER NOT NULL
);
CREATE INDEX offers_contact ON offers (contact_id, offered_at, id);
CREATE INDEX offers_service ON offers (service_id);
CREATE INDEX offers_family ON offers (family_id, offered_at, id) WHERE family_id IS NOT NULL;

-- What was answered each time somebody asked. Nothing here is ever changed.
CREATE TABLE offer_answers (
    id UUID NOT NULL PRIMARY KEY,
    offer_id UUID NOT NULL REFERENCES offers (id),
    answer TEXT NOT NULL,
    decline_reason TEXT,
    answered_at TIMESTAMPTZ NOT NULL,
    ask_again_on DATE,
    recorded_at TIMESTAMPTZ NOT NULL,
    recorded_by UUID NOT NULL
);
CREATE INDEX offer_answers_offer ON offer_answers (offer_id, answered_at, id);

-- Promises to get back to somebody. `record` is sealed: the note and the result.
CREATE TABLE follow_ups (
    id UUID NOT NULL PRIMARY KEY,
    office_id UUID NOT NULL REFERENCES offices (id),
    owner_id UUID NOT NULL,
    due_on DATE NOT NULL,
    contact_id UUID REFERENCES outreach_contacts (id),
    referral_id UUID REFERENCES referrals (id),
    family_id UUID REFERENCES families (id),
    protected BOOLEAN NOT NULL,
    record BYTEA NOT NULL,
    done_at TIMESTAMPTZ,
    done_by UUID,
    created_at TIMESTAMPTZ NOT NULL,
    created_by UUID NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    version INTEGER NOT NULL
);
-- The worklists of an office and of somebody, with what is due first.
CREATE INDEX follow_ups_office ON follow_ups (office_id, due_on, id) WHERE done_at IS NULL;
CREATE INDEX follow_ups_owner ON follow_ups (owner_id, due_on, id) WHERE done_at IS NULL;
CREATE INDEX follow_ups_contact ON follow_ups (contact_id) WHERE contact_id IS NOT NULL;
CREATE INDEX follow_ups_referral ON follow_ups (referral_id) WHERE referral_id IS NOT NULL;
CREATE INDEX follow_ups_family ON follow_ups (family_id) WHERE family_id IS NOT NULL;
