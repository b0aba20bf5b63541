use proptest::prelude::*;

use super::{Bench, CLIENT, TARGET, addr, datagram};
use crate::udp::{ClientPin, UdpRelay};

fn pins() -> impl Strategy<Value = ClientPin> {
    prop_oneof![
        Just(ClientPin::FirstValid),
        Just(ClientPin::Declared),
        Just(ClientPin::AnyPort)
    ]
}

fn octets() -> impl Strategy<Value = Vec<u8>> {
    let data = proptest::collection::vec(any::<u8>(), 0..300);
    let likely = (any::<u8>(), any::<bool>(), data.clone()).prop_map(|(fragment, name, data)| {
        let destination = if name { "a.example:53" } else { TARGET };
        datagram(fragment, destination, &data)
    });
    prop_oneof![data, likely]
}

proptest! {
    /// UD-26, SE-24: whatever arrives, from wherever: each datagram is relayed, waits, or is
    /// counted, and none from elsewhere is relayed (UD-16).
    #[test]
    fn any_datagrams(
        pin in pins(),
        reassemble in any::<bool>(),
        arrivals in proptest::collection::vec((0..3_u8, octets(), 0..8_u64), 0..60),
    ) {
        let mut relay = UdpRelay::new().client_pin(pin);
        if reassemble {
            relay = relay.reassemble(500, 500);
        }
        let mut bench = Bench::new(relay);
        let sources = [CLIENT, "192.0.2.1:6000", "192.0.2.66:5000"];
        for (from, octets, wait) in &arrivals {
            bench.wait(*wait);
            let over = bench.flow.expire(bench.now);
            let before = bench.sent.to_target.len();
            let dropped = bench.all_dropped();
            bench.send_from(sources[usize::from(*from)], octets);
            if *from == 2 {
                prop_assert_eq!(bench.sent.to_target.len(), before);
                prop_assert_eq!(bench.all_dropped(), dropped + 1);
            }
            prop_assert!(bench.all_dropped() <= arrivals.len() as u64);
            prop_assert!(over || bench.flow.deadline() > bench.now);
        }
        if pin != ClientPin::AnyPort {
            bench.reply(TARGET, b"x");
            let pinned = bench.sent.pinned;
            prop_assert!(bench.sent.to_client.iter().all(|(to, _)| Some(*to) == pinned));
        }
        prop_assert_ne!(bench.sent.pinned, Some(addr("192.0.2.66:5000")));
    }
}
