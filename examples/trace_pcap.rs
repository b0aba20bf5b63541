//! Records what is relayed as if it had been captured between the clients and their targets, for `tcpdump -r` and
//! Wireshark: octets of TCP in segments with a handshake and an end around them, and datagrams.
//!
//! `trace_pcap FILE [LISTEN]`: the file is in pcapng. A session's first packet says in a comment which one it is, and
//! what it asked for.
//!
//! Addresses and ports are real where they are known, and else zeros: a client's datagrams have the port of its
//! connection. Everything else of the headers is made up. When the disk is slower than the tunnels, these do not wait:
//! what is missing is a gap in the sequence numbers.

use std::{
    collections::HashMap,
    error::Error,
    fs::File,
    io::{self, BufWriter, Write},
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::{SystemTime, UNIX_EPOCH},
};

use etherparse::{IpHeaders, PacketBuilder, PacketBuilderStep};
use pcap_file::{
    DataLink,
    pcapng::{
        PcapNgWriter,
        blocks::{
            enhanced_packet::{EnhancedPacketBlock, EnhancedPacketOption},
            interface_description::{InterfaceDescriptionBlock, InterfaceDescriptionOption},
        },
    },
};
use socks_acl::SafeDefault;
use socks_core::{Address, Command, message::SessionId};
use socks_tower::{
    AdaptiveRelay, SocksService, TcpBinder, TcpConnector, UdpRelay,
    inspect::{InspectDatagrams, InspectLayer, TapEvent, TapReader, TapRecord, tap},
    serve,
    udp::Direction,
};
use tokio::{net::TcpListener, runtime::Handle};
use tower::Layer;

/// Records that wait for the disk, with a chunk of 16 KiB each at most.
const WAITING: usize = 4096;

/// Sessions that are remembered. The end of one may be missing from the records, as anything else may.
const MAX_FLOWS: usize = 65_536;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let file = args.next().ok_or("trace_pcap FILE [LISTEN]")?;
    let listen = args.next();

    let trace = Trace::new(BufWriter::new(create(&file)?))?;
    let (tap, reader) = tap(WAITING);
    let runtime = Handle::current();
    tokio::task::spawn_blocking(move || {
        if let Err(error) = record(trace, reader, &runtime) {
            eprintln!("the trace ends: {error}");
        }
    });

    let socks = SocksService::new(TcpConnector::new())
        .access(SafeDefault::new().bind(true))
        .binder(TcpBinder::new())
        .udp_relayer(UdpRelay::new().filter(InspectDatagrams::new(tap.clone())))
        .relay(InspectLayer::new(tap).layer(AdaptiveRelay::new()));
    let listener = TcpListener::bind(listen.as_deref().unwrap_or("127.0.0.1:1080")).await?;
    eprintln!("listening on {}", listener.local_addr()?);
    serve(listener, socks).await?;
    Ok(())
}

/// What is recorded has passwords in it, so it is for nobody else to read.
fn create(path: &str) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

type Result_ = Result<(), Box<dyn Error>>;

/// The file is whole whenever there is nothing to record.
fn record(mut trace: Trace<impl Write>, mut reader: TapReader, runtime: &Handle) -> Result_ {
    while let Some(record) = runtime.block_on(reader.recv()) {
        trace.record(record)?;
        while let Some(record) = reader.try_recv() {
            trace.record(record)?;
        }
        trace.pcap.get_mut().flush()?;
    }
    Ok(())
}

struct Trace<W: Write> {
    pcap: PcapNgWriter<W>,
    /// Stands beside the next packet.
    comment: Option<String>,
    flows: HashMap<SessionId, Flow>,
}

/// What the headers of a session's packets are made of.
struct Flow {
    client: End,
    remote: End,
    /// Datagrams are not in need of a beginning and an end.
    tcp: bool,
    active: SystemTime,
}

#[derive(Clone, Copy)]
struct End {
    addr: SocketAddr,
    /// The next sequence number.
    next: u32,
    ended: bool,
}

/// Flags of a segment.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flag {
    Syn,
    SynAck,
    Ack,
    Push,
    Fin,
    Reset,
}

impl<W: Write> Trace<W> {
    fn new(file: W) -> Result<Self, Box<dyn Error>> {
        let mut pcap = PcapNgWriter::new(file)?;
        // Packets begin with their IP header, and times are in nanoseconds.
        let mut interface = InterfaceDescriptionBlock::new(DataLink::RAW, 0);
        interface.options = vec![InterfaceDescriptionOption::IfTsResol(9)];
        pcap.write_pcapng_block(interface)?;
        Ok(Self {
            pcap,
            comment: None,
            flows: HashMap::new(),
        })
    }

    fn record(&mut self, record: TapRecord) -> Result_ {
        let TapRecord {
            session, at, event, ..
        } = record;
        if let TapEvent::Begin {
            peer,
            command,
            destination,
            remote,
            ..
        } = &event
        {
            self.comment = Some(format!("session {session}: {command} {destination}"));
            let remote = remote.or(match destination {
                Address::Socket(addr) => Some(*addr),
                _ => None,
            });
            let flow = Flow {
                client: End::new(peer.socket_addr()),
                remote: End::new(remote),
                tcp: *command != Command::UdpAssociate,
                active: at,
            };
            return self.begin(session, flow, *command);
        }
        let Some(flow) = self.flows.get_mut(&session) else {
            return Ok(());
        };
        flow.active = at;
        match event {
            TapEvent::Octets {
                direction,
                offset,
                data,
            } => {
                flow.end(direction).next = sequence(offset);
                // A chunk may be longer than a packet can be, if the layer's limit is higher.
                for data in data.chunks(32 * 1024) {
                    self.segment(session, direction, at, Flag::Push, data)?;
                }
            }
            TapEvent::End { direction, offset } => {
                flow.end(direction).next = sequence(offset);
                flow.end(direction).ended = true;
                self.segment(session, direction, at, Flag::Fin, &[])?;
            }
            TapEvent::Datagram {
                direction,
                remote,
                data,
            } => {
                flow.remote.addr = remote;
                let (from, to) = flow.ends(direction);
                let packet = ip(from.addr, to.addr).udp(from.addr.port(), to.addr.port());
                let mut octets = Vec::with_capacity(packet.size(data.len()));
                packet.write(&mut octets, &data)?;
                self.write(at, &octets)?;
            }
            TapEvent::Over => {
                if flow.tcp && !(flow.client.ended && flow.remote.ended) {
                    self.segment(session, Direction::ToTarget, at, Flag::Reset, &[])?;
                    self.segment(session, Direction::ToClient, at, Flag::Reset, &[])?;
                }
                self.flows.remove(&session);
            }
            _ => {}
        }
        Ok(())
    }

    /// A BIND's connection is begun by the other side.
    fn begin(&mut self, session: SessionId, flow: Flow, command: Command) -> Result_ {
        if self.flows.len() >= MAX_FLOWS {
            let oldest = self.flows.iter().min_by_key(|(_, flow)| flow.active);
            if let Some(oldest) = oldest.map(|(session, _)| *session) {
                self.flows.remove(&oldest);
            }
        }
        let (tcp, at) = (flow.tcp, flow.active);
        self.flows.insert(session, flow);
        if !tcp {
            return Ok(());
        }
        let (there, back) = match command {
            Command::Bind => (Direction::ToClient, Direction::ToTarget),
            _ => (Direction::ToTarget, Direction::ToClient),
        };
        self.segment(session, there, at, Flag::Syn, &[])?;
        self.segment(session, back, at, Flag::SynAck, &[])?;
        self.segment(session, there, at, Flag::Ack, &[])
    }

    fn segment(
        &mut self,
        session: SessionId,
        direction: Direction,
        at: SystemTime,
        flag: Flag,
        data: &[u8],
    ) -> Result_ {
        let Some(flow) = self.flows.get_mut(&session) else {
            return Ok(());
        };
        let (from, to) = flow.ends(direction);
        let (source, target) = (from.addr.port(), to.addr.port());
        let packet = ip(from.addr, to.addr).tcp(source, target, from.next, u16::MAX);
        let packet = match flag {
            Flag::Syn => packet.syn(),
            Flag::SynAck => packet.syn().ack(to.next),
            Flag::Ack => packet.ack(to.next),
            Flag::Push => packet.psh().ack(to.next),
            Flag::Fin => packet.fin().ack(to.next),
            Flag::Reset => packet.rst().ack(to.next),
        };
        let mut octets = Vec::with_capacity(packet.size(data.len()));
        packet.write(&mut octets, data)?;
        let counts = matches!(flag, Flag::Syn | Flag::SynAck | Flag::Fin);
        // Sequence numbers wrap, and so do the lower bits of a length.
        let taken = data.len() as u32 + u32::from(counts);
        let next = &mut flow.end(direction).next;
        *next = next.wrapping_add(taken);
        self.write(at, &octets)
    }

    fn write(&mut self, at: SystemTime, packet: &[u8]) -> Result_ {
        let at = at.duration_since(UNIX_EPOCH).unwrap_or_default();
        let comment = self.comment.take().into_iter();
        self.pcap.write_pcapng_block(EnhancedPacketBlock {
            interface_id: 0,
            timestamp: at,
            original_len: u32::try_from(packet.len())?,
            data: packet.into(),
            options: comment
                .map(|comment| EnhancedPacketOption::Comment(comment.into()))
                .collect(),
        })?;
        Ok(())
    }
}

impl Flow {
    fn end(&mut self, direction: Direction) -> &mut End {
        match direction {
            Direction::ToTarget => &mut self.client,
            Direction::ToClient => &mut self.remote,
        }
    }

    /// Whoever speaks, and whoever is spoken to.
    fn ends(&self, direction: Direction) -> (End, End) {
        match direction {
            Direction::ToTarget => (self.client, self.remote),
            Direction::ToClient => (self.remote, self.client),
        }
    }
}

impl End {
    fn new(addr: Option<SocketAddr>) -> Self {
        let unknown = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 0);
        Self {
            addr: addr.unwrap_or(unknown),
            next: 0,
            ended: false,
        }
    }
}

/// Where an octet of a direction is, behind the SYN.
fn sequence(offset: u64) -> u32 {
    (offset as u32).wrapping_add(1)
}

/// An IPv4 address that speaks to an IPv6 address is written as a mapped one.
fn ip(from: SocketAddr, to: SocketAddr) -> PacketBuilderStep<IpHeaders> {
    const HOPS: u8 = 64;
    match (from.ip(), to.ip()) {
        (IpAddr::V4(from), IpAddr::V4(to)) => PacketBuilder::ipv4(from.octets(), to.octets(), HOPS),
        (from, to) => {
            let octets = |ip| match ip {
                IpAddr::V4(ip) => ip.to_ipv6_mapped().octets(),
                IpAddr::V6(ip) => ip.octets(),
            };
            PacketBuilder::ipv6(octets(from), octets(to), HOPS)
        }
    }
}
