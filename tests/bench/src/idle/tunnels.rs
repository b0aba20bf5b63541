use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

use crate::{
    BoxError,
    client::Door,
    pattern::Stretch,
    target::{ECHO, receive, send},
};

/// Tunnels that are opened, or echo, at a time.
const AT_ONCE: usize = 64;

pub(crate) async fn open(doors: &[Door], tunnels: usize) -> Result<Vec<TcpStream>, BoxError> {
    let doors = doors.iter().copied().cycle().take(tunnels);
    let open = |door: Door| async move { Ok(door.open().await?) };
    some_at_a_time(doors, open).await
}

pub(crate) async fn echo_all(
    streams: Vec<TcpStream>,
    octets: u64,
) -> Result<Vec<TcpStream>, BoxError> {
    let echo = move |mut stream| async move {
        echo(&mut stream, octets).await?;
        Ok(stream)
    };
    some_at_a_time(streams.into_iter(), echo).await
}

/// Neither more than a listener's backlog, nor one by one: a server that delays small segments
/// takes 40 ms for each.
async fn some_at_a_time<T, F>(
    mut waiting: impl Iterator<Item = T>,
    make: impl Fn(T) -> F,
) -> Result<Vec<TcpStream>, BoxError>
where
    F: Future<Output = Result<TcpStream, BoxError>> + Send + 'static,
{
    let (mut batch, mut done) = (JoinSet::new(), Vec::new());
    loop {
        for next in waiting.by_ref().take(AT_ONCE - batch.len()) {
            batch.spawn(make(next));
        }
        match batch.join_next().await {
            Some(stream) => done.push(stream??),
            None => return Ok(done),
        }
    }
}

async fn echo(stream: &mut TcpStream, octets: u64) -> Result<(), BoxError> {
    stream.write_all(&[ECHO]).await?;
    stream.read_u8().await?;
    let (mut reader, mut writer) = stream.split();
    let mut stretch = Stretch::new(0, octets);
    let (received, ()) = tokio::try_join!(
        receive(&mut reader, &mut stretch),
        send(&mut writer, Stretch::new(0, octets)),
    )?;
    Ok(received?)
}
