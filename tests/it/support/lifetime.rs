//! The life of a bridge within the test's process: a runtime of its own, so that all that goes on in it can be ended at once, as kill -9 does.

use tokio::runtime::Runtime;

/// What runs in it ends with it at once.
pub struct Lifetime(Option<Runtime>);

impl Lifetime {
    pub fn begin() -> Self {
        Self(Some(tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()))
    }
}

impl Drop for Lifetime {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// Does work here whose tasks, connections and timers belong to that life.
pub async fn within<T>(life: &Lifetime, work: impl Future<Output = T>) -> T {
    let mut work = std::pin::pin!(work);
    std::future::poll_fn(|context| {
        let _inside = life.0.as_ref().map(Runtime::enter);
        work.as_mut().poll(context)
    })
    .await
}
