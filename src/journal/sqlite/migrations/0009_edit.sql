-- Dead letters that a person corrected, with what they said before; empty once that has gone.
CREATE TABLE edit (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    letter      TEXT NOT NULL,             -- h<number> of a handling, d<uuid> of a delivery
    at          INTEGER NOT NULL,
    who         TEXT NOT NULL,
    why         TEXT NOT NULL,
    original    BLOB NOT NULL                -- packed
) STRICT;
