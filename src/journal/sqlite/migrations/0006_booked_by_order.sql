-- What is held of a SKU and what was booked of an order are found by these alone. Before, SQLite, which keeps no statistics here,
-- took the primary keys for the shorter way and read all pieces and all booked documents of the channel.

DROP INDEX web_booked_order;
CREATE INDEX web_booked_order ON web_booked (channel, entity, sku, pieces, done);
DROP INDEX web_piece_live;
CREATE INDEX web_piece_live ON web_piece (sku, channel) WHERE live = 1;
