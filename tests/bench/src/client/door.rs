use std::{io, net::SocketAddr, time::Duration};

use tokio::{net::TcpStream, time::timeout};

use super::handshake::{Answers, address, invalid};

/// User and password of all servers that want a login.
pub(crate) const LOGIN: (&str, &str) = ("bench", "throwaway");

/// Until a tunnel is open, or an optimistic one has answered.
pub(crate) const PATIENCE: Duration = Duration::from_secs(3);

/// How to get to a target.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Door {
    pub(crate) addr: SocketAddr,
    pub(crate) way: Way,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Way {
    /// A forwarder, which knows the target.
    Straight,
    /// SOCKS5 CONNECT.
    Socks { target: SocketAddr, login: bool },
}

impl Door {
    /// Opens a tunnel message by message.
    pub(crate) async fn open(&self) -> io::Result<TcpStream> {
        timeout(PATIENCE, async {
            let mut stream = self.connect().await?;
            if let Way::Socks { target, login } = self.way {
                let mut answers = Answers::new(&mut stream);
                answers.send(&greeting(login)).await?;
                answers.method(login).await?;
                if login {
                    answers.send(&credentials()).await?;
                    answers.accepted().await?;
                }
                answers.send(&request(target)).await?;
                answers.reply().await?;
                answers.nothing()?;
            }
            Ok(stream)
        })
        .await?
    }

    /// Logs in, and asks for nothing.
    pub(crate) async fn log_in(&self, patience: Duration) -> io::Result<TcpStream> {
        timeout(patience, async {
            let mut stream = self.connect().await?;
            let mut answers = Answers::new(&mut stream);
            answers.send(&greeting(true)).await?;
            answers.method(true).await?;
            answers.send(&credentials()).await?;
            answers.accepted().await?;
            answers.nothing()?;
            Ok(stream)
        })
        .await?
    }

    /// Sends the whole handshake and `payload` at once, and reads as many octets behind the answers.
    pub(crate) async fn open_optimistically(
        &self,
        payload: &[u8],
        echo: &mut [u8],
    ) -> io::Result<TcpStream> {
        timeout(PATIENCE, async {
            let mut stream = self.connect().await?;
            let mut answers = Answers::new(&mut stream);
            let mut octets = Vec::with_capacity(64);
            if let Way::Socks { target, login } = self.way {
                octets.extend(greeting(login));
                octets.extend(if login { credentials() } else { Vec::new() });
                octets.extend(request(target));
            }
            octets.extend(payload);
            answers.send(&octets).await?;
            if let Way::Socks { login, .. } = self.way {
                answers.method(login).await?;
                if login {
                    answers.accepted().await?;
                }
                answers.reply().await?;
            }
            echo.copy_from_slice(answers.take(echo.len()).await?);
            answers.nothing()?;
            Ok(stream)
        })
        .await?
    }

    async fn connect(&self) -> io::Result<TcpStream> {
        let stream = TcpStream::connect(self.addr).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}

fn greeting(login: bool) -> [u8; 3] {
    [5, 1, if login { 2 } else { 0 }]
}

fn credentials() -> Vec<u8> {
    let (user, password) = LOGIN;
    let mut octets = vec![1];
    for field in [user, password] {
        octets.push(field.len() as u8);
        octets.extend(field.as_bytes());
    }
    octets
}

fn request(target: SocketAddr) -> Vec<u8> {
    let mut octets = vec![5, 1, 0];
    octets.extend(address(target));
    octets
}

impl Answers<'_> {
    async fn method(&mut self, login: bool) -> io::Result<()> {
        match (self.take(2).await?, login) {
            ([5, 0], false) | ([5, 2], true) => Ok(()),
            (other, _) => Err(invalid(format!("the greeting is answered {other:02x?}"))),
        }
    }

    async fn accepted(&mut self) -> io::Result<()> {
        match self.take(2).await? {
            [_, 0] => Ok(()),
            other => Err(invalid(format!("the login is answered {other:02x?}"))),
        }
    }

    async fn reply(&mut self) -> io::Result<()> {
        let rest = match self.take(4).await? {
            [5, 0, _, 1] => 6,
            [5, 0, _, 4] => 18,
            other => return Err(invalid(format!("the request is answered {other:02x?}"))),
        };
        self.take(rest).await?;
        Ok(())
    }
}
