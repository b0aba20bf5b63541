use std::{
    io::{self, ErrorKind::InvalidData},
    time::Duration,
};

use proxy_header::{ParseConfig, Protocol, ProxyHeader};
use socks_core::message::TlsPeer;
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    time::timeout_at,
};

use super::future::Read;
use crate::{Incoming, SessionEnd, time::after};

/// From the accepted connection to the end of the header.
const PATIENCE: Duration = Duration::from_secs(5);

/// How version 2 begins. Every header of version 1 is longer than this, too.
const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";

/// Signature, version, family and length of version 2.
const FIXED: usize = 16;

/// Version 2 and its command: the balancer speaks for itself.
const LOCAL: u8 = 0x20;

/// Octets of version 2 behind the fixed part.
const MAX_V2: usize = 4096 - FIXED;

/// Octets of version 1 with its CR and LF.
const MAX_V1: usize = 107;

/// Reads the header and nothing behind it.
pub(super) async fn read<Io: AsyncRead + Unpin + 'static>(mut incoming: Incoming<Io>) -> Read<Io> {
    let deadline = after(incoming.accepted, PATIENCE);
    let read = timeout_at(deadline, octets(&mut incoming.io)).await;
    let end = match read {
        Ok(Ok(octets)) => match apply(&octets, &mut incoming) {
            Ok(()) => return Ok(incoming),
            Err(error) => SessionEnd::Io(error),
        },
        Ok(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => SessionEnd::Disconnected,
        Ok(Err(error)) => SessionEnd::Io(error),
        Err(_) => SessionEnd::TimedOut,
    };
    Err(Box::new(incoming.close(end)))
}

async fn octets<Io: AsyncRead + Unpin>(io: &mut Io) -> io::Result<Vec<u8>> {
    let mut octets = vec![0; SIGNATURE.len()];
    io.read_exact(&mut octets).await?;
    match octets.as_slice() {
        signature if signature == SIGNATURE => {
            octets.resize(FIXED, 0);
            let (_, rest) = octets.split_at_mut(SIGNATURE.len());
            io.read_exact(rest).await?;
            let length = match octets.last_chunk() {
                Some(length) => usize::from(u16::from_be_bytes(*length)),
                None => 0,
            };
            if length > MAX_V2 {
                return Err(malformed("a longer header than is read"));
            }
            octets.resize(FIXED + length, 0);
            let (_, rest) = octets.split_at_mut(FIXED);
            io.read_exact(rest).await?;
        }
        [b'P', b'R', b'O', b'X', b'Y', b' ', ..] => {
            while octets.last() != Some(&b'\n') {
                if octets.len() == MAX_V1 {
                    return Err(malformed("a line without an end"));
                }
                octets.push(io.read_u8().await?);
            }
        }
        _ => return Err(malformed("no header")),
    }
    Ok(octets)
}

/// Puts what the header says in place of what the socket said.
fn apply<Io>(octets: &[u8], incoming: &mut Incoming<Io>) -> io::Result<()> {
    let (header, length) = ProxyHeader::parse(octets, ParseConfig::default())
        .map_err(|error| io::Error::new(InvalidData, error))?;
    if length != octets.len() {
        return Err(malformed("octets behind the header"));
    }
    let Some(addresses) = header.proxied_address() else {
        // Whoever is behind a header that names nobody would get what the balancer's own address gets: on
        // the same machine that of a local client (SE-63).
        return match octets.get(SIGNATURE.len()) {
            Some(&LOCAL) => Ok(()),
            _ => Err(malformed("it does not say who the client is")),
        };
    };
    if addresses.protocol != Protocol::Stream {
        return Err(malformed("not TCP"));
    }
    incoming.peer = addresses.source.into();
    incoming.local = addresses.destination.into();
    // What a layer outside has learned of TLS, and of a certificate, is the balancer's.
    incoming.extensions.remove::<TlsPeer>();
    let tls = header.ssl().filter(|tls| tls.client_ssl());
    if let Some(tls) = tls {
        let mut peer = TlsPeer::new();
        peer.server_name = header
            .authority()
            .map(|name| name.to_ascii_lowercase().into());
        let verified = tls.verify() == 0 && (tls.client_cert_conn() || tls.client_cert_sess());
        peer.names
            .extend(tls.cn().filter(|_| verified).map(Into::into));
        incoming.extensions.insert(peer);
    }
    Ok(())
}

fn malformed(what: &'static str) -> io::Error {
    io::Error::new(InvalidData, format!("PROXY header: {what}"))
}
