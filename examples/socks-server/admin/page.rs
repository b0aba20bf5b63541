use axum::{
    extract::Path,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

use super::refusal::Refusal;

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

/// The page's files, by name and type.
const FILES: [(&str, &str, &str); 8] = [
    ("page.css", CSS, include_str!("page/page.css")),
    ("page.js", JS, include_str!("page/page.js")),
    ("api.js", JS, include_str!("page/api.js")),
    ("chart.js", JS, include_str!("page/chart.js")),
    ("dialogs.js", JS, include_str!("page/dialogs.js")),
    ("format.js", JS, include_str!("page/format.js")),
    ("table.js", JS, include_str!("page/table.js")),
    ("icon.svg", SVG, include_str!("page/icon.svg")),
];

pub async fn page() -> Response {
    typed(HTML, include_str!("page/index.html"))
}

pub async fn file(Path(name): Path<String>) -> Result<Response, Refusal> {
    FILES
        .iter()
        .find(|(own, _, _)| *own == name)
        .map(|(_, kind, content)| typed(kind, content))
        .ok_or_else(|| Refusal::new(StatusCode::NOT_FOUND, "no such file"))
}

fn typed(kind: &'static str, content: &'static str) -> Response {
    ([(header::CONTENT_TYPE, kind)], content).into_response()
}
