-- +goose Up
CREATE TABLE teams (
    slug   text PRIMARY KEY,
    name   text NOT NULL,
    email  text NOT NULL
);

CREATE TABLE users (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email         text NOT NULL CHECK (email = lower(email)) UNIQUE,
    name          text NOT NULL,
    role          text NOT NULL CHECK (role IN ('survey_manager', 'triage', 'safeguarding_lead', 'admin')),
    password_hash text,
    -- Raising the epoch ends every session of the user.
    session_epoch int NOT NULL DEFAULT 1,
    demo          boolean NOT NULL DEFAULT false,
    disabled_at   timestamptz,
    created_at    timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE user_teams (
    user_id bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    team    text NOT NULL REFERENCES teams,
    PRIMARY KEY (user_id, team)
);

-- One-time links for setting a password; only a hash of the code is kept.
CREATE TABLE setup_codes (
    code_hash  bytea PRIMARY KEY,
    user_id    bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    expires_at timestamptz NOT NULL
);

CREATE TABLE sessions (
    token_hash bytea PRIMARY KEY,
    data       bytea NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX sessions_expires_at ON sessions (expires_at);

-- Keyed hashes of the account and of the address that failed to sign in.
CREATE TABLE sign_in_failures (
    key bytea NOT NULL,
    at  timestamptz NOT NULL
);
CREATE INDEX sign_in_failures_key_at ON sign_in_failures (key, at);

-- Partner organisations and scripts; only a hash of the key is kept.
CREATE TABLE api_keys (
    key_hash   bytea PRIMARY KEY,
    name       text NOT NULL UNIQUE,
    rights     text[] NOT NULL CHECK (rights <@ ARRAY['referrals', 'results']),
    created_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz
);
