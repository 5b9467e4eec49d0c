-- Channels take turns: what is due is found by its source, so that a flood of one is not looked through for another.
DROP INDEX delivery_due;
CREATE INDEX delivery_due ON delivery (origin, due, seq) WHERE due IS NOT NULL;
DROP INDEX handling_due;
CREATE INDEX handling_due ON handling (channel, handler, due, id) WHERE due IS NOT NULL;
