-- What becomes of a referral: the office's work, the sender's view, and what both say to each other.

-- `course` is sealed, and absent as long as nothing has happened. What the sender may know stands in columns of its own, so that the
-- sender's list goes by nothing else.
ALTER TABLE referrals ADD COLUMN made_by BLOB;
ALTER TABLE referrals ADD COLUMN sender_category TEXT;
ALTER TABLE referrals ADD COLUMN course BLOB;
ALTER TABLE referrals ADD COLUMN disclosed_status TEXT NOT NULL DEFAULT 'received';
ALTER TABLE referrals ADD COLUMN disclosed_at INTEGER NOT NULL DEFAULT 0;
-- The first deadline that runs and has not been recorded as overdue.
ALTER TABLE referrals ADD COLUMN unmarked_due_at INTEGER NOT NULL DEFAULT 253402214400000000;
UPDATE referrals SET
    sender_category = (SELECT category FROM partners WHERE partners.id = referrals.partner_id),
    disclosed_at = received_at,
    unmarked_due_at = next_due_at;
-- What is due next at an office, and whether it is on record that it has passed: the index answers that alone.
DROP INDEX referrals_office_due;
CREATE INDEX referrals_office_due ON referrals (office_id, next_due_at, id, unmarked_due_at);
-- An office's work in one state, by when it came in.
CREATE INDEX referrals_office_status ON referrals (office_id, status, received_at, id);
CREATE INDEX referrals_made_by ON referrals (made_by, received_at, id) WHERE made_by IS NOT NULL;
-- Most of what an agency has sent is disclosed as received, and found by its other indexes.
CREATE INDEX referrals_partner_disclosed ON referrals (partner_id, disclosed_status, received_at, id)
    WHERE disclosed_status <> 'received';
-- What has changed for an agency since it looked last.
CREATE INDEX referrals_partner_changed ON referrals (partner_id, disclosed_at);

-- Each transition, and whatever else happened to it. `told` is sealed: the reason in words.
CREATE TABLE referral_events (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    referral_id BLOB NOT NULL REFERENCES referrals (id),
    -- The version of the referral that it has made.
    version INTEGER NOT NULL,
    action TEXT NOT NULL,
    from_status TEXT NOT NULL,
    to_status TEXT NOT NULL,
    office_id BLOB NOT NULL REFERENCES offices (id),
    to_office_id BLOB REFERENCES offices (id),
    staff_id BLOB,
    partner_id BLOB REFERENCES partners (id),
    at INTEGER NOT NULL,
    told BLOB,
    UNIQUE (referral_id, version)
) STRICT;
CREATE INDEX referral_events_office ON referral_events (office_id);
CREATE INDEX referral_events_partner ON referral_events (partner_id) WHERE partner_id IS NOT NULL;
CREATE INDEX referral_events_to_office ON referral_events (to_office_id) WHERE to_office_id IS NOT NULL;

-- What office and sender write to each other. `text` is sealed.
CREATE TABLE referral_messages (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    referral_id BLOB NOT NULL REFERENCES referrals (id),
    kind TEXT NOT NULL,
    staff_id BLOB,
    partner_id BLOB REFERENCES partners (id),
    at INTEGER NOT NULL,
    text BLOB NOT NULL,
    -- Whether it was added to a concern report that had been decided.
    asks_for_new_report INTEGER NOT NULL CHECK (asks_for_new_report IN (0, 1))
) STRICT;
CREATE INDEX referral_messages_referral ON referral_messages (referral_id, at, id);
CREATE INDEX referral_messages_partner ON referral_messages (partner_id) WHERE partner_id IS NOT NULL;
