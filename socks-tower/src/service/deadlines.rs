use std::time::Duration;

/// How long the client and the phases may take. Every wait of a session has one of these.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Deadlines {
    /// From the accepted connection to its first octet (`SE-14`). 5 s.
    pub first_octet: Duration,
    /// From the accepted connection to the whole request, not restarted by anything (`SE-13`).
    /// Unset it is 10 s, and 30 s with an authenticator.
    pub handshake: Option<Duration>,
    /// For the access decision and for connecting, listening or associating together; the reply is
    /// then `06` (`R5-61`). 30 s.
    pub request: Duration,
    /// For BIND's wait for its peer; the second reply is then `06` (`BI-15`). 120 s.
    pub bind: Duration,
    /// For writing a last reply and hearing the client out, in two halves of this (`SE-46`,
    /// `SE-47`: 10 s in all at most). 2 s each.
    pub close: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            first_octet: Duration::from_secs(5),
            handshake: None,
            request: Duration::from_secs(30),
            bind: Duration::from_secs(120),
            close: Duration::from_secs(2),
        }
    }
}

impl Deadlines {
    /// Sets [`first_octet`](field@Self::first_octet).
    #[must_use]
    pub const fn first_octet(mut self, after: Duration) -> Self {
        self.first_octet = after;
        self
    }

    /// Sets [`handshake`](field@Self::handshake).
    #[must_use]
    pub const fn handshake(mut self, after: Duration) -> Self {
        self.handshake = Some(after);
        self
    }

    /// Sets [`request`](field@Self::request).
    #[must_use]
    pub const fn request(mut self, after: Duration) -> Self {
        self.request = after;
        self
    }

    /// Sets [`bind`](field@Self::bind).
    #[must_use]
    pub const fn bind(mut self, after: Duration) -> Self {
        self.bind = after;
        self
    }

    /// Sets [`close`](field@Self::close).
    #[must_use]
    pub const fn close(mut self, after: Duration) -> Self {
        self.close = after;
        self
    }

    /// The handshake's, with or without an authenticator.
    pub(super) fn total(&self, authenticated: bool) -> Duration {
        let default = Duration::from_secs(if authenticated { 30 } else { 10 });
        self.handshake.unwrap_or(default)
    }
}
