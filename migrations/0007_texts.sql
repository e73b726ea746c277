-- +goose Up

-- What people wrote in their own words, to be read by a person before anybody
-- else sees it, and what became of each text. What was written stays in the
-- responses. The id says nothing about its writer: texts are read in its
-- order, and known by it outside the ledger.
CREATE TABLE texts (
    id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    wave_id    bigint NOT NULL REFERENCES waves,
    question   text NOT NULL,
    ordinal    int NOT NULL, -- no foreign key: its checks would leave marks on the responses
    state      text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'released', 'held')),
    version    int NOT NULL DEFAULT 1,
    words      text, -- as released
    themes     text[] NOT NULL DEFAULT '{}',
    decided_by bigint REFERENCES users,
    decided_at timestamptz,
    UNIQUE (wave_id, question, ordinal),
    CHECK ((state = 'released') = (words IS NOT NULL)),
    CHECK ((state = 'waiting') = (decided_at IS NULL))
);
CREATE INDEX texts_state ON texts (wave_id, state, id);
