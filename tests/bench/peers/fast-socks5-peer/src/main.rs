//! CONNECT and UDP ASSOCIATE by fast-socks5, as its own example serves them, the runtime with a
//! thread a core. It listens on a free port of loopback and says which.

#[path = "../../arguments.rs"]
mod arguments;

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
    time::Duration,
};

use fast_socks5::{
    ReplyError, Result, Socks5Command,
    server::{DnsResolveHelper as _, Socks5ServerProtocol, run_tcp_proxy, run_udp_proxy},
};
use tokio::net::{TcpListener, TcpStream};

use arguments::Arguments;

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let runtime = arguments.runtime()?;
    runtime.block_on(run(Arc::new(arguments)))
}

async fn run(arguments: Arc<Arguments>) -> Result<()> {
    let listener = TcpListener::bind((LOOPBACK, 0)).await?;
    eprintln!("listening on {}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        let arguments = arguments.clone();
        // A client that resets its connection is no news.
        tokio::spawn(async move { serve(stream, &arguments).await });
    }
}

async fn serve(stream: TcpStream, arguments: &Arguments) -> Result<()> {
    let protocol = match &arguments.login {
        None => Socks5ServerProtocol::accept_no_auth(stream).await?,
        Some((user, password)) => {
            let check = |given: String, word: String| given == *user && word == *password;
            Socks5ServerProtocol::accept_password_auth(stream, check)
                .await?
                .0
        }
    };
    let (protocol, command, destination) = protocol.read_command().await?.resolve_dns().await?;
    match command {
        Socks5Command::TCPConnect => {
            run_tcp_proxy(protocol, &destination, Duration::from_secs(10), true).await?;
        }
        Socks5Command::UDPAssociate => {
            // Bound to IPv4 on both sides: cheaper than its sockets for both families.
            let bind = Some(LOOPBACK);
            run_udp_proxy(protocol, &destination, bind, LOOPBACK, bind).await?;
        }
        Socks5Command::TCPBind => {
            protocol
                .reply_error(&ReplyError::CommandNotSupported)
                .await?;
        }
    }
    Ok(())
}
