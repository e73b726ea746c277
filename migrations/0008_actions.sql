-- +goose Up

-- "You said, we did": what managers do about what a survey showed, in their
-- own words. It is shown with the results of the wave that it answers, and of
-- all that follow it, until somebody ends it.
CREATE TABLE actions (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    survey     text NOT NULL,
    question   text NOT NULL, -- its id, '' for the survey as a whole
    wave_id    bigint NOT NULL REFERENCES waves,
    said       text NOT NULL,
    did        text NOT NULL,
    done       boolean NOT NULL, -- else it is planned
    public     boolean NOT NULL,
    version    int NOT NULL DEFAULT 1,
    written_by bigint REFERENCES users,
    written_at timestamptz NOT NULL,
    ended_at   timestamptz
);
