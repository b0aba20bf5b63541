use socks_tower::TcpBinder;
use support::{Peer, Server};
use tokio::net::TcpStream;

use super::{listening, requesting, serving};

/// SE-59, BI-21, SE-20: a client has two listeners at a time, and one more is 02 (SOCKS4: 5B). A
/// peer that has come, or a client that has left, gives its place back.
#[tokio::test]
async fn listeners_of_a_client() {
    let mut server = Server::start(serving(TcpBinder::new())).await;
    let (mut first, bound) = listening(&server, "127.0.0.1:0").await;
    let (second, _) = listening(&server, "127.0.0.1:0").await;
    let refused = requesting().bind("127.0.0.1:0").expect_reply(2);
    refused.clone().expect_end().run(server.addr).await;
    let script = Peer::script().request4(2, "127.0.0.1:21", "");
    script
        .expect_reply4(0x5b)
        .expect_end()
        .run(server.addr)
        .await;

    let _peer = TcpStream::connect(bound).await.unwrap();
    first.read(10).await;
    let (third, _) = listening(&server, "127.0.0.1:0").await;
    refused.run(server.addr).await;
    drop((second, third));
    for _ in 0..5 {
        server.report().await;
    }
    listening(&server, "127.0.0.1:0").await;
}

/// BI-21, SE-20: over the number of all listeners it is 01.
#[tokio::test]
async fn listeners_in_all() {
    let binder = TcpBinder::new().max_per_client(9).max_total(1);
    let server = Server::start(serving(binder)).await;
    let (_client, _) = listening(&server, "127.0.0.1:0").await;
    let script = requesting().bind("127.0.0.1:0").expect_reply(1);
    script.expect_end().run(server.addr).await;
}
