-- Requests about personal data: what was asked, when, and what was done about it. Holds numbers and counts, nothing personal.
CREATE TABLE privacy (
    id          BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    channel     TEXT COLLATE "C" NOT NULL,
    delivery    BYTEA NOT NULL,             -- the one it came with
    wish        TEXT COLLATE "C" NOT NULL,             -- export, erase_customer, erase_storefront
    customer    TEXT NOT NULL,             -- the storefront's id; empty when the whole storefront is meant
    number      TEXT NOT NULL,             -- the storefront's number of the request
    asked_at    BIGINT NOT NULL,
    begun_at    BIGINT NOT NULL,
    finished_at BIGINT,
    place       TEXT NOT NULL,             -- how far everything kept was looked through
    deliveries  BIGINT NOT NULL DEFAULT 0,   -- erased or exported
    events      BIGINT NOT NULL DEFAULT 0,
    office_numbers TEXT NOT NULL,          -- the customer in the office, as a JSON list
    UNIQUE (channel, delivery)
);
