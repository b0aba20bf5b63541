//! From a host name to addresses: [`SystemResolver`], and `HickoryResolver` behind the feature
//! `hickory`.
//!
//! Both answer `localhost` themselves, drop link-local answers (`SE-42`) and bound each lookup in
//! time, in answers and in lookups under way, in all and of each client (`SE-23`). The bounds hold
//! for all clones of a resolver together, so give clones of one to connector, binder and UDP relay.
//! Around any other resolver [`LookupLimitLayer`] bounds the lookups of each client. Whether an
//! address may be used is not decided here but by whoever dials it (`SE-12`).

mod error;
mod future;
#[cfg(feature = "hickory")]
mod hickory;
mod limits;
mod lookup_limit;
mod system;

#[cfg(feature = "hickory")]
pub use self::hickory::HickoryResolver;
pub use self::{
    error::{ResolveError, ResolveErrorKind},
    future::ResolveFuture,
    lookup_limit::{LookupLimit, LookupLimitFuture, LookupLimitLayer},
    system::SystemResolver,
};
