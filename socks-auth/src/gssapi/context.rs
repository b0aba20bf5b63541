use std::{
    fmt,
    sync::{Mutex, PoisonError},
};

use libgssapi_sys::{GSS_C_CONF_FLAG, GSS_C_INTEG_FLAG, GSS_C_REPLAY_FLAG};
use socks_core::{
    Escaped,
    gssapi::{MechanismError, SecurityContext, Services, Unwrapped},
};

use super::ffi;

/// A context of the library's that stands.
pub(super) struct Context {
    /// A context must not be used by two threads at once. The two directions of a stream are one
    /// task's, so only datagrams ever wait here, and for no longer than one takes.
    context: Mutex<ffi::Context>,
    peer: Vec<u8>,
    services: Services,
}

impl Context {
    pub(super) fn new(context: ffi::Context, peer: Vec<u8>, flags: u32) -> Self {
        let granted = |flag| flags & flag != 0;
        Self {
            context: Mutex::new(context),
            peer,
            services: Services {
                integrity: granted(GSS_C_INTEG_FLAG),
                confidentiality: granted(GSS_C_CONF_FLAG),
                replay_detection: granted(GSS_C_REPLAY_FLAG),
            },
        }
    }

    fn with<T>(&self, work: impl FnOnce(&mut ffi::Context) -> T) -> T {
        let mut context = self.context.lock().unwrap_or_else(PoisonError::into_inner);
        work(&mut context)
    }
}

impl SecurityContext for Context {
    fn peer(&self) -> &[u8] {
        &self.peer
    }

    fn services(&self) -> Services {
        self.services
    }

    fn wrap(
        &self,
        confidential: bool,
        plain: &[u8],
        token: &mut Vec<u8>,
    ) -> Result<(), MechanismError> {
        self.with(|context| context.wrap(confidential, plain, token))
            .map_err(|error| error.logged("gss_wrap"))
    }

    fn unwrap(&self, token: &[u8], plain: &mut Vec<u8>) -> Result<Unwrapped, MechanismError> {
        self.with(|context| context.unwrap(token, plain))
            .map_err(|error| error.logged("gss_unwrap"))
    }

    fn wrap_size_limit(&self, confidential: bool, token: usize) -> Result<usize, MechanismError> {
        let token = u32::try_from(token).unwrap_or(u32::MAX);
        self.with(|context| context.wrap_size_limit(confidential, token))
            .map(|limit| usize::try_from(limit).unwrap_or(usize::MAX))
            .map_err(|error| error.logged("gss_wrap_size_limit"))
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("peer", &Escaped(&self.peer))
            .field("services", &self.services)
            .finish_non_exhaustive()
    }
}
