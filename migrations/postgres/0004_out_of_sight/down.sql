DROP INDEX follow_ups_next_referral;
ALTER TABLE follow_ups DROP COLUMN next_referral_id;
-- The table before opens to everybody of an office whom it names, so what only the cleared may know of is not taken along.
DELETE FROM person_offices WHERE through_protected;
ALTER TABLE person_offices DROP CONSTRAINT person_offices_pkey;
ALTER TABLE person_offices ADD PRIMARY KEY (person_id, office_id);
ALTER TABLE person_offices DROP COLUMN through_protected;
