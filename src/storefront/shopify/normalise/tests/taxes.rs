//! Orders on which no tax is due.

use serde_json::json;

use super::{order, sale};

#[test]
fn a_buyer_who_pays_no_tax_is_invoiced_without() {
    let mut body = order();
    body["tax_exempt"] = json!(true);
    body["line_items"][0]["tax_lines"] = json!([]);
    body["shipping_lines"][0]["tax_lines"] = json!([]);
    (body["total_tax"], body["total_price"]) = (json!("0.00"), json!("54.67"));
    let sale = sale(&body);
    sale.check_balance().unwrap();
    assert!(sale.lines.iter().all(|line| line.tax.is_zero()));
    assert_eq!(sale.stated_total.to_string(), "54.67 NZD");
}
