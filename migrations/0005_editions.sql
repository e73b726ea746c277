-- +goose Up

-- The numbers of released responses whose figures somebody has looked at. What
-- was shown once stays known, so that later figures are held against these
-- (docs/decisions/0013).
CREATE TABLE editions (
    wave_id bigint NOT NULL REFERENCES waves,
    size    int NOT NULL CHECK (size > 0),
    PRIMARY KEY (wave_id, size)
);
