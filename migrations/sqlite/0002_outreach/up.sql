-- Days are texts, which sort as they follow each other.

-- `record` is sealed: what was said, where, with whom and about what. Who was met is named by `outreach_participants` as far as it is a
-- person, so that the person is found; where somebody was met whose identity is protected stands in no readable column.
CREATE TABLE outreach_contacts (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    office_id BLOB NOT NULL REFERENCES offices (id),
    worker_id BLOB NOT NULL,
    occurred_at INTEGER NOT NULL,
    channel TEXT NOT NULL,
    outcome TEXT NOT NULL,
    district_id BLOB REFERENCES districts (id),
    service_id BLOB REFERENCES services (id),
    family_id BLOB REFERENCES families (id),
    protected INTEGER NOT NULL CHECK (protected IN (0, 1)),
    in_error INTEGER NOT NULL CHECK (in_error IN (0, 1)),
    record BLOB NOT NULL,
    -- What was first submitted, as a keyed hash: a client in the field sends it as often as the network asks.
    fingerprint BLOB NOT NULL CHECK (length(fingerprint) = 32),
    recorded_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by BLOB NOT NULL,
    version INTEGER NOT NULL
) STRICT;
-- An office's contacts, or a worker's, newest first; the row's key at the end makes each order total.
CREATE INDEX outreach_contacts_office ON outreach_contacts (office_id, occurred_at, id);
CREATE INDEX outreach_contacts_worker ON outreach_contacts (worker_id, occurred_at, id);
CREATE INDEX outreach_contacts_district ON outreach_contacts (district_id);
CREATE INDEX outreach_contacts_service ON outreach_contacts (service_id) WHERE service_id IS NOT NULL;
CREATE INDEX outreach_contacts_family ON outreach_contacts (family_id, occurred_at, id) WHERE family_id IS NOT NULL;

-- What a contact was before it was corrected. `record` is sealed.
CREATE TABLE outreach_contact_versions (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    contact_id BLOB NOT NULL REFERENCES outreach_contacts (id),
    version INTEGER NOT NULL,
    record BLOB NOT NULL,
    written_at INTEGER NOT NULL,
    written_by BLOB NOT NULL,
    UNIQUE (contact_id, version)
) STRICT;

CREATE TABLE outreach_participants (
    person_id BLOB NOT NULL REFERENCES people (id),
    contact_id BLOB NOT NULL REFERENCES outreach_contacts (id),
    PRIMARY KEY (person_id, contact_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX outreach_participants_contact ON outreach_participants (contact_id);

-- When and how a family was first reached, by whichever office: the earliest of all facts, and the earliest of those that everybody
-- may know of. Both follow from contacts and referrals, and are made anew with them.
CREATE TABLE family_first_facts (
    family_id BLOB NOT NULL PRIMARY KEY REFERENCES families (id),
    at INTEGER NOT NULL,
    source_id BLOB NOT NULL,
    through TEXT NOT NULL,
    open_at INTEGER,
    open_source_id BLOB,
    open_through TEXT
) STRICT, WITHOUT ROWID;

-- What was offered to whom. `record` is sealed: the note, and which of the anonymous participants it was for.
CREATE TABLE offers (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    contact_id BLOB NOT NULL REFERENCES outreach_contacts (id),
    service_id BLOB NOT NULL REFERENCES services (id),
    family_id BLOB REFERENCES families (id),
    offered_at INTEGER NOT NULL,
    offered_by BLOB NOT NULL,
    record BLOB NOT NULL,
    closed_at INTEGER,
    close_reason TEXT,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL
) STRICT;
CREATE INDEX offers_contact ON offers (contact_id, offered_at, id);
CREATE INDEX offers_service ON offers (service_id);
CREATE INDEX offers_family ON offers (family_id, offered_at, id) WHERE family_id IS NOT NULL;

-- What was answered each time somebody asked. Nothing here is ever changed.
CREATE TABLE offer_answers (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    offer_id BLOB NOT NULL REFERENCES offers (id),
    answer TEXT NOT NULL,
    decline_reason TEXT,
    answered_at INTEGER NOT NULL,
    ask_again_on TEXT,
    recorded_at INTEGER NOT NULL,
    recorded_by BLOB NOT NULL
) STRICT;
CREATE INDEX offer_answers_offer ON offer_answers (offer_id, answered_at, id);

-- Promises to get back to somebody. `record` is sealed: the note and the result.
CREATE TABLE follow_ups (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    office_id BLOB NOT NULL REFERENCES offices (id),
    owner_id BLOB NOT NULL,
    due_on TEXT NOT NULL,
    contact_id BLOB REFERENCES outreach_contacts (id),
    referral_id BLOB REFERENCES referrals (id),
    family_id BLOB REFERENCES families (id),
    protected INTEGER NOT NULL CHECK (protected IN (0, 1)),
    record BLOB NOT NULL,
    done_at INTEGER,
    done_by BLOB,
    created_at INTEGER NOT NULL,
    created_by BLOB NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL
) STRICT;
-- The worklists of an office and of somebody, with what is due first.
CREATE INDEX follow_ups_office ON follow_ups (office_id, due_on, id) WHERE done_at IS NULL;
CREATE INDEX follow_ups_owner ON follow_ups (owner_id, due_on, id) WHERE done_at IS NULL;
CREATE INDEX follow_ups_contact ON follow_ups (contact_id) WHERE contact_id IS NOT NULL;
CREATE INDEX follow_ups_referral ON follow_ups (referral_id) WHERE referral_id IS NOT NULL;
CREATE INDEX follow_ups_family ON follow_ups (family_id) WHERE family_id IS NOT NULL;
