//! What stands behind the servers. A client says with its first octets what it wants: an echo, a
//! stream of the pattern, or the count of one that it sends.

use std::{io, net::Ipv4Addr};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::pattern::{BLOCK, Stretch, Wrong};

/// Everything, this octet included, comes back.
pub(crate) const ECHO: u8 = b'e';

/// Followed by seed and length: the pattern comes, then the end.
pub(crate) const DOWN: u8 = b'd';

/// Followed by seed and length: the target reads that, checks it, and answers [`RIGHT`] or
/// [`WRONG`]; whatever follows is [`WRONG`] too.
pub(crate) const UP: u8 = b'u';

pub(crate) const RIGHT: u8 = b'r';
pub(crate) const WRONG: u8 = b'w';

/// What a client of [`DOWN`] or [`UP`] sends first.
pub(crate) fn wish(command: u8, seed: u64, octets: u64) -> [u8; 17] {
    let mut wish = [command; 17];
    wish[1..9].copy_from_slice(&seed.to_be_bytes());
    wish[9..].copy_from_slice(&octets.to_be_bytes());
    wish
}

/// Listens on loopback, says where, and serves.
pub(crate) async fn run() -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    eprintln!("listening on {}", listener.local_addr()?);
    serve(listener).await
}

pub(crate) async fn serve(listener: TcpListener) -> io::Result<()> {
    loop {
        let (mut stream, _) = listener.accept().await?;
        tokio::spawn(async move {
            let _ = stream.set_nodelay(true);
            let _ = one(&mut stream).await;
        });
    }
}

async fn one(stream: &mut TcpStream) -> io::Result<()> {
    let mut small = [0; 1024];
    let read = stream.read(&mut small).await?;
    match small[..read] {
        [ECHO, ..] => return echo(stream, &mut small, read).await,
        [DOWN | UP, ..] => {}
        _ => return Ok(()),
    }
    let mut start = read;
    while start < 17 {
        match stream.read(&mut small[start..]).await? {
            0 => return Ok(()),
            read => start += read,
        }
    }
    let number = |at: usize| u64::from_be_bytes(std::array::from_fn(|octet| small[at + octet]));
    let mut stretch = Stretch::new(number(1), number(9));
    if small[0] == DOWN {
        send(stream, stretch).await?;
        stream.shutdown().await?;
        // The client closes when it has it all.
        while stream.read(&mut small).await? > 0 {}
        return Ok(());
    }
    let mut right = stretch.check(&small[17..start]);
    if right.is_ok() {
        right = receive(stream, &mut stretch).await?;
    }
    let verdict = if right.is_ok() { RIGHT } else { WRONG };
    stream.write_all(&[verdict]).await?;
    // Before the client ends: not every server passes on the end of one direction alone.
    while stream.read(&mut small).await? > 0 {
        stream.write_all(&[WRONG]).await?;
    }
    Ok(())
}

async fn echo(stream: &mut TcpStream, small: &mut [u8], mut read: usize) -> io::Result<()> {
    // Most tunnels never need it.
    let mut large = Vec::new();
    while read > 0 {
        let buffer = if large.is_empty() { &*small } else { &large };
        stream.write_all(&buffer[..read]).await?;
        if read == small.len() {
            large.resize(BLOCK, 0);
        }
        let buffer = if large.is_empty() {
            &mut *small
        } else {
            &mut large
        };
        read = stream.read(buffer).await.unwrap_or(0);
    }
    // Neither side keeps the pair of ports: thousands of connections come and go.
    stream.set_zero_linger()
}

/// Sends all of it.
pub(crate) async fn send(
    stream: &mut (impl AsyncWrite + Unpin),
    mut stretch: Stretch,
) -> io::Result<()> {
    while stretch.left() > 0 {
        let sent = stream.write(stretch.next()).await?;
        stretch.advance(sent);
    }
    Ok(())
}

/// Reads what is left, or until the end. The inner result is what the octets were.
pub(crate) async fn receive(
    stream: &mut (impl AsyncRead + Unpin),
    stretch: &mut Stretch,
) -> io::Result<Result<(), Wrong>> {
    receive_until(stream, stretch, 0).await
}

/// Reads until at most `left` octets are left.
pub(crate) async fn receive_until(
    stream: &mut (impl AsyncRead + Unpin),
    stretch: &mut Stretch,
    left: u64,
) -> io::Result<Result<(), Wrong>> {
    let mut buffer = vec![0; BLOCK];
    while stretch.left() > left {
        let read = stream.read(&mut buffer).await?;
        let checked = match read {
            0 => stretch.end(),
            read => stretch.check(&buffer[..read]),
        };
        if checked.is_err() {
            return Ok(checked);
        }
    }
    Ok(Ok(()))
}
