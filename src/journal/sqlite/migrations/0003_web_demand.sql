-- What web orders take from stock and what of it is booked (promise P5). An order states its pieces anew with each version;
-- documents state theirs before they are booked. Times and flags are numbers, as everywhere.

CREATE TABLE web_order (
    channel     TEXT NOT NULL,
    entity      TEXT NOT NULL,             -- order:5900000000001
    version     INTEGER NOT NULL,
    PRIMARY KEY (channel, entity)
) STRICT, WITHOUT ROWID;

CREATE TABLE web_piece (
    channel     TEXT NOT NULL,
    entity      TEXT NOT NULL,
    sku         TEXT NOT NULL,
    branch      TEXT NOT NULL,
    held        INTEGER NOT NULL,               -- sold and still to be shipped
    gone        INTEGER NOT NULL,               -- left the shelf
    back        INTEGER NOT NULL,               -- of those, back on the shelf
    live        INTEGER NOT NULL DEFAULT 1,     -- 0 once all of it is shipped and booked
    PRIMARY KEY (channel, entity, sku, branch)
) STRICT, WITHOUT ROWID;
CREATE INDEX web_piece_live ON web_piece (channel, sku) WHERE live = 1;

-- Pieces a document takes off the office's stock, committed before it is booked.
CREATE TABLE web_booked (
    channel     TEXT NOT NULL,
    document    TEXT NOT NULL,             -- key of its effect
    entity      TEXT NOT NULL,
    sku         TEXT NOT NULL,
    branch      TEXT NOT NULL,
    pieces      INTEGER NOT NULL,
    done        INTEGER NOT NULL DEFAULT 0,     -- 1 once it is in the books
    PRIMARY KEY (channel, document, sku, branch)
) STRICT, WITHOUT ROWID;
CREATE INDEX web_booked_order ON web_booked (channel, entity, sku);

-- How far web orders moved the storefront's own figures, all together.
CREATE TABLE web_moved (
    channel     TEXT NOT NULL,
    sku         TEXT NOT NULL,
    branch      TEXT NOT NULL,
    available   INTEGER NOT NULL,
    on_hand     INTEGER NOT NULL,
    PRIMARY KEY (channel, sku, branch)
) STRICT, WITHOUT ROWID;
