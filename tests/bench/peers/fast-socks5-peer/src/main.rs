//! UDP ASSOCIATE by fast-socks5, as its own example serves it: no authentication, the runtime with
//! a thread a core. It listens on a free port of loopback and says which.

use std::net::{IpAddr, Ipv4Addr};

use fast_socks5::{
    ReplyError, Result, Socks5Command,
    server::{DnsResolveHelper as _, Socks5ServerProtocol, run_udp_proxy},
};
use tokio::net::{TcpListener, TcpStream};

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

#[tokio::main]
async fn main() -> Result<()> {
    let listener = TcpListener::bind((LOOPBACK, 0)).await?;
    eprintln!("listening on {}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(async move {
            if let Err(error) = serve(stream).await {
                eprintln!("{error}");
            }
        });
    }
}

async fn serve(stream: TcpStream) -> Result<()> {
    let (protocol, command, destination) = Socks5ServerProtocol::accept_no_auth(stream)
        .await?
        .read_command()
        .await?
        .resolve_dns()
        .await?;
    match command {
        Socks5Command::UDPAssociate => {
            // Bound to IPv4 on both sides: cheaper than its sockets for both families.
            let bind = Some(LOOPBACK);
            run_udp_proxy(protocol, &destination, bind, LOOPBACK, bind).await?;
        }
        _ => {
            protocol
                .reply_error(&ReplyError::CommandNotSupported)
                .await?;
        }
    }
    Ok(())
}
