//! A house with a proxy on each way of its bridge: to the journal, the bus, the office and the shop.

use std::sync::Arc;

use tillbridge::rehearsal::{self, Bus, TownPlan};

use super::super::proxy::Proxy;
use super::{Deployment, House};

/// The proxies; without a server there is no way to it.
pub struct Ways {
    pub journal: Option<Arc<Proxy>>,
    pub bus: Option<Arc<Proxy>>,
    pub office: Option<Arc<Proxy>>,
    pub shop: Arc<Proxy>,
}

impl House {
    /// A house of one town, whose bridge has not been started.
    pub async fn behind_proxies(deployment: Deployment, plan: TownPlan) -> (Self, Ways) {
        let mut house = Self::build(deployment, vec![plan]).await;
        let mut ways = Ways {
            journal: None,
            bus: None,
            office: None,
            shop: Arc::new(Proxy::before(&house.towns[0].shop.graphql_url()).await),
        };
        house.towns[0].way_to_shop = Some(ways.shop.led(&house.towns[0].shop.graphql_url()));
        if let rehearsal::Journal::Postgres(url) = &house.plan.journal {
            let proxy = Proxy::before(url).await;
            house.plan.journal = rehearsal::Journal::Postgres(proxy.led(url));
            ways.journal = Some(Arc::new(proxy));
            let proxy = Proxy::before(&house.towns[0].office_url).await;
            house.towns[0].office_url = proxy.led(&house.towns[0].office_url);
            ways.office = Some(Arc::new(proxy));
        }
        if let Bus::RabbitMq { url, prefix } = &house.plan.bus {
            let proxy = Proxy::before(url).await;
            house.plan.bus = Bus::RabbitMq { url: proxy.led(url), prefix: prefix.clone() };
            ways.bus = Some(Arc::new(proxy));
        }
        (house, ways)
    }
}
