use std::io;

use rustix::{
    net::{Shutdown, shutdown},
    pipe::{PipeFlags, SpliceFlags, fcntl_setpipe_size, pipe_with, splice},
};
use tokio::{io::Interest, net::TcpStream};

/// Of each direction's pipe, and of what is moved at a time.
const PIPE: usize = 1024 * 1024;

/// Moves octets through a pipe for each direction, without copying them.
pub(super) async fn both_ways(inside: TcpStream, outside: TcpStream) -> io::Result<()> {
    tokio::try_join!(one_way(&inside, &outside), one_way(&outside, &inside))?;
    Ok(())
}

async fn one_way(from: &TcpStream, to: &TcpStream) -> io::Result<()> {
    let (filled, empty) = pipe_with(PipeFlags::NONBLOCK | PipeFlags::CLOEXEC)?;
    // Without the right to such a large one it stays as it is.
    let _ = fcntl_setpipe_size(&empty, PIPE);
    let flags = SpliceFlags::NONBLOCK | SpliceFlags::MOVE;
    loop {
        let fill = || Ok(splice(from, None, &empty, None, PIPE, flags)?);
        let mut held = from.async_io(Interest::READABLE, fill).await?;
        if held == 0 {
            return Ok(shutdown(to, Shutdown::Write)?);
        }
        while held > 0 {
            let drain = || Ok(splice(&filled, None, to, None, held, flags)?);
            held -= to.async_io(Interest::WRITABLE, drain).await?;
        }
    }
}
