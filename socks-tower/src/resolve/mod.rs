//! From a host name to addresses: [`SystemResolver`], and `HickoryResolver` behind the feature
//! `hickory`.
//!
//! Both answer `localhost` themselves, drop link-local answers (`SE-42`) and bound each lookup in
//! time, in answers and in lookups under way (`SE-23`). The bounds hold for all clones of a
//! resolver together; a bound for each client is a layer's business. Whether an address may be
//! used is not decided here but by whoever dials it (`SE-12`).

mod error;
mod future;
#[cfg(feature = "hickory")]
mod hickory;
mod limits;
mod system;

#[cfg(feature = "hickory")]
pub use self::hickory::HickoryResolver;
pub use self::{
    error::{ResolveError, ResolveErrorKind},
    future::ResolveFuture,
    system::SystemResolver,
};
