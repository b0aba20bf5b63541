use std::{
    fmt, mem,
    path::{Path, PathBuf},
    sync::Arc,
};

use libgssapi_sys::GSS_C_ANON_FLAG;
use socks_core::{
    gssapi::{Establish, Establishment, MechanismError},
    subnegotiation::Gssapi,
};

use super::{
    GssapiError,
    context::Context,
    ffi::{self, Credentials, Name, Usage},
    located,
};

/// Where a server's Kerberos keys are.
///
/// It is read again for each client, so keys may be changed under a running server.
#[derive(Clone, Debug)]
pub struct Keytab {
    path: Option<PathBuf>,
    service: Option<String>,
    replay_cache: Option<PathBuf>,
}

impl Keytab {
    /// The keys in a file, as `ktadd -k` writes it.
    pub fn new(path: impl AsRef<Path>) -> Self {
        Self {
            path: Some(path.as_ref().to_path_buf()),
            ..Self::system()
        }
    }

    /// The keys in the system's default keytab.
    pub fn system() -> Self {
        Self {
            path: None,
            service: None,
            replay_cache: None,
        }
    }

    /// Uses the keys of one service only: `rcmd`, at any host that the keytab has, or
    /// `rcmd@proxy.example.org`. Clients of RFC 1961 ask for `socks`, those of curl and Dante for
    /// `rcmd` (`GS-4`). Without it every key of the keytab will do.
    #[must_use]
    pub fn service(mut self, service: impl Into<String>) -> Self {
        self.service = Some(service.into());
        self
    }

    /// Notes there who was let in by what, so that nobody gets in by the same once more; by default
    /// it is a file of the library's in `/var/tmp`, for all servers of this user.
    #[must_use]
    pub fn replay_cache(mut self, path: impl AsRef<Path>) -> Self {
        self.replay_cache = Some(path.as_ref().to_path_buf());
        self
    }

    /// Looks whether the keys are there. Blocks, for a file.
    ///
    /// # Errors
    ///
    /// There is no such keytab, or no key of the service in it.
    pub fn open(&self) -> Result<Acceptor, GssapiError> {
        let name = self.service.as_deref().map(Name::service).transpose()?;
        let mut store = Vec::new();
        if let Some(path) = &self.path {
            store.push(("keytab", located("FILE", path)?));
        }
        if let Some(path) = &self.replay_cache {
            store.push(("rcache", located("file2", path)?));
        }
        let credentials = Credentials::acquire(name.as_ref(), Usage::Accept, &store)?;
        Ok(Acceptor {
            credentials: Arc::new(credentials),
        })
    }
}

/// A server's credentials: makes the mechanism of each session. Clones share them.
#[derive(Clone)]
pub struct Acceptor {
    credentials: Arc<Credentials>,
}

impl Acceptor {
    /// The sub-negotiation of one session.
    pub fn subnegotiation(&self) -> Gssapi {
        Gssapi::new(Accepting {
            credentials: Arc::clone(&self.credentials),
            context: ffi::Context::new(),
        })
    }
}

impl fmt::Debug for Acceptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acceptor").finish_non_exhaustive()
    }
}

struct Accepting {
    credentials: Arc<Credentials>,
    context: ffi::Context,
}

impl Establish for Accepting {
    fn step(
        &mut self,
        token: &[u8],
        output: &mut Vec<u8>,
    ) -> Result<Establishment, MechanismError> {
        let done = self.context.accept(&self.credentials, token, output);
        let done = done.map_err(|error| error.logged("gss_accept_sec_context"))?;
        if !done.complete {
            return Ok(Establishment::Continue);
        }
        if done.flags & GSS_C_ANON_FLAG != 0 {
            let error = GssapiError::invalid("an anonymous initiator");
            return Err(error.logged("gss_accept_sec_context"));
        }
        let peer = done.peer;
        let peer = peer.ok_or_else(|| GssapiError::invalid("an initiator without a name"));
        let peer = peer.and_then(|name| name.display());
        let peer = peer.map_err(|error| error.logged("gss_display_name"))?;
        let context = mem::replace(&mut self.context, ffi::Context::new());
        let context = Context::new(context, peer, done.flags);
        Ok(Establishment::Complete(Arc::new(context)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server without keys is told so before it has clients, and who sends nonsense is an error.
    #[test]
    fn no_keys() {
        let error = Keytab::new("/nowhere/keytab").open().unwrap_err();
        assert!(!error.to_string().is_empty());
        assert_ne!(error.status().major, 0);
        let error = Keytab::new("/nowhere/key\0tab").open().unwrap_err();
        assert_eq!(error.to_string(), "a NUL octet in a setting");
    }
}
