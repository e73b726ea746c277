-- +goose Up

-- Responses come from a release alone, which holds the row of its wave, and no
-- wave is ever deleted. To look that row up for each of a storm's responses
-- costs as much as to write their index.
ALTER TABLE responses DROP CONSTRAINT responses_wave_id_fkey;
