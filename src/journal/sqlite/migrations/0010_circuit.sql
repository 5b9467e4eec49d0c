-- Ways of channels on which nothing gets through: what would go there is held. A row is there while a circuit is open.
CREATE TABLE circuit (
    channel     TEXT NOT NULL,
    way         TEXT NOT NULL,             -- storefront, office, or a handler
    reason      TEXT NOT NULL,
    opened_at   INTEGER NOT NULL,
    looks       INTEGER NOT NULL,          -- how often somebody looked
    look_at     INTEGER NOT NULL,          -- when the next look is due
    PRIMARY KEY (channel, way)
) STRICT, WITHOUT ROWID;
