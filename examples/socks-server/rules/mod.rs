//! Rules (`rules`): in a file of their own or in this server's, replaced while it runs.
//!
//! | what | file |
//! |---|---|
//! | the keys `rules`, `trial_rules`, `refused_sessions` | `table.rs` |
//! | what rules may name | `names.rs` |
//! | reading them, at the start and again | `source.rs` |
//! | looking for changes | `reload.rs` |
//! | what becomes of sessions then | `judged.rs` |
//! | how much is said of rules on trial | `turns.rs` |
//! | a question for `--explain` and the admin address | `question.rs` |

mod judged;
mod names;
mod question;
mod reload;
mod source;
mod table;
#[cfg(test)]
mod tests;
mod turns;

pub use self::{
    names::Names,
    question::{Asked, Pairs},
    reload::Reload,
    source::{Prepared, without_any},
    table::{RefusedSessions, RulesTable},
};
