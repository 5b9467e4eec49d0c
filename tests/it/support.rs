//! What the tests share: servers to test against, proxies that break the way to them, and a house that holds a whole bridge.

pub mod crowd;
pub mod disk;
pub mod gate;
pub mod house;
pub mod lifetime;
pub mod own_servers;
pub mod ports;
pub mod process;
pub mod proxy;
pub mod replays;
pub mod rooms;
pub mod servers;
