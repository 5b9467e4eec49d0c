//! The configuration of a bridge in a process of its own, between these towns.

use std::fmt::Write;
use std::net::SocketAddr;

use super::{Bus, Journal, Side};
use crate::policy::{SaleMoment, SendCustomers};
use crate::storefront::StockFigure;

/// A configuration file's text, with the secrets it names as environment variables.
#[derive(Debug, Clone)]
pub struct Configuration {
    /// What goes into the file.
    pub text: String,
    /// Names and values for the process's environment.
    pub secrets: Vec<(String, String)>,
}

/// Writes the configuration of a bridge that listens at these addresses.
#[must_use]
pub fn configuration<S: Side + ?Sized>(
    journal: &Journal,
    bus: &Bus,
    webhooks: SocketAddr,
    admin: SocketAddr,
    towns: &[&S],
) -> Configuration {
    let mut written = Configuration { text: String::new(), secrets: Vec::new() };
    match journal {
        Journal::Sqlite(path) => written.add(&format!("[journal]\nsqlite = {:?}\n", path.display().to_string())),
        Journal::Postgres(url) => {
            written.add("[journal]\npostgres = { env = \"JOURNAL_URL\" }\n");
            written.secrets.push(("JOURNAL_URL".to_owned(), url.clone()));
        }
    }
    if let Bus::RabbitMq { url, prefix } = bus {
        written.add(&format!("[bus]\nrabbitmq = {{ env = \"BUS_URL\" }}\nprefix = {prefix:?}\n"));
        written.secrets.push(("BUS_URL".to_owned(), url.clone()));
    }
    written.add(&format!("[listen]\nwebhooks = \"{webhooks}\"\nadmin = \"{admin}\"\n"));
    for (number, town) in towns.iter().enumerate() {
        written.town(number, *town);
    }
    written
}

impl Configuration {
    fn add(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push('\n');
    }

    fn town<S: Side + ?Sized>(&mut self, number: usize, town: &S) {
        let (channel, office) = (town.channel(), format!("OFFICE_{number}"));
        let (section, secrets) = town.section(number);
        self.add(&section);
        self.secrets.extend(secrets);
        // Two shops may share an office.
        if !self.text.contains(&format!("[offices.{}]\n", channel.office)) {
            self.add(&format!(
                "[offices.{}]\nkind = \"counter-intelligence\"\ndatabase = {{ env = {office:?} }}\n",
                channel.office
            ));
            self.secrets.push((office, town.office_address().to_owned()));
        }
        let pairs = |pairs: Vec<(String, String)>| {
            pairs.into_iter().fold(String::new(), |mut text, (key, value)| {
                let _ = writeln!(text, "{key} = {value:?}");
                text
            })
        };
        let locations = channel.stock.locations.iter().map(|(branch, at)| (branch.to_string(), at.clone())).collect();
        let every =
            channel.every.iter().map(|(kind, every)| (kind.as_str().to_owned(), format!("{}ms", every.as_millis())));
        let codes: Vec<String> =
            channel.payments.codes.iter().map(|(gateway, code)| format!("{gateway} = {code:?}")).collect();
        self.add(&format!(
            "[[channels]]\nname = {:?}\nstorefront = {:?}\noffice = {:?}\nprofile = {:?}\n\
             [channels.sale]\nwhen = {:?}\nbranch = {:?}\n[channels.stock]\nfigure = {:?}\n\
             [channels.locations]\n{}[channels.payments]\ncodes = {{ {} }}\notherwise = {:?}\n\
             [channels.customers]\nsend = {:?}\n[channels.every]\n{}",
            channel.name.as_str(),
            channel.storefront.as_str(),
            channel.office.as_str(),
            town.profile(),
            match channel.sale.when {
                SaleMoment::Fulfilled => "fulfilled",
                SaleMoment::EachFulfilment => "each_fulfilment",
                SaleMoment::Paid => "paid",
            },
            channel.sale.branch.as_str(),
            match channel.stock.figure {
                StockFigure::OnHand => "on_hand",
                StockFigure::Available => "available",
            },
            pairs(locations),
            codes.join(", "),
            channel.payments.otherwise.clone().unwrap_or_default(),
            match channel.customers.send {
                SendCustomers::Web => "web",
                SendCustomers::All => "all",
                SendCustomers::None => "none",
            },
            pairs(every.collect()),
        ));
    }
}
