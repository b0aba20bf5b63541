use tokio::net::{TcpStream, ToSocketAddrs};

use super::{ClientError, Socks4Client, Socks5Client};

/// Where a client begins: with a stream to a proxy, or by dialling one.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Client;

impl Client {
    /// Speaks SOCKS5 over `stream`, which is at its very beginning.
    pub fn socks5<S>(stream: S) -> Socks5Client<S> {
        Socks5Client::new(stream)
    }

    /// Speaks SOCKS4, and SOCKS4A where the destination is a name, over `stream`, which is at its
    /// very beginning.
    pub fn socks4<S>(stream: S) -> Socks4Client<S> {
        Socks4Client::new(stream)
    }

    /// Connects to a SOCKS5 proxy by TCP, with `TCP_NODELAY`.
    ///
    /// # Errors
    ///
    /// [`Io`](super::ClientErrorKind::Io): the proxy could not be reached.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives the attempt up.
    pub async fn dial_socks5(
        proxy: impl ToSocketAddrs,
    ) -> Result<Socks5Client<TcpStream>, ClientError> {
        let stream = dial(proxy).await?;
        let server = stream.peer_addr()?;
        Ok(Self::socks5(stream).server(server))
    }

    /// Connects to a SOCKS4 proxy by TCP, with `TCP_NODELAY`.
    ///
    /// # Errors
    ///
    /// [`Io`](super::ClientErrorKind::Io): the proxy could not be reached.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives the attempt up.
    pub async fn dial_socks4(
        proxy: impl ToSocketAddrs,
    ) -> Result<Socks4Client<TcpStream>, ClientError> {
        let stream = dial(proxy).await?;
        let server = stream.peer_addr()?;
        Ok(Self::socks4(stream).server(server))
    }
}

async fn dial(proxy: impl ToSocketAddrs) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect(proxy).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}
