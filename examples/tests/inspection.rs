//! The examples that look at what is relayed.

// Nothing here faces a peer that is not of the test's own.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::{
    collections::HashMap,
    io,
    net::{IpAddr, SocketAddr},
    path::Path,
    sync::Arc,
};

use common::{Example, within};
use etherparse::{NetSlice, SlicedPacket, TransportSlice};
use pcap_file::pcapng::{Block, PcapNgReader};
use support::{Peer, Script, Target, UdpEcho, UdpPeer, has_ipv6};
use tokio::{io::AsyncReadExt, net::TcpStream, task::yield_now};
use tokio_rustls::rustls::{
    ClientConfig, ClientConnection, RootCertStore, crypto::ring::default_provider,
    pki_types::ServerName,
};

const INSPECT_HOSTS: &str = env!("CARGO_BIN_EXE_inspect_hosts");
const TRACE_PCAP: &str = env!("CARGO_BIN_EXE_trace_pcap");

fn anonymous() -> Script {
    Peer::script().greet([0]).expect_method(0)
}

/// What a TLS client says first: one record.
fn hello(name: &str) -> Vec<u8> {
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let mut client = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut octets = Vec::new();
    client.write_tls(&mut octets).unwrap();
    octets
}

/// The same handshake message in records of so many octets.
fn in_records(hello: &[u8], octets: usize) -> Vec<u8> {
    let (header, message) = hello.split_at(5);
    let records = message.chunks(octets).map(|piece| {
        let length = u16::try_from(piece.len()).unwrap().to_be_bytes();
        [&header[..3], &length, piece].concat()
    });
    records.collect::<Vec<_>>().concat()
}

enum Ends {
    Echoes,
    Reset,
}

/// Says `octets` in pieces to an echoing target through the example.
async fn says(server: SocketAddr, octets: &[u8], piece: usize, ends: Ends) {
    let target = Target::echo().await;
    let script = anonymous().connect(&target.addr.to_string());
    let mut peer = script.expect_reply(0).run(server).await;
    // A server that has heard enough resets, so later pieces may not get out.
    let mut sent = Ok(());
    for piece in octets.chunks(piece) {
        sent = sent.and(tokio::io::AsyncWriteExt::write_all(&mut peer.stream, piece).await);
        yield_now().await;
    }
    let mut heard = vec![0; octets.len()];
    let read = within("an answer", peer.stream.read_exact(&mut heard)).await;
    match ends {
        Ends::Echoes => {
            read.unwrap();
            sent.unwrap();
            assert_eq!(heard, octets);
            assert_eq!(peer.finish().await, b"");
        }
        Ends::Reset => {
            // A reset is told once: to the write that finds it, or else to the read.
            let error = sent.err().unwrap_or_else(|| read.unwrap_err());
            assert_eq!(error.kind(), io::ErrorKind::ConnectionReset, "{error}");
        }
    }
}

/// SE-1: names in TLS and HTTP are judged like those of requests, however they are cut into segments and records.
#[tokio::test]
async fn hosts() {
    let mut example = Example::start(INSPECT_HOSTS, &["127.0.0.1:0", "denied.test"]);
    let server = example.addr().await;
    for (name, denied) in [
        ("allowed.test", false),
        ("denied.test", true),
        ("below.denied.test", true),
        ("notdenied.test", false),
    ] {
        let hello = hello(name);
        for octets in [hello.clone(), in_records(&hello, 40)] {
            for piece in [octets.len(), 7] {
                let ends = if denied { Ends::Reset } else { Ends::Echoes };
                says(server, &octets, piece, ends).await;
            }
        }
    }
    let line = example.line("cut ").await;
    assert!(line.ends_with(": denied denied.test"), "{line}");

    for (request, denied) in [
        ("GET / HTTP/1.1\r\nHost: allowed.test\r\n\r\n", false),
        ("GET / HTTP/1.1\r\nHost: Denied.Test.:8080\r\n\r\n", true),
        (
            "GET / HTTP/1.1\r\nAccept: */*\r\nhost: a.denied.test\r\n\r\n",
            true,
        ),
        (
            "GET http://denied.test/ HTTP/1.1\r\nHost: allowed.test\r\n\r\n",
            true,
        ),
        (
            "GET / HTTP/1.1\r\nHost: a.test\r\nHost: b.test\r\n\r\n",
            true,
        ),
        ("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", true),
        ("GET / HTTP/1.1\r\nno field\r\n\r\n", true),
        // Servers skip an empty line in front (RFC 9112 §2.2), and put up with blanks.
        ("\r\nGET / HTTP/1.1\r\nHost: denied.test\r\n\r\n", true),
        ("GET  / HTTP/1.1\r\nHost: denied.test\r\n\r\n", true),
        ("GET / HTTP/1.1 \r\nHost: denied.test\r\n\r\n", true),
        ("GET / http/1.1\r\nHost: denied.test\r\n\r\n", true),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", true),
        ("GET / HTTP/1.0\r\n\r\n", false),
        ("SSH-2.0-Client\r\n", false),
        ("EHLO denied.test\r\n", false),
        ("\x05\x01\0", false),
    ] {
        for piece in [request.len(), 3] {
            let ends = if denied { Ends::Reset } else { Ends::Echoes };
            says(server, request.as_bytes(), piece, ends).await;
        }
    }
    // What looks like TLS and is not, and a hello that is longer than what is held.
    says(server, &[0x16, 3, 1, 0, 4, 9, 9, 9, 9], 100, Ends::Reset).await;
    let endless = [&[0x16, 3, 1, 0x40, 0, 1, 0, 0xff, 0xff][..], &[0; 20_000]].concat();
    says(server, &endless, endless.len(), Ends::Reset).await;

    // The same rule about the request itself.
    let script = anonymous().connect("denied.test:80").expect_reply(2);
    script.expect_end().run(server).await;
}

/// The octets of a flow by the addresses at its ends, put together by sequence numbers, with the flags that were seen.
#[derive(Debug, Default)]
struct Seen {
    octets: Vec<u8>,
    /// The side that speaks has begun the connection.
    began: bool,
    syn: bool,
    fin: bool,
    reset: bool,
    datagrams: Vec<Vec<u8>>,
}

type Capture = HashMap<(SocketAddr, SocketAddr), Seen>;

/// What the file holds; nothing while its last packet is not whole.
fn read(file: &Path) -> Option<(Capture, Vec<String>)> {
    let mut reader = PcapNgReader::new(std::fs::File::open(file).unwrap()).ok()?;
    let (mut seen, mut comments) = (Capture::new(), Vec::new());
    while let Some(block) = reader.next_block() {
        let Block::EnhancedPacket(packet) = block.ok()? else {
            continue;
        };
        comments.extend(packet.options.iter().map(|option| format!("{option:?}")));
        let sliced = SlicedPacket::from_ip(&packet.data).unwrap();
        let (source, target): (IpAddr, IpAddr) = match sliced.net.as_ref().unwrap() {
            NetSlice::Ipv4(ip) => {
                let header = ip.header();
                let sum = header.to_header().calc_header_checksum();
                assert_eq!(header.header_checksum(), sum);
                (
                    header.source_addr().into(),
                    header.destination_addr().into(),
                )
            }
            NetSlice::Ipv6(ip) => {
                let header = ip.header();
                (
                    header.source_addr().into(),
                    header.destination_addr().into(),
                )
            }
            other => panic!("{other:?}"),
        };
        let payload = |slice: &[u8]| slice.to_vec();
        match (sliced.transport.unwrap(), source, target) {
            (TransportSlice::Tcp(tcp), from, to) => {
                let (header, content) = (tcp.to_header(), tcp.payload());
                let sum = match (from, to) {
                    (IpAddr::V4(from), IpAddr::V4(to)) => {
                        header.calc_checksum_ipv4_raw(from.octets(), to.octets(), content)
                    }
                    (IpAddr::V6(from), IpAddr::V6(to)) => {
                        header.calc_checksum_ipv6_raw(from.octets(), to.octets(), content)
                    }
                    other => panic!("{other:?}"),
                };
                assert_eq!(tcp.checksum(), sum.unwrap());
                let from = SocketAddr::new(source, tcp.source_port());
                let to = SocketAddr::new(target, tcp.destination_port());
                let seen = seen.entry((from, to)).or_default();
                let at = tcp.sequence_number() as usize;
                match tcp.syn() {
                    true => assert_eq!(at, 0),
                    false => assert_eq!(at, 1 + seen.octets.len() + usize::from(seen.fin)),
                }
                seen.octets.extend(payload(tcp.payload()));
                seen.began |= tcp.syn() && !tcp.ack();
                seen.syn |= tcp.syn();
                seen.fin |= tcp.fin();
                seen.reset |= tcp.rst();
            }
            (TransportSlice::Udp(udp), IpAddr::V4(from), IpAddr::V4(to)) => {
                let header = udp.to_header();
                let sum = header.calc_checksum_ipv4_raw(from.octets(), to.octets(), udp.payload());
                assert_eq!(udp.checksum(), sum.unwrap());
                let from = SocketAddr::new(source, udp.source_port());
                let to = SocketAddr::new(target, udp.destination_port());
                let seen = seen.entry((from, to)).or_default();
                seen.datagrams.push(payload(udp.payload()));
            }
            other => panic!("{other:?}"),
        }
    }
    Some((seen, comments))
}

/// Waits until the file holds what is looked for.
async fn until(file: &Path, done: impl Fn(&Capture) -> bool) -> (Capture, Vec<String>) {
    let wait = async {
        loop {
            if let Some(read) = read(file)
                && done(&read.0)
            {
                return read;
            }
            yield_now().await;
        }
    };
    within("the trace", wait).await
}

/// Tunnels with their beginnings and ends, and datagrams, at the right addresses, whole and with right checksums.
#[tokio::test]
async fn trace() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("trace.pcapng");
    let mut example = Example::start(TRACE_PCAP, &[file.to_str().unwrap(), "127.0.0.1:0"]);
    let server = example.addr().await;
    let target = Target::echo().await;
    let script = anonymous().connect(&target.addr.to_string());
    let mut peer = script.expect_reply(0).run(server).await;
    let client = peer.local_addr();
    let octets: Vec<u8> = (0..100_000_u32).flat_map(u32::to_be_bytes).collect();
    let (mut reader, mut writer) = peer.stream.split();
    let mut heard = vec![0; octets.len()];
    let (written, read) = tokio::join!(
        tokio::io::AsyncWriteExt::write_all(&mut writer, &octets),
        reader.read_exact(&mut heard),
    );
    written.unwrap();
    read.unwrap();
    assert!(heard == octets);
    assert_eq!(peer.finish().await, b"");

    let echo = UdpEcho::start("127.0.0.1:0").await;
    let script = anonymous().udp_associate("0.0.0.0:0");
    let control = script.expect_reply(0).run(server).await;
    let udp = UdpPeer::new("127.0.0.1:0", control.bound.unwrap()).await;
    udp.echoes(&echo.addr.to_string(), echo.addr, b"a datagram")
        .await;
    let control = control.local_addr();

    // A BIND's connection, which breaks off.
    let script = anonymous().bind("127.0.0.1:9").expect_reply(0);
    let bind = script.run(server).await;
    let remote = TcpStream::connect(bind.bound.unwrap()).await.unwrap();
    let bound = (remote.local_addr().unwrap(), bind.local_addr());
    remote.set_zero_linger().unwrap();
    drop((bind, remote));

    // Behind a client that came by IPv4, with both in one kind of packet.
    let mapped = |addr: SocketAddr| match addr.ip() {
        IpAddr::V4(ip) => SocketAddr::new(ip.to_ipv6_mapped().into(), addr.port()),
        IpAddr::V6(_) => addr,
    };
    let mut six = None;
    if has_ipv6().await {
        let mut target = Target::silent_at("[::1]:0").await;
        let script = anonymous().connect(&target.addr.to_string());
        let mut peer = script.expect_reply(0).run(server).await;
        peer.send("over IPv6").await;
        // Closed with octets that were not read, it would be a reset.
        let mut accepted = target.accepted().await;
        accepted.read_exact(&mut [0; 9]).await.unwrap();
        drop(accepted);
        six = Some((mapped(peer.local_addr()), target.addr));
        peer.finish().await;
    }

    let (there, back) = ((control, echo.addr), (echo.addr, control));
    let (seen, comments) = until(&file, |seen| {
        let fin = |ends| seen.get(&ends).is_some_and(|seen| seen.fin);
        let over = fin((client, target.addr)) && fin((target.addr, client));
        let reset = seen.get(&bound).is_some_and(|seen| seen.reset);
        let six = six.is_none_or(fin);
        over && reset && six && seen.contains_key(&back)
    })
    .await;
    for ends in [(client, target.addr), (target.addr, client)] {
        let seen = &seen[&ends];
        assert!(seen.syn && !seen.reset && seen.octets == octets);
    }
    let began = |ends| seen[&ends].began;
    assert!(began((client, target.addr)) && !began((target.addr, client)));
    assert!(began(bound) && !began((bound.1, bound.0)));
    assert!(six.is_none_or(|ends| seen[&ends].octets == b"over IPv6"));
    for ends in [there, back] {
        assert_eq!(seen[&ends].datagrams, [b"a datagram"]);
    }
    let expected = format!("connect {}", target.addr);
    assert!(
        comments.iter().any(|comment| comment.contains(&expected)),
        "{comments:?}"
    );
    tools_read(&file).await;
}

/// The tools that such files are for, where they are installed.
async fn tools_read(file: &Path) {
    let file = file.to_str().unwrap();
    let checks = "tcp.checksum.status == \"Bad\" || udp.checksum.status == \"Bad\" || \
                  ip.checksum.status == \"Bad\" || tcp.analysis.lost_segment || _ws.malformed";
    let tshark = [
        "-r",
        file,
        "-o",
        "tcp.check_checksum:TRUE",
        "-o",
        "udp.check_checksum:TRUE",
        "-o",
        "ip.check_checksum:TRUE",
        "-Y",
        checks,
    ];
    let tcpdump = ["-n", "-r", file];
    for (tool, args) in [("tshark", &tshark[..]), ("tcpdump", &tcpdump)] {
        let run = tokio::process::Command::new(tool).args(args).output();
        let output = match within(tool, run).await {
            Ok(output) => output,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                println!("skipped: {tool} is not installed");
                continue;
            }
            Err(error) => panic!("{error}"),
        };
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success(),
            "{tool}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        match tool {
            "tshark" => assert_eq!(said, "", "nothing is wrong with any packet"),
            _ => assert!(
                said.contains("Flags [S]") && said.contains("UDP, length 10"),
                "{said}"
            ),
        }
    }
}
