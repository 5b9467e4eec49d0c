-- Which processes call a storefront now, and until when they count: what it bears is shared by all of them.
CREATE TABLE sharer (
    storefront  TEXT NOT NULL,
    process     BYTEA NOT NULL,
    until       BIGINT NOT NULL,
    PRIMARY KEY (storefront, process)
);
