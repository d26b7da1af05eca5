DROP INDEX referrals_partner_child;
ALTER TABLE referrals DROP COLUMN is_copy;
