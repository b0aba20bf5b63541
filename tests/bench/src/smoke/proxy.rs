use std::io;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
};

use crate::{
    client::{Door, Way},
    target,
};

/// What becomes of one octet of every tunnel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    None,
    Changed {
        up: bool,
        place: usize,
    },
    Dropped {
        up: bool,
        place: usize,
    },
    /// The tunnel ends there.
    Cut {
        up: bool,
        place: usize,
    },
}

/// The door to a target through a SOCKS5 proxy, both in this process.
pub(super) async fn door(login: bool, fault: Fault) -> Door {
    let target = listener().await;
    let addr = target.local_addr().unwrap();
    tokio::spawn(target::serve(target));
    let proxy = listener().await;
    let way = Way::Socks {
        target: addr,
        login,
    };
    let door = Door {
        addr: proxy.local_addr().unwrap(),
        way,
    };
    tokio::spawn(async move {
        loop {
            let (client, _) = proxy.accept().await.unwrap();
            tokio::spawn(serve(client, login, fault));
        }
    });
    door
}

async fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

async fn serve(mut client: TcpStream, login: bool, fault: Fault) -> io::Result<()> {
    let mut octets = [0; 64];
    client.read_exact(&mut octets[..3]).await?;
    assert_eq!(octets[..3], [5, 1, if login { 2 } else { 0 }]);
    client.write_all(&[5, octets[2]]).await?;
    if login {
        let (user, password) = crate::client::LOGIN;
        let len = 3 + user.len() + password.len();
        client.read_exact(&mut octets[..len]).await?;
        assert_eq!(octets[2..2 + user.len()], *user.as_bytes());
        client.write_all(&[1, 0]).await?;
    }
    client.read_exact(&mut octets[..10]).await?;
    assert_eq!(octets[..8], [5, 1, 0, 1, 127, 0, 0, 1]);
    let port = u16::from_be_bytes([octets[8], octets[9]]);
    let target = TcpStream::connect(("127.0.0.1", port)).await?;
    client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await?;
    let (from_client, to_client) = client.into_split();
    let (from_target, to_target) = target.into_split();
    tokio::try_join!(
        one_way(from_client, to_target, true, fault),
        one_way(from_target, to_client, false, fault),
    )?;
    Ok(())
}

async fn one_way(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    this: bool,
    fault: Fault,
) -> io::Result<()> {
    let (mut buffer, mut start) = (vec![0; 10_000], 0);
    loop {
        let read = from.read(&mut buffer).await?;
        if read == 0 {
            return to.shutdown().await;
        }
        let mut octets = buffer[..read].to_vec();
        let index = |place: usize| place.checked_sub(start).filter(|index| *index < read);
        match fault {
            Fault::Changed { up, place } if up == this => {
                if let Some(index) = index(place) {
                    octets[index] ^= 0x80;
                }
            }
            Fault::Dropped { up, place } if up == this => {
                if let Some(index) = index(place) {
                    octets.remove(index);
                }
            }
            Fault::Cut { up, place } if up == this && index(place).is_some() => {
                return Err(io::ErrorKind::ConnectionAborted.into());
            }
            _ => {}
        }
        start += read;
        to.write_all(&octets).await?;
    }
}
