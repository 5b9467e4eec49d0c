//! A house with a proxy on each way of its bridge: to the journal, the bus, the office and the shop.

use std::sync::Arc;

use lapin::uri::AMQPUri;
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
            shop: Arc::new(before(&house.towns[0].shop.graphql_url()).await),
        };
        house.towns[0].way_to_shop = Some(led(&house.towns[0].shop.graphql_url(), &ways.shop));
        if let rehearsal::Journal::Postgres(url) = &house.plan.journal {
            let proxy = before(url).await;
            house.plan.journal = rehearsal::Journal::Postgres(led(url, &proxy));
            ways.journal = Some(Arc::new(proxy));
            let proxy = before(&house.towns[0].office_url).await;
            house.towns[0].office_url = led(&house.towns[0].office_url, &proxy);
            ways.office = Some(Arc::new(proxy));
        }
        if let Bus::RabbitMq { url, prefix } = &house.plan.bus {
            let authority = url.parse::<AMQPUri>().unwrap().authority;
            let proxy = Proxy::start((authority.host.clone(), authority.port)).await;
            let url = url.replace(&format!("{}:{}", authority.host, authority.port), &proxy.place().to_string());
            house.plan.bus = Bus::RabbitMq { url, prefix: prefix.clone() };
            ways.bus = Some(Arc::new(proxy));
        }
        (house, ways)
    }
}

/// A proxy before the server that an address names.
async fn before(address: &str) -> Proxy {
    let address = reqwest::Url::parse(address).unwrap();
    let port = address.port().or(address.scheme().starts_with("postgres").then_some(5432)).unwrap();
    Proxy::start((address.host_str().unwrap().to_owned(), port)).await
}

/// The same address, led through a proxy.
fn led(address: &str, proxy: &Proxy) -> String {
    let mut address = reqwest::Url::parse(address).unwrap();
    address.set_ip_host(proxy.place().ip()).unwrap();
    address.set_port(Some(proxy.place().port())).unwrap();
    address.to_string()
}
