//! The examples of authenticators.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod common;

use std::{fmt::Write, net::SocketAddr, path::Path, process::Output, sync::Arc};

use common::{Example, within};
use hmac::{Hmac, KeyInit, Mac};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use sha2::{Digest, Sha256};
use support::{Peer, Script, Target};
use tokio::{
    net::{TcpSocket, TcpStream},
    process::Command,
};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        ClientConfig, RootCertStore,
        pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
    },
};

const CLOSURE_AUTH: &str = env!("CARGO_BIN_EXE_closure_auth");
const TLS_AUTH: &str = env!("CARGO_BIN_EXE_tls_auth");
const PRIVATE_METHOD: &str = env!("CARGO_BIN_EXE_private_method");

/// The first of the example's tokens.
const NAME: &str = "backup";
const TOKEN: &str = "c2a5f1b0d7e84f6a9b3e5d1c7f20846b";

fn anonymous() -> Script {
    Peer::script().greet([0]).expect_method(0)
}

/// Who is on this machine needs no login, and a password works too, if it is the right one.
#[tokio::test]
async fn closure_auth() {
    let target = Target::echo().await;
    let destination = target.addr.to_string();
    let mut command = Command::new(CLOSURE_AUTH);
    command.arg("127.0.0.1:0").env("PASSWORD", "open sesame");
    let mut server = Example::spawn(command);
    let addr = server.addr().await;
    let login = |word, success| {
        let script = Peer::script().greet([0, 2]).expect_method(2);
        script.login("ali", word).expect_login(success)
    };
    for script in [
        anonymous().connect(&destination).expect_reply(0),
        login("open sesame", true)
            .connect(&destination)
            .expect_reply(0),
        Peer::script()
            .request4(1, &destination, "ali")
            .expect_reply4(0x5a),
    ] {
        let mut peer = script.run(addr).await;
        peer.send("hello").await;
        assert_eq!(peer.finish().await, b"hello");
    }
    for word in ["open barley", "", "open sesame "] {
        login(word, false).expect_end().run(addr).await;
    }
}

/// The same from a network: only the password counts.
#[tokio::test]
async fn closure_auth_beyond_this_machine() {
    let Some(own) = own_address() else {
        println!("skipped: this machine has no address beyond loopback");
        return;
    };
    let mut command = Command::new(CLOSURE_AUTH);
    command
        .arg(format!("{own}:0"))
        .env("PASSWORD", "open sesame");
    let mut server = Example::spawn(command);
    let addr = server.addr().await;
    let script = Peer::script().greet([0]).expect_method(0xff).expect_end();
    script.run(addr).await;
    let script = Peer::script().request4(1, "192.0.2.1:80", "ali");
    script.expect_reply4(0x5b).expect_end().run(addr).await;
    let script = Peer::script().greet([0, 2]).expect_method(2);
    let script = script.login("ali", "open sesame").expect_login(true);
    script.run(addr).await;
}

/// An IPv4 address of this machine that is not on loopback; connections to it come from it.
fn own_address() -> Option<std::net::IpAddr> {
    let all = if_addrs::get_if_addrs().ok()?;
    let mut others = all.iter().map(|interface| interface.ip());
    others.find(|ip| ip.is_ipv4() && !ip.is_loopback())
}

struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: rcgen::Certificate,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let issuer = Issuer::new(params, key);
        Self {
            issuer,
            certificate,
        }
    }

    fn issue(&self, name: &str) -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([name.to_owned()]).unwrap();
        (params.signed_by(&key, &self.issuer).unwrap(), key)
    }
}

fn write(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

type Certificate<'a> = Option<&'a (rcgen::Certificate, KeyPair)>;

/// A TLS connection from 127.0.0.1.
async fn connect(
    addr: SocketAddr,
    authority: &Authority,
    client: Certificate<'_>,
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(authority.certificate.der().clone()).unwrap();
    let config = ClientConfig::builder().with_root_certificates(roots);
    let config = match client {
        None => config.with_no_client_auth(),
        Some((certificate, key)) => {
            let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
            let chain = vec![CertificateDer::from(certificate.der().to_vec())];
            config.with_client_auth_cert(chain, key).unwrap()
        }
    };
    let stream = TcpSocket::new_v4()?.connect(addr).await?;
    let name = "localhost".try_into().unwrap();
    TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
}

/// Who has a certificate is its user, and the log says so; who has none is let in from here as nobody,
/// and a certificate of somebody else's lets nobody in.
#[tokio::test]
async fn tls_auth() {
    let target = Target::echo().await;
    let (authority, stranger) = (Authority::new(), Authority::new());
    let (server, client) = (authority.issue("localhost"), authority.issue("alice"));
    let folder = tempfile::tempdir().unwrap();
    let certificate = write(folder.path(), "server.pem", &server.0.pem());
    let key = write(folder.path(), "key.pem", &server.1.serialize_pem());
    let ca = write(folder.path(), "ca.pem", &authority.certificate.pem());
    let mut server = Example::start(TLS_AUTH, &["127.0.0.1:0", &certificate, &key, &ca]);
    let addr = server.addr().await;

    let fingerprint = Sha256::digest(client.0.der());
    let fingerprint = fingerprint.iter().fold(String::new(), |mut hex, octet| {
        write!(hex, "{octet:02x}").unwrap();
        hex
    });
    for (client, user) in [(Some(&client), Some(fingerprint)), (None, None)] {
        let stream = connect(addr, &authority, client).await.unwrap();
        let script = anonymous()
            .connect(&target.addr.to_string())
            .expect_reply(0);
        let mut peer = script.run_over(stream).await;
        peer.send("hello").await;
        assert_eq!(peer.read(5).await, b"hello");
        drop(peer);
        let ended = server.line("end=").await;
        match user {
            Some(user) => assert!(ended.contains(&format!("user={user}")), "{ended}"),
            None => assert!(!ended.contains("user="), "{ended}"),
        }
    }
    let stream = connect(addr, &authority, Some(&client)).await.unwrap();
    let script = Peer::script().greet([2]).expect_method(0xff);
    script.run_over(stream).await;

    let forged = stranger.issue("alice");
    let refused = async {
        // By TLS 1.3 the client has finished before the server has looked at its certificate.
        let mut stream = connect(addr, &authority, Some(&forged)).await?;
        tokio::io::AsyncWriteExt::write_all(&mut stream, &[5, 1, 0]).await?;
        tokio::io::AsyncReadExt::read_u8(&mut stream).await
    };
    assert!(within("a refusal", refused).await.is_err());
}

async fn through(proxy: SocketAddr, name: &str, token: &str, target: SocketAddr) -> Output {
    let mut command = Command::new(PRIVATE_METHOD);
    let (proxy, target) = (proxy.to_string(), target.to_string());
    command
        .args(["through", &proxy, name, &target])
        .env("TOKEN", token)
        .stdin(std::process::Stdio::null())
        .kill_on_drop(true);
    within("the end", command.output()).await.unwrap()
}

/// R5-19: both ends speak the private method; a wrong token and an unknown name are refused, and
/// so is whoever offers something else.
#[tokio::test]
async fn private_method() {
    let target = Target::source("from the target").await;
    let mut server = Example::start(PRIVATE_METHOD, &["serve", "127.0.0.1:0"]);
    let addr = server.addr().await;
    let right = through(addr, NAME, TOKEN, target.addr).await;
    assert!(right.status.success(), "{right:?}");
    assert_eq!(right.stdout, b"from the target");
    for (name, token) in [
        (NAME, "wrong"),
        ("nobody", TOKEN),
        ("mirror", TOKEN),
        ("", TOKEN),
    ] {
        let refused = through(addr, name, token, target.addr).await;
        assert!(!refused.status.success());
        assert_eq!(refused.stdout, b"");
    }
    let none = Peer::script()
        .greet([0, 2])
        .expect_method(0xff)
        .expect_end();
    none.run(addr).await;
    let four = Peer::script().request4(1, "127.0.0.1:80", NAME);
    four.expect_reply4(0x5b).expect_end().run(addr).await;
}

fn response(nonce: &[u8]) -> Vec<u8> {
    let mac = Hmac::<Sha256>::new_from_slice(TOKEN.as_bytes()).unwrap();
    let mac = mac.chain_update(nonce).chain_update(NAME).finalize();
    let name = [&[NAME.len() as u8], NAME.as_bytes()].concat();
    [&name[..], &mac.into_bytes()].concat()
}

/// The octets on the wire, cut anywhere; an answer that was overheard is of no use.
#[tokio::test]
async fn private_method_on_the_wire() {
    let target = Target::echo().await;
    let mut server = Example::start(PRIVATE_METHOD, &["serve", "127.0.0.1:0"]);
    let addr = server.addr().await;
    let greeting = || Peer::script().greet([0, 0x80]).expect_method(0x80);
    let mut overheard = Vec::new();
    for cut in [0, 1, 5, 7, 20, 38] {
        let mut peer = greeting().run(addr).await;
        let nonce = peer.read(32).await;
        let answer = response(&nonce);
        assert_ne!(answer, overheard);
        peer.send(&answer[..cut]).await;
        tokio::task::yield_now().await;
        peer.send(&answer[cut..]).await;
        assert_eq!(peer.read(1).await, [0]);
        let request = Script::new().connect(&target.addr.to_string());
        let mut peer = request.expect_reply(0).run_over(peer.stream).await;
        peer.send("hello").await;
        assert_eq!(peer.finish().await, b"hello");
        overheard = answer;
    }
    let mut changed = overheard.clone();
    *changed.last_mut().unwrap() ^= 1;
    for answer in [overheard, changed, [&[0], &[0; 32][..]].concat()] {
        let mut peer = greeting().run(addr).await;
        peer.read(32).await;
        peer.send(&answer).await;
        assert_eq!(peer.rest().await, [1]);
    }
}
