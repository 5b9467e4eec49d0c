//! A changed record of an office as the journal kept it: it has a meaning or a reason. The first byte chooses the kind.
#![no_main]

use std::sync::LazyLock;

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use tillbridge::domain::{Delivery, DeliveryId, NewDelivery, Normalised, OfficeName, Origin};
use tillbridge::office::counter_intelligence::CounterIntelligence;
use tillbridge::office::{ChangeKind, Office};

static OFFICE: LazyLock<CounterIntelligence> = LazyLock::new(|| {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    // A server that is named and never called.
    let opened = CounterIntelligence::connect(OfficeName::parse("kiwi").unwrap(), "postgres://nobody@127.0.0.1:1/none");
    runtime.block_on(opened).unwrap()
});

fuzz_target!(|data: &[u8]| {
    let [kind, body @ ..] = data else { return };
    let kind = ChangeKind::ALL[usize::from(*kind) % ChangeKind::ALL.len()];
    let delivery = Delivery {
        id: DeliveryId(uuid::Uuid::nil()),
        received_at: jiff::Timestamp::UNIX_EPOCH,
        content: NewDelivery {
            origin: Origin::office("kiwi"),
            topic: kind.as_str().to_owned(),
            dedupe_key: "stock:SHIRT-M@AKL#1".into(),
            fold_key: None,
            headers: std::collections::BTreeMap::new(),
            body: Bytes::copy_from_slice(body),
        },
    };
    match OFFICE.normalise(&delivery) {
        Normalised::Events(drafts) => assert!(!drafts.is_empty()),
        Normalised::Ignored(reason) | Normalised::Rejected(reason) => assert!(!reason.is_empty()),
    }
});
