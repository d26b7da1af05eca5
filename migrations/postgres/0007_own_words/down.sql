DROP TABLE referral_own_words;
-- Without the column the link would be told to everybody of the office.
UPDATE referrals SET person_id = NULL WHERE linked_silently;
ALTER TABLE referrals DROP COLUMN linked_silently;
