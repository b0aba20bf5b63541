use alloc::{sync::Arc, vec::Vec};

/// The names of the limits of which this client has no volume left: put into
/// [`AccessRequest::extensions`](super::AccessRequest::extensions) by whoever keeps the quotas,
/// before the access rules are asked. Not there where nobody does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct UsedUp(pub Vec<Arc<str>>);
