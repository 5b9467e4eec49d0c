-- A shop may have any number of open orders, and a stock figure must not cost more for it. So pieces say what is known of them, and those
-- that need no document looked at are read as sums, from an index that holds all there is to add:
--   live = 0  shipped and booked, or left out: nothing is held
--   live = 1  to be looked at together with the documents of their order
--   live = 2  no document is about them yet
--   live = 3  booked in full and still to be shipped
-- What is live today stays 1, which is always right, until there is news of its order.
DROP INDEX web_piece_live;
CREATE INDEX web_piece_live ON web_piece (sku, live, branch, channel, held, gone) WHERE live > 0;
-- Orders with a document on its way are looked at one by one whatever their pieces say.
CREATE INDEX web_booked_on_its_way ON web_booked (sku, channel, entity) WHERE done = 0;
