-- +goose Up
ALTER TABLE waves
    -- Only invitations may answer.
    ADD COLUMN by_invitation boolean NOT NULL DEFAULT false,
    -- Anyone may see the results so far.
    ADD COLUMN published boolean NOT NULL DEFAULT false;

-- The ways by which people come to a wave: a link for all (open), or
-- invitations that each count once (closed).
CREATE TABLE collectors (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    wave_id   bigint NOT NULL REFERENCES waves,
    code      text NOT NULL UNIQUE,
    name      text NOT NULL CHECK (name <> '' AND length(name) <= 100),
    kind      text NOT NULL CHECK (kind IN ('open', 'closed')),
    issued    int NOT NULL DEFAULT 0,
    reissued  int NOT NULL DEFAULT 0,
    -- Of the released responses: what may be told, and what waits until it is
    -- at least ten, so that the number told never moves by one person.
    returned  int NOT NULL DEFAULT 0,
    held_back int NOT NULL DEFAULT 0,
    closed_at timestamptz,
    UNIQUE (wave_id, name)
);

-- Neither a time nor a key is kept beside an invitation.
CREATE TABLE invitations (
    collector_id bigint NOT NULL REFERENCES collectors,
    number       int NOT NULL,
    code_index   bytea NOT NULL UNIQUE,
    -- So that the sheet can be printed again; dropped when nobody can use it.
    code_sealed  bytea,
    spent        boolean NOT NULL DEFAULT false,
    -- Written anew at a release, so that neither its place on the disk nor its
    -- transaction tells when it was spent.
    shuffled     boolean NOT NULL DEFAULT false,
    PRIMARY KEY (collector_id, number)
);
CREATE INDEX invitations_to_shuffle ON invitations (collector_id) WHERE spent AND NOT shuffled;

-- For the count of what came back, until the release.
ALTER TABLE inbox ADD COLUMN collector_id bigint;
