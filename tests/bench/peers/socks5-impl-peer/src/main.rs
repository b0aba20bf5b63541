//! CONNECT by socks5-impl, with tokio's copy, the runtime with a thread a core. The crate leaves the
//! relay of datagrams to the application, so there is none. It listens on a free port of loopback
//! and says which.

#[path = "../../arguments.rs"]
mod arguments;

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use socks5_impl::{
    Address, Result, UserKey,
    protocol::Reply,
    server::{ClientConnection, IncomingConnection, Server, auth},
};
use tokio::{io::copy_bidirectional, net::TcpStream};

use arguments::Arguments;

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let runtime = arguments.runtime()?;
    runtime.block_on(run(arguments))
}

async fn run(arguments: Arguments) -> Result<()> {
    let auth: auth::AuthAdaptor = match arguments.login {
        None => Arc::new(auth::NoAuth),
        Some((user, password)) => Arc::new(auth::UserKeyAuth::from(UserKey::new(&user, &password))),
    };
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let server = Server::bind(any, auth).await?;
    eprintln!("listening on {}", server.local_addr()?);
    loop {
        let (connection, _) = server.accept().await?;
        tokio::spawn(serve(connection));
    }
}

async fn serve(connection: IncomingConnection) -> Result<()> {
    let connection = connection.authenticate().await?;
    if let ClientConnection::Connect(connect, destination) = connection.wait_request().await? {
        let mut target = TcpStream::connect(SocketAddr::try_from(destination)?).await?;
        target.set_nodelay(true)?;
        let bound = Address::from(target.local_addr()?);
        let mut client = connect.reply(Reply::Succeeded, bound).await?;
        client.set_nodelay(true)?;
        copy_bidirectional(&mut client, &mut target).await?;
    }
    Ok(())
}
