-- The Counter Intelligence contract on SQLite (3.47 or later), with a reference office beneath it.
--
-- Names that begin with ci_ are the contract: the bridge reads and writes nothing else. Names that begin with office_ are
-- the reference implementation: a dealer puts the product's own tables there. What each view must show is written in
-- contract.md. Amounts are whole numbers of the currency's smallest unit (cents; yen), so every sum is exact.

PRAGMA journal_mode = WAL;

-- ============================================================ the office's own tables

CREATE TABLE office_setting (
    single        INTEGER PRIMARY KEY DEFAULT 1 CHECK (single = 1),
    product       TEXT NOT NULL,
    version       INTEGER NOT NULL,
    build         INTEGER NOT NULL,
    base_currency TEXT NOT NULL CHECK (base_currency GLOB '[A-Z][A-Z][A-Z]')
) STRICT;
INSERT INTO office_setting (product, version, build, base_currency) VALUES ('Counter Intelligence', 11, 514, 'NZD');

-- A change marker is one number up for every change. SQLite has one writer at a time, so markers appear in their order and
-- everything up to the last one is settled.
CREATE TABLE office_marker (single INTEGER PRIMARY KEY CHECK (single = 1), last INTEGER NOT NULL) STRICT;
INSERT INTO office_marker VALUES (1, 0);

CREATE TABLE office_category (
    category TEXT PRIMARY KEY NOT NULL,
    name     TEXT NOT NULL,
    deleted  INTEGER NOT NULL DEFAULT 0, marker INTEGER NOT NULL DEFAULT 0, changed_at TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE TABLE office_style (
    style           TEXT PRIMARY KEY NOT NULL,
    title           TEXT NOT NULL,
    description     TEXT,
    brand           TEXT,
    category        TEXT REFERENCES office_category,
    internet_active INTEGER NOT NULL DEFAULT 0,
    deleted  INTEGER NOT NULL DEFAULT 0, marker INTEGER NOT NULL DEFAULT 0, changed_at TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE TABLE office_variant (
    sku      TEXT PRIMARY KEY NOT NULL,
    style    TEXT NOT NULL REFERENCES office_style,
    colour   TEXT,
    size     TEXT,
    barcode  TEXT,
    position INTEGER NOT NULL DEFAULT 0,
    deleted  INTEGER NOT NULL DEFAULT 0, marker INTEGER NOT NULL DEFAULT 0, changed_at TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE TABLE office_price (
    sku        TEXT PRIMARY KEY NOT NULL REFERENCES office_variant,
    retail     INTEGER NOT NULL,
    sale       INTEGER,
    sale_from  TEXT,
    sale_until TEXT,
    deleted  INTEGER NOT NULL DEFAULT 0, marker INTEGER NOT NULL DEFAULT 0, changed_at TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE TABLE office_level_price (
    sku      TEXT NOT NULL REFERENCES office_variant,
    level    TEXT NOT NULL,
    amount   INTEGER NOT NULL,
    currency TEXT NOT NULL CHECK (currency GLOB '[A-Z][A-Z][A-Z]'),
    deleted  INTEGER NOT NULL DEFAULT 0, marker INTEGER NOT NULL DEFAULT 0, changed_at TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (sku, level)
) STRICT;
CREATE TABLE office_branch (
    branch   TEXT PRIMARY KEY NOT NULL,
    name     TEXT NOT NULL,
    line1    TEXT, city TEXT, postcode TEXT, country TEXT,
    deleted  INTEGER NOT NULL DEFAULT 0, marker INTEGER NOT NULL DEFAULT 0, changed_at TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE TABLE office_stock (
    sku      TEXT NOT NULL REFERENCES office_variant,
    branch   TEXT NOT NULL REFERENCES office_branch,
    on_hand  INTEGER NOT NULL,
    opening  INTEGER NOT NULL DEFAULT 0,
    deleted  INTEGER NOT NULL DEFAULT 0, marker INTEGER NOT NULL DEFAULT 0, changed_at TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (sku, branch)
) STRICT;
CREATE TABLE office_image (
    style    TEXT NOT NULL REFERENCES office_style,
    position INTEGER NOT NULL,
    url      TEXT NOT NULL,
    alt      TEXT,
    -- Tells one content from another, such as the file's SHA-256.
    hash     TEXT,
    deleted  INTEGER NOT NULL DEFAULT 0, marker INTEGER NOT NULL DEFAULT 0, changed_at TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (style, position)
) STRICT;
CREATE TABLE office_field (
    style    TEXT NOT NULL REFERENCES office_style,
    field    TEXT NOT NULL,
    value    TEXT,
    deleted  INTEGER NOT NULL DEFAULT 0, marker INTEGER NOT NULL DEFAULT 0, changed_at TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (style, field)
) STRICT;
CREATE TABLE office_customer (
    number       INTEGER PRIMARY KEY AUTOINCREMENT,
    first_name   TEXT,
    last_name    TEXT,
    email        TEXT,
    phone        TEXT,
    web_customer INTEGER NOT NULL DEFAULT 0,
    email_consent    TEXT CHECK (email_consent IN ('subscribed', 'unsubscribed')),
    email_consent_at TEXT,
    deleted  INTEGER NOT NULL DEFAULT 0, marker INTEGER NOT NULL DEFAULT 0, changed_at TEXT NOT NULL DEFAULT ''
) STRICT;
INSERT INTO sqlite_sequence (name, seq) VALUES ('office_customer', 100000);
CREATE TABLE office_address (
    customer   INTEGER NOT NULL REFERENCES office_customer,
    kind       TEXT NOT NULL CHECK (kind IN ('billing', 'shipping')),
    first_name TEXT, last_name TEXT, company TEXT, line1 TEXT, line2 TEXT, city TEXT, region TEXT, postcode TEXT,
    country    TEXT, phone TEXT,
    PRIMARY KEY (customer, kind)
) STRICT;
CREATE INDEX office_variant_style ON office_variant (style);
CREATE INDEX office_style_category ON office_style (category);
CREATE INDEX office_style_marker ON office_style (marker, style);
CREATE INDEX office_price_marker ON office_price (marker, sku);
CREATE INDEX office_stock_marker ON office_stock (marker, sku, branch);
CREATE INDEX office_customer_email ON office_customer (lower(email));

CREATE TABLE office_pay_code (pay_code TEXT PRIMARY KEY NOT NULL, name TEXT NOT NULL) STRICT;
CREATE TABLE office_counter (kind TEXT PRIMARY KEY NOT NULL, prefix TEXT NOT NULL, last INTEGER NOT NULL) STRICT;
INSERT INTO office_counter VALUES ('credit_note', 'CN-', 0), ('invoice', 'INV-', 0);

CREATE TABLE office_till_sale (
    id       INTEGER PRIMARY KEY,
    sku      TEXT NOT NULL REFERENCES office_variant,
    branch   TEXT NOT NULL REFERENCES office_branch,
    quantity INTEGER NOT NULL CHECK (quantity > 0),
    sold_at  TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
) STRICT;
CREATE TABLE office_goods_in (
    id          INTEGER PRIMARY KEY,
    sku         TEXT NOT NULL REFERENCES office_variant,
    branch      TEXT NOT NULL REFERENCES office_branch,
    quantity    INTEGER NOT NULL CHECK (quantity > 0),
    received_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
) STRICT;

-- ============================================================ change markers

-- Every table with a marker has a pair of triggers: one stamps a row that comes, one a row that really changes. Setting
-- marker to 0 "touches" a row. The stamp itself sets a positive marker, so it does not stamp again.
CREATE TRIGGER office_category_new AFTER INSERT ON office_category BEGIN
    UPDATE office_marker SET last = last + 1;
    UPDATE office_category SET marker = (SELECT last FROM office_marker), changed_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
    WHERE category = NEW.category;
END;
CREATE TRIGGER office_category_changed AFTER UPDATE OF name, deleted, marker ON office_category
WHEN NEW.marker = 0 OR NEW.name IS NOT OLD.name OR NEW.deleted IS NOT OLD.deleted BEGIN
    UPDATE office_marker SET last = last + 1;
    UPDATE office_category SET marker = (SELECT last FROM office_marker), changed_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
    WHERE category = NEW.category;
END;
CREATE TRIGGER office_style_new AFTER INSERT ON office_style BEGIN
    UPDATE office_marker SET last = last + 1;
    UPDATE office_style SET marker = (SELECT last FROM office_marker), changed_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
    WHERE style = NEW.style;
END;
CREATE TRIGGER office_style_changed AFTER UPDATE OF title, description, brand, category, internet_active, deleted, marker ON office_style
WHEN NEW.marker = 0 OR NEW.title IS NOT OLD.title OR NEW.description IS NOT OLD.description
    OR NEW.brand IS NOT OLD.brand OR NEW.category IS NOT OLD.category
    OR NEW.internet_active IS NOT OLD.internet_active OR NEW.deleted IS NOT OLD.deleted BEGIN
    UPDATE office_marker SET last = last + 1;
    UPDATE office_style SET marker = (SELECT last FROM office_marker), changed_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
    WHERE style = NEW.style;
END;
CREATE TRIGGER office_variant_new AFTER INSERT ON office_variant BEGIN
    UPDATE office_marker SET last = last + 1;
    UPDATE office_variant SET marker = (SELECT last FROM office_marker), changed_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
    WHERE sku = NEW.sku;
END;
CREATE TRIGGER office_variant_changed AFTER UPDATE OF style, colour, size, barcode, position, deleted, marker ON office_variant
WHEN NEW.marker = 0 OR NEW.style IS NOT OLD.style OR NEW.colour IS NOT OLD.colour OR NEW.size IS NOT OLD.size
    OR NEW.barcode IS NOT OLD.barcode OR NEW.position IS NOT OLD.position OR NEW.deleted IS NOT OLD.deleted BEGIN
    UPDATE office_marker SET last = last + 1;
    UPDATE office_variant SET marker = (SELECT last FROM office_marker), changed_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
    WHERE sku = NEW.sku;
END;
CREATE TRIGGER office_price_new AFTER INSERT ON office_price BEGIN
    UPDATE office_marker SET last = last + 1;
    UPDATE office_price SET marker = (SELECT last FROM office_marker), changed_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
    WHERE sku = NEW.sku;
END;
CREATE TRIGGER office_price_changed AFTER UPDATE OF retail, sale, sale_from, sale_until, deleted, marker ON office_price
WHEN NEW.marker = 0 OR NEW.retail IS NOT OLD.retail OR NEW.sale IS NOT OLD.sale
    OR NEW.sale_from IS NOT OLD.sale_from OR NEW.sale_until IS NOT OLD.sale_until
    OR NEW.deleted IS NOT OLD.deleted BEGIN
    UPDATE office_marker SET last = last + 1;
    UPDATE office_price SET marker = (SELECT last FROM office_marker), changed_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
    WHERE sku = NEW.sku;
END;
CREATE TRIGGER office_branch_new AFTER INSERT ON office_branch BEGIN
    UPDATE office_marker SET last = last + 1;
    UPDATE office_branch SET marker = (SELECT last FROM office_marker), changed_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
    WHERE branch = NEW.branch;
END;
CREATE TRIGGER office_branch_changed AFTER UPDATE OF name, line1, city, postcode, country, deleted, marker ON office_branch
WHEN NEW.marker = 0 OR NEW.name IS NOT OLD.name OR NEW.line1 IS NOT OLD.line1 OR NEW.city IS NOT OLD.city
    OR NEW.postcode IS NOT OLD.postcode OR NEW.country IS NOT OLD.country OR NEW.deleted IS NOT OLD.deleted BEGIN
    UPDATE office_marker SET last = last + 1;
    UPDATE office_branch SET marker = (SELECT last FROM office_marker), changed_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
    WHERE branch = NEW.branch;
END;
CREATE TRIGGER office_stock_new AFTER INSERT ON office_stock BEGIN
    UPDATE office_marker SET last = last + 1;
    UPDATE office_stock SET marker = (SELECT last FROM office_marker), changed_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
    WHERE sku = NEW.sku AND branch = NEW.branch;
END;
CREATE TRIGGER office_stock_changed AFTER UPDATE OF on_hand, deleted, marker ON office_stock
WHEN NEW.marker = 0 OR NEW.on_hand IS NOT OLD.on_hand OR NEW.deleted IS NOT OLD.deleted BEGIN
    UPDATE office_marker SET last = last + 1;
    UPDATE office_stock SET marker = (SELECT last FROM office_marker), changed_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
    WHERE sku = NEW.sku AND branch = NEW.branch;
END;
CREATE TRIGGER office_image_new AFTER INSERT ON office_image BEGIN
    UPDATE office_marker SET last = last + 1;
    UPDATE office_image SET marker = (SELECT last FROM office_marker), changed_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
    WHERE style = NEW.style AND position = NEW.position;
END;
CREATE TRIGGER office_image_changed AFTER UPDATE OF url, alt, hash, deleted, marker ON office_image
WHEN NEW.marker = 0 OR NEW.url IS NOT OLD.url OR NEW.alt IS NOT OLD.alt OR NEW.hash IS NOT OLD.hash
    OR NEW.deleted IS NOT OLD.deleted BEGIN
    UPDATE office_marker SET last = last + 1;
    UPDATE office_image SET marker = (SELECT last FROM office_marker), changed_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
    WHERE style = NEW.style AND position = NEW.position;
END;
CREATE TRIGGER office_field_new AFTER INSERT ON office_field BEGIN
    UPDATE office_marker SET last = last + 1;
    UPDATE office_field SET marker = (SELECT last FROM office_marker), changed_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
    WHERE style = NEW.style AND field = NEW.field;
END;
CREATE TRIGGER office_field_changed AFTER UPDATE OF value, deleted, marker ON office_field
WHEN NEW.marker = 0 OR NEW.value IS NOT OLD.value OR NEW.deleted IS NOT OLD.deleted BEGIN
    UPDATE office_marker SET last = last + 1;
    UPDATE office_field SET marker = (SELECT last FROM office_marker), changed_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
    WHERE style = NEW.style AND field = NEW.field;
END;
CREATE TRIGGER office_level_price_new AFTER INSERT ON office_level_price BEGIN
    UPDATE office_marker SET last = last + 1;
    UPDATE office_level_price SET marker = (SELECT last FROM office_marker), changed_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
    WHERE sku = NEW.sku AND level = NEW.level;
END;
CREATE TRIGGER office_level_price_changed AFTER UPDATE OF amount, currency, deleted, marker ON office_level_price
WHEN NEW.marker = 0 OR NEW.amount IS NOT OLD.amount OR NEW.currency IS NOT OLD.currency OR NEW.deleted IS NOT OLD.deleted BEGIN
    UPDATE office_marker SET last = last + 1;
    UPDATE office_level_price SET marker = (SELECT last FROM office_marker), changed_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
    WHERE sku = NEW.sku AND level = NEW.level;
END;
CREATE TRIGGER office_customer_new AFTER INSERT ON office_customer BEGIN
    UPDATE office_marker SET last = last + 1;
    UPDATE office_customer SET marker = (SELECT last FROM office_marker), changed_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
    WHERE number = NEW.number;
END;
CREATE TRIGGER office_customer_changed AFTER UPDATE OF first_name, last_name, email, phone, web_customer, email_consent, email_consent_at, deleted, marker
ON office_customer
WHEN NEW.marker = 0 OR NEW.first_name IS NOT OLD.first_name OR NEW.last_name IS NOT OLD.last_name
    OR NEW.email IS NOT OLD.email OR NEW.phone IS NOT OLD.phone OR NEW.web_customer IS NOT OLD.web_customer
    OR NEW.email_consent IS NOT OLD.email_consent OR NEW.email_consent_at IS NOT OLD.email_consent_at
    OR NEW.deleted IS NOT OLD.deleted BEGIN
    UPDATE office_marker SET last = last + 1;
    UPDATE office_customer SET marker = (SELECT last FROM office_marker), changed_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
    WHERE number = NEW.number;
END;

-- A style's marker covers the whole style: its variants, its images, its further fields, its category's name. A price's
-- marker covers the SKU's further levels.
CREATE TRIGGER office_variant_touches AFTER INSERT ON office_variant BEGIN
    UPDATE office_style SET marker = 0 WHERE style = NEW.style;
END;
CREATE TRIGGER office_variant_touches_again AFTER UPDATE OF style, colour, size, barcode, position, deleted ON office_variant BEGIN
    UPDATE office_style SET marker = 0 WHERE style IN (OLD.style, NEW.style);
END;
CREATE TRIGGER office_image_touches AFTER INSERT ON office_image BEGIN
    UPDATE office_style SET marker = 0 WHERE style = NEW.style;
END;
CREATE TRIGGER office_image_touches_again AFTER UPDATE OF url, alt, hash, deleted ON office_image BEGIN
    UPDATE office_style SET marker = 0 WHERE style = NEW.style;
END;
CREATE TRIGGER office_field_touches AFTER INSERT ON office_field BEGIN
    UPDATE office_style SET marker = 0 WHERE style = NEW.style;
END;
CREATE TRIGGER office_field_touches_again AFTER UPDATE OF value, deleted ON office_field BEGIN
    UPDATE office_style SET marker = 0 WHERE style = NEW.style;
END;
CREATE TRIGGER office_level_price_touches AFTER INSERT ON office_level_price BEGIN
    UPDATE office_price SET marker = 0 WHERE sku = NEW.sku;
END;
CREATE TRIGGER office_level_price_touches_again AFTER UPDATE OF amount, currency, deleted ON office_level_price BEGIN
    UPDATE office_price SET marker = 0 WHERE sku = NEW.sku;
END;
CREATE TRIGGER office_category_touches AFTER UPDATE OF name, deleted ON office_category BEGIN
    UPDATE office_style SET marker = 0 WHERE category = NEW.category;
END;

-- A customer's marker covers the addresses too, and whoever shares the e-mail learns when it is free.
CREATE TRIGGER office_address_new AFTER INSERT ON office_address BEGIN
    UPDATE office_customer SET marker = 0 WHERE number = NEW.customer;
END;
CREATE TRIGGER office_address_changed AFTER UPDATE ON office_address BEGIN
    UPDATE office_customer SET marker = 0 WHERE number = NEW.customer;
END;
CREATE TRIGGER office_customer_email_free AFTER UPDATE OF email, deleted ON office_customer
WHEN NEW.email IS NOT OLD.email OR NEW.deleted IS NOT OLD.deleted BEGIN
    UPDATE office_customer SET marker = 0 WHERE lower(email) = lower(OLD.email) AND number <> NEW.number AND NOT deleted;
END;

-- Prices and stock of a style that goes on the web were passed over until now: they come again.
CREATE TRIGGER office_style_goes_online AFTER UPDATE OF internet_active, deleted ON office_style
WHEN NEW.internet_active AND NOT NEW.deleted AND (NOT OLD.internet_active OR OLD.deleted) BEGIN
    UPDATE office_price SET marker = 0 WHERE NOT deleted AND sku IN (SELECT sku FROM office_variant WHERE style = NEW.style);
    UPDATE office_stock SET marker = 0 WHERE NOT deleted AND sku IN (SELECT sku FROM office_variant WHERE style = NEW.style);
END;

-- Deleting leaves a tombstone, and what belonged to the thing goes with it.
CREATE TRIGGER office_style_deleted AFTER UPDATE OF deleted ON office_style WHEN NEW.deleted AND NOT OLD.deleted BEGIN
    UPDATE office_variant SET deleted = 1 WHERE style = NEW.style AND NOT deleted;
    UPDATE office_image SET deleted = 1 WHERE style = NEW.style AND NOT deleted;
END;
CREATE TRIGGER office_variant_deleted AFTER UPDATE OF deleted ON office_variant WHEN NEW.deleted <> OLD.deleted BEGIN
    UPDATE office_price SET deleted = NEW.deleted WHERE sku = NEW.sku;
    UPDATE office_stock SET deleted = NEW.deleted WHERE sku = NEW.sku;
END;

-- ============================================================ tills and goods in

CREATE TRIGGER office_till_sale_moves AFTER INSERT ON office_till_sale BEGIN
    INSERT INTO office_stock (sku, branch, on_hand) VALUES (NEW.sku, NEW.branch, -NEW.quantity)
    ON CONFLICT (sku, branch) DO UPDATE SET on_hand = on_hand + excluded.on_hand;
END;
CREATE TRIGGER office_goods_in_moves AFTER INSERT ON office_goods_in BEGIN
    INSERT INTO office_stock (sku, branch, on_hand) VALUES (NEW.sku, NEW.branch, NEW.quantity)
    ON CONFLICT (sku, branch) DO UPDATE SET on_hand = on_hand + excluded.on_hand;
END;

-- ============================================================ the contract: views to read

CREATE VIEW ci_info AS
    SELECT 1 AS contract_version, product, version, build, base_currency,
           strftime('%Y-%m-%dT%H:%M:%fZ', 'now') AS clock
    FROM office_setting;
CREATE VIEW ci_horizon AS SELECT last AS settled FROM office_marker;
CREATE VIEW ci_category AS SELECT category, name, deleted, marker, changed_at FROM office_category;
CREATE VIEW ci_product AS
    SELECT style, title, description, brand, category, internet_active, deleted, marker, changed_at FROM office_style;
CREATE VIEW ci_variant AS
    SELECT sku, style, colour, size, barcode, position, deleted, marker, changed_at FROM office_variant;
CREATE VIEW ci_image AS SELECT style, position, url, alt, hash, deleted, marker, changed_at FROM office_image;
CREATE VIEW ci_field AS SELECT style, field, value, deleted, marker, changed_at FROM office_field;
CREATE VIEW ci_branch AS
    SELECT branch, name, line1, city, postcode, country, deleted, marker, changed_at FROM office_branch;
CREATE VIEW ci_level_price AS SELECT sku, level, amount, currency, deleted, marker, changed_at FROM office_level_price;
CREATE VIEW ci_price AS
    SELECT p.sku, v.style, p.retail, p.sale, p.sale_from, p.sale_until,
           s.internet_active AND NOT s.deleted AS internet_active, p.deleted, p.marker, p.changed_at
    FROM office_price p JOIN office_variant v USING (sku) JOIN office_style s USING (style);
CREATE VIEW ci_stock AS
    SELECT k.sku, k.branch, v.style, k.on_hand,
           s.internet_active AND NOT s.deleted AS internet_active, k.deleted, k.marker, k.changed_at
    FROM office_stock k JOIN office_variant v USING (sku) JOIN office_style s USING (style);
CREATE VIEW ci_customer AS
    SELECT number, first_name, last_name, email, lower(email) AS email_key, phone, web_customer,
           email_consent, email_consent_at, deleted, marker, changed_at
    FROM office_customer;
CREATE VIEW ci_address AS
    SELECT customer, kind, first_name, last_name, company, line1, line2, city, region, postcode, country, phone
    FROM office_address;
CREATE VIEW ci_pay_code AS SELECT pay_code, name FROM office_pay_code;

-- ============================================================ the contract: customers come in

CREATE TABLE ci_customer_key (
    key      TEXT PRIMARY KEY NOT NULL,
    customer INTEGER NOT NULL REFERENCES office_customer
) STRICT;
CREATE INDEX ci_customer_key_customer ON ci_customer_key (customer);

CREATE VIEW ci_in_customer AS
    SELECT NULL AS key, NULL AS has_account, NULL AS first_name, NULL AS last_name, NULL AS email, NULL AS phone WHERE 0;
CREATE TRIGGER ci_in_customer_take INSTEAD OF INSERT ON ci_in_customer BEGIN
    INSERT INTO office_customer (first_name, last_name, email, phone, web_customer)
    VALUES (NEW.first_name, NEW.last_name, NEW.email, NEW.phone, NEW.has_account);
    INSERT INTO ci_customer_key (key, customer) VALUES (NEW.key, (SELECT max(number) FROM office_customer));
END;

-- What a storefront tells of a customer it has linked already; what it does not tell stays.
CREATE VIEW ci_in_customer_change AS
    SELECT NULL AS key, NULL AS first_name, NULL AS last_name, NULL AS email, NULL AS phone WHERE 0;
CREATE TRIGGER ci_in_customer_change_take INSTEAD OF INSERT ON ci_in_customer_change BEGIN
    SELECT RAISE(ABORT, 'a change needs its customer first')
    WHERE NOT EXISTS (SELECT 1 FROM ci_customer_key WHERE key = NEW.key);
    UPDATE office_customer SET first_name = coalesce(NEW.first_name, first_name), last_name = coalesce(NEW.last_name, last_name),
        email = coalesce(NEW.email, email), phone = coalesce(NEW.phone, phone)
    WHERE number = (SELECT customer FROM ci_customer_key WHERE key = NEW.key);
END;

CREATE VIEW ci_in_address AS
    SELECT NULL AS key, kind, first_name, last_name, company, line1, line2, city, region, postcode, country, phone
    FROM office_address WHERE 0;
CREATE TRIGGER ci_in_address_take INSTEAD OF INSERT ON ci_in_address BEGIN
    SELECT RAISE(ABORT, 'an address needs its customer first')
    WHERE NOT EXISTS (SELECT 1 FROM ci_customer_key WHERE key = NEW.key);
    INSERT INTO office_address
    SELECT customer, NEW.kind, NEW.first_name, NEW.last_name, NEW.company, NEW.line1, NEW.line2, NEW.city, NEW.region,
           NEW.postcode, NEW.country, NEW.phone
    FROM ci_customer_key WHERE key = NEW.key;
END;

-- ============================================================ the contract: documents come in

CREATE TABLE ci_in_document (
    kind         TEXT NOT NULL CONSTRAINT "kind is invoice or credit_note" CHECK (kind IN ('invoice', 'credit_note')),
    reference    TEXT NOT NULL,
    credits      TEXT,
    order_number TEXT NOT NULL,
    happened_at  TEXT NOT NULL,
    customer     INTEGER,
    branch       TEXT NOT NULL,
    currency     TEXT NOT NULL CONSTRAINT "currency is three capitals" CHECK (currency GLOB '[A-Z][A-Z][A-Z]'),
    tax_included INTEGER NOT NULL,
    total        INTEGER NOT NULL CONSTRAINT "total is not negative" CHECK (total >= 0),
    -- The office fills these when it books.
    number       TEXT UNIQUE,
    booked_at    TEXT,
    PRIMARY KEY (reference, kind)
) STRICT, WITHOUT ROWID;
CREATE TABLE ci_in_line (
    kind        TEXT NOT NULL,
    reference   TEXT NOT NULL,
    position    INTEGER NOT NULL,
    line        TEXT NOT NULL,
    line_kind   TEXT NOT NULL CONSTRAINT "line_kind is known" CHECK
        (line_kind IN ('goods', 'gift_card', 'tip', 'shipping', 'duty', 'fee', 'adjustment')),
    sku         TEXT,
    title       TEXT NOT NULL,
    quantity    INTEGER NOT NULL CONSTRAINT "quantity is at least 1" CHECK (quantity >= 1),
    unit_price  INTEGER NOT NULL,
    discount    INTEGER NOT NULL,
    amount      INTEGER NOT NULL,
    tax         INTEGER NOT NULL,
    moves_stock INTEGER NOT NULL,
    -- Where the line's stock moves; NULL: at the document's branch.
    branch      TEXT,
    PRIMARY KEY (reference, kind, position),
    FOREIGN KEY (reference, kind) REFERENCES ci_in_document (reference, kind)
) STRICT, WITHOUT ROWID;
CREATE TABLE ci_in_payment (
    kind      TEXT NOT NULL,
    reference TEXT NOT NULL,
    position  INTEGER NOT NULL,
    pay_code  TEXT NOT NULL,
    external  TEXT,
    amount    INTEGER NOT NULL,
    PRIMARY KEY (reference, kind, position),
    FOREIGN KEY (reference, kind) REFERENCES ci_in_document (reference, kind)
) STRICT, WITHOUT ROWID;
CREATE TABLE ci_in_post (
    kind      TEXT NOT NULL,
    reference TEXT NOT NULL,
    PRIMARY KEY (reference, kind),
    FOREIGN KEY (reference, kind) REFERENCES ci_in_document (reference, kind)
) STRICT, WITHOUT ROWID;
-- Written by posting alone, after the objections were heard: customer and document are there.
CREATE TABLE office_account_entry (
    id        INTEGER PRIMARY KEY,
    customer  INTEGER NOT NULL,
    kind      TEXT NOT NULL,
    reference TEXT NOT NULL,
    what      TEXT NOT NULL,
    -- Positive: the customer owes more. Negative: the customer owes less.
    amount    INTEGER NOT NULL
) STRICT;
CREATE INDEX office_account_entry_customer ON office_account_entry (customer);

CREATE VIEW ci_document AS
    SELECT kind, reference, number, customer, order_number, currency, total, booked_at
    FROM ci_in_document WHERE number IS NOT NULL;

-- Everything the office has against its documents, the weightiest first.
CREATE VIEW office_objection AS
    SELECT d.kind, d.reference, 1 AS rank,
           'the invoice ' || coalesce(d.credits, '(none named)') || ' it gives back is not in the books' AS reason
    FROM ci_in_document d LEFT JOIN ci_in_document i ON i.kind = 'invoice' AND i.reference = d.credits
    WHERE d.kind = 'credit_note' AND i.number IS NULL
    UNION ALL
    SELECT d.kind, d.reference, 2, 'it is in ' || d.currency || ', but its invoice is in ' || i.currency
    FROM ci_in_document d JOIN ci_in_document i ON i.kind = 'invoice' AND i.reference = d.credits
    WHERE d.kind = 'credit_note' AND i.currency <> d.currency
    UNION ALL
    SELECT d.kind, d.reference, 3, 'customer ' || coalesce(d.customer, '(none named)') || ' is unknown or deleted'
    FROM ci_in_document d LEFT JOIN office_customer c ON c.number = d.customer WHERE c.deleted IS NOT 0
    UNION ALL
    SELECT d.kind, d.reference, 4, 'branch ' || d.branch || ' is unknown or closed'
    FROM ci_in_document d LEFT JOIN office_branch b ON b.branch = d.branch WHERE b.deleted IS NOT 0
    UNION ALL
    SELECT l.kind, l.reference, 4, 'branch ' || l.branch || ' is unknown or closed'
    FROM ci_in_line l LEFT JOIN office_branch b ON b.branch = l.branch WHERE l.branch IS NOT NULL AND b.deleted IS NOT 0
    UNION ALL
    SELECT d.kind, d.reference, 5, 'it has no lines'
    FROM ci_in_document d
    WHERE NOT EXISTS (SELECT 1 FROM ci_in_line l WHERE l.kind = d.kind AND l.reference = d.reference)
    UNION ALL
    SELECT l.kind, l.reference, 6, 'SKU ' || l.sku || ' is unknown or deleted'
    FROM ci_in_line l LEFT JOIN office_variant v ON v.sku = l.sku WHERE l.sku IS NOT NULL AND v.deleted IS NOT 0
    UNION ALL
    SELECT l.kind, l.reference, 7, 'line ' || l.line || ' is goods without a SKU'
    FROM ci_in_line l WHERE l.line_kind = 'goods' AND l.sku IS NULL
    UNION ALL
    SELECT l.kind, l.reference, 8, 'line ' || l.line || ' moves stock but is no goods'
    FROM ci_in_line l WHERE l.moves_stock AND l.line_kind <> 'goods'
    UNION ALL
    SELECT p.kind, p.reference, 9, 'pay code ' || p.pay_code || ' is unknown'
    FROM ci_in_payment p WHERE NOT EXISTS (SELECT 1 FROM office_pay_code c WHERE c.pay_code = p.pay_code)
    UNION ALL
    SELECT kind, reference, 10,
           'lines and tax come to ' || amount || ', but the total is ' || total || ' (in the smallest unit of ' || currency || ')'
    FROM (SELECT d.kind, d.reference, d.total, d.currency,
                 (SELECT coalesce(sum(l.amount + CASE WHEN d.tax_included THEN 0 ELSE l.tax END), 0)
                  FROM ci_in_line l WHERE l.kind = d.kind AND l.reference = d.reference) AS amount
          FROM ci_in_document d)
    WHERE amount <> total
    UNION ALL
    SELECT kind, reference, 11,
           'payments come to ' || amount || ', but the total is ' || total || ' (in the smallest unit of ' || currency || ')'
    FROM (SELECT d.kind, d.reference, d.total, d.currency,
                 (SELECT coalesce(sum(p.amount), 0)
                  FROM ci_in_payment p WHERE p.kind = d.kind AND p.reference = d.reference) AS amount
          FROM ci_in_document d)
    WHERE amount <> total;

-- Books one document, or aborts the statement that posts it.
CREATE TRIGGER ci_in_post_books AFTER INSERT ON ci_in_post BEGIN
    SELECT RAISE(ABORT, replace(NEW.kind, '_', ' ') || ' ' || NEW.reference || ' is refused: ' || reason)
    FROM (SELECT reason FROM office_objection
          WHERE kind = NEW.kind AND reference = NEW.reference ORDER BY rank LIMIT 1);

    UPDATE office_counter SET last = last + 1 WHERE kind = NEW.kind;
    UPDATE ci_in_document
    SET number = (SELECT prefix || printf('%06d', last) FROM office_counter WHERE kind = NEW.kind),
        booked_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
    WHERE kind = NEW.kind AND reference = NEW.reference;

    INSERT INTO office_account_entry (customer, kind, reference, what, amount)
    SELECT customer, kind, reference, kind, CASE kind WHEN 'invoice' THEN total ELSE -total END
    FROM ci_in_document WHERE kind = NEW.kind AND reference = NEW.reference
    UNION ALL
    SELECT d.customer, d.kind, d.reference, 'payment', CASE d.kind WHEN 'invoice' THEN -p.amount ELSE p.amount END
    FROM ci_in_document d JOIN ci_in_payment p ON p.kind = d.kind AND p.reference = d.reference
    WHERE d.kind = NEW.kind AND d.reference = NEW.reference;

    INSERT INTO office_stock (sku, branch, on_hand)
    SELECT l.sku, coalesce(l.branch, d.branch), sum(CASE d.kind WHEN 'invoice' THEN -l.quantity ELSE l.quantity END)
    FROM ci_in_document d JOIN ci_in_line l ON l.kind = d.kind AND l.reference = d.reference
    WHERE d.kind = NEW.kind AND d.reference = NEW.reference AND l.moves_stock
    GROUP BY l.sku, coalesce(l.branch, d.branch)
    ON CONFLICT (sku, branch) DO UPDATE SET on_hand = on_hand + excluded.on_hand;
END;

-- A booked document is final.
CREATE TRIGGER ci_in_document_final_update BEFORE UPDATE ON ci_in_document WHEN OLD.number IS NOT NULL BEGIN
    SELECT RAISE(ABORT, OLD.kind || ' ' || OLD.reference || ' is booked and cannot be changed');
END;
CREATE TRIGGER ci_in_document_final_delete BEFORE DELETE ON ci_in_document WHEN OLD.number IS NOT NULL BEGIN
    SELECT RAISE(ABORT, OLD.kind || ' ' || OLD.reference || ' is booked and cannot be changed');
END;
CREATE TRIGGER ci_in_line_final_update BEFORE UPDATE ON ci_in_line BEGIN
    SELECT RAISE(ABORT, OLD.kind || ' ' || OLD.reference || ' is booked and cannot be changed');
END;
CREATE TRIGGER ci_in_line_final_delete BEFORE DELETE ON ci_in_line BEGIN
    SELECT RAISE(ABORT, OLD.kind || ' ' || OLD.reference || ' is booked and cannot be changed');
END;
CREATE TRIGGER ci_in_payment_final_update BEFORE UPDATE ON ci_in_payment BEGIN
    SELECT RAISE(ABORT, OLD.kind || ' ' || OLD.reference || ' is booked and cannot be changed');
END;
CREATE TRIGGER ci_in_payment_final_delete BEFORE DELETE ON ci_in_payment BEGIN
    SELECT RAISE(ABORT, OLD.kind || ' ' || OLD.reference || ' is booked and cannot be changed');
END;
CREATE TRIGGER ci_in_post_final_update BEFORE UPDATE ON ci_in_post BEGIN
    SELECT RAISE(ABORT, OLD.kind || ' ' || OLD.reference || ' is booked and cannot be changed');
END;
CREATE TRIGGER ci_in_post_final_delete BEFORE DELETE ON ci_in_post BEGIN
    SELECT RAISE(ABORT, OLD.kind || ' ' || OLD.reference || ' is booked and cannot be changed');
END;
CREATE TRIGGER ci_in_line_late AFTER INSERT ON ci_in_line BEGIN
    SELECT RAISE(ABORT, number || ' is booked and cannot be added to') FROM ci_in_document
    WHERE kind = NEW.kind AND reference = NEW.reference AND number IS NOT NULL;
END;
CREATE TRIGGER ci_in_payment_late AFTER INSERT ON ci_in_payment BEGIN
    SELECT RAISE(ABORT, number || ' is booked and cannot be added to') FROM ci_in_document
    WHERE kind = NEW.kind AND reference = NEW.reference AND number IS NOT NULL;
END;
