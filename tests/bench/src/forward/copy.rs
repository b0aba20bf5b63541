use std::io;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpStream,
        tcp::{ReadHalf, WriteHalf},
    },
};

/// Reads and writes `block` octets at a time.
pub(super) async fn both_ways(
    mut inside: TcpStream,
    mut outside: TcpStream,
    block: usize,
) -> io::Result<()> {
    let (from_inside, to_inside) = inside.split();
    let (from_outside, to_outside) = outside.split();
    tokio::try_join!(
        one_way(from_inside, to_outside, block),
        one_way(from_outside, to_inside, block),
    )?;
    Ok(())
}

async fn one_way(mut from: ReadHalf<'_>, mut to: WriteHalf<'_>, block: usize) -> io::Result<()> {
    let mut buffer = vec![0; block];
    loop {
        match from.read(&mut buffer).await? {
            0 => return to.shutdown().await,
            read => to.write_all(&buffer[..read]).await?,
        }
    }
}
