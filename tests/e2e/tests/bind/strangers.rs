use socks_tower::TcpBinder;
use support::Server;
use tokio::io::AsyncWriteExt;

use super::{connect_from, is_reset, listening, listening4, reply, reply4, serving};

/// BI-13, BI-11: by default strangers are reset, what they sent is gone, and the peer that comes at
/// last gets the connection.
#[tokio::test]
async fn strangers_do_not_use_the_listener_up() {
    let server = Server::start(serving(TcpBinder::new())).await;
    for socks4 in [false, true] {
        let (mut client, bound) = match socks4 {
            false => listening(&server, "127.0.0.1:21").await,
            true => listening4(&server, "127.0.0.1:21").await,
        };
        for ip in ["127.0.0.2", "127.0.0.3", "127.0.0.2"] {
            let mut stranger = connect_from(ip, bound).await.unwrap();
            let _ = stranger.write_all(b"from a stranger").await;
            assert!(is_reset(stranger).await);
        }
        let mut peer = connect_from("127.0.0.1", bound).await.unwrap();
        peer.write_all(b"220").await.unwrap();
        let from = peer.local_addr().unwrap();
        match socks4 {
            false => assert_eq!(client.read(10).await, reply(0, from)),
            true => assert_eq!(client.read(8).await, reply4(0x5a, from)),
        }
        assert_eq!(client.read(3).await, b"220");
    }
}
