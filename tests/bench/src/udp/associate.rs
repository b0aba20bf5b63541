use std::{
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpStream},
    time::Duration,
};

use crate::{BoxError, client::address};

const PATIENCE: Duration = Duration::from_secs(5);

/// Associates a client that sends from `own`: its connection, and where the relay is.
pub(super) fn associate(
    server: SocketAddr,
    own: SocketAddr,
) -> Result<(TcpStream, SocketAddr), BoxError> {
    let mut control = TcpStream::connect_timeout(&server, PATIENCE)?;
    control.set_read_timeout(Some(PATIENCE))?;
    control.write_all(&[5, 1, 0])?;
    let mut selection = [0; 2];
    control.read_exact(&mut selection)?;
    let mut request = vec![5, 3, 0];
    request.extend(address(own));
    control.write_all(&request)?;
    let mut reply = [0; 10];
    control.read_exact(&mut reply)?;
    let [5, 0, 0, 1, a, b, c, d, high, low] = reply else {
        return Err(format!("UDP ASSOCIATE is answered {reply:02x?}").into());
    };
    let port = u16::from_be_bytes([high, low]);
    let relay = SocketAddrV4::new(Ipv4Addr::new(a, b, c, d), port);
    Ok((control, relay.into()))
}
