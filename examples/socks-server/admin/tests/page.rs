use super::*;

/// All that the page refers to is there, by its type, and nothing of it is anybody else's or inline.
#[tokio::test]
async fn the_page_stands_alone() {
    let fixture = Fixture::new();
    let page = fixture.get("/").await;
    assert_eq!(
        page.headers()[header::CONTENT_TYPE],
        "text/html; charset=utf-8"
    );
    let html = text(page).await;
    for inline in [" style=", " onclick=", "<style", "http:", "https:", "//"] {
        assert!(!html.contains(inline), "{inline}");
    }
    assert_eq!(html.matches("<script").count(), 1);
    let references = html
        .split(['"'])
        .filter(|part| part.starts_with("page/"))
        .collect::<Vec<_>>();
    assert_eq!(
        references,
        ["page/icon.svg", "page/page.css", "page/page.js"]
    );
    let mut scripts = vec!["page.js".to_owned()];
    let mut seen = 0;
    while let Some(script) = scripts.get(seen).cloned() {
        seen += 1;
        let response = fixture.get(&format!("/page/{script}")).await;
        assert_eq!(response.status(), StatusCode::OK, "{script}");
        let kind = &response.headers()[header::CONTENT_TYPE];
        assert_eq!(kind, "text/javascript; charset=utf-8");
        let text = text(response).await;
        for unsafe_way in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
        ] {
            assert!(!text.contains(unsafe_way), "{script} {unsafe_way}");
        }
        for import in text.split("from \"./").skip(1) {
            let name = import.split('"').next().unwrap().to_owned();
            if !scripts.contains(&name) {
                scripts.push(name);
            }
        }
    }
    assert_eq!(seen, 6);
    for (path, kind) in [
        ("/page/page.css", "text/css; charset=utf-8"),
        ("/page/icon.svg", "image/svg+xml"),
    ] {
        assert_eq!(
            fixture.get(path).await.headers()[header::CONTENT_TYPE],
            kind
        );
    }
}
