-- +goose Up

-- Unsealed columns hold the plain facts and the state of the work; whatever a
-- person wrote is in the two sealed ones, bound to this row and column.
CREATE TABLE referrals (
    id               uuid PRIMARY KEY,
    reference        text NOT NULL UNIQUE,
    submission_key   uuid NOT NULL UNIQUE,
    form_version     int NOT NULL,
    received_at      timestamptz NOT NULL,
    demo             boolean NOT NULL DEFAULT false,
    facts            jsonb NOT NULL,
    reporter_sealed  bytea NOT NULL,
    rest_sealed      bytea NOT NULL,
    -- Under each sealing key, so that a rotated keyset still finds older ones.
    nhs_number_index bytea[],
    -- Work: status belongs to people, routed_at to the worker.
    status           text NOT NULL DEFAULT 'received' CHECK (status IN ('received', 'screening', 'decided')),
    priority         text NOT NULL CHECK (priority IN ('P1', 'P2', 'P3')),
    team             text REFERENCES teams,
    cc               text[] NOT NULL DEFAULT '{}',
    -- Teams that may not read it: somebody in them may be the source of risk.
    excluded         text[] NOT NULL DEFAULT '{}',
    owner_id         bigint REFERENCES users,
    routed_at        timestamptz,
    rule_set_hash    text,
    trace            jsonb,
    open_by          timestamptz,
    screen_by        timestamptz,
    decide_by        timestamptz,
    feedback_by      timestamptz,
    opened_at        timestamptz,
    -- Two people acting at once: whoever read an older version is told.
    version          int NOT NULL DEFAULT 1,
    -- The sent answers are offered for printing once.
    receipt_taken_at timestamptz
);
CREATE INDEX referrals_unrouted ON referrals (received_at) WHERE routed_at IS NULL;
CREATE INDEX referrals_team_received ON referrals (team, received_at);
CREATE INDEX referrals_nhs_number ON referrals USING gin (nhs_number_index);

-- More about the same matter under the same submission key.
CREATE TABLE amendments (
    id              uuid PRIMARY KEY,
    -- Which one is newest: clocks of several machines may differ.
    seq             bigint GENERATED ALWAYS AS IDENTITY,
    referral_id     uuid NOT NULL REFERENCES referrals,
    received_at     timestamptz NOT NULL,
    form_version    int NOT NULL,
    facts           jsonb NOT NULL,
    reporter_sealed bytea NOT NULL,
    rest_sealed     bytea NOT NULL,
    routed_at       timestamptz,
    rule_set_hash   text,
    trace           jsonb
);
CREATE INDEX amendments_referral ON amendments (referral_id, seq);
CREATE INDEX amendments_unrouted ON amendments (received_at) WHERE routed_at IS NULL;

-- The history of referrals and of what people did in the portal.
CREATE TABLE events (
    seq         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id          uuid NOT NULL UNIQUE,
    at          timestamptz NOT NULL DEFAULT now(),
    referral_id uuid REFERENCES referrals,
    actor_id    bigint REFERENCES users,
    kind        text NOT NULL,
    -- Codes only; words are sealed.
    detail      jsonb NOT NULL DEFAULT '{}',
    sealed      bytea
);
CREATE INDEX events_referral ON events (referral_id, seq);

CREATE TABLE decisions (
    id             uuid PRIMARY KEY,
    referral_id    uuid NOT NULL REFERENCES referrals,
    decided_at     timestamptz NOT NULL DEFAULT now(),
    decided_by     bigint NOT NULL REFERENCES users,
    has_needs      boolean NOT NULL,
    at_risk        boolean NOT NULL,
    cannot_protect boolean NOT NULL,
    outcome        text NOT NULL,
    reasons_sealed bytea NOT NULL
);
CREATE INDEX decisions_referral ON decisions (referral_id, decided_at);

-- Emails that are owed to teams: written with what they tell of, sent by the worker.
CREATE TABLE notifications (
    id          uuid PRIMARY KEY,
    referral_id uuid NOT NULL REFERENCES referrals,
    team        text NOT NULL REFERENCES teams,
    reason      text NOT NULL,
    -- What it tells of: the referral, an amendment or a re-route; one email each.
    subject_id  uuid NOT NULL,
    due_at      timestamptz NOT NULL,
    attempts    int NOT NULL DEFAULT 0,
    sent_at     timestamptz,
    UNIQUE (subject_id, team)
);
CREATE INDEX notifications_due ON notifications (due_at) WHERE sent_at IS NULL;

-- Saved only when asked. The server can neither read a draft nor find it
-- without the four words that the referrer has.
CREATE TABLE drafts (
    id           bytea PRIMARY KEY,
    form_version int NOT NULL,
    sealed       bytea NOT NULL,
    expires_at   timestamptz NOT NULL
);
CREATE INDEX drafts_expires_at ON drafts (expires_at);

-- Paths that end without a submission are counted by day, not stored.
CREATE TABLE endings (
    form text NOT NULL,
    page text NOT NULL,
    day  date NOT NULL,
    n    int NOT NULL,
    PRIMARY KEY (form, page, day)
);
