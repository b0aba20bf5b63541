//! Any sequence of datagrams, lookups and waits through the decisions of the UDP relay: it never
//! panics, relays nothing of strangers', and its memory and timers stay bounded.
//!
//! Run it on a stable toolchain by
//! `RUSTC_BOOTSTRAP=1 cargo fuzz run udp_relay_path -- -max_total_time=60`.
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use socks_core::{Address, v5::UdpHeader};
use socks_tower::udp::RelayPath;

#[derive(Arbitrary, Debug)]
struct Input {
    reassemble: bool,
    events: Vec<Event>,
}

#[derive(Arbitrary, Debug)]
enum Event {
    FromClient {
        foreign: bool,
        octets: Vec<u8>,
    },
    /// A header that decodes, so that fuzzing reaches what is behind it at once.
    Well {
        fragment: u8,
        ip: [u8; 4],
        name: Option<u8>,
        port: u16,
        data: Vec<u8>,
    },
    FromOutside {
        stranger: bool,
        data: Vec<u8>,
    },
    Resolve {
        found: bool,
    },
    Wait {
        seconds: u8,
    },
    Fail {
        fails: bool,
    },
}

fuzz_target!(|input: Input| {
    let mut path = RelayPath::new(input.reassemble);
    for event in input.events {
        match event {
            Event::FromClient { foreign, octets } => path.from_client(&octets, foreign),
            Event::Well {
                fragment,
                ip,
                name,
                port,
                data,
            } => {
                let address = match name {
                    None => Address::Socket((ip, port).into()),
                    Some(name) => {
                        let name = format!("{name}.example");
                        Address::domain(name, port).expect("1 to 255 octets")
                    }
                };
                let mut octets = Vec::new();
                UdpHeader { fragment, address }.encode(&mut octets);
                octets.extend(data);
                path.from_client(&octets, false);
            }
            Event::FromOutside { stranger, data } => path.from_outside(&data, stranger),
            Event::Resolve { found } => path.resolve(found),
            Event::Fail { fails } => path.fail(fails),
            Event::Wait { seconds } => {
                if path.wait(seconds) {
                    return;
                }
            }
        }
    }
});
