//! A deterministic assortment: the same seed makes the same styles, prices and stock.

use rust_decimal::Decimal;

use super::cells::{Cell, Cells, insert_rows, text};
use super::{SandboxOffice, committed};
use crate::domain::{BranchCode, CallError, Currency, Money, Sku, StyleCode};
use crate::office::counter_intelligence::database::{Param, Session, on};

/// What to begin with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seed {
    /// How many styles; the last of every ten is not internet-active.
    pub styles: u32,
    /// Pieces of each SKU at each branch, give or take a few.
    pub stock: i64,
    /// Currency of the prices.
    pub currency: Currency,
    /// Where the pictures lie.
    pub pictures: String,
}

impl Seed {
    /// So many styles, with some twenty pieces of each SKU at each branch.
    #[must_use]
    pub fn styles(styles: u32, currency: Currency) -> Self {
        Self { styles, stock: 20, currency, pictures: "https://images.example".to_owned() }
    }
}

/// What a seeded office has.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Assortment {
    /// Styles that are internet-active.
    pub active: Vec<StyleCode>,
    /// Styles that are not.
    pub inactive: Vec<StyleCode>,
    /// SKUs of internet-active styles.
    pub skus: Vec<Sku>,
    /// Branches.
    pub branches: Vec<BranchCode>,
    /// Pay codes.
    pub pay_codes: Vec<String>,
}

struct Kind {
    code: &'static str,
    name: &'static str,
    category: usize,
    colours: &'static [&'static str],
    sizes: &'static [&'static str],
    price: i64,
}

/// Pictures of each style.
pub const PICTURES: i64 = 2;
const CATEGORIES: &[(&str, &str)] = &[("TOPS", "Tops"), ("BOTTOMS", "Trousers & Skirts"), ("EXTRAS", "Accessories")];
const BRANDS: &[&str] = &["Tūī Wear", "Southerly", "Harbour & Sons", "Kōwhai"];
const BRANCHES: &[(&str, &str)] = &[("AKL", "Auckland"), ("WLG", "Wellington"), ("WEB", "Web warehouse")];
const PAY_CODES: &[(&str, &str)] = &[
    ("CASH", "Cash"),
    ("WEB-CC", "Web card"),
    ("WEB-PP", "Web wallet"),
    ("GIFT", "Gift card"),
    ("WEB-OTHER", "Other web payment"),
];
const KINDS: &[Kind] = &[
    Kind {
        code: "TEE",
        name: "Tee",
        category: 0,
        colours: &["Black", "White", "Moss"],
        sizes: &["S", "M", "L"],
        price: 3990,
    },
    Kind {
        code: "HOOD",
        name: "Hoodie",
        category: 0,
        colours: &["Navy", "Grey"],
        sizes: &["S", "M", "L", "XL"],
        price: 8990,
    },
    Kind { code: "JEAN", name: "Jeans", category: 1, colours: &["Indigo"], sizes: &["30", "32", "34"], price: 12_900 },
    Kind { code: "BELT", name: "Belt", category: 2, colours: &[], sizes: &["90", "100"], price: 4500 },
    Kind { code: "MUG", name: "Mug", category: 2, colours: &[], sizes: &[], price: 1850 },
];

/// Rows of one table, made before anything is written.
#[derive(Default)]
struct Tables {
    styles: Vec<Cells>,
    variants: Vec<Cells>,
    prices: Vec<Cells>,
    stock: Vec<Cells>,
    images: Vec<Cells>,
}

impl SandboxOffice {
    /// Fills an empty office and says what it has now.
    ///
    /// # Errors
    /// [`CallError`] when the office has such things already or its database cannot be reached.
    pub async fn seed(&self, seed: &Seed) -> Result<Assortment, CallError> {
        let mut assortment = Assortment {
            branches: BRANCHES
                .iter()
                .map(|(code, _)| BranchCode::parse(code))
                .collect::<Result<_, _>>()
                .map_err(bad)?,
            pay_codes: PAY_CODES.iter().map(|(code, _)| (*code).to_owned()).collect(),
            ..Assortment::default()
        };
        let mut tables = Tables::default();
        for number in 0..seed.styles {
            tables.style(seed, number, &mut assortment)?;
        }
        let currency = seed.currency;
        let work = on(move |session| Box::pin(async move { write(session, currency, &tables).await }));
        committed(self.database.write(work).await?)?;
        Ok(assortment)
    }
}

impl Tables {
    fn style(&mut self, seed: &Seed, number: u32, assortment: &mut Assortment) -> Result<(), CallError> {
        let kind = &KINDS[number as usize % KINDS.len()];
        let style = StyleCode::parse(format!("{}-{:05}", kind.code, number + 1)).map_err(bad)?;
        let active = number % 10 != 9;
        let brand = BRANDS[number as usize % BRANDS.len()];
        self.styles.push(vec![
            ("style", text(&style)),
            ("title", text(format!("{brand} {} {}", kind.name, number + 1))),
            ("description", text(format!("<p>{} by {brand}.</p>", kind.name))),
            ("brand", text(brand)),
            ("category", text(CATEGORIES[kind.category].0)),
            ("internet_active", Cell::Flag(active)),
        ]);
        for position in 1..=PICTURES {
            let url = format!("{}/{style}/{position}.jpg", seed.pictures);
            let row = vec![
                ("style", text(&style)),
                ("position", Cell::Int(position)),
                ("url", text(url)),
                ("alt", text(kind.name)),
            ];
            self.images.push(row);
        }
        let colours = options(kind.colours);
        let sizes = options(kind.sizes);
        for (place, (colour, size)) in
            colours.iter().flat_map(|colour| sizes.iter().map(move |size| (*colour, *size))).enumerate()
        {
            let parts = [Some(style.as_str()), colour, size].into_iter().flatten().collect::<Vec<_>>();
            let sku = Sku::parse(parts.join("-").to_uppercase()).map_err(bad)?;
            self.variant(seed, &style, &sku, (colour, size), number, place, kind.price);
            if active {
                assortment.skus.push(sku);
            }
        }
        if active {
            assortment.active.push(style);
        } else {
            assortment.inactive.push(style);
        }
        Ok(())
    }

    #[allow(clippy::too_many_arguments, reason = "the parts of one row")]
    fn variant(
        &mut self,
        seed: &Seed,
        style: &StyleCode,
        sku: &Sku,
        (colour, size): (Option<&str>, Option<&str>),
        number: u32,
        place: usize,
        cents: i64,
    ) {
        let place = i64::try_from(place).unwrap_or_default();
        let word = |word: Option<&str>| Cell::Text(word.map(str::to_owned));
        self.variants.push(vec![
            ("sku", text(sku)),
            ("style", text(style)),
            ("colour", word(colour)),
            ("size", word(size)),
            ("barcode", text(barcode(i64::from(number) * 100 + place))),
            ("position", Cell::Int(place)),
        ]);
        let cents = cents + i64::from(number % 7) * 500;
        let retail = Money::rounded(Decimal::new(cents, 2), seed.currency);
        let sale = (number % 5 == 4).then(|| Money::rounded(Decimal::new(cents * 4 / 5, 2), seed.currency));
        self.prices.push(vec![
            ("sku", text(sku)),
            ("retail", Cell::Amount(Some(retail))),
            ("sale", Cell::Amount(sale)),
        ]);
        for (shift, (branch, _)) in (0i64..).zip(BRANCHES) {
            let pieces = seed.stock + (i64::from(number) + place + shift) % 5;
            let counted = [("on_hand", Cell::Int(pieces)), ("opening", Cell::Int(pieces))];
            self.stock.push([("sku", text(sku)), ("branch", text(branch))].into_iter().chain(counted).collect());
        }
    }
}

async fn write(session: &mut dyn Session, currency: Currency, tables: &Tables) -> Result<(), CallError> {
    session.rows("UPDATE office_setting SET base_currency = $1", &[Param::Text(currency.code())]).await?;
    let named = |column: &'static str, rows: &[(&str, &str)]| -> Vec<Cells> {
        rows.iter().map(|(code, name)| vec![(column, text(code)), ("name", text(name))]).collect()
    };
    insert_rows(session, "office_branch", &named("branch", BRANCHES)).await?;
    insert_rows(session, "office_pay_code", &named("pay_code", PAY_CODES)).await?;
    insert_rows(session, "office_category", &named("category", CATEGORIES)).await?;
    insert_rows(session, "office_style", &tables.styles).await?;
    insert_rows(session, "office_image", &tables.images).await?;
    insert_rows(session, "office_variant", &tables.variants).await?;
    insert_rows(session, "office_price", &tables.prices).await?;
    insert_rows(session, "office_stock", &tables.stock).await
}

fn options<'a>(words: &[&'a str]) -> Vec<Option<&'a str>> {
    if words.is_empty() { vec![None] } else { words.iter().copied().map(Some).collect() }
}

/// An EAN-13 in the range that shops give out themselves.
fn barcode(number: i64) -> String {
    let digits = format!("29{number:010}");
    let weighted =
        digits.bytes().zip([1, 3].into_iter().cycle()).map(|(digit, weight)| u32::from(digit - b'0') * weight);
    let check = (10 - weighted.sum::<u32>() % 10) % 10;
    format!("{digits}{check}")
}

fn bad(error: impl std::fmt::Display) -> CallError {
    CallError::Rejected(format!("the assortment cannot be made: {error}"))
}
