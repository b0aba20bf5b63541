use std::{
    mem,
    path::{Path, PathBuf},
    sync::Arc,
};

use libgssapi_sys::{
    GSS_C_CONF_FLAG, GSS_C_DELEG_FLAG, GSS_C_INTEG_FLAG, GSS_C_MUTUAL_FLAG, GSS_C_REPLAY_FLAG,
    GSS_C_SEQUENCE_FLAG,
};
use socks_core::{
    client::Gssapi,
    gssapi::{Establish, Establishment, MechanismError},
};

use super::{
    GssapiError,
    context::Context,
    ffi::{self, Credentials, Name, Usage},
    located,
};

/// A client's side: whom it wants to talk to, and by which credentials.
///
/// Mutual authentication is asked for and insisted on, replay detection and, but for
/// [`datagrams`](Self::datagrams), sequencing are asked for (`GS-5`).
#[derive(Clone, Debug)]
pub struct Initiator {
    target: String,
    cache: Option<PathBuf>,
    delegate: bool,
    datagrams: bool,
}

impl Initiator {
    /// For the proxy at `host`, a name that Kerberos knows it by, and a service: `rcmd` for Dante's
    /// servers and most others, `socks` by RFC 1961 (`GS-4`).
    pub fn new(service: &str, host: &str) -> Self {
        Self {
            target: format!("{service}@{host}"),
            cache: None,
            delegate: false,
            datagrams: false,
        }
    }

    /// Takes tickets from the file `path`, in place of the user's default.
    #[must_use]
    pub fn credentials_cache(mut self, path: impl AsRef<Path>) -> Self {
        self.cache = Some(path.as_ref().to_path_buf());
        self
    }

    /// Whether the proxy gets credentials to act as this user elsewhere; off by default, unlike
    /// RFC 1961 §3.2 (`GS-5`).
    #[must_use]
    pub fn delegate(mut self, delegate: bool) -> Self {
        self.delegate = delegate;
        self
    }

    /// Whether the context is for UDP ASSOCIATE: datagrams overtake each other, so it has no
    /// sequencing (`GS-26`). Off by default. In a context with sequencing a datagram that another
    /// one has overtaken is dropped, since the library does not tell it from a replay; in one without,
    /// whoever is between can take whole frames of a connection away, or swap them, unnoticed.
    #[must_use]
    pub fn datagrams(mut self, datagrams: bool) -> Self {
        self.datagrams = datagrams;
        self
    }

    /// The method to offer. Each clone of it asks for a context of its own, in its blocking steps.
    pub fn subnegotiation(self) -> Gssapi {
        let initiator = Arc::new(self);
        Gssapi::new(move || Initiating {
            initiator: Arc::clone(&initiator),
            begun: None,
            context: ffi::Context::new(),
        })
    }

    fn flags(&self) -> u32 {
        let always = GSS_C_MUTUAL_FLAG | GSS_C_REPLAY_FLAG | GSS_C_INTEG_FLAG | GSS_C_CONF_FLAG;
        let sequence = match self.datagrams {
            true => 0,
            false => GSS_C_SEQUENCE_FLAG,
        };
        let delegate = match self.delegate {
            true => GSS_C_DELEG_FLAG,
            false => 0,
        };
        always | sequence | delegate
    }

    fn begin(&self) -> Result<(Credentials, Name), GssapiError> {
        let target = Name::service(&self.target)?;
        let mut store = Vec::new();
        if let Some(cache) = &self.cache {
            store.push(("ccache", located("FILE", cache)?));
        }
        let credentials = Credentials::acquire(None, Usage::Initiate, &store)?;
        Ok((credentials, target))
    }
}

struct Initiating {
    initiator: Arc<Initiator>,
    begun: Option<(Credentials, Name)>,
    context: ffi::Context,
}

impl Initiating {
    fn initiate(
        &mut self,
        token: &[u8],
        output: &mut Vec<u8>,
    ) -> Result<Establishment, GssapiError> {
        let (credentials, target) = match &mut self.begun {
            Some(begun) => begun,
            none => none.insert(self.initiator.begin()?),
        };
        let wanted = self.initiator.flags();
        let done = self
            .context
            .initiate(credentials, target, wanted, token, output)?;
        if !done.complete {
            return Ok(Establishment::Continue);
        }
        if done.flags & GSS_C_MUTUAL_FLAG == 0 {
            return Err(GssapiError::invalid(
                "the proxy did not authenticate itself",
            ));
        }
        let context = mem::replace(&mut self.context, ffi::Context::new());
        let context = Context::new(context, target.display()?, done.flags);
        Ok(Establishment::Complete(Arc::new(context)))
    }
}

impl Establish for Initiating {
    fn step(
        &mut self,
        token: &[u8],
        output: &mut Vec<u8>,
    ) -> Result<Establishment, MechanismError> {
        let done = self.initiate(token, output);
        done.map_err(|error| error.logged("gss_init_sec_context"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// GS-5, GS-26: mutual authentication and replay detection always, sequencing on connections
    /// only, delegation only if it is wanted.
    #[test]
    fn flags() {
        let asks = |initiator: &Initiator, flag| initiator.flags() & flag != 0;
        let plain = Initiator::new("rcmd", "proxy.example.org");
        let datagrams = plain.clone().datagrams(true);
        let delegates = plain.clone().delegate(true);
        for initiator in [&plain, &datagrams, &delegates] {
            for flag in [
                GSS_C_MUTUAL_FLAG,
                GSS_C_REPLAY_FLAG,
                GSS_C_INTEG_FLAG,
                GSS_C_CONF_FLAG,
            ] {
                assert!(asks(initiator, flag));
            }
        }
        assert!(asks(&plain, GSS_C_SEQUENCE_FLAG));
        assert!(!asks(&datagrams, GSS_C_SEQUENCE_FLAG));
        assert!(!asks(&plain, GSS_C_DELEG_FLAG) && asks(&delegates, GSS_C_DELEG_FLAG));
    }

    /// GS-4: the service is the application's to name.
    #[test]
    fn target() {
        for service in ["rcmd", "socks"] {
            let initiator = Initiator::new(service, "proxy.example.org");
            assert_eq!(initiator.target, format!("{service}@proxy.example.org"));
            let name = Name::service(&initiator.target).unwrap();
            let shown = name.display().unwrap();
            assert!(shown.starts_with(service.as_bytes()), "{shown:?}");
        }
    }

    /// GS-8: without a ticket there is no token, and the client says nothing.
    #[test]
    fn no_ticket() {
        let initiator = Initiator::new("rcmd", "proxy.example.org");
        let initiator = Arc::new(initiator.credentials_cache("/nowhere/tickets"));
        let mut initiating = Initiating {
            initiator,
            begun: None,
            context: ffi::Context::new(),
        };
        let mut token = Vec::new();
        let error = initiating.step(&[], &mut token).unwrap_err();
        assert!(error.to_string().starts_with("no credentials"), "{error}");
        assert!(token.is_empty());
    }

    /// A path that cannot be said to the library is an error, not another path.
    #[cfg(unix)]
    #[test]
    fn cache_that_is_not_utf8() {
        use std::os::unix::ffi::OsStrExt;

        let path = std::ffi::OsStr::from_bytes(b"/nowhere/t\xffckets");
        let initiator = Initiator::new("rcmd", "proxy.example.org").credentials_cache(path);
        let error = initiator.begin().err().unwrap();
        assert_eq!(error.to_string(), "a path that is not UTF-8");
    }
}
