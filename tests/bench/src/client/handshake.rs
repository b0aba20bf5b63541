use std::{io, net::SocketAddr};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// What a server has answered, as many octets at a time as it takes.
pub(super) struct Answers<'a> {
    stream: &'a mut TcpStream,
    octets: [u8; 64],
    taken: usize,
    filled: usize,
}

impl<'a> Answers<'a> {
    pub(super) fn new(stream: &'a mut TcpStream) -> Self {
        Self {
            stream,
            octets: [0; 64],
            taken: 0,
            filled: 0,
        }
    }

    pub(super) async fn send(&mut self, octets: &[u8]) -> io::Result<()> {
        self.stream.write_all(octets).await
    }

    /// The next `len` octets; reads only if they are not there yet.
    pub(super) async fn take(&mut self, len: usize) -> io::Result<&[u8]> {
        let end = self.taken + len;
        while self.filled < end {
            match self.stream.read(&mut self.octets[self.filled..]).await? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                read => self.filled += read,
            }
        }
        let taken = &self.octets[self.taken..end];
        self.taken = end;
        Ok(taken)
    }

    /// Nothing may have come that nobody waits for.
    pub(super) fn nothing(&self) -> io::Result<()> {
        match self.filled - self.taken {
            0 => Ok(()),
            more => Err(invalid(format!("{more} octets behind the answers"))),
        }
    }
}

/// Type, address and port, as they stand in requests and UDP headers.
pub(crate) fn address(addr: SocketAddr) -> Vec<u8> {
    let mut octets = Vec::with_capacity(19);
    match addr {
        SocketAddr::V4(addr) => {
            octets.push(1);
            octets.extend(addr.ip().octets());
        }
        SocketAddr::V6(addr) => {
            octets.push(4);
            octets.extend(addr.ip().octets());
        }
    }
    octets.extend(addr.port().to_be_bytes());
    octets
}

pub(super) fn invalid(what: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
