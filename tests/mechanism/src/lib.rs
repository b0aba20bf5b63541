//! A stand-in for a GSSAPI mechanism, for tests: in memory, without keys worth the name, and with
//! everything that a real one may do and does not do on request. It tells damage, replays and
//! disorder, and what it encrypts cannot be read by eye. Its tokens have 14 octets of their own.

mod context;
mod establish;

use std::{fmt, sync::Arc};

use socks_core::gssapi::{Establishment, SecurityContext, Services};

pub use self::{
    context::OVERHEAD,
    establish::{Accepting, Initiating},
};

/// What both sides of an exchange are set to.
#[derive(Clone)]
pub struct Mechanism {
    rounds: usize,
    mutual: bool,
    services: Services,
    sequencing: bool,
    on_step: Arc<dyn Fn() + Send + Sync>,
}

impl Default for Mechanism {
    fn default() -> Self {
        Self::new()
    }
}

impl Mechanism {
    /// One round, mutual, with all services and without sequencing.
    pub fn new() -> Self {
        Self {
            rounds: 1,
            mutual: true,
            services: Services {
                integrity: true,
                confidentiality: true,
                replay_detection: true,
            },
            sequencing: false,
            on_step: Arc::new(|| {}),
        }
    }

    /// How many tokens the initiator sends.
    pub fn rounds(mut self, rounds: usize) -> Self {
        self.rounds = rounds;
        self
    }

    /// Whether the acceptor completes with a token of its own.
    pub fn mutual(mut self, mutual: bool) -> Self {
        self.mutual = mutual;
        self
    }

    /// What the context can do.
    pub fn services(mut self, services: Services) -> Self {
        self.services = services;
        self
    }

    /// Whether messages out of their place are told.
    pub fn sequencing(mut self, sequencing: bool) -> Self {
        self.sequencing = sequencing;
        self
    }

    /// Is called in each step of the establishment: to wait there, or to count.
    pub fn on_step(mut self, on_step: impl Fn() + Send + Sync + 'static) -> Self {
        self.on_step = Arc::new(on_step);
        self
    }

    /// A server's side.
    pub fn acceptor(&self) -> Accepting {
        Accepting::new(self.clone())
    }

    /// A client's side, whose principal is `name`.
    pub fn initiator(&self, name: &str) -> Initiating {
        Initiating::new(self.clone(), name)
    }

    /// The contexts of `name` and of its server, established.
    pub fn contexts(&self, name: &str) -> (Arc<dyn SecurityContext>, Arc<dyn SecurityContext>) {
        use socks_core::gssapi::Establish;

        let (mut initiator, mut acceptor) = (self.initiator(name), self.acceptor());
        let (mut client, mut server) = (None, None);
        let mut token = Vec::new();
        while client.is_none() || server.is_none() {
            let mut answer = Vec::new();
            if client.is_none()
                && let Establishment::Complete(context) =
                    initiator.step(&token, &mut answer).expect("both agree")
            {
                client = Some(context);
            }
            token.clear();
            if server.is_none()
                && let Establishment::Complete(context) =
                    acceptor.step(&answer, &mut token).expect("both agree")
            {
                server = Some(context);
            }
        }
        (client.expect("complete"), server.expect("complete"))
    }
}

impl fmt::Debug for Mechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mechanism")
            .field("rounds", &self.rounds)
            .field("mutual", &self.mutual)
            .field("services", &self.services)
            .field("sequencing", &self.sequencing)
            .finish_non_exhaustive()
    }
}
