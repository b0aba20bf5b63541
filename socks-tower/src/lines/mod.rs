//! Lines of a log, written by a thread of their own: nobody who has one to write ever waits for a disk.
//!
//! # Fields
//!
//! What lines say about a session, in the access log and in accounts. The fields are stable, in
//! this order; one of which nothing is known is not there.
//!
//! | field | content | JSON |
//! |---|---|---|
//! | `session` | its number, unique within the process | number |
//! | `listener` | name of the listener | string |
//! | `peer`, `local` | the ends of the client's connection | string |
//! | `version` | `socks4` or `socks5` | string |
//! | `method` | how the client was authenticated, as [`Method`](socks_core::Method) is shown | string |
//! | `user` | the authenticated user | string |
//! | `groups` | the user's groups, the first 16; with commas between in text | array of strings |
//! | `claimed` | the name that a client without a login gave itself | string |
//! | `ident` | who the client's host says it is, untrusted | string |
//! | `command` | as [`Command`](socks_core::Command) is shown | string |
//! | `destination` | what the client asked for | string |
//! | `remote` | the address that was dialled, or that connected to a BIND | string |
//! | `bound` | BND of the success reply | string |
//! | `rule` | the rule that allowed or refused it | string |
//! | `class` | the class that the rule gives it | string |
//! | `limit` | the limit that was reached, if that ended or refused it | string |
//! | `sent`, `received` | octets of payload from and to the client | number |
//! | `datagrams_sent`, `datagrams_received`, `datagrams_dropped` | of a UDP association | number |
//! | `milliseconds` | from the accepted connection to the end | number |
//! | `dial_milliseconds` | what it took to reach the target | number |
//! | `end` | [`SessionEnd::name`](crate::SessionEnd::name) | string |
//! | `reason` | who ended it, if somebody did: [`EndReason`](crate::sessions::EndReason), or that of a [`Cut`](crate::Cut) | string |
//! | `code` | what the client was told, if it was refused: REP, two hexadecimal digits | string |
//! | `error` | what failed, with its sources | string |
//!
//! A line is one line whatever peers chose: everything that is not printable ASCII is escaped as
//! [`Escaped`](socks_core::Escaped) does it, and cut at 256 octets (`SE-38`). Passwords and proofs
//! are in none (`SE-34`).

mod builder;
mod fields;
mod file;
mod format;
mod line;
mod queue;
#[cfg(test)]
mod tests;
mod writer;

pub use self::{builder::LineWriterBuilder, file::Durability, format::Format, queue::LineWriter};
pub(crate) use self::{fields::session, line::Line};
