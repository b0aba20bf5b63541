use tower_layer::Layer;

use super::Recorded;

/// Has records kept of a service's sessions; see the [module](crate::record).
#[derive(Clone, Debug)]
pub struct RecordLayer<R> {
    record: R,
}

impl<R> RecordLayer<R> {
    /// Has `record` keep them.
    pub const fn new(record: R) -> Self {
        Self { record }
    }
}

impl<S, R: Clone> Layer<S> for RecordLayer<R> {
    type Service = Recorded<S, R>;

    fn layer(&self, inner: S) -> Recorded<S, R> {
        Recorded {
            inner,
            record: self.record.clone(),
        }
    }
}
