-- +goose Up

-- A published version never changes: the hash of its source is checked at every start.
CREATE TABLE form_versions (
    form         text NOT NULL,
    version      int NOT NULL,
    hash         text NOT NULL,
    source       text NOT NULL,
    published_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (form, version)
);

CREATE TABLE waves (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    survey    text NOT NULL,
    code      text NOT NULL CHECK (code ~ '^[a-z0-9][a-z0-9-]{0,39}$'),
    -- The definition versions whose answers the wave counts.
    versions  int[] NOT NULL,
    opens_at  timestamptz NOT NULL,
    closes_at timestamptz,
    demo      boolean NOT NULL DEFAULT false,
    -- What left the inbox so far: the next ordinal and the next release follow from these.
    released  int NOT NULL DEFAULT 0,
    releases  int NOT NULL DEFAULT 0,
    UNIQUE (survey, code)
);

-- Every key that was ever accepted, so that a late retry is harmless. Neither
-- a time nor the answers are kept beside it.
CREATE TABLE submission_keys (
    submission_key uuid PRIMARY KEY
);

-- Responses wait here until at least ten can leave together.
CREATE TABLE inbox (
    submission_key uuid PRIMARY KEY,
    wave_id        bigint NOT NULL, -- no foreign key: its row lock would be taken by every response at once
    form_version   int NOT NULL,
    answers        jsonb NOT NULL
) WITH (autovacuum_vacuum_threshold = 10, autovacuum_vacuum_scale_factor = 0);
CREATE INDEX inbox_wave_id ON inbox (wave_id);

CREATE TABLE releases (
    wave_id     bigint NOT NULL REFERENCES waves,
    number      int NOT NULL,
    size        int NOT NULL,
    released_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (wave_id, number)
);

-- What counts. No key, no time, no order finer than the release.
CREATE TABLE responses (
    wave_id      bigint NOT NULL REFERENCES waves,
    ordinal      int NOT NULL,
    release      int NOT NULL,
    form_version int NOT NULL,
    answers      jsonb NOT NULL,
    PRIMARY KEY (wave_id, ordinal)
);
