//! No secret in any log, error or debug output, on any way to authenticate and to fail at it.
//!
//! A way is a [`Row`]; a new authenticator or sub-negotiation adds rows of its own.

mod chap;
mod clients;
mod forms;
mod gssapi;
mod htpasswd;
mod http;
mod log;
mod private;
mod row;
mod servers;
#[cfg(feature = "sql")]
mod sql;

use forms::leak;
use log::Log;
use row::{Row, Shown};

fn rows() -> Vec<Row> {
    let mut rows = servers::rows();
    rows.extend(clients::rows());
    rows.extend(private::rows());
    rows.extend(chap::rows());
    rows.extend(gssapi::rows());
    rows.extend(htpasswd::rows());
    rows.extend(http::rows());
    #[cfg(feature = "sql")]
    rows.extend(sql::rows());
    rows
}

/// SE-34, SE-38, UP-23: with everything logged, and with an access log and accounts, neither these nor any debug or error text holds a
/// password, a token or a proof, in clear or encoded; names are there, escaped.
#[tokio::test(start_paused = true)]
async fn nothing_shows_a_secret() {
    let log = Log::capture();
    for row in rows() {
        let mut shown = Shown::default();
        (row.run)(&mut shown).await;
        let logged = log.take();
        let texts = [&logged, &shown.0];
        for secret in &row.secrets {
            for text in texts {
                if let Some(form) = leak(text, secret) {
                    panic!("{}: a secret is shown as {form}\n{text}", row.name);
                }
            }
        }
        for part in row.logged {
            assert!(
                logged.contains(part),
                "{}: no {part:?} in the log\n{logged}",
                row.name
            );
        }
        for text in texts {
            let hostile = |c: char| c.is_control() && c != '\n';
            assert!(
                !text.contains(hostile),
                "{}: raw octets\n{text:?}",
                row.name
            );
            assert!(
                !text.contains('\u{fffd}'),
                "{}: not UTF-8\n{text:?}",
                row.name
            );
        }
        assert!(!shown.0.is_empty(), "{}: shows nothing", row.name);
    }
}
