//! A store in trouble gets each stock figure once, and each of its documents is read and booked once.

use std::time::Duration;

use tillbridge::domain::BranchCode;
use tillbridge::sandbox::magento2::MagentoFault;

use super::{documents, open, order};
use crate::support::house::{Deployment, House, on_both_deployments};

/// Troubles that pass, and how often each comes.
const FAULTS: [(MagentoFault, u32); 8] = [
    (MagentoFault::Masked, 2),
    (MagentoFault::MaskedAfterCommit, 1),
    (MagentoFault::Deadlock, 2),
    (MagentoFault::Maintenance, 1),
    (MagentoFault::TooManyRequests(1), 1),
    (MagentoFault::ResetAfterCommit, 1),
    (MagentoFault::TimeoutAfterCommit, 1),
    (MagentoFault::Slow(Duration::from_millis(300)), 1),
];

/// Something happens that leads to calls of an operation, which go wrong as often as they are to.
async fn meets(house: &House, operation: &str, fault: (MagentoFault, u32), something: impl AsyncFnOnce()) {
    let shop = &house.magento().shop;
    shop.fail_next(Some(operation), fault.0, fault.1);
    something().await;
    house.hurries_to_rest().await;
    assert_eq!(shop.faults_to_come(), 0, "{fault:?} was not met");
}

on_both_deployments! {
    /// A write that was answered with an error may have been saved: rather too few pieces are shown, until they are counted.
    async fn a_store_in_trouble_gets_each_stock_figure_once(deployment: Deployment) {
        let house = open(deployment).await;
        let office = &house.magento().office;
        let sku = house.magento().assortment.skus[0].clone();
        for fault in FAULTS {
            meets(&house, "POST inventory/source-items", fault, async || {
                office.sell_at_till(&sku, &BranchCode::parse("AKL").unwrap(), 1).await.unwrap();
            }).await;
            let shown = house.magento().shop.pieces(sku.as_str(), "AKL");
            assert!(shown <= house.pieces(sku.as_str(), "AKL").await, "{fault:?}");
            assert_eq!(house.settles_what_is_in_doubt().await, Vec::<String>::new(), "{fault:?}");
        }
        house.keeps_its_promises(0).await;
    }

    async fn a_store_in_trouble_has_each_invoice_read_and_booked_once(deployment: Deployment) {
        let house = open(deployment).await;
        let shop = &house.magento().shop;
        for (booked, fault) in (1..).zip(FAULTS) {
            meets(&house, "GET invoices", fault, async || {
                let bought = shop.place_order(&order(house.magento(), 1)).await.unwrap();
                shop.invoice(bought).await.unwrap();
                shop.hooks_idle().await;
            }).await;
            assert_eq!(documents(&house).await, (booked, 0), "{fault:?}");
        }
        house.keeps_its_promises(0).await;
    }
}
