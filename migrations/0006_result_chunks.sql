-- +goose Up

-- The index of a wave's released responses, 65,536 to a chunk, as bitmaps with
-- a checksum. It can always be made anew from the responses. A chunk may lag
-- behind them, but never holds anything else.
CREATE TABLE result_chunks (
    wave_id bigint NOT NULL REFERENCES waves,
    number  int NOT NULL CHECK (number >= 0),
    size    int NOT NULL CHECK (size > 0),
    bits    bytea NOT NULL,
    PRIMARY KEY (wave_id, number)
);
-- They are compressed already.
ALTER TABLE result_chunks ALTER COLUMN bits SET STORAGE EXTERNAL;

-- How often released responses were put into another order, which is when the
-- few at the end joined a release: what was counted before is of no use then.
ALTER TABLE waves ADD COLUMN shuffles int NOT NULL DEFAULT 0;
