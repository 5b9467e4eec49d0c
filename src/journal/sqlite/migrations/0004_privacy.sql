-- Requests about personal data: what was asked, when, and what was done about it. Holds numbers and counts, nothing personal.
CREATE TABLE privacy (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    channel     TEXT NOT NULL,
    delivery    BLOB NOT NULL,             -- the one it came with
    wish        TEXT NOT NULL,             -- export, erase_customer, erase_storefront
    customer    TEXT NOT NULL,             -- the storefront's id; empty when the whole storefront is meant
    number      TEXT NOT NULL,             -- the storefront's number of the request
    asked_at    INTEGER NOT NULL,
    begun_at    INTEGER NOT NULL,
    finished_at INTEGER,
    place       TEXT NOT NULL,             -- how far everything kept was looked through
    deliveries  INTEGER NOT NULL DEFAULT 0,   -- erased or exported
    events      INTEGER NOT NULL DEFAULT 0,
    office_numbers TEXT NOT NULL,          -- the customer in the office, as a JSON list
    UNIQUE (channel, delivery)
) STRICT;
