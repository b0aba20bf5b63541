use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

/// Why a request is not answered, in a line of text.
#[derive(Debug)]
pub struct Refusal(pub StatusCode, pub String);

impl Refusal {
    pub fn new(status: StatusCode, why: impl Into<String>) -> Self {
        Self(status, why.into())
    }

    /// `400`.
    pub fn bad(why: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, why)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self(status, why) = self;
        let plain = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
        (status, plain, format!("{why}\n")).into_response()
    }
}
