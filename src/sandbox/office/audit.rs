//! An audit of the office's books: everything that does not add up, in words. It recomputes from the documents and does not
//! trust the sums the office keeps.

use std::collections::{BTreeMap, BTreeSet};

use super::{BookedDocument, SandboxOffice};
use crate::domain::{CallError, Money, MoneyError};

/// All methods fail with [`CallError`] when the database cannot be read.
impl SandboxOffice {
    /// Sales that are in the books more than once: one order number, customer and total on invoices of several orders (further
    /// invoices of one order carry its reference with a number behind it), or one reference on several documents of a kind.
    pub async fn duplicate_documents(&self) -> Result<Vec<String>, CallError> {
        let invoices = self.invoices().await?;
        let mut duplicates = BTreeSet::new();
        let mut sales = BTreeMap::new();
        for invoice in &invoices {
            let order = invoice.reference.splitn(3, '/').take(2).collect::<Vec<_>>();
            let sale = (&invoice.order_number, invoice.customer, invoice.total.amount());
            if *sales.entry(sale).or_insert_with(|| order.clone()) != order {
                duplicates.insert(format!("order {} is invoiced more than once", invoice.order_number));
            }
        }
        duplicates.extend(self.duplicate_references().await?);
        Ok(duplicates.into_iter().collect())
    }

    /// References that are on several documents of a kind.
    pub async fn duplicate_references(&self) -> Result<Vec<String>, CallError> {
        let (invoices, credits) = (self.invoices().await?, self.credit_notes().await?);
        let mut duplicates = BTreeSet::new();
        for documents in [&invoices, &credits] {
            let mut references = BTreeSet::new();
            for document in documents.iter().filter(|document| !references.insert(&document.reference)) {
                duplicates.insert(format!("{} {} is booked more than once", document.kind, document.reference));
            }
        }
        Ok(duplicates.into_iter().collect())
    }

    /// Everything that does not add up; empty when all is well.
    pub async fn books_balance(&self) -> Result<Vec<String>, CallError> {
        let (invoices, credits) = (self.invoices().await?, self.credit_notes().await?);
        let mut wrong = Vec::new();
        for documents in [&invoices, &credits] {
            for (place, document) in (1..).zip(documents) {
                sums(document, &mut wrong);
                let digits = document.number.trim_start_matches(|letter: char| !letter.is_ascii_digit());
                if digits.parse() != Ok(place) {
                    wrong.push(format!(
                        "{} is number {place} of its kind: a number is missing before it",
                        document.number
                    ));
                }
            }
        }
        self.stock_adds_up(&invoices, &credits, &mut wrong).await?;
        for ((customer, _), balance) in self.balances().await? {
            if !balance.is_zero() {
                wrong.push(format!("the account of customer {customer} is at {balance}, not at zero"));
            }
        }
        for mut row in self.read("SELECT kind, reference FROM ci_in_document WHERE number IS NULL", &[]).await? {
            wrong.push(format!("{} {} is staged but not booked", row.text(0)?, row.text(1)?));
        }
        Ok(wrong)
    }

    async fn stock_adds_up(
        &self,
        invoices: &[BookedDocument],
        credits: &[BookedDocument],
        wrong: &mut Vec<String>,
    ) -> Result<(), CallError> {
        let mut expected: BTreeMap<(String, String), i64> = BTreeMap::new();
        let mut counted: BTreeMap<(String, String), i64> = BTreeMap::new();
        let sql = "SELECT sku, branch, CAST(opening AS text), CAST(on_hand AS text) FROM office_stock";
        for mut row in self.read(sql, &[]).await? {
            let place = (row.text(0)?, row.text(1)?);
            expected.insert(place.clone(), row.int(2)?);
            counted.insert(place, row.int(3)?);
        }
        let till = "SELECT sku, branch, CAST(-sum(quantity) AS text) FROM office_till_sale GROUP BY sku, branch";
        let goods_in = "SELECT sku, branch, CAST(sum(quantity) AS text) FROM office_goods_in GROUP BY sku, branch";
        for sql in [till, goods_in] {
            for mut row in self.read(sql, &[]).await? {
                *expected.entry((row.text(0)?, row.text(1)?)).or_default() += row.int(2)?;
            }
        }
        for (documents, direction) in [(invoices, -1), (credits, 1)] {
            for document in documents {
                for line in document.lines.iter().filter(|line| line.moves_stock) {
                    let branch = line.branch.as_ref().unwrap_or(&document.branch).clone();
                    let place = (line.sku.clone().unwrap_or_default(), branch);
                    *expected.entry(place).or_default() += direction * line.quantity;
                }
            }
        }
        for ((sku, branch), pieces) in expected {
            let found = counted.get(&(sku.clone(), branch.clone())).copied().unwrap_or_default();
            if found != pieces {
                wrong.push(format!("stock of {sku} at {branch} is {found}, but its movements come to {pieces}"));
            }
        }
        Ok(())
    }
}

fn sums(document: &BookedDocument, wrong: &mut Vec<String>) {
    let currency = document.currency;
    let amounts = document.lines.iter().map(|line| line.amount);
    let taxes = document.lines.iter().map(|line| if document.tax_included { Money::zero(currency) } else { line.tax });
    let payments = document.payments.iter().map(|payment| payment.amount);
    let mut compare = |what: &str, sum: Result<Money, MoneyError>| match sum {
        Ok(sum) if sum == document.total => {}
        Ok(sum) => wrong.push(format!("{}: {what} come to {sum}, the total is {}", document.number, document.total)),
        Err(error) => wrong.push(format!("{}: {what} cannot be added: {error}", document.number)),
    };
    compare("lines and tax", Money::sum(currency, amounts.chain(taxes)));
    compare("payments", Money::sum(currency, payments));
}
