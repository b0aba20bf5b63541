//! What the phases of a server exchange: plain, cloneable messages that never hold a socket.
//!
//! | phase | asked with | answers |
//! |---|---|---|
//! | admission, a layer | [`AcceptRequest`] | [`Verdict`] |
//! | authenticator | [`AuthRequest`] | [`Authentication`] |
//! | access controller | [`AccessRequest`] | [`Verdict`] |
//! | connector | [`Connect`] | a stream |
//! | binder | [`Bind`] | a listening address and a future stream |
//! | UDP relayer | [`Associate`] | a relay address and a running association |
//!
//! A refusal is a value here, [`Authentication::Rejected`] or [`Verdict::Deny`]; an error of the
//! service that answers means broken machinery.

mod accept;
mod access;
mod auth;
mod conn_info;
mod credentials;
mod denial;
mod egress;
mod extensions;
mod filter;
mod ident_hint;
mod identity;
mod operation;
mod permit;
mod rules_epoch;
mod terms;
mod tls_peer;
mod used_up;

pub use self::{
    accept::AcceptRequest,
    access::{AccessPoint, AccessRequest, Verdict},
    auth::{AuthRequest, Authentication, Rejection},
    conn_info::{ConnInfo, Endpoint, SessionId, Version},
    credentials::Credentials,
    denial::Denial,
    egress::Egress,
    extensions::Extensions,
    filter::AddressFilter,
    ident_hint::IdentHint,
    identity::Identity,
    operation::{Associate, Bind, Connect},
    permit::Permit,
    rules_epoch::RulesEpoch,
    terms::Terms,
    tls_peer::TlsPeer,
    used_up::UsedUp,
};
