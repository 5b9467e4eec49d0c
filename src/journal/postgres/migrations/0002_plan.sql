-- What exactly was about to be written when an effect was intended; gone once it is done.
ALTER TABLE effect ADD COLUMN plan TEXT;
