-- The same tables and columns as on SQLite, in PostgreSQL's own types.

-- What each migration looked like when it ran here: a database laid out by another text is refused.
CREATE TABLE migration_fingerprints (
    version TEXT NOT NULL PRIMARY KEY,
    fingerprint TEXT NOT NULL
);

CREATE TABLE directory_state (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    version BIGINT NOT NULL,
    synthetic BOOLEAN NOT NULL
);
INSERT INTO directory_state (id, version, synthetic) VALUES (1, 0, FALSE);

-- What only the snapshot reads, whole: the municipality, postal codes, holidays, legal references, deadlines.
CREATE TABLE directory_documents (
    name TEXT NOT NULL PRIMARY KEY,
    content JSONB NOT NULL
);

-- Which keys sealed and hashed what is here; a key itself is nowhere.
CREATE TABLE vault_keys (
    kind TEXT NOT NULL,
    id BIGINT NOT NULL,
    check_value BYTEA NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (kind, id)
);

CREATE TABLE areas (
    id UUID NOT NULL PRIMARY KEY,
    slug TEXT NOT NULL UNIQUE,
    name JSONB NOT NULL,
    description JSONB,
    status TEXT NOT NULL,
    version INTEGER NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE districts (
    id UUID NOT NULL PRIMARY KEY,
    slug TEXT NOT NULL UNIQUE,
    code TEXT NOT NULL UNIQUE,
    name JSONB NOT NULL,
    place_names JSONB NOT NULL,
    area_id UUID NOT NULL REFERENCES areas (id),
    population JSONB,
    boundary JSONB NOT NULL,
    status TEXT NOT NULL,
    version INTEGER NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX districts_area_id ON districts (area_id);

CREATE TABLE services (
    id UUID NOT NULL PRIMARY KEY,
    slug TEXT NOT NULL UNIQUE,
    name JSONB NOT NULL,
    description JSONB NOT NULL,
    orientation TEXT NOT NULL,
    provision TEXT NOT NULL,
    needs_assessment BOOLEAN NOT NULL,
    assessment_kind TEXT,
    identity_exempt BOOLEAN NOT NULL,
    ages JSONB NOT NULL,
    needs JSONB NOT NULL,
    languages JSONB NOT NULL,
    status TEXT NOT NULL,
    version INTEGER NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE offices (
    id UUID NOT NULL PRIMARY KEY,
    slug TEXT NOT NULL UNIQUE,
    name JSONB NOT NULL,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    address JSONB,
    location JSONB,
    phone TEXT,
    email TEXT,
    opening_hours TEXT,
    languages JSONB NOT NULL,
    accessibility JSONB NOT NULL,
    entrance_note JSONB,
    opened_on TEXT,
    closed_on TEXT,
    version INTEGER NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE office_areas (
    office_id UUID NOT NULL REFERENCES offices (id) ON DELETE CASCADE,
    area_id UUID NOT NULL REFERENCES areas (id),
    PRIMARY KEY (office_id, area_id)
);
CREATE INDEX office_areas_area_id ON office_areas (area_id);

CREATE TABLE office_services (
    office_id UUID NOT NULL REFERENCES offices (id) ON DELETE CASCADE,
    service_id UUID NOT NULL REFERENCES services (id),
    PRIMARY KEY (office_id, service_id)
);
CREATE INDEX office_services_service_id ON office_services (service_id);

-- Who has signed in, as their last token said. A subject is nowhere: the identifier is made of its keyed hash.
-- Who they are at the identity provider is sealed, and found by its keyed hash.
CREATE TABLE staff (
    id UUID NOT NULL PRIMARY KEY,
    subject_hash BYTEA NOT NULL UNIQUE,
    subject BYTEA NOT NULL,
    name BYTEA,
    works_cases BOOLEAN NOT NULL,
    signed_in_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE staff_offices (
    staff_id UUID NOT NULL REFERENCES staff (id),
    office_id UUID NOT NULL REFERENCES offices (id) ON DELETE CASCADE,
    PRIMARY KEY (staff_id, office_id)
);
CREATE INDEX staff_offices_office_id ON staff_offices (office_id);

CREATE TABLE partners (
    id UUID NOT NULL PRIMARY KEY,
    slug TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    -- The name in the order of the Swedish alphabet, and without marks and case: for sorting, and for finding by how it begins.
    -- Both are compared byte by byte, as SQLite does.
    name_order TEXT COLLATE "C" NOT NULL,
    name_folded TEXT COLLATE "C" NOT NULL,
    category TEXT NOT NULL,
    phone TEXT,
    email TEXT,
    status TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX partners_name_order ON partners (name_order, id);
CREATE INDEX partners_name_folded ON partners (name_folded);
CREATE INDEX partners_category ON partners (category, name_order, id);
CREATE INDEX partners_status ON partners (status, name_order, id);

-- The secret itself is nowhere: only its keyed hash is.
CREATE TABLE partner_keys (
    id TEXT NOT NULL PRIMARY KEY,
    partner_id UUID NOT NULL REFERENCES partners (id),
    label TEXT NOT NULL,
    secret_hash BYTEA NOT NULL CHECK (length(secret_hash) = 32),
    scopes JSONB NOT NULL,
    allowed_networks JSONB NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ,
    overlap_until TIMESTAMPTZ,
    rotated_to TEXT UNIQUE REFERENCES partner_keys (id),
    revoked_at TIMESTAMPTZ,
    last_used_at TIMESTAMPTZ
);
CREATE INDEX partner_keys_partner_created ON partner_keys (partner_id, created_at, id);

-- Who is met and helped. `facts` is sealed: nothing personal can be read here. A person is found by keyed hashes alone, and several
-- records may carry one identity number where a protected one among them must not become known: each has a slot of its own.
CREATE TABLE families (
    id UUID NOT NULL PRIMARY KEY,
    district_id UUID REFERENCES districts (id),
    merged_into UUID REFERENCES families (id),
    facts BYTEA NOT NULL,
    registered_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    version INTEGER NOT NULL
);
CREATE INDEX families_district_id ON families (district_id);
CREATE INDEX families_merged_into ON families (merged_into);

CREATE TABLE people (
    id UUID NOT NULL PRIMARY KEY,
    number_hash BYTEA,
    number_slot INTEGER NOT NULL,
    protection TEXT NOT NULL,
    family_id UUID REFERENCES families (id),
    district_id UUID REFERENCES districts (id),
    facts BYTEA NOT NULL,
    registered_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    version INTEGER NOT NULL,
    UNIQUE (number_hash, number_slot)
);
CREATE INDEX people_family_id ON people (family_id);
CREATE INDEX people_district_id ON people (district_id);

CREATE TABLE person_name_tokens (
    token_hash BYTEA NOT NULL,
    person_id UUID NOT NULL REFERENCES people (id),
    PRIMARY KEY (token_hash, person_id)
);
CREATE INDEX person_name_tokens_person_id ON person_name_tokens (person_id);

-- Which offices have reason to know of whom: who registered them, and later who had a referral about them.
CREATE TABLE person_offices (
    person_id UUID NOT NULL REFERENCES people (id),
    office_id UUID NOT NULL REFERENCES offices (id),
    PRIMARY KEY (person_id, office_id)
);
CREATE INDEX person_offices_office_id ON person_offices (office_id);

-- What an office knows only through somebody whose identity is protected, only those may know of who are cleared for it.
CREATE TABLE family_offices (
    family_id UUID NOT NULL REFERENCES families (id),
    office_id UUID NOT NULL REFERENCES offices (id),
    through_protected BOOLEAN NOT NULL,
    PRIMARY KEY (family_id, office_id, through_protected)
);
CREATE INDEX family_offices_office_id ON family_offices (office_id);

-- How families came to be what they are: somebody joined, left or changed over, or one was merged into another. `reason` is sealed.
CREATE TABLE family_events (
    id UUID NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    person_id UUID REFERENCES people (id),
    from_family_id UUID REFERENCES families (id),
    to_family_id UUID REFERENCES families (id),
    reason BYTEA,
    staff_id UUID NOT NULL,
    at TIMESTAMPTZ NOT NULL
);
CREATE INDEX family_events_person ON family_events (person_id, at, id);
CREATE INDEX family_events_from_family ON family_events (from_family_id, at, id);
CREATE INDEX family_events_to_family ON family_events (to_family_id, at, id);

-- `matter` and `routing` are sealed: nothing personal can be read here.
CREATE TABLE referrals (
    id UUID NOT NULL PRIMARY KEY,
    reference TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    urgency TEXT NOT NULL,
    protected BOOLEAN NOT NULL,
    -- Where it comes from: a partner agency, or a contact in the field.
    partner_id UUID REFERENCES partners (id),
    contact_id UUID,
    sender_reference_hash BYTEA,
    office_id UUID NOT NULL REFERENCES offices (id),
    disclosed_office_id UUID NOT NULL,
    district_id UUID REFERENCES districts (id),
    assignee_id UUID,
    person_id UUID REFERENCES people (id),
    child_number_hash BYTEA,
    matter BYTEA NOT NULL,
    routing BYTEA NOT NULL,
    deadlines JSONB NOT NULL,
    next_due_at TIMESTAMPTZ NOT NULL,
    received_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    version INTEGER NOT NULL
);
-- The office's queue, newest first or by what is due next; the row's key at the end makes each order total.
CREATE INDEX referrals_office_received ON referrals (office_id, received_at, id);
CREATE INDEX referrals_office_due ON referrals (office_id, next_due_at, id);
CREATE INDEX referrals_partner_received ON referrals (partner_id, received_at, id);
CREATE INDEX referrals_partner_reference ON referrals (partner_id, sender_reference_hash, received_at, id);
CREATE INDEX referrals_district_id ON referrals (district_id);
-- What is known of a person, newest first.
CREATE INDEX referrals_person_received ON referrals (person_id, received_at, id) WHERE person_id IS NOT NULL;
-- Whom a referral names by number and nobody has registered yet. What is linked to a person needs no entry.
CREATE INDEX referrals_unlinked_child ON referrals (child_number_hash) WHERE person_id IS NULL AND child_number_hash IS NOT NULL;

CREATE TABLE referral_services (
    referral_id UUID NOT NULL REFERENCES referrals (id),
    service_id UUID NOT NULL REFERENCES services (id),
    PRIMARY KEY (referral_id, service_id)
);
CREATE INDEX referral_services_service_id ON referral_services (service_id);

-- What a record is about stands in it, as a list. The only thing that it is about, which is the rule, also stands in a column of its
-- own; the things of a list are named in a table of their own, which a trigger fills. So a reading of one thing is one row, and
-- whatever a record names finds it.
CREATE TABLE audit_records (
    id UUID NOT NULL PRIMARY KEY,
    at TIMESTAMPTZ NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    resource_type TEXT NOT NULL,
    resource_id UUID,
    resource_ids JSONB NOT NULL,
    office_id UUID,
    reason TEXT,
    client_address TEXT,
    client_agent TEXT,
    trace_id TEXT NOT NULL,
    outcome TEXT NOT NULL
);
-- Identifiers of records sort by time, so each index gives the newest first.
CREATE INDEX audit_records_actor ON audit_records (actor, id);
CREATE INDEX audit_records_action ON audit_records (action, id);
CREATE INDEX audit_records_resource_type ON audit_records (resource_type, id);
CREATE INDEX audit_records_resource_id ON audit_records (resource_id, id) WHERE resource_id IS NOT NULL;

CREATE TABLE audit_record_resources (
    resource_id UUID NOT NULL,
    record_id UUID NOT NULL,
    PRIMARY KEY (resource_id, record_id)
);
CREATE FUNCTION name_resources_of_audit_record() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
    INSERT INTO audit_record_resources (resource_id, record_id)
    SELECT DISTINCT value::uuid, NEW.id FROM jsonb_array_elements_text(NEW.resource_ids);
    RETURN NULL;
END $$;
CREATE TRIGGER audit_records_of_lists_name_their_resources AFTER INSERT ON audit_records
FOR EACH ROW WHEN (NEW.resource_id IS NULL) EXECUTE FUNCTION name_resources_of_audit_record();

-- The chain: each hash covers the number, the hash before and the record.
CREATE TABLE audit_seals (
    seq BIGINT NOT NULL PRIMARY KEY,
    record_id UUID NOT NULL UNIQUE,
    hash BYTEA NOT NULL CHECK (length(hash) = 32)
);

CREATE FUNCTION refuse_change_of_audit() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the audit is append-only'; END $$;
CREATE TRIGGER audit_records_are_not_changed BEFORE UPDATE OR DELETE ON audit_records
FOR EACH ROW EXECUTE FUNCTION refuse_change_of_audit();
CREATE TRIGGER audit_records_are_not_emptied BEFORE TRUNCATE ON audit_records
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_audit();
CREATE TRIGGER audit_record_resources_are_not_changed BEFORE UPDATE OR DELETE ON audit_record_resources
FOR EACH ROW EXECUTE FUNCTION refuse_change_of_audit();
CREATE TRIGGER audit_record_resources_are_not_emptied BEFORE TRUNCATE ON audit_record_resources
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_audit();
CREATE TRIGGER audit_seals_are_not_changed BEFORE UPDATE OR DELETE ON audit_seals
FOR EACH ROW EXECUTE FUNCTION refuse_change_of_audit();
CREATE TRIGGER audit_seals_are_not_emptied BEFORE TRUNCATE ON audit_seals
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_audit();

-- What a call with an idempotency key was answered, for whoever asks again. Key and request are here as keyed hashes alone.
CREATE TABLE kept_answers (
    id UUID NOT NULL PRIMARY KEY,
    key_hash BYTEA NOT NULL UNIQUE CHECK (length(key_hash) = 32),
    fingerprint BYTEA NOT NULL CHECK (length(fingerprint) = 32),
    resource_id UUID NOT NULL,
    answer BYTEA NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX kept_answers_expires_at ON kept_answers (expires_at);
