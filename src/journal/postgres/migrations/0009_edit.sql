-- Dead letters that a person corrected, with what they said before; empty once that has gone.
CREATE TABLE edit (
    id          BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    letter      TEXT NOT NULL,             -- h<number> of a handling, d<uuid> of a delivery
    at          BIGINT NOT NULL,
    who         TEXT NOT NULL,
    why         TEXT NOT NULL,
    original    BYTEA NOT NULL                -- packed
);
