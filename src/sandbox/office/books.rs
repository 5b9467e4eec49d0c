//! The office's books, for looking at: documents, customers, accounts.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;

use super::{SandboxOffice, money};
use crate::domain::{CallError, Currency, Money};
use crate::office::counter_intelligence::database::{Param, Session, flag, on};

/// A document in the books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookedDocument {
    /// `invoice` or `credit_note`.
    pub kind: String,
    /// The external reference.
    pub reference: String,
    /// On a credit note, the reference of its invoice.
    pub credits: Option<String>,
    /// The office's number.
    pub number: String,
    /// The number people use for the sale.
    pub order_number: String,
    /// When it happened.
    pub happened_at: Timestamp,
    /// The customer's number.
    pub customer: i64,
    /// Where stock moved.
    pub branch: String,
    /// Its currency.
    pub currency: Currency,
    /// Whether line amounts contain tax.
    pub tax_included: bool,
    /// What it comes to.
    pub total: Money,
    /// Its lines, in order.
    pub lines: Vec<BookedLine>,
    /// Its payments, in order.
    pub payments: Vec<BookedPayment>,
}

/// A line in the books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookedLine {
    /// The storefront's id of the line.
    pub line: String,
    /// The contract's word for what it stands for.
    pub kind: String,
    /// The item.
    pub sku: Option<String>,
    /// Text.
    pub title: String,
    /// Pieces.
    pub quantity: i64,
    /// Price of one piece.
    pub unit_price: Money,
    /// Discounts on the line.
    pub discount: Money,
    /// The line's amount.
    pub amount: Money,
    /// The line's tax.
    pub tax: Money,
    /// Whether stock moved.
    pub moves_stock: bool,
    /// Where, if not at the document's branch.
    pub branch: Option<String>,
}

/// A payment in the books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookedPayment {
    /// Pay code.
    pub pay_code: String,
    /// The storefront's id of the transaction.
    pub reference: Option<String>,
    /// How much.
    pub amount: Money,
}

/// A customer of the office.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    /// Number.
    pub number: i64,
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// E-mail.
    pub email: Option<String>,
    /// Whether the person has an account at a web shop.
    pub web_customer: bool,
    /// Keys at storefronts.
    pub keys: Vec<String>,
}

/// All methods fail with [`CallError`] when the database cannot be read.
impl SandboxOffice {
    /// Invoices, by number.
    pub async fn invoices(&self) -> Result<Vec<BookedDocument>, CallError> {
        self.documents("invoice").await
    }

    /// Credit notes, by number.
    pub async fn credit_notes(&self) -> Result<Vec<BookedDocument>, CallError> {
        self.documents("credit_note").await
    }

    /// How many invoices and credit notes there are, without reading them.
    pub async fn document_counts(&self) -> Result<(i64, i64), CallError> {
        let sql = "SELECT CAST(last AS text) FROM office_counter WHERE kind = $1";
        let (mut invoices, mut credits) =
            (self.read(sql, &["invoice"]).await?, self.read(sql, &["credit_note"]).await?);
        let last = |rows: &mut Vec<_>| rows.first_mut().map_or(Ok(0), |row: &mut super::Row| row.int(0));
        Ok((last(&mut invoices)?, last(&mut credits)?))
    }

    /// Customers, by number.
    pub async fn customers(&self) -> Result<Vec<Customer>, CallError> {
        let mut keys: HashMap<i64, Vec<String>> = HashMap::new();
        for mut row in self.read("SELECT CAST(customer AS text), key FROM ci_customer_key ORDER BY key", &[]).await? {
            keys.entry(row.int(0)?).or_default().push(row.text(1)?);
        }
        let sql = "SELECT CAST(number AS text), first_name, last_name, email, \
                   CAST(CASE WHEN web_customer THEN 1 ELSE 0 END AS text) FROM office_customer ORDER BY number";
        let mut customers = Vec::new();
        for mut row in self.read(sql, &[]).await? {
            let number = row.int(0)?;
            customers.push(Customer {
                number,
                first_name: row.optional(1),
                last_name: row.optional(2),
                email: row.optional(3),
                web_customer: row.flag(4)?,
                keys: keys.remove(&number).unwrap_or_default(),
            });
        }
        Ok(customers)
    }

    /// What a customer owes, in each currency the account was used in; zero when all is paid and refunded.
    pub async fn account_balance(&self, customer: i64) -> Result<Vec<Money>, CallError> {
        Ok(self
            .balances()
            .await?
            .into_iter()
            .filter(|((owner, _), _)| *owner == customer)
            .map(|(_, sum)| sum)
            .collect())
    }

    /// Account balances, by customer and currency.
    pub(super) async fn balances(&self) -> Result<BTreeMap<(i64, Currency), Money>, CallError> {
        let work = on(|session| Box::pin(balances(session)));
        self.database.read(work).await
    }

    async fn documents(&self, kind: &'static str) -> Result<Vec<BookedDocument>, CallError> {
        let work = on(move |session| Box::pin(documents(session, kind)));
        self.database.read(work).await
    }
}

async fn balances(session: &mut dyn Session) -> Result<BTreeMap<(i64, Currency), Money>, CallError> {
    let sql = "SELECT CAST(e.customer AS text), d.currency, CAST(sum(e.amount) AS text) FROM office_account_entry e \
               JOIN ci_in_document d ON d.reference = e.reference AND d.kind = e.kind GROUP BY e.customer, d.currency";
    let mut balances = BTreeMap::new();
    for mut row in session.rows(sql, &[]).await? {
        let (customer, currency) = (row.int(0)?, currency(&row.text(1)?)?);
        balances.insert((customer, currency), money(&session.amount_in(row.text(2)?, currency), currency)?);
    }
    Ok(balances)
}

async fn documents(session: &mut dyn Session, kind: &str) -> Result<Vec<BookedDocument>, CallError> {
    let sql = format!(
        "SELECT reference, credits, number, order_number, CAST(happened_at AS text), CAST(customer AS text), branch, \
         currency, {}, CAST(total AS text) FROM ci_in_document WHERE kind = $1 AND number IS NOT NULL \
         ORDER BY length(number), number",
        flag("tax_included")
    );
    let mut documents = Vec::new();
    let mut places = HashMap::new();
    for mut row in session.rows(&sql, &[Param::Text(kind)]).await? {
        let (reference, currency) = (row.text(0)?, currency(&row.text(7)?)?);
        places.insert(reference.clone(), documents.len());
        documents.push(BookedDocument {
            kind: kind.to_owned(),
            reference,
            credits: row.optional(1),
            number: row.text(2)?,
            order_number: row.text(3)?,
            happened_at: row.text(4)?.parse().map_err(|_| CallError::Rejected("a time in the books".to_owned()))?,
            customer: row.int(5)?,
            branch: row.text(6)?,
            currency,
            tax_included: row.flag(8)?,
            total: money(&session.amount_in(row.text(9)?, currency), currency)?,
            lines: Vec::new(),
            payments: Vec::new(),
        });
    }
    let sql = format!(
        "SELECT reference, line, line_kind, sku, title, CAST(quantity AS text), CAST(unit_price AS text), \
         CAST(discount AS text), CAST(amount AS text), CAST(tax AS text), {}, branch FROM ci_in_line WHERE kind = $1 \
         ORDER BY reference, position",
        flag("moves_stock")
    );
    for mut row in session.rows(&sql, &[Param::Text(kind)]).await? {
        let Some(place) = places.get(&row.text(0)?) else { continue };
        let document = &mut documents[*place];
        let mut amounts = [Money::zero(document.currency); 4];
        for (amount, column) in amounts.iter_mut().zip(6..) {
            *amount = money(&session.amount_in(row.text(column)?, document.currency), document.currency)?;
        }
        let [unit_price, discount, amount, tax] = amounts;
        document.lines.push(BookedLine {
            line: row.text(1)?,
            kind: row.text(2)?,
            sku: row.optional(3),
            title: row.text(4)?,
            quantity: row.int(5)?,
            unit_price,
            discount,
            amount,
            tax,
            moves_stock: row.flag(10)?,
            branch: row.optional(11),
        });
    }
    let sql = "SELECT reference, pay_code, external, CAST(amount AS text) FROM ci_in_payment WHERE kind = $1 \
               ORDER BY reference, position";
    for mut row in session.rows(sql, &[Param::Text(kind)]).await? {
        let Some(place) = places.get(&row.text(0)?) else { continue };
        let document = &mut documents[*place];
        let amount = money(&session.amount_in(row.text(3)?, document.currency), document.currency)?;
        document.payments.push(BookedPayment { pay_code: row.text(1)?, reference: row.optional(2), amount });
    }
    Ok(documents)
}

fn currency(code: &str) -> Result<Currency, CallError> {
    Currency::parse(code).map_err(|error| CallError::Rejected(format!("a currency in the books: {error}")))
}
