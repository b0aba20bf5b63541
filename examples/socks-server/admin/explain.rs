//! `/rules/explain`: which rule decides about a request that nobody has made.

use std::{fmt, sync::Arc, time::Duration};

use axum::{
    Json,
    body::{Body, to_bytes},
    extract::State,
    http::StatusCode,
};
use serde::Serialize;
use socks_acl::Acl;
use tokio::time::timeout;

use super::{query::Query, refusal::Refusal, state::Admin};
use crate::rules::Asked;

/// Explains what the rules in force say of what is asked, without counting it. It is called on the admin address's own
/// thread, and must not wait for anything.
pub type Explain = Arc<dyn Fn(&Asked) -> Explanation + Send + Sync>;

/// Which rule decides, and why those before it do not.
#[derive(Debug, Serialize)]
pub struct Explanation {
    /// In lines for people.
    text: String,
    /// The same for programs, as the rules describe it.
    explanation: serde_json::Value,
}

impl Explanation {
    pub fn new(explanation: &(impl fmt::Display + Serialize)) -> Self {
        Self {
            text: explanation.to_string(),
            // Null if it is nothing that JSON has; the text is there in any case.
            explanation: serde_json::to_value(explanation).unwrap_or_default(),
        }
    }
}

/// Asks the rules of this server.
pub fn of(acl: Acl) -> Explain {
    Arc::new(move |asked| Explanation::new(&asked.explain(&acl)))
}

/// Octets of a form.
const MAX: usize = 64 * 1024;
const FORM: Duration = Duration::from_secs(10);

pub async fn by_query(
    State(admin): State<Admin>,
    query: Query,
) -> Result<Json<Explanation>, Refusal> {
    explain(&admin, query)
}

/// The parameters as a form in place of the query, which ends up in logs of whatever is between.
pub async fn by_body(State(admin): State<Admin>, body: Body) -> Result<Json<Explanation>, Refusal> {
    let form = timeout(FORM, to_bytes(body, MAX)).await;
    let form = form.map_err(|_| Refusal::new(StatusCode::REQUEST_TIMEOUT, "no form came"))?;
    let form = form.map_err(|_| {
        let why = format!("expected a form of at most {MAX} octets");
        Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, why)
    })?;
    let form = str::from_utf8(&form).map_err(|_| Refusal::bad("expected a form"))?;
    explain(&admin, Query::parse(form))
}

fn explain(admin: &Admin, query: Query) -> Result<Json<Explanation>, Refusal> {
    let Some(explain) = &admin.explain else {
        let why = "there are no rules: nothing is configured but the safe default";
        return Err(Refusal::new(StatusCode::NOT_FOUND, why));
    };
    let asked = Asked::new(query.pairs()).map_err(Refusal::bad)?;
    Ok(Json(explain(&asked)))
}
