use socks_core::{
    message::Associate,
    subnegotiation::{Protection, ProtectionError},
};
use socks_tower::{UdpRelay, udp::DropReason};
use support::{Server, UdpEcho, udp_datagram};

use super::{associate, counted};

/// A stand-in for a mechanism: every octet is turned over, behind one that says so.
#[derive(Debug)]
struct Veil;

impl Protection for Veil {
    fn wrap(&mut self, plain: &[u8], output: &mut Vec<u8>) -> Result<(), ProtectionError> {
        output.push(3);
        output.extend(plain.iter().map(|octet| !octet));
        Ok(())
    }

    fn unwrap(&mut self, input: &mut &[u8], plain: &mut Vec<u8>) -> Result<(), ProtectionError> {
        let (3, rest) = input
            .split_first()
            .map(|(v, r)| (*v, r))
            .ok_or(ProtectionError)?
        else {
            return Err(ProtectionError);
        };
        plain.extend(rest.iter().map(|octet| !octet));
        *input = &[];
        Ok(())
    }

    fn frame_limit(&self) -> usize {
        usize::MAX
    }
}

/// UD-19: header and data are encapsulated together, both ways, and nothing in clear is relayed.
#[tokio::test]
async fn protected_datagrams() {
    let echo = UdpEcho::start("127.0.0.1:0").await;
    let udp = UdpRelay::new()
        .protection(|_: &Associate| -> Option<Box<dyn Protection>> { Some(Box::new(Veil)) });
    let (service, mut counters) = counted(udp);
    let server = Server::start(service).await;
    let (_control, client) = associate(&server).await;
    let counters = counters.recv().await.unwrap();
    let clear = udp_datagram(0, &echo.addr.to_string(), b"secret");
    client.send_raw(&clear).await;
    let mut veiled = Vec::new();
    Veil.wrap(&clear, &mut veiled).unwrap();
    client.send_raw(&veiled).await;
    let mut heard = [0; 100];
    let (len, _) = client.socket.recv_from(&mut heard).await.unwrap();
    assert_eq!(heard[..len], veiled);
    assert_eq!(counters.dropped(DropReason::Protection), 1);
}
