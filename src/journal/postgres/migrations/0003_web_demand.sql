-- What web orders take from stock and what of it is booked (promise P5). An order states its pieces anew with each version;
-- documents state theirs before they are booked. Times and flags are numbers, as everywhere.

CREATE TABLE web_order (
    channel     TEXT COLLATE "C" NOT NULL,
    entity      TEXT COLLATE "C" NOT NULL,           -- order:5900000000001
    version     BIGINT NOT NULL,
    PRIMARY KEY (channel, entity)
);

CREATE TABLE web_piece (
    channel     TEXT COLLATE "C" NOT NULL,
    entity      TEXT COLLATE "C" NOT NULL,
    sku         TEXT COLLATE "C" NOT NULL,
    branch      TEXT COLLATE "C" NOT NULL,
    held        BIGINT NOT NULL,                     -- sold and still to be shipped
    gone        BIGINT NOT NULL,                     -- left the shelf
    back        BIGINT NOT NULL,                     -- of those, back on the shelf
    live        BIGINT NOT NULL DEFAULT 1,           -- 0 once all of it is shipped and booked
    PRIMARY KEY (channel, entity, sku, branch)
);
CREATE INDEX web_piece_live ON web_piece (channel, sku) WHERE live = 1;

-- Pieces a document takes off the office's stock, committed before it is booked.
CREATE TABLE web_booked (
    channel     TEXT COLLATE "C" NOT NULL,
    document    TEXT COLLATE "C" NOT NULL,           -- key of its effect
    entity      TEXT COLLATE "C" NOT NULL,
    sku         TEXT COLLATE "C" NOT NULL,
    branch      TEXT COLLATE "C" NOT NULL,
    pieces      BIGINT NOT NULL,
    done        BIGINT NOT NULL DEFAULT 0,           -- 1 once it is in the books
    PRIMARY KEY (channel, document, sku, branch)
);
CREATE INDEX web_booked_order ON web_booked (channel, entity, sku);

-- How far web orders moved the storefront's own figures, all together.
CREATE TABLE web_moved (
    channel     TEXT COLLATE "C" NOT NULL,
    sku         TEXT COLLATE "C" NOT NULL,
    branch      TEXT COLLATE "C" NOT NULL,
    available   BIGINT NOT NULL,
    on_hand     BIGINT NOT NULL,
    PRIMARY KEY (channel, sku, branch)
);
