-- Replays: who wanted what done again, when, and how far it has come.
CREATE TABLE replay (
    id          BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    mode        TEXT NOT NULL,             -- handle, normalise
    selection   TEXT NOT NULL,             -- JSON
    who         TEXT NOT NULL,
    per_second  BIGINT NOT NULL,
    total       BIGINT NOT NULL,             -- counted when it was begun
    done        BIGINT NOT NULL DEFAULT 0,
    place       TEXT NOT NULL,             -- after this event or delivery it goes on
    stop        TEXT NOT NULL,             -- the last one it was begun for
    begun_at    BIGINT NOT NULL,
    changed_at  BIGINT NOT NULL,
    finished_at BIGINT
);
