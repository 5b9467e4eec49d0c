//! Every key of the configuration, declared once.

use super::profile::PROFILE_NAMES;
use super::shape::{Key, Shape};

const fn key(name: &'static str, shape: Shape, doc: &'static str) -> Key {
    Key { name, shape, required: None, doc }
}

const fn required(name: &'static str, shape: Shape, fix: &'static str, doc: &'static str) -> Key {
    Key { name, shape, required: Some(fix), doc }
}

/// The whole file.
pub(super) const ROOT: &[Key] = &[
    key("journal", Shape::Section(JOURNAL), "the durable record; left out: an SQLite file ./tillbridge.db"),
    key("bus", Shape::Section(BUS), "the distributor of work; left out: inside the process"),
    key("listen", Shape::Section(LISTEN), "where the program listens"),
    required("storefronts", Shape::NamedByKind(STOREFRONTS), "add [storefronts.NAME]", "the web shops"),
    required("offices", Shape::NamedByKind(OFFICES), "add [offices.NAME]", "the back offices"),
    required("channels", Shape::List(CHANNEL), "add [[channels]]", "which storefront is joined to which office"),
];

const JOURNAL: &[Key] = &[
    key("sqlite", Shape::Text, "path of the SQLite file, from the working directory; default ./tillbridge.db"),
    key("postgres", Shape::Secret, "URL of a PostgreSQL database, which several processes may share"),
    key(
        "keep_deliveries",
        Shape::Duration,
        "how long what a delivery said is kept, in days; its key stays for ever; default 30d",
    ),
    key(
        "keep_events",
        Shape::Duration,
        "how long what an event says and how it was handled is kept, in days; default 400d",
    ),
    key("connections", Shape::Number, "most connections to PostgreSQL from one process; default 16"),
];

const BUS: &[Key] = &[
    key("rabbitmq", Shape::Secret, "URL of a RabbitMQ broker; needs a PostgreSQL journal"),
    key("prefix", Shape::Text, "what the names of exchanges and queues begin with; default tillbridge"),
];

const LISTEN: &[Key] = &[
    key("webhooks", Shape::Text, "address for the storefronts' webhooks; default 0.0.0.0:8080"),
    key("admin", Shape::Text, "address for health and metrics; default 127.0.0.1:8081"),
    key("admin_token", Shape::Secret, "bearer token for the admin address; needed when it is not a loopback address"),
    key("body_limit", Shape::Size, "largest webhook body that is taken; default 16 MiB"),
];

pub(super) const STOREFRONTS: &[(&str, &[Key])] = &[("shopify", SHOPIFY), ("magento2", MAGENTO2)];

const SHOPIFY: &[Key] = &[
    key("kind", Shape::OneOf(&["shopify"]), "which system it is"),
    required("shop", Shape::Text, "add shop = \"NAME.myshopify.com\"", "the shop's permanent domain"),
    key("token", Shape::Secret, "an Admin API access token that does not end; or else client_id with client_secret"),
    key("client_id", Shape::Text, "client id of an app that fetches its tokens itself"),
    key("client_secret", Shape::Secret, "client secret of that app"),
    key(
        "refresh_token",
        Shape::Secret,
        "refresh token that the installation of an app with expiring tokens ended with; left out: a token of a day is granted \
         to the client id and secret",
    ),
    key(
        "token_file",
        Shape::Text,
        "file that keeps the expiring token and its successor refresh token; all processes of the shop share it",
    ),
    required(
        "webhook_secret",
        Shape::Secrets,
        "add webhook_secret = { env = \"NAME\" }",
        "what webhooks are signed with; a list while secrets are being rotated",
    ),
    key("endpoint", Shape::Text, "full address of another Admin API, for rehearsals; https, or http on this machine"),
    key(
        "webhook_address",
        Shape::Text,
        "where webhooks are to be sent, from the outside; with it subscriptions that the shop deleted are made again",
    ),
    key("publications", Shape::Texts, "names of the sales channels that products appear in; default: the online store"),
    key("pos_key_namespace", Shape::Text, "namespace of the metafield with the office's key; default tillbridge"),
];

const MAGENTO2: &[Key] = &[
    key("kind", Shape::OneOf(&["magento2"]), "which system it is"),
    required("url", Shape::Text, "add url = \"https://shop.example\"", "base URL of the store, without /rest"),
    key("store", Shape::Text, "code of the store view that customers belong to; default default"),
    key(
        "only_its_website",
        Shape::Flag,
        "take in only sales and accounts of the website that `store` belongs to, not of all websites of the installation; \
         default false",
    ),
    key("attribute_set", Shape::Text, "name of the attribute set that new products get; default Default"),
    key("colour_attribute", Shape::Text, "code of the dropdown attribute, global in scope, for colours; default color"),
    key("size_attribute", Shape::Text, "code of the dropdown attribute, global in scope, for sizes; default size"),
    key(
        "token",
        Shape::Secret,
        "access token of an integration, where the store allows it as a bearer token; or else the four values beneath",
    ),
    key("consumer_key", Shape::Secret, "consumer key of an integration, for OAuth 1.0a"),
    key("consumer_secret", Shape::Secret, "consumer secret of that integration"),
    key("access_token", Shape::Secret, "access token of that integration"),
    key("access_token_secret", Shape::Secret, "access token secret of that integration"),
    key(
        "async_events_token",
        Shape::Secrets,
        "verification token of Mage-OS Async Events; a list while it is being changed. Left out, this way in is closed",
    ),
    key(
        "io_events_client",
        Shape::Texts,
        "client id that Adobe I/O Events name as the recipient. Left out, this way in is closed",
    ),
    key(
        "io_events_keys",
        Shape::Text,
        "another address of Adobe's public keys, for rehearsals; https, or http on this machine",
    ),
    key(
        "commerce_webhooks_key",
        Shape::Secrets,
        "public key of Adobe Commerce Webhooks, in PEM; a list while it is being changed. Left out, this way in is closed",
    ),
    key(
        "webhook_secret",
        Shape::Secrets,
        "what modules that sign nothing send in the header x-tillbridge-secret; a list while it is being changed. Left out, \
         this way in is closed",
    ),
];

pub(super) const OFFICES: &[(&str, &[Key])] = &[("counter-intelligence", COUNTER_INTELLIGENCE)];

const COUNTER_INTELLIGENCE: &[Key] = &[
    key("kind", Shape::OneOf(&["counter-intelligence"]), "which system it is"),
    required("database", Shape::Secret, "add database = { env = \"NAME\" }", "URL of the head office's database"),
];

const CHANNEL: &[Key] = &[
    required("name", Shape::Text, "add name = \"…\"", "what the channel is called"),
    required("storefront", Shape::Text, "add storefront = \"…\"", "one of [storefronts]"),
    required("office", Shape::Text, "add office = \"…\"", "one of [offices]"),
    required(
        "profile",
        Shape::OneOf(PROFILE_NAMES),
        "add profile = \"counter-intelligence-shopify\"",
        "the rules to begin with",
    ),
    key("sale", Shape::Section(SALE), "how sales are booked"),
    key("stock", Shape::Section(STOCK), "how stock is shown"),
    key("locations", Shape::Map, "branch of the office = location of the storefront, as id or number"),
    key("catalogue", Shape::Section(CATALOGUE), "how products are shown"),
    key("prices", Shape::Section(PRICES), "how prices are shown beyond the shop's own"),
    key("payments", Shape::Section(PAYMENTS), "how ways of paying are called in the office"),
    key("customers", Shape::Section(CUSTOMERS), "which customers cross, and who decides their fields"),
    key(
        "begins",
        Shape::OneOf(&["at_once", "paused"]),
        "whether a channel that never worked before begins at once (default) or paused until `tillbridge resume`, so that \
         `tillbridge check` comes first",
    ),
    key("every", Shape::Section(EVERY), "how often the office is asked for changes"),
    key("reconcile", Shape::Section(RECONCILE), "how the storefront is asked for what it never told"),
];

const SALE: &[Key] = &[
    key(
        "when",
        Shape::OneOf(&["fulfilled", "paid", "each_fulfilment"]),
        "when a web sale is booked; default fulfilled: when all has been shipped",
    ),
    key("branch", Shape::Text, "branch that web sales count for and whose stock they move"),
    key(
        "pos_orders",
        Shape::OneOf(&["skip", "book"]),
        "orders of the storefront's own point of sale; default skip: its till has booked them",
    ),
    key("test_orders", Shape::OneOf(&["skip", "book"]), "orders placed as a test; default skip"),
    key(
        "placeholder_sku",
        Shape::Text,
        "item of the office for goods it does not know, such as custom lines; left out: such a sale waits for a person",
    ),
];

const STOCK: &[Key] = &[
    key(
        "figure",
        Shape::OneOf(&["on_hand", "available"]),
        "which of the storefront's figures the office's stock is; default on_hand: the storefront takes off open orders",
    ),
    key("show_from", Shape::Number, "with fewer pieces to sell than this, none are shown; default: all are"),
    key("safety", Shape::Number, "pieces kept back at every branch; default: none"),
    key("safety_at", Shape::Map, "branch of the office = pieces kept back there instead"),
];

const CATALOGUE: &[Key] = &[
    key(
        "category",
        Shape::OneOf(&["type", "collection"]),
        "what a stock group becomes: the product's type, or a collection; default type",
    ),
    key(
        "texts",
        Shape::OneOf(&["creation", "always"]),
        "when title and description are the office's: at creation, the shop's from then on, or always; default creation",
    ),
    key(
        "new_products",
        Shape::OneOf(&["active", "draft"]),
        "whether a new product is shown at once, or made as a draft for people to show; default active",
    ),
    key(
        "metafields",
        Shape::Map,
        "field of the office = \"namespace.key\" or \"namespace.key type\"; information tabs are named \"tab:NAME\"",
    ),
    key(
        "create_locations",
        Shape::Flag,
        "whether branches that are not mapped get a location of their own at the storefront; default false",
    ),
];

const PRICES: &[Key] = &[key(
    "lists",
    Shape::Map,
    "price list of the storefront, as id or number = \"same\" for the price everybody pays, or a price level of the office",
)];

const PAYMENTS: &[Key] = &[
    key("codes", Shape::Map, "gateway of the storefront = pay code of the office"),
    key("otherwise", Shape::Text, "pay code for gateways that are not named; left out: such a sale waits for a person"),
];

const RECONCILE: &[Key] = &[
    key(
        "every",
        Shape::Duration,
        "how often orders, stock, customers and products are compared with the storefront; default 15m",
    ),
    key("overlap", Shape::Duration, "how far each question reaches back over the one before; default 10m"),
    key(
        "catalogue",
        Shape::Duration,
        "how often every product is compared with the storefront, and not only those that changed; default 24h",
    ),
];

const OWNERS: Shape = Shape::OneOf(&["office", "storefront"]);

const CUSTOMERS: &[Key] = &[
    key(
        "send",
        Shape::OneOf(&["web", "all", "none"]),
        "which of the office's customers become accounts: web (default): those marked for the web; all with an e-mail; none",
    ),
    key(
        "receive",
        Shape::OneOf(&["with_documents", "always"]),
        "when an account becomes a customer: with_documents (default): with its first invoice; always: as soon as it is made",
    ),
    key(
        "names",
        OWNERS,
        "who decides names; default office. The storefront's own value is filled only where it is empty",
    ),
    key("email", OWNERS, "who decides the e-mail address people log in with; default storefront"),
    key("phone", OWNERS, "who decides the telephone number; default office"),
    key(
        "addresses",
        OWNERS,
        "who decides the office's addresses; default office. The shop's other addresses are never touched",
    ),
    key("consent", Shape::OneOf(&["newest", "storefront"]), "whose word about marketing mail counts; default newest"),
];

const EVERY: &[Key] = &[
    key("products", Shape::Duration, "how often products are asked for; default 1m"),
    key("prices", Shape::Duration, "how often prices are asked for; default 1m"),
    key("stock", Shape::Duration, "how often stock is asked for; default 15s"),
    key("customers", Shape::Duration, "how often customers are asked for, where they are sent; default 1m"),
    key("branches", Shape::Duration, "how often branches are asked for; default 10m"),
];
