-- Ways of channels on which nothing gets through: what would go there is held. A row is there while a circuit is open.
CREATE TABLE circuit (
    channel     TEXT COLLATE "C" NOT NULL,
    way         TEXT COLLATE "C" NOT NULL,           -- storefront, office, or a handler
    reason      TEXT NOT NULL,
    opened_at   BIGINT NOT NULL,
    looks       BIGINT NOT NULL,                     -- how often somebody looked
    look_at     BIGINT NOT NULL,                     -- when the next look is due
    PRIMARY KEY (channel, way)
);
