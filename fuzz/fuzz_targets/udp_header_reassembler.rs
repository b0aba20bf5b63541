//! Datagrams as a relay receives them: header, then reassembly, at any time and in any order.
//!
//! Run it on a stable toolchain by
//! `RUSTC_BOOTSTRAP=1 cargo fuzz run udp_header_reassembler -- -max_total_time=60`.
#![no_main]

use std::time::Duration;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use socks_core::{
    udp::{Action, Reassembler},
    v5::UdpHeader,
};

#[derive(Arbitrary, Debug)]
struct Input {
    limit: u16,
    timeout: u8,
    arrivals: Vec<Arrival>,
}

#[derive(Arbitrary, Debug)]
struct Arrival {
    wait: u8,
    datagram: Datagram,
}

#[derive(Arbitrary, Debug)]
enum Datagram {
    Octets(Vec<u8>),
    /// A header that decodes, so that fuzzing reaches the queue at once.
    Fragment {
        octet: u8,
        other: bool,
        data: Vec<u8>,
    },
}

impl Datagram {
    fn octets(self) -> Vec<u8> {
        match self {
            Self::Octets(octets) => octets,
            Self::Fragment { octet, other, data } => {
                let header = [0, 0, octet, 1, 192, 0, 2, 53, 0, u8::from(other) + 53];
                [&header[..], &data].concat()
            }
        }
    }
}

fuzz_target!(|input: Input| {
    let limit = usize::from(input.limit);
    let timeout = Duration::from_secs(input.timeout.into());
    let mut reassembler = Reassembler::new(limit).timeout(timeout);
    let mut now = Duration::ZERO;
    // Everything that was ever queued since a sequence began.
    let mut queued = Vec::new();
    for arrival in input.arrivals {
        now += Duration::from_secs(arrival.wait.into());
        let octets = arrival.datagram.octets();
        let mut data = octets.as_slice();
        let Ok(header) = UdpHeader::decode(&mut data) else {
            assert_eq!(data.len(), octets.len());
            continue;
        };
        assert_eq!(header.encoded_len() + data.len(), octets.len());
        let mut encoded = Vec::new();
        header.encode(&mut encoded);
        assert_eq!(
            UdpHeader::decode(&mut encoded.as_slice()).as_ref(),
            Ok(&header)
        );

        let held = reassembler.deadline().is_some();
        let outcome = reassembler.push(&header, data, now);
        assert!(held || !outcome.abandoned);
        assert!(reassembler.memory() <= limit);
        assert!(reassembler.deadline().is_none_or(|deadline| deadline > now));
        match outcome.action {
            Action::Deliver(delivered) if matches!(header.fragment, 0x00 | 0x81) => {
                assert_eq!(&delivered[..], data);
            }
            Action::Deliver(delivered) => {
                queued.extend_from_slice(data);
                assert_eq!(&delivered[..], &queued[..]);
            }
            Action::Queued => {
                if header.fragment == 1 {
                    queued.clear();
                }
                queued.extend_from_slice(data);
            }
            Action::Dropped => assert_ne!(header.fragment, 0),
        }
    }
});
