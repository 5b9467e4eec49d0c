-- Orders that a channel leaves out move the storefront's figures, but hold nothing of the office's: no document will book them.

ALTER TABLE web_order ADD COLUMN left_out INTEGER NOT NULL DEFAULT 0;
