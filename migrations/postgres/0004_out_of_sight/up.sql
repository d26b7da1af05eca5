-- What goes out of sight with somebody whose identity is protected: what an office knows of people through them, and promises of which
-- referrals came.

-- What an office knows only through a matter that is protected, only those may know of who are cleared for it.
ALTER TABLE person_offices ADD COLUMN through_protected BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE person_offices DROP CONSTRAINT person_offices_pkey;
ALTER TABLE person_offices ADD PRIMARY KEY (person_id, office_id, through_protected);

-- The referral that was made when a promise was kept. So far only the sealed words told it; both were written in one moment.
ALTER TABLE follow_ups ADD COLUMN next_referral_id UUID REFERENCES referrals (id);
-- The index serves only here.
CREATE INDEX referrals_made_when ON referrals (made_by, received_at) WHERE contact_id IS NOT NULL;
UPDATE follow_ups SET next_referral_id = (
    SELECT id FROM referrals
    WHERE contact_id IS NOT NULL AND made_by = follow_ups.done_by AND received_at = follow_ups.done_at
    ORDER BY id LIMIT 1
) WHERE done_at IS NOT NULL;
DROP INDEX referrals_made_when;
CREATE INDEX follow_ups_next_referral ON follow_ups (next_referral_id) WHERE next_referral_id IS NOT NULL;
