//! Ids the shop gives out. They lie above 2^53, as the real ones may, so that whoever reads them as floats is found out.

/// A counter of ids; no two things of one shop share a number.
#[derive(Debug, Clone)]
pub(super) struct Ids(u64);

impl Ids {
    /// Ids of a running shop.
    pub(super) fn of_shop(seed: u64) -> Self {
        Self(5_000_000_000_000_000_001 + (seed & 0xffff_ffff) * 100_000_000)
    }

    /// Ids of one life without a shop; lives of seeds below 2^32 do not share any.
    pub(super) fn of_life(seed: u64) -> Self {
        Self((1 << 53) + 1 + (seed & 0xffff_ffff) * 1_000)
    }

    /// The next id.
    pub(super) fn next(&mut self) -> u64 {
        self.0 += 2;
        self.0
    }

    /// Several ids.
    pub(super) fn take(&mut self, count: usize) -> Vec<u64> {
        (0..count).map(|_| self.next()).collect()
    }
}

/// Writes a global id.
pub(super) fn gid(kind: &str, id: u64) -> String {
    format!("gid://shopify/{kind}/{id}")
}

/// Reads a global id of that kind.
pub(super) fn read_gid(kind: &str, text: &str) -> Option<u64> {
    text.strip_prefix("gid://shopify/")?.strip_prefix(kind)?.strip_prefix('/')?.parse().ok()
}
