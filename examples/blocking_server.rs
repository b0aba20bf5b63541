//! CONNECT on threads of the standard library: the handshake is `socks-core`'s, the IO is ours.
//!
//! `blocking_server [LISTEN]`
//!
//! The safe default for destinations is `socks-tower`'s and `socks-acl`'s and is not in here, so
//! this server listens on loopback only: its clients could reach everything that it lets them reach
//! without it. It has no login either, no limit on threads, and its timeout is for each read.

use std::{
    error::Error,
    io::{self, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream, ToSocketAddrs},
    thread,
    time::Duration,
};

use socks_core::{
    Address, Command, Progress, ReplyCode,
    server::{Handshake, Opening, Requested},
};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

const HANDSHAKE: Duration = Duration::from_secs(10);
const CONNECT: Duration = Duration::from_secs(30);

fn main() -> Result<()> {
    let listen = std::env::args().nth(1);
    let listen: SocketAddr = listen.as_deref().unwrap_or("127.0.0.1:1080").parse()?;
    if !listen.ip().is_loopback() {
        return Err("this server has no access rules, so it listens on loopback only".into());
    }
    let listener = TcpListener::bind(listen)?;
    eprintln!("listening on {}", listener.local_addr()?);
    loop {
        let stream = match listener.accept() {
            Ok((stream, _)) => stream,
            Err(error) => {
                eprintln!("accept: {error}");
                // Out of descriptors, say: trying again at once would only spin.
                thread::sleep(Duration::from_millis(100));
                continue;
            }
        };
        let input = Vec::new();
        thread::spawn(move || {
            if let Err(error) = session(Wire { stream, input }) {
                eprintln!("session: {error}");
            }
        });
    }
}

/// The client's stream, with octets that have arrived and were not consumed yet.
struct Wire {
    stream: TcpStream,
    input: Vec<u8>,
}

impl Wire {
    /// Lets a state of the handshake have the input, and sends what it answers. A state that
    /// failed has something to say as well.
    fn step<T>(&mut self, step: impl FnOnce(&mut &[u8], &mut Vec<u8>) -> T) -> io::Result<T> {
        let mut input = self.input.as_slice();
        let mut output = Vec::new();
        let next = step(&mut input, &mut output);
        let consumed = self.input.len() - input.len();
        self.input.drain(..consumed);
        self.stream.write_all(&output)?;
        Ok(next)
    }

    /// Reads once. A state that wants more holds less than one message, so the input is bounded.
    fn receive(&mut self) -> io::Result<()> {
        let mut chunk = [0; 1024];
        let received = self.stream.read(&mut chunk)?;
        self.input.extend(chunk.iter().take(received));
        match received {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }

    /// Closes so that the last words arrive: unread input would turn the close into a reset.
    fn close(self) -> io::Result<()> {
        self.stream.shutdown(Shutdown::Write)?;
        io::copy(&mut self.stream.take(64 * 1024), &mut io::sink())?;
        Ok(())
    }
}

fn session(mut wire: Wire) -> Result<()> {
    wire.stream.set_nodelay(true)?;
    wire.stream.set_read_timeout(Some(HANDSHAKE))?;
    match handshake(&mut wire) {
        Ok(Some(requested)) => serve(wire, requested),
        Ok(None) => Ok(wire.close()?),
        Err(error) => {
            wire.close()?;
            Err(error)
        }
    }
}

/// Up to the request; `None` if the client offers no method that is served.
fn handshake(wire: &mut Wire) -> Result<Option<Requested>> {
    let mut handshake = Handshake::new();
    let opening = loop {
        wire.receive()?;
        match wire.step(|input, output| handshake.receive(input, output))?? {
            Progress::NeedInput(same) => handshake = same,
            Progress::Next(opening) => break opening,
        }
    };
    let offered = match opening {
        Opening::Socks4(requested) => return Ok(Some(requested)),
        Opening::Socks5(offered) => offered,
    };
    // A server with logins would `select` a sub-negotiation here.
    let selected = wire.step(|_, output| match offered.no_authentication(output) {
        Ok(awaiting) => Some(awaiting),
        Err(offered) => {
            offered.select_none(output);
            None
        }
    })?;
    let Some(mut awaiting) = selected else {
        return Ok(None);
    };
    loop {
        match wire.step(|input, output| awaiting.receive(input, output))?? {
            Progress::NeedInput(same) => awaiting = same,
            Progress::Next(requested) => return Ok(Some(requested)),
        }
        wire.receive()?;
    }
}

fn serve(mut wire: Wire, requested: Requested) -> Result<()> {
    let target = match requested.command() {
        Command::Connect => connect(requested.destination()),
        _ => Err(ReplyCode::COMMAND_NOT_SUPPORTED),
    };
    let mut target = match target {
        Ok(target) => target,
        Err(code) => {
            wire.step(|_, output| requested.refuse(code, output))?;
            return Ok(wire.close()?);
        }
    };
    let bound = target.local_addr()?;
    wire.step(|_, output| requested.succeed(bound, output))?;

    let Wire {
        stream: client,
        input,
    } = wire;
    client.set_read_timeout(None)?;
    target.set_nodelay(true)?;
    // What the client sent behind its request belongs to the target.
    target.write_all(&input)?;
    thread::scope(|scope| {
        scope.spawn(|| copy(&client, &target));
        copy(&target, &client);
    });
    Ok(())
}

fn connect(destination: &Address) -> std::result::Result<TcpStream, ReplyCode> {
    let addrs: Vec<SocketAddr> = match destination {
        Address::Socket(addr) => vec![*addr],
        Address::Domain(name, port) => match (name.to_string(), *port).to_socket_addrs() {
            Ok(addrs) => addrs.collect(),
            Err(_) => return Err(ReplyCode::HOST_UNREACHABLE),
        },
    };
    let mut code = ReplyCode::HOST_UNREACHABLE;
    for addr in addrs {
        match TcpStream::connect_timeout(&addr, CONNECT) {
            Ok(stream) => return Ok(stream),
            Err(error) => code = reply_code(&error),
        }
    }
    Err(code)
}

fn reply_code(error: &io::Error) -> ReplyCode {
    match error.kind() {
        io::ErrorKind::PermissionDenied => ReplyCode::NOT_ALLOWED,
        io::ErrorKind::NetworkUnreachable => ReplyCode::NETWORK_UNREACHABLE,
        io::ErrorKind::HostUnreachable => ReplyCode::HOST_UNREACHABLE,
        io::ErrorKind::ConnectionRefused => ReplyCode::CONNECTION_REFUSED,
        io::ErrorKind::TimedOut => ReplyCode::TTL_EXPIRED,
        _ => ReplyCode::GENERAL_FAILURE,
    }
}

/// One direction. Its end is passed on as a half-close while the other direction goes on; an error
/// ends both.
fn copy(mut from: &TcpStream, mut to: &TcpStream) {
    let how = match io::copy(&mut from, &mut to) {
        Ok(_) => Shutdown::Write,
        Err(_) => {
            // Fails for a connection that is gone already.
            let _ = from.shutdown(Shutdown::Both);
            Shutdown::Both
        }
    };
    let _ = to.shutdown(how);
}
