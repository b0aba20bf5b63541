//! Tor's extensions that are messages of their own: parameters in credentials.
//!
//! Commands and reply codes of Tor stand with the others, in [`Command`](crate::Command) and
//! [`ReplyCode`](crate::ReplyCode). All of it is opt-in (`TO-1`).

mod isolation;

pub use self::isolation::Isolation;
