-- +goose Up

-- What has left the inbox is in its files until they are written anew, and
-- whoever answers just then would wait for that. So there are two, which take
-- what comes by turns, and the one that rests is written anew. Together they are
-- the inbox: what is asked of inbox, or deleted from it, is of all. Only a
-- process of an older release puts something into inbox itself.
CREATE TABLE inbox_even (LIKE inbox INCLUDING ALL) INHERITS (inbox)
    WITH (autovacuum_vacuum_threshold = 10, autovacuum_vacuum_scale_factor = 0);
CREATE TABLE inbox_odd (LIKE inbox INCLUDING ALL) INHERITS (inbox)
    WITH (autovacuum_vacuum_threshold = 10, autovacuum_vacuum_scale_factor = 0);
