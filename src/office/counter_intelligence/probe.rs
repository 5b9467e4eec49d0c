//! Asks an office who it is and whether its contract is whole.
//!
//! What goes out: version, clock, branches, and in plain words everything the bridge would miss: an old build (F-006), a view
//! or column that is not there, a table that may not be written. Nothing is changed.

use jiff::Timestamp;

use super::database::{Database, on};
use crate::domain::{CallError, Currency};
use crate::office::OfficeDescription;

/// The version that first has what the bridge needs, and its first build that does (F-006).
const VERSION: i64 = 11;
const BUILD: i64 = 514;
/// The contract this adapter speaks.
const CONTRACT: i64 = 1;

/// What is read.
const VIEWS: &[(&str, &str)] = &[
    ("ci_info", "contract_version, product, version, build, base_currency, clock"),
    ("ci_horizon", "settled"),
    ("ci_product", "style, title, description, brand, category, internet_active, deleted, marker, changed_at"),
    ("ci_variant", "sku, style, colour, size, barcode, position, deleted, marker, changed_at"),
    ("ci_price", "sku, style, retail, sale, sale_from, sale_until, internet_active, deleted, marker, changed_at"),
    ("ci_stock", "sku, branch, style, on_hand, internet_active, deleted, marker, changed_at"),
    ("ci_branch", "branch, name, line1, city, postcode, country, deleted, marker, changed_at"),
    ("ci_category", "category, name, deleted, marker, changed_at"),
    ("ci_image", "style, position, url, alt, hash, deleted, marker, changed_at"),
    ("ci_field", "style, field, value, deleted, marker, changed_at"),
    ("ci_level_price", "sku, level, amount, currency, deleted, marker, changed_at"),
    (
        "ci_customer",
        "number, first_name, last_name, email, email_key, phone, web_customer, email_consent, email_consent_at, deleted, marker, \
         changed_at",
    ),
    (
        "ci_address",
        "customer, kind, first_name, last_name, company, line1, line2, city, region, postcode, country, phone",
    ),
    ("ci_pay_code", "pay_code, name"),
    ("ci_document", "kind, reference, number, customer, order_number, currency, total, booked_at"),
    ("ci_customer_key", "key, customer"),
];

/// What is written.
const STAGING: &[(&str, &str)] = &[
    ("ci_customer_key", "key, customer"),
    ("ci_in_customer", "key, has_account, first_name, last_name, email, phone"),
    ("ci_in_customer_change", "key, first_name, last_name, email, phone"),
    (
        "ci_in_address",
        "key, kind, first_name, last_name, company, line1, line2, city, region, postcode, country, phone",
    ),
    (
        "ci_in_document",
        "kind, reference, credits, order_number, happened_at, customer, branch, currency, tax_included, total",
    ),
    (
        "ci_in_line",
        "kind, reference, position, line, line_kind, sku, title, quantity, unit_price, discount, amount, tax, moves_stock, branch",
    ),
    ("ci_in_payment", "kind, reference, position, pay_code, external, amount"),
    ("ci_in_post", "kind, reference"),
];

/// Describes the office. An error means that it could not be asked at all.
pub(super) async fn probe(database: &Database) -> Result<OfficeDescription, CallError> {
    let mut problems = Vec::new();
    for (view, columns) in VIEWS {
        problems
            .extend(cannot(database, view, columns, &|columns| format!("SELECT {columns} FROM {view} LIMIT 0")).await?);
    }
    for (table, columns) in STAGING {
        let nothing = |columns: &str| {
            let nulls = vec!["NULL"; columns.split(", ").count()].join(", ");
            format!("INSERT INTO {table} ({columns}) SELECT {nulls} WHERE 1 = 0")
        };
        problems.extend(cannot(database, table, columns, &nothing).await?);
    }
    let mut description = OfficeDescription {
        version: "unknown".to_owned(),
        currency: "unknown".to_owned(),
        clock: Timestamp::UNIX_EPOCH,
        branches: Vec::new(),
        problems,
    };
    if !description.problems.iter().any(|problem| problem.starts_with("ci_info")) {
        describe(database, &mut description).await?;
    }
    if !description.problems.iter().any(|problem| problem.starts_with("ci_branch")) {
        let sql = "SELECT branch FROM ci_branch WHERE NOT deleted ORDER BY branch";
        for mut row in database.read(on(move |session| session.rows(sql, &[]))).await? {
            description.branches.push(row.text(0)?);
        }
    }
    Ok(description)
}

/// Tries a statement that moves no rows: whole, and where that is refused column by column, to name what is missing.
async fn cannot(
    database: &Database,
    object: &str,
    columns: &str,
    statement: &(dyn Fn(&str) -> String + Sync),
) -> Result<Vec<String>, CallError> {
    let Some(refusal) = refused(database, statement(columns)).await? else { return Ok(Vec::new()) };
    let mut problems = Vec::new();
    for column in columns.split(", ") {
        if let Some(refusal) = refused(database, statement(column)).await? {
            problems.push(format!("{object}: {refusal}"));
        }
    }
    problems.dedup();
    if problems.is_empty() || problems.len() == columns.split(", ").count() {
        problems = vec![format!("{object}: {refusal}")];
    }
    Ok(problems)
}

async fn refused(database: &Database, sql: String) -> Result<Option<String>, CallError> {
    let tried = database.write(on(move |session| Box::pin(async move { session.rows(&sql, &[]).await }))).await;
    match tried {
        Ok(_) => Ok(None),
        Err(CallError::Rejected(words) | CallError::Unauthorised(words)) => Ok(Some(words)),
        Err(error) => Err(error),
    }
}

async fn describe(database: &Database, description: &mut OfficeDescription) -> Result<(), CallError> {
    let sql = "SELECT CAST(contract_version AS text), product, CAST(version AS text), CAST(build AS text), \
               base_currency, CAST(clock AS text) FROM ci_info";
    let mut rows = database.read(on(move |session| session.rows(sql, &[]))).await?;
    let [row] = rows.as_mut_slice() else {
        description.problems.push(format!("ci_info has {} rows instead of one", rows.len()));
        return Ok(());
    };
    let (contract, product, version, build) = (row.int(0)?, row.text(1)?, row.int(2)?, row.int(3)?);
    let (currency, clock) = (row.text(4)?, row.text(5)?);
    let problems = &mut description.problems;
    if contract != CONTRACT {
        problems.push(format!("the office has version {contract} of the contract; version {CONTRACT} is needed"));
    }
    if (version, build) < (VERSION, BUILD) {
        problems.push(format!(
            "{product} {version} build {build} is too old: version {VERSION} build {BUILD} or greater is needed; \
             upgrade the office first"
        ));
    }
    if let Err(error) = Currency::parse(&currency) {
        problems.push(format!("ci_info: the base currency cannot be used: {error}"));
    }
    match clock.parse() {
        Ok(clock) => description.clock = clock,
        Err(_) => problems.push(format!("ci_info: the clock `{clock}` is not a time with its offset from UTC")),
    }
    description.version = format!("{product} {version} build {build}, contract {contract}");
    description.currency = currency;
    Ok(())
}
