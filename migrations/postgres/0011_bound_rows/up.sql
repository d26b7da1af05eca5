-- The code of a row: a keyed hash over its columns and the heads of its seals. The rows that are here already get theirs when the
-- program starts for the first time with this layout.
ALTER TABLE partners ADD COLUMN code BYTEA;
ALTER TABLE partner_keys ADD COLUMN code BYTEA;
ALTER TABLE families ADD COLUMN code BYTEA;
ALTER TABLE people ADD COLUMN code BYTEA;
ALTER TABLE person_offices ADD COLUMN code BYTEA;
ALTER TABLE family_offices ADD COLUMN code BYTEA;
ALTER TABLE family_guests ADD COLUMN code BYTEA;
ALTER TABLE referrals ADD COLUMN code BYTEA;
ALTER TABLE referral_events ADD COLUMN code BYTEA;
ALTER TABLE referral_messages ADD COLUMN code BYTEA;
ALTER TABLE outreach_contacts ADD COLUMN code BYTEA;
ALTER TABLE offers ADD COLUMN code BYTEA;
ALTER TABLE follow_ups ADD COLUMN code BYTEA;

-- The rows that the recorded action has written, each with the place that it has reached: its version, and the changes since.
ALTER TABLE audit_records ADD COLUMN left_rows JSONB;

-- That the rows of a database have their codes is noted here once.
CREATE TABLE bound_rows_since (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    at TIMESTAMPTZ NOT NULL
);
