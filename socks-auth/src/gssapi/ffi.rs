//! The calls of the C library (RFC 2744), each behind types that free what it hands out.
//!
//! Unsafe, because the safe binding, `libgssapi` 0.11, says of an unwrapped message neither
//! whether it was confidential nor where it stands among the others (`GS-16`, `GS-26`), has no
//! GSS_Wrap_size_limit (`GS-21`), and takes the keytab from the environment of the process only.
#![allow(unsafe_code)]

use std::{ffi::CString, ffi::c_int, ptr, slice};

use libgssapi_sys::{
    _GSS_C_INDEFINITE, _GSS_S_CONTINUE_NEEDED, _GSS_S_DUPLICATE_TOKEN, _GSS_S_GAP_TOKEN,
    _GSS_S_OLD_TOKEN, _GSS_S_UNSEQ_TOKEN, GSS_C_ACCEPT, GSS_C_GSS_CODE, GSS_C_INITIATE,
    GSS_C_MECH_CODE, GSS_C_QOP_DEFAULT, gss_OID_desc, gss_OID_set_desc, gss_accept_sec_context,
    gss_acquire_cred_from, gss_buffer_desc, gss_cred_id_t, gss_ctx_id_t, gss_delete_sec_context,
    gss_display_name, gss_display_status, gss_import_name, gss_init_sec_context,
    gss_key_value_element_desc, gss_key_value_set_desc, gss_name_t, gss_release_buffer,
    gss_release_cred, gss_release_name, gss_unwrap, gss_wrap, gss_wrap_size_limit,
};
use socks_core::gssapi::{MechanismError, Sequence, Unwrapped};

use super::GssapiError;

/// 1.2.840.113554.1.2.2, Kerberos 5.
const KERBEROS: &[u8] = b"\x2a\x86\x48\x86\xf7\x12\x01\x02\x02";
/// 1.2.840.113554.1.2.1.4, GSS_C_NT_HOSTBASED_SERVICE.
const HOST_BASED_SERVICE: &[u8] = b"\x2a\x86\x48\x86\xf7\x12\x01\x02\x01\x04";

/// Most messages that are read about one status.
const MAX_MESSAGES: usize = 8;

/// The library only reads what is behind these pointers.
fn oid(octets: &'static [u8]) -> gss_OID_desc {
    gss_OID_desc {
        length: octets.len() as u32,
        elements: octets.as_ptr().cast_mut().cast(),
    }
}

/// An input buffer of a call that only reads it. It must not outlive `octets`.
fn borrowed(octets: &[u8]) -> gss_buffer_desc {
    gss_buffer_desc {
        length: octets.len(),
        value: octets.as_ptr().cast_mut().cast(),
    }
}

/// An input buffer of a call that works in it: MIT's `gss_unwrap` rotates and zeroes parts of a token
/// where it is, so it gets a copy. It must not outlive `octets`.
fn lent(octets: &mut [u8]) -> gss_buffer_desc {
    gss_buffer_desc {
        length: octets.len(),
        value: octets.as_mut_ptr().cast(),
    }
}

/// An output buffer, which belongs to the library.
struct Buffer(gss_buffer_desc);

impl Buffer {
    fn new() -> Self {
        Self(gss_buffer_desc {
            length: 0,
            value: ptr::null_mut(),
        })
    }

    fn as_bytes(&self) -> &[u8] {
        match self.0.value.is_null() {
            true => &[],
            // SAFETY: the library says that so many octets are there, until they are released,
            // which is when this is dropped.
            false => unsafe { slice::from_raw_parts(self.0.value.cast(), self.0.length) },
        }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        // SAFETY: it is empty or was filled by the library, and is released once.
        unsafe { gss_release_buffer(&mut 0, &mut self.0) };
    }
}

/// Whether a call failed: calling and routine errors, not the supplementary bits.
fn check(major: u32, minor: u32) -> Result<u32, GssapiError> {
    match major >> 16 {
        0 => Ok(major),
        _ => Err(failure(major, minor)),
    }
}

fn failure(major: u32, minor: u32) -> GssapiError {
    let of = |code, kind| messages(code, kind).join("; ");
    let text = match minor {
        0 => of(major, GSS_C_GSS_CODE),
        minor => {
            let (major, minor) = (of(major, GSS_C_GSS_CODE), of(minor, GSS_C_MECH_CODE));
            format!("{major}: {minor}")
        }
    };
    GssapiError::new(MechanismError::new(major, minor), text)
}

/// The library's words for a status.
fn messages(code: u32, kind: u32) -> Vec<String> {
    let mut kerberos = oid(KERBEROS);
    let (mut context, mut texts) = (0, Vec::new());
    while texts.len() < MAX_MESSAGES {
        let mut text = Buffer::new();
        // SAFETY: all pointers are to locals that outlive the call.
        let major = unsafe {
            gss_display_status(
                &mut 0,
                code,
                kind as c_int,
                &mut kerberos,
                &mut context,
                &mut text.0,
            )
        };
        if major >> 16 != 0 {
            break;
        }
        texts.push(String::from_utf8_lossy(text.as_bytes()).into_owned());
        if context == 0 {
            break;
        }
    }
    texts
}

/// A name in the library's own form.
pub(super) struct Name(gss_name_t);

// SAFETY: a name is not changed once it is made, and belongs to no thread.
unsafe impl Send for Name {}
// SAFETY: as above.
unsafe impl Sync for Name {}

impl Name {
    /// `service`, or `service@host`.
    pub(super) fn service(text: &str) -> Result<Self, GssapiError> {
        let mut input = borrowed(text.as_bytes());
        let mut kind = oid(HOST_BASED_SERVICE);
        let (mut minor, mut name) = (0, ptr::null_mut());
        // SAFETY: all pointers are to locals that outlive the call; it copies what it reads.
        let major = unsafe { gss_import_name(&mut minor, &mut input, &mut kind, &mut name) };
        let name = Self(name);
        check(major, minor)?;
        Ok(name)
    }

    pub(super) fn display(&self) -> Result<Vec<u8>, GssapiError> {
        let (mut minor, mut text) = (0, Buffer::new());
        // SAFETY: the name is one of the library's, and the kind of name is not asked for.
        let major = unsafe { gss_display_name(&mut minor, self.0, &mut text.0, ptr::null_mut()) };
        check(major, minor)?;
        Ok(text.as_bytes().to_vec())
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: it was made by the library, and is released once.
            unsafe { gss_release_name(&mut 0, &mut self.0) };
        }
    }
}

/// Which side credentials are for.
#[derive(Clone, Copy)]
pub(super) enum Usage {
    Accept,
    Initiate,
}

/// Credentials of one side, for Kerberos.
pub(super) struct Credentials(gss_cred_id_t);

// SAFETY: MIT's library locks credentials by itself wherever it changes them.
unsafe impl Send for Credentials {}
// SAFETY: as above.
unsafe impl Sync for Credentials {}

impl Credentials {
    /// Those of `name`, or any, from where `store` says: pairs of MIT's, such as `keytab` and a
    /// path. Without pairs it is the system's default.
    pub(super) fn acquire(
        name: Option<&Name>,
        usage: Usage,
        store: &[(&str, String)],
    ) -> Result<Self, GssapiError> {
        let text = |text: &str| {
            CString::new(text).map_err(|_| GssapiError::invalid("a NUL octet in a setting"))
        };
        let store = store.iter();
        let pairs = store.map(|(key, value)| Ok((text(key)?, text(value)?)));
        let pairs: Vec<_> = pairs.collect::<Result<_, GssapiError>>()?;
        let mut elements: Vec<_> = pairs
            .iter()
            .map(|(key, value)| gss_key_value_element_desc {
                key: key.as_ptr(),
                value: value.as_ptr(),
            })
            .collect();
        let set = gss_key_value_set_desc {
            count: elements.len() as u32,
            elements: elements.as_mut_ptr(),
        };
        let store = match elements.is_empty() {
            true => ptr::null(),
            false => &raw const set,
        };
        let mut kerberos = oid(KERBEROS);
        let mut mechanisms = gss_OID_set_desc {
            count: 1,
            elements: &mut kerberos,
        };
        let usage = match usage {
            Usage::Accept => GSS_C_ACCEPT,
            Usage::Initiate => GSS_C_INITIATE,
        };
        let (mut minor, mut credentials) = (0, ptr::null_mut());
        // SAFETY: all pointers are null where that is allowed, or to locals that outlive the call,
        // which copies what it keeps.
        let major = unsafe {
            gss_acquire_cred_from(
                &mut minor,
                name.map_or(ptr::null_mut(), |name| name.0),
                _GSS_C_INDEFINITE,
                &mut mechanisms,
                usage as c_int,
                store,
                &mut credentials,
                ptr::null_mut(),
                ptr::null_mut(),
            )
        };
        let credentials = Self(credentials);
        check(major, minor)?;
        Ok(credentials)
    }
}

impl Drop for Credentials {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: they were made by the library, and are released once.
            unsafe { gss_release_cred(&mut 0, &mut self.0) };
        }
    }
}

/// What one call of the establishment came to.
pub(super) struct Established {
    pub(super) complete: bool,
    pub(super) flags: u32,
    /// The initiator, for an acceptor that is complete.
    pub(super) peer: Option<Name>,
}

/// A security context, of either side.
pub(super) struct Context(gss_ctx_id_t);

// SAFETY: a context belongs to no thread. It must not be used by two at once, which `&mut self` on
// every call sees to.
unsafe impl Send for Context {}
// SAFETY: as above; nothing is done by a shared reference.
unsafe impl Sync for Context {}

impl Context {
    pub(super) fn new() -> Self {
        Self(ptr::null_mut())
    }

    /// GSS_Accept_sec_context. Delegated credentials are not taken.
    pub(super) fn accept(
        &mut self,
        credentials: &Credentials,
        token: &[u8],
        output: &mut Vec<u8>,
    ) -> Result<Established, GssapiError> {
        let (mut minor, mut flags) = (0, 0);
        let mut token = token.to_vec();
        let (mut input, mut answer) = (lent(&mut token), Buffer::new());
        let mut peer = Name(ptr::null_mut());
        // SAFETY: all pointers are null where that is allowed, or to locals or the library's own
        // that outlive the call; the context is null or as an earlier call left it.
        let major = unsafe {
            gss_accept_sec_context(
                &mut minor,
                &mut self.0,
                credentials.0,
                &mut input,
                ptr::null_mut(),
                &mut peer.0,
                ptr::null_mut(),
                &mut answer.0,
                &mut flags,
                ptr::null_mut(),
                ptr::null_mut(),
            )
        };
        let complete = is_complete(major, minor)?;
        output.extend_from_slice(answer.as_bytes());
        Ok(Established {
            complete,
            flags,
            peer: (!peer.0.is_null()).then_some(peer),
        })
    }

    /// GSS_Init_sec_context; the first time with an empty token.
    pub(super) fn initiate(
        &mut self,
        credentials: &Credentials,
        target: &Name,
        wanted: u32,
        token: &[u8],
        output: &mut Vec<u8>,
    ) -> Result<Established, GssapiError> {
        let (mut minor, mut flags) = (0, 0);
        let mut token = token.to_vec();
        let (mut input, mut answer) = (lent(&mut token), Buffer::new());
        let mut kerberos = oid(KERBEROS);
        // SAFETY: as for `accept`.
        let major = unsafe {
            gss_init_sec_context(
                &mut minor,
                credentials.0,
                &mut self.0,
                target.0,
                &mut kerberos,
                wanted,
                _GSS_C_INDEFINITE,
                ptr::null_mut(),
                match input.length {
                    0 => ptr::null_mut(),
                    _ => &mut input,
                },
                ptr::null_mut(),
                &mut answer.0,
                &mut flags,
                ptr::null_mut(),
            )
        };
        let complete = is_complete(major, minor)?;
        output.extend_from_slice(answer.as_bytes());
        Ok(Established {
            complete,
            flags,
            peer: None,
        })
    }

    pub(super) fn wrap(
        &mut self,
        confidential: bool,
        plain: &[u8],
        token: &mut Vec<u8>,
    ) -> Result<(), GssapiError> {
        let (mut minor, mut was_confidential) = (0, 0);
        let (mut input, mut wrapped) = (borrowed(plain), Buffer::new());
        // SAFETY: all pointers are to locals that outlive the call.
        let major = unsafe {
            gss_wrap(
                &mut minor,
                self.0,
                c_int::from(confidential),
                GSS_C_QOP_DEFAULT,
                &mut input,
                &mut was_confidential,
                &mut wrapped.0,
            )
        };
        check(major, minor)?;
        if confidential && was_confidential == 0 {
            return Err(GssapiError::invalid("no confidentiality in this context"));
        }
        token.extend_from_slice(wrapped.as_bytes());
        Ok(())
    }

    pub(super) fn unwrap(
        &mut self,
        token: &[u8],
        plain: &mut Vec<u8>,
    ) -> Result<Unwrapped, GssapiError> {
        let (mut minor, mut confidential) = (0, 0);
        let mut token = token.to_vec();
        let (mut input, mut unwrapped) = (lent(&mut token), Buffer::new());
        // SAFETY: all pointers are to locals that outlive the call, but for the quality of
        // protection, which is not asked for.
        let major = unsafe {
            gss_unwrap(
                &mut minor,
                self.0,
                &mut input,
                &mut unwrapped.0,
                &mut confidential,
                ptr::null_mut(),
            )
        };
        let status = check(major, minor)?;
        plain.extend_from_slice(unwrapped.as_bytes());
        Ok(Unwrapped {
            confidential: confidential != 0,
            sequence: sequence(status),
        })
    }

    pub(super) fn wrap_size_limit(
        &mut self,
        confidential: bool,
        token: u32,
    ) -> Result<u32, GssapiError> {
        let (mut minor, mut limit) = (0, 0);
        // SAFETY: all pointers are to locals that outlive the call.
        let major = unsafe {
            gss_wrap_size_limit(
                &mut minor,
                self.0,
                c_int::from(confidential),
                GSS_C_QOP_DEFAULT,
                token,
                &mut limit,
            )
        };
        check(major, minor)?;
        Ok(limit)
    }
}

impl Drop for Context {
    /// Here alone; the peer is not told (`GS-29`).
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: it was made by the library, and is deleted once.
            unsafe { gss_delete_sec_context(&mut 0, &mut self.0, ptr::null_mut()) };
        }
    }
}

/// Whether a context stands; `false` if it goes on. A token that was there before or is out of
/// its place is an error here, and the library has then given the context up (RFC 2744 §5.1, §5.19).
fn is_complete(major: u32, minor: u32) -> Result<bool, GssapiError> {
    match check(major, minor)? {
        0 => Ok(true),
        _GSS_S_CONTINUE_NEEDED => Ok(false),
        status => Err(failure(status, minor)),
    }
}

/// A message that is not as new as the last one counts as replayed. Without sequencing the library
/// tells those that were there before, or are too old to tell, from those that came late; with it,
/// it calls the late ones and the old ones alike, so a replay of an old one would pass for late.
fn sequence(status: u32) -> Sequence {
    if status & (_GSS_S_DUPLICATE_TOKEN | _GSS_S_OLD_TOKEN | _GSS_S_UNSEQ_TOKEN) != 0 {
        Sequence::Replayed
    } else if status & _GSS_S_GAP_TOKEN != 0 {
        Sequence::OutOfOrder
    } else {
        Sequence::Expected
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// GS-9: what is said about a token's place in the order is fatal while a context is
    /// established (RFC 2744 §5.1, §5.19), so a token that was there before completes nothing.
    #[test]
    fn old_tokens_establish_nothing() {
        assert!(is_complete(0, 0).unwrap());
        assert!(!is_complete(_GSS_S_CONTINUE_NEEDED, 0).unwrap());
        for place in [
            _GSS_S_DUPLICATE_TOKEN,
            _GSS_S_OLD_TOKEN,
            _GSS_S_UNSEQ_TOKEN,
            _GSS_S_GAP_TOKEN,
        ] {
            for status in [place, place | _GSS_S_CONTINUE_NEEDED] {
                let error = is_complete(status, 0).unwrap_err();
                assert_eq!(error.status().major, status);
                assert!(!error.to_string().is_empty());
            }
        }
        assert!(is_complete(13 << 16, 0).is_err());
    }

    /// GS-26: a message that came late counts as one that was there before. In a context with
    /// sequencing MIT's library calls one that is too old to tell "unsequenced", not "old".
    #[test]
    fn late_messages_are_replays() {
        for (status, expected) in [
            (0, Sequence::Expected),
            (_GSS_S_GAP_TOKEN, Sequence::OutOfOrder),
            (_GSS_S_UNSEQ_TOKEN, Sequence::Replayed),
            (_GSS_S_OLD_TOKEN, Sequence::Replayed),
            (_GSS_S_DUPLICATE_TOKEN, Sequence::Replayed),
        ] {
            assert_eq!(sequence(status), expected, "{status}");
        }
    }
}
