DROP TABLE follow_ups;
DROP TABLE offer_answers;
DROP TABLE offers;
DROP TABLE family_first_facts;
DROP TABLE outreach_participants;
DROP TABLE outreach_contact_versions;
DROP TABLE outreach_contacts;
