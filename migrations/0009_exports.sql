-- +goose Up

-- Large files that managers asked for, made by a worker, for whoever asked
-- alone and for a day. A file is made anew from its beginning if its worker
-- ends, as another attempt, so that two workers never write into one file.
CREATE TABLE exports (
    id         uuid PRIMARY KEY,
    asked_by   bigint NOT NULL REFERENCES users,
    wave_id    bigint NOT NULL REFERENCES waves,
    kind       text NOT NULL CHECK (kind IN ('responses')),
    state      text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'building', 'ready', 'failed')),
    fault      text NOT NULL DEFAULT '', -- a code
    attempt    int NOT NULL DEFAULT 0,
    rows_total int NOT NULL DEFAULT 0,
    rows_done  int NOT NULL DEFAULT 0,
    size       bigint NOT NULL DEFAULT 0, -- in bytes
    asked_at   timestamptz NOT NULL,
    touched_at timestamptz NOT NULL, -- when a worker last said that it is at it
    nudged_at  timestamptz NOT NULL,
    made_at    timestamptz,
    expires_at timestamptz NOT NULL
);
-- Asking twice is asking once.
CREATE UNIQUE INDEX exports_in_the_making ON exports (asked_by, wave_id, kind) WHERE state IN ('waiting', 'building');
CREATE INDEX exports_expires_at ON exports (expires_at);

CREATE TABLE export_parts (
    export_id uuid NOT NULL REFERENCES exports ON DELETE CASCADE,
    attempt   int NOT NULL,
    number    int NOT NULL,
    bytes     bytea NOT NULL,
    PRIMARY KEY (export_id, attempt, number)
);
-- They are compressed already.
ALTER TABLE export_parts ALTER COLUMN bytes SET STORAGE EXTERNAL;
