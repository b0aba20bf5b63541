//! Nothing is left of a session that ended anywhere. The one test of this binary, since it counts
//! what the whole process holds.
#![cfg(target_os = "linux")]

use e2e::with_login;
use support::{Server, Target};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    runtime::Handle,
};

const SESSION: &[u8] =
    b"\x05\x02\x00\x02\x01\x04user\x04pass\x05\x01\x00\x03\x0bexample.com\x01\xbbpayload";

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").expect("procfs").count()
}

/// How the client leaves.
#[derive(Clone, Copy, Debug)]
enum Leave {
    Close,
    Reset,
    HalfClose,
}

/// R5-62: sessions cut at every octet, in every way, leave no socket and no task, and
/// a whole one delivers its payload whatever came before.
#[tokio::test]
async fn truncated_sessions_leave_nothing() {
    let mut target = Target::silent().await;
    let mut server = Server::start(with_login(target.addr)).await;
    tokio::task::yield_now().await;
    let before = (descriptors(), Handle::current().metrics().num_alive_tasks());
    for leave in [Leave::Close, Leave::Reset, Leave::HalfClose] {
        for len in 0..=SESSION.len() {
            let mut stream = TcpStream::connect(server.addr).await.unwrap();
            stream.write_all(&SESSION[..len]).await.unwrap();
            match leave {
                Leave::Close => {}
                Leave::Reset => stream.set_zero_linger().unwrap(),
                Leave::HalfClose => {
                    stream.shutdown().await.unwrap();
                    // A whole request is served although nothing more will come.
                    if len >= SESSION.len() - 7 {
                        let mut accepted = target.accepted().await;
                        let mut heard = Vec::new();
                        accepted.read_to_end(&mut heard).await.unwrap();
                        assert_eq!(heard, &SESSION[SESSION.len() - 7..len]);
                    }
                    let _ = stream.read_to_end(&mut Vec::new()).await;
                }
            }
            drop(stream);
            let report = server.report().await;
            assert!(report.sent <= 7, "{leave:?} at {len}: {report:?}");
        }
    }
    while target.has_connection() {}
    // The sessions have reported; what their tasks still do is to end.
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    let after = (descriptors(), Handle::current().metrics().num_alive_tasks());
    assert_eq!(after, before, "descriptors and tasks");
}
