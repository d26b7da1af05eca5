-- What follows from how many reports an agency sends, and from what is copied for siblings.

-- A copy for a sibling tells its sender that the office works with the first report, so it is not shown to everybody. So far only the
-- sealed course says that a report is a copy; the audit names the first report, and then its copy.
ALTER TABLE referrals ADD COLUMN is_copy INTEGER NOT NULL DEFAULT 0 CHECK (is_copy IN (0, 1));
UPDATE referrals SET is_copy = 1 WHERE id IN (
    SELECT unhex(replace(json_extract(resource_ids, '$[1]'), '-', '')) FROM audit_records
    WHERE action = 'referral.copied_for_sibling' AND outcome = 'done'
);
-- An agency's open reports on one child. What names no child by number needs no entry.
CREATE INDEX referrals_partner_child ON referrals (partner_id, child_number_hash, status, received_at, id)
    WHERE child_number_hash IS NOT NULL;
