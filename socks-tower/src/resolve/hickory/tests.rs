use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Mutex,
};

use hickory_resolver::{
    config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig},
    net::runtime::TokioRuntimeProvider,
};
use socks_core::Domain;
use tokio::net::UdpSocket;
use tower::ServiceExt;

use super::*;

const A: u16 = 1;

/// Answers every A query for `known.example` and denies that other names exist. Returns its
/// address and the names that it is asked for.
async fn dns_server(answers: Vec<Ipv4Addr>) -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let addr = socket.local_addr().unwrap();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = asked.clone();
    tokio::spawn(async move {
        let mut buf = [0; 1500];
        loop {
            let (len, peer) = socket.recv_from(&mut buf).await.unwrap();
            let (name, question) = question(&buf[12..len]);
            let known = name == "known.example.";
            let is_a = question[question.len() - 4..][..2] == A.to_be_bytes();
            log.lock().unwrap().push(name);
            let answers: &[Ipv4Addr] = if known && is_a { &answers } else { &[] };
            let reply = reply(&buf[..2], question, known, answers);
            socket.send_to(&reply, peer).await.unwrap();
        }
    });
    (addr, asked)
}

/// The name asked for, and the octets of the question.
fn question(octets: &[u8]) -> (String, &[u8]) {
    let mut name = String::new();
    let mut at = 0;
    while octets[at] != 0 {
        let label = &octets[at + 1..][..octets[at].into()];
        name.push_str(std::str::from_utf8(label).unwrap());
        name.push('.');
        at += 1 + label.len();
    }
    (name, &octets[..at + 5])
}

fn reply(id: &[u8], question: &[u8], known: bool, answers: &[Ipv4Addr]) -> Vec<u8> {
    let mut reply = id.to_vec();
    // A response, recursion available, and NOERROR or NXDOMAIN.
    reply.extend([0x81, if known { 0x80 } else { 0x83 }]);
    reply.extend([0, 1, 0, answers.len() as u8, 0, 0, 0, 0]);
    reply.extend(question);
    for ip in answers {
        reply.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]);
        reply.extend(ip.octets());
    }
    reply
}

fn resolver(server: SocketAddr) -> HickoryResolver {
    let mut udp = ConnectionConfig::udp();
    udp.port = server.port();
    let search = vec![rr::Name::from_ascii("search.example.").unwrap()];
    let servers = vec![NameServerConfig::new(server.ip(), true, vec![udp])];
    let config = ResolverConfig::from_parts(None, search, servers);
    let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
    builder.options_mut().use_hosts_file = ResolveHosts::Never;
    HickoryResolver::new(builder.build().unwrap())
}

fn name(text: &str) -> Name {
    Name::new(Domain::try_from(text).unwrap())
}

/// R5-37, SE-42: the name is rooted, so the search domain is not asked for, and a link-local
/// answer is dropped.
#[tokio::test]
async fn names_are_rooted_and_link_local_answers_dropped() {
    let link_local = Ipv4Addr::new(169, 254, 169, 254);
    let target = Ipv4Addr::new(192, 0, 2, 7);
    let (server, asked) = dns_server(vec![link_local, target]).await;
    let resolver = resolver(server);

    let answer = resolver.clone().oneshot(name("known.example")).await;
    assert_eq!(answer.unwrap().as_slice(), [IpAddr::V4(target)]);

    let unknown = resolver.oneshot(name("unknown")).await.unwrap_err();
    assert_eq!(unknown.kind(), ResolveErrorKind::NotFound);

    let asked = asked.lock().unwrap();
    assert!(
        asked
            .iter()
            .all(|name| name == "known.example." || name == "unknown.")
    );
}

/// SE-23: the same bounds as for the system's resolver.
#[tokio::test]
async fn answers_are_counted() {
    let many = (0..30).map(|n| Ipv4Addr::new(192, 0, 2, n)).collect();
    let (server, _) = dns_server(many).await;
    let answer = resolver(server).oneshot(name("known.example")).await;
    assert_eq!(answer.unwrap().as_slice().len(), 16);
}

/// SE-23: a server that never answers is given up at the deadline.
#[tokio::test(start_paused = true)]
async fn a_silent_server_times_out() {
    let silent = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let resolver = resolver(silent.local_addr().unwrap());
    let error = resolver.oneshot(name("known.example")).await.unwrap_err();
    assert_eq!(error.kind(), ResolveErrorKind::TimedOut);
}
