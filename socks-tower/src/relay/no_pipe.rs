use std::io;

use tokio::net::TcpStream;

/// There is no splicing on this system, so nobody ever has a pipe.
#[derive(Debug)]
pub(super) enum Pipe {}

impl Pipe {
    pub(super) fn take() -> Option<Self> {
        None
    }

    pub(super) fn put_back(self) {
        match self {}
    }

    pub(super) fn held(&self) -> usize {
        match *self {}
    }

    pub(super) fn fill(&mut self, _: &TcpStream, _: usize) -> io::Result<usize> {
        match *self {}
    }

    pub(super) fn drain(&mut self, _: &TcpStream) -> io::Result<usize> {
        match *self {}
    }
}
