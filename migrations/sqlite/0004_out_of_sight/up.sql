-- What goes out of sight with somebody whose identity is protected: what an office knows of people through them, and promises of which
-- referrals came.

-- What an office knows only through a matter that is protected, only those may know of who are cleared for it. SQLite changes no
-- primary key, so the table is made anew.
CREATE TABLE met_people (
    person_id BLOB NOT NULL REFERENCES people (id),
    office_id BLOB NOT NULL REFERENCES offices (id),
    through_protected INTEGER NOT NULL DEFAULT 0 CHECK (through_protected IN (0, 1)),
    PRIMARY KEY (person_id, office_id, through_protected)
) STRICT, WITHOUT ROWID;
INSERT INTO met_people (person_id, office_id) SELECT person_id, office_id FROM person_offices;
DROP TABLE person_offices;
ALTER TABLE met_people RENAME TO person_offices;
CREATE INDEX person_offices_office_id ON person_offices (office_id);

-- The referral that was made when a promise was kept. So far only the sealed words told it; both were written in one moment.
ALTER TABLE follow_ups ADD COLUMN next_referral_id BLOB REFERENCES referrals (id);
-- The index serves only here.
CREATE INDEX referrals_made_when ON referrals (made_by, received_at) WHERE contact_id IS NOT NULL;
UPDATE follow_ups SET next_referral_id = (
    SELECT min(id) FROM referrals
    WHERE contact_id IS NOT NULL AND made_by = follow_ups.done_by AND received_at = follow_ups.done_at
) WHERE done_at IS NOT NULL;
DROP INDEX referrals_made_when;
CREATE INDEX follow_ups_next_referral ON follow_ups (next_referral_id) WHERE next_referral_id IS NOT NULL;
