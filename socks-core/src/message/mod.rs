//! What the phases of a server exchange: plain, cloneable messages that never hold a socket.
//!
//! | phase | asked with | answers |
//! |---|---|---|
//! | authenticator | [`AuthRequest`] | [`Authentication`] |
//! | access controller | [`AccessRequest`] | [`Verdict`] |
//! | connector | [`Connect`] | a stream |
//! | binder | [`Bind`] | a listening address and a future stream |
//! | UDP relayer | [`Associate`] | a relay address and a running association |
//!
//! A refusal is a value here, [`Authentication::Rejected`] or [`Verdict::Deny`]; an error of the
//! service that answers means broken machinery.

mod access;
mod auth;
mod conn_info;
mod credentials;
mod egress;
mod extensions;
mod filter;
mod ident_hint;
mod identity;
mod operation;
mod permit;

pub use self::{
    access::{AccessPoint, AccessRequest, Verdict},
    auth::{AuthRequest, Authentication, Rejection},
    conn_info::{ConnInfo, Endpoint, SessionId, Version},
    credentials::Credentials,
    egress::Egress,
    extensions::Extensions,
    filter::AddressFilter,
    ident_hint::IdentHint,
    identity::Identity,
    operation::{Associate, Bind, Connect},
    permit::Permit,
};
