//! Webhook bodies of a life without a running shop, for benchmarks and storms.

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};

use super::super::bodies::{Stationery, order_body, refund_body};
use super::super::ids::Ids;
use super::super::orders::OrderRecord;
use super::Life;

/// Locations of the shop that is not there: the one that serves online orders, and a shop.
const LOCATIONS: [u64; 2] = [8_400_000_000_000_000_001, 8_400_000_000_000_000_003];

/// The moment the first life begins: 2026-11-01T00:00:00Z.
const EPOCH: i64 = 1_793_491_200;

impl Life {
    /// The id the order has in the bodies written here.
    #[must_use]
    pub fn order_id(&self) -> u64 {
        self.placed().1.id
    }

    /// The body of `orders/fulfilled`: refunds from before the shipping are embedded, later ones are still to come.
    #[must_use]
    pub fn order_fulfilled_body(&self) -> Bytes {
        let (by, order, _) = self.shipped();
        order_body(by, &order)
    }

    /// The bodies of `refunds/create`, in the order the refunds were made.
    #[must_use]
    pub fn refund_bodies(&self) -> Vec<Bytes> {
        let (by, mut order, mut ids) = self.shipped();
        self.refund_all(&mut order, &mut ids, false);
        (0..order.refunds.len()).map(|refund| refund_body(by, &order, refund)).collect()
    }

    /// The body of `orders/updated` when everything is over.
    #[must_use]
    pub fn order_final_body(&self) -> Bytes {
        let (by, mut order, mut ids) = self.shipped();
        self.refund_all(&mut order, &mut ids, false);
        order_body(by, &order)
    }

    fn placed(&self) -> (Stationery, OrderRecord, Ids) {
        let mut ids = Ids::of_life(self.seed);
        let number = 1001 + (self.seed & 0xffff_ffff);
        let order = OrderRecord::new(self.order.clone(), number, &mut ids, self.moment(0));
        (Stationery { currency: self.order.currency, utc_offset: 13 }, order, ids)
    }

    fn shipped(&self) -> (Stationery, OrderRecord, Ids) {
        let (by, mut order, mut ids) = self.placed();
        self.refund_all(&mut order, &mut ids, true);
        let at = self.moment(3_600);
        order.ship_all(ids.next(), LOCATIONS[0], at);
        order.updated_at = at;
        (by, order, ids)
    }

    fn refund_all(&self, order: &mut OrderRecord, ids: &mut Ids, before_fulfilment: bool) {
        let wanted = self.refunds.iter().filter(|refund| refund.before_fulfilment == before_fulfilment);
        for (turn, refund) in (1_i64..).zip(wanted) {
            let hours = if before_fulfilment { 0 } else { 3_600 };
            order.refund(refund.clone(), &LOCATIONS, ids, self.moment(hours + turn * 60));
        }
    }

    fn moment(&self, seconds: i64) -> Timestamp {
        let spread = i64::try_from(self.seed % 1_000_000).unwrap_or(0);
        let start = Timestamp::from_second(EPOCH + spread).unwrap_or(Timestamp::UNIX_EPOCH);
        start.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(start)
    }
}
