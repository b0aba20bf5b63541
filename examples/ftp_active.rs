//! Active FTP through a proxy: the server opens the data connection, to a port that the proxy
//! listens at for us (BIND). The file goes to standard output.
//!
//! `ftp_active [PROXY] [SERVER] [FILE]`: the server by its IPv4 address and port.

use std::{
    error::Error,
    net::{SocketAddr, SocketAddrV4},
};

use socks_core::Address;
use socks_tower::client::Client;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Longest line of a reply.
const MAX_LINE: u64 = 4096;

#[tokio::main]
async fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let proxy = args.next().unwrap_or_else(|| "127.0.0.1:1080".to_owned());
    let server = args.next().as_deref().unwrap_or("127.0.0.1:21").parse()?;
    let file = args.next().unwrap_or_else(|| "README".to_owned());
    download(&proxy, server, &file, &mut tokio::io::stdout()).await
}

async fn download(
    proxy: &str,
    server: SocketAddr,
    file: &str,
    output: &mut (impl AsyncWrite + Unpin),
) -> Result<()> {
    let control = Client::dial_socks5(proxy).await?.connect(server).await?;
    let mut ftp = Ftp(BufReader::new(control));
    ftp.reply(2).await?;
    if ftp.command("USER anonymous").await?.starts_with('3') {
        ftp.command("PASS guest@").await?;
    }
    ftp.command("TYPE I").await?;

    // The primary connection goes to the host from which the data connection will come.
    let mut host = server;
    host.set_port(0);
    let listening = Client::dial_socks5(proxy).await?.bind(host).await?;
    let Address::Socket(SocketAddr::V4(bound)) = *listening.bound() else {
        return Err("PORT takes an IPv4 address".into());
    };
    ftp.command(&port(bound)).await?;
    ftp.send(&format!("RETR {file}")).await?;
    ftp.reply(1).await?;

    // Whoever else found the port is not let in.
    let (mut data, _) = listening.accept_from(server.ip()).await?;
    tokio::io::copy(&mut data, output).await?;
    output.flush().await?;
    ftp.reply(2).await?;
    ftp.command("QUIT").await?;
    Ok(())
}

/// Where the server shall connect to (RFC 959 §4.1.2).
fn port(addr: SocketAddrV4) -> String {
    let [a, b, c, d] = addr.ip().octets();
    let [high, low] = addr.port().to_be_bytes();
    format!("PORT {a},{b},{c},{d},{high},{low}")
}

/// The dialogue of RFC 959, as far as it is needed here.
struct Ftp<S>(S);

impl<S: AsyncBufReadExt + AsyncWrite + Unpin> Ftp<S> {
    async fn send(&mut self, command: &str) -> Result<()> {
        // A line break would begin another command.
        if command.contains(['\r', '\n']) {
            return Err("a line break in a command".into());
        }
        self.0
            .write_all(format!("{command}\r\n").as_bytes())
            .await?;
        self.0.flush().await?;
        Ok(())
    }

    /// Sends a command and reads a reply that says "done" or "go on".
    async fn command(&mut self, command: &str) -> Result<String> {
        self.send(command).await?;
        let reply = self.any_reply().await?;
        match reply.starts_with(['2', '3']) {
            true => Ok(reply),
            false => Err(reply.into()),
        }
    }

    async fn reply(&mut self, class: u8) -> Result<String> {
        let reply = self.any_reply().await?;
        match reply.starts_with(char::from(b'0' + class)) {
            true => Ok(reply),
            false => Err(reply.into()),
        }
    }

    /// The last line of a reply: a code, a space and text (RFC 959 §4.2).
    async fn any_reply(&mut self) -> Result<String> {
        loop {
            let mut line = String::new();
            (&mut self.0).take(MAX_LINE).read_line(&mut line).await?;
            if !line.ends_with('\n') {
                return Err("the server closed the control connection".into());
            }
            let code = line.bytes().take_while(u8::is_ascii_digit).count();
            if code == 3 && line.as_bytes().get(3) == Some(&b' ') {
                return Ok(line.trim_end().to_owned());
            }
        }
    }
}
