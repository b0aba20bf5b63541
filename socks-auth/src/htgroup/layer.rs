use tower_layer::Layer;

use super::{AddGroups, Htgroup};

/// Makes [`AddGroups`].
#[derive(Clone, Debug)]
pub struct AddGroupsLayer {
    groups: Htgroup,
}

impl AddGroupsLayer {
    /// Adds these.
    pub fn new(groups: Htgroup) -> Self {
        Self { groups }
    }
}

impl<S> Layer<S> for AddGroupsLayer {
    type Service = AddGroups<S>;

    fn layer(&self, inner: S) -> AddGroups<S> {
        AddGroups::new(inner, self.groups.clone())
    }
}
