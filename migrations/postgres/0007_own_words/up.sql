-- What a member of staff wrote of a referral: for a day they read it by the referral's identifier, whatever became of the referral,
-- so that no reading tells whose identity number they named. `words` is sealed.
CREATE TABLE referral_own_words (
    id UUID NOT NULL PRIMARY KEY,
    referral_id UUID NOT NULL REFERENCES referrals (id),
    staff_id UUID NOT NULL,
    -- The time from which the words are told no more. They are removed after it.
    until TIMESTAMPTZ NOT NULL,
    words BYTEA NOT NULL,
    UNIQUE (referral_id, staff_id)
);
CREATE INDEX referral_own_words_staff ON referral_own_words (staff_id, until);
CREATE INDEX referral_own_words_until ON referral_own_words (until);

-- A link to a person to whom only an identity number leads that staff wrote who may not know of the person. Nobody is told of it.
ALTER TABLE referrals ADD COLUMN linked_silently BOOLEAN NOT NULL DEFAULT FALSE;
