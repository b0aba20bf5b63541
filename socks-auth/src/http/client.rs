use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{
    Request, StatusCode, Uri,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, USER_AGENT},
};
use hyper_util::{
    client::legacy::{self, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};

use super::{
    answer,
    error::{HttpError, Kind},
};

#[cfg(feature = "http-tls")]
type Connector = hyper_rustls::HttpsConnector<HttpConnector>;
#[cfg(not(feature = "http-tls"))]
type Connector = HttpConnector;

/// Posts to one place, over connections that are kept for the next time.
pub(super) struct Client {
    client: legacy::Client<Connector, Full<Bytes>>,
    url: Uri,
    authorization: Option<HeaderValue>,
}

impl Client {
    pub(super) fn new(
        url: Uri,
        authorization: Option<HeaderValue>,
        timeout: Duration,
    ) -> Result<Self, HttpError> {
        let mut http = HttpConnector::new();
        http.set_nodelay(true);
        http.set_connect_timeout(Some(timeout));
        let client = legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(60))
            .pool_max_idle_per_host(16)
            .build(connector(http)?);
        Ok(Self {
            client,
            url,
            authorization,
        })
    }

    /// The body of an answer with status 200; none of one that says no.
    pub(super) async fn post(&self, question: Bytes) -> Result<Option<Bytes>, HttpError> {
        let mut request = Request::post(self.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header(
                USER_AGENT,
                concat!("socks-auth/", env!("CARGO_PKG_VERSION")),
            )
            .body(Full::new(question))
            .map_err(|error| Kind::Transport(error.into()))?;
        if let Some(authorization) = &self.authorization {
            let headers = request.headers_mut();
            headers.insert(AUTHORIZATION, authorization.clone());
        }
        let response = self.client.request(request).await;
        let response = response.map_err(|error| Kind::Transport(error.into()))?;
        match response.status() {
            StatusCode::OK => {
                let body = Limited::new(response.into_body(), answer::MAX_LENGTH);
                let body = body.collect().await.map_err(Kind::Transport)?;
                Ok(Some(body.to_bytes()))
            }
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Ok(None),
            other => Err(Kind::Status(other.as_u16()).into()),
        }
    }
}

#[cfg(feature = "http-tls")]
fn connector(mut http: HttpConnector) -> Result<Connector, HttpError> {
    use hyper_rustls::HttpsConnectorBuilder;

    http.enforce_http(false);
    let builder = HttpsConnectorBuilder::new().with_native_roots();
    let builder = builder.map_err(|error| Kind::Tls(error.into()))?;
    Ok(builder.https_or_http().enable_http1().wrap_connector(http))
}

#[cfg(not(feature = "http-tls"))]
fn connector(http: HttpConnector) -> Result<Connector, HttpError> {
    Ok(http)
}
