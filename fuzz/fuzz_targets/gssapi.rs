//! The exchange of RFC 1961 between a client and a server, over a stand-in for a mechanism, with
//! somebody between who cuts, changes and adds octets: it never panics, a server that refuses ends with
//! an abort, and what is delivered behind it is what was said, in its order, or nothing.
//!
//! Run it on a stable toolchain by
//! `RUSTC_BOOTSTRAP=1 cargo fuzz run gssapi -- -max_total_time=60`.
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use mechanism::Mechanism;
use socks_core::{
    Method,
    client::{self, Subnegotiation as _},
    gssapi::{Levels, ProtectionLevel},
    message::{Authentication, Identity},
    subnegotiation::{self, Protection, Step, Subnegotiation as _},
};

#[derive(Arbitrary, Debug)]
struct Input {
    rounds: u8,
    mutual: bool,
    sequencing: bool,
    client: Side,
    server: Side,
    accept: bool,
    moves: Vec<Move>,
    writes: Vec<Vec<u8>>,
    damage: Vec<Damage>,
}

#[derive(Arbitrary, Debug)]
struct Side {
    levels: u8,
    nec: bool,
}

impl Side {
    fn levels(&self) -> Levels {
        [Levels::CLEAR, Levels::INTEGRITY, Levels::CONFIDENTIALITY]
            .into_iter()
            .enumerate()
            .filter(|(bit, _)| self.levels >> bit & 1 == 1)
            .fold(Levels::NONE, |levels, (_, level)| levels.or(level))
    }
}

/// What whoever is between does next.
#[derive(Arbitrary, Debug)]
enum Move {
    ToServer(u16),
    ToClient(u16),
    ChangeToServer(u16, u8),
    ChangeToClient(u16, u8),
    AddToServer(Vec<u8>),
    AddToClient(Vec<u8>),
}

/// What befalls a frame on its way, or a datagram.
#[derive(Arbitrary, Debug)]
enum Damage {
    None,
    Change(u16, u8),
    Cut(u16),
    Twice,
    Drop,
}

type Agreed = Option<Box<dyn Protection>>;

struct Ends {
    server: subnegotiation::Gssapi,
    client: client::Gssapi,
    accept: bool,
    to_server: Vec<u8>,
    to_client: Vec<u8>,
    server_waits: Vec<u8>,
    client_waits: Vec<u8>,
    server_end: Option<Option<Agreed>>,
    client_end: Option<Option<Agreed>>,
    tampered: bool,
}

impl Ends {
    fn hear_server(&mut self, octets: &[u8]) {
        self.server_waits.extend(octets);
        while self.server_end.is_none() {
            let mut rest = self.server_waits.as_slice();
            let step = self.server.step(&mut rest, &mut self.to_client);
            let used = self.server_waits.len() - rest.len();
            self.server_waits.drain(..used);
            match step {
                Ok(Step::NeedInput) => return,
                Ok(Step::Blocking) => self.server.block(),
                Ok(Step::Verify(_)) => {
                    let answer = match self.accept {
                        true => Authentication::Accepted(Identity::user("alice", Method::GSSAPI)),
                        false => Authentication::rejected(),
                    };
                    self.server.decided(&answer, &mut self.to_client);
                    if !self.accept {
                        self.server_end = Some(None);
                    }
                }
                Ok(Step::Done(protection)) => self.server_end = Some(Some(protection)),
                Err(_) => self.server_end = Some(None),
            }
        }
        if let Some(None) = self.server_end {
            assert!(self.to_client.ends_with(&[1, 0xff]), "GS-9");
        }
    }

    fn hear_client(&mut self, octets: &[u8]) {
        self.client_waits.extend(octets);
        while self.client_end.is_none() {
            let mut rest = self.client_waits.as_slice();
            let step = self.client.step(&mut rest, &mut self.to_server);
            let used = self.client_waits.len() - rest.len();
            self.client_waits.drain(..used);
            match step {
                Ok(client::Step::NeedInput) => return,
                Ok(client::Step::Blocking) => self.client.block(),
                Ok(client::Step::Done(protection)) => self.client_end = Some(Some(protection)),
                Err(_) => self.client_end = Some(None),
            }
        }
    }

    /// Once it is over nobody listens.
    fn carry(&mut self, server: bool, octets: usize) {
        let from = match server {
            true => &mut self.to_server,
            false => &mut self.to_client,
        };
        let piece: Vec<u8> = from.drain(..octets.min(from.len())).collect();
        match server {
            true if self.server_end.is_none() => self.hear_server(&piece),
            false if self.client_end.is_none() => self.hear_client(&piece),
            _ => {}
        }
    }

    fn make(&mut self, made: &Move) {
        match made {
            Move::ToServer(octets) => self.carry(true, usize::from(*octets)),
            Move::ToClient(octets) => self.carry(false, usize::from(*octets)),
            Move::ChangeToServer(at, by) => change(&mut self.to_server, *at, *by),
            Move::ChangeToClient(at, by) => change(&mut self.to_client, *at, *by),
            Move::AddToServer(octets) => self.to_server.extend(octets),
            Move::AddToClient(octets) => self.to_client.extend(octets),
        }
        self.tampered |= !matches!(made, Move::ToServer(_) | Move::ToClient(_));
    }

    fn finish(&mut self) {
        for _ in 0..64 {
            self.carry(true, usize::MAX);
            self.carry(false, usize::MAX);
        }
    }
}

fn change(octets: &mut [u8], at: u16, by: u8) {
    let len = octets.len().max(1);
    if let Some(octet) = octets.get_mut(usize::from(at) % len) {
        *octet ^= by;
    }
}

fuzz_target!(|input: Input| {
    let mechanism = Mechanism::new()
        .rounds(usize::from(input.rounds % 18) + 1)
        .mutual(input.mutual)
        .sequencing(input.sequencing);
    let initiator = mechanism.clone();
    let mut ends = Ends {
        server: subnegotiation::Gssapi::new(mechanism.acceptor())
            .levels(input.server.levels())
            .nec(input.server.nec),
        client: client::Gssapi::new(move || initiator.initiator("alice@EXAMPLE.ORG"))
            .levels(input.client.levels())
            .nec(input.client.nec),
        accept: input.accept,
        to_server: Vec::new(),
        to_client: Vec::new(),
        server_waits: Vec::new(),
        client_waits: Vec::new(),
        server_end: None,
        client_end: None,
        tampered: false,
    };
    ends.hear_client(&[]);
    for made in &input.moves {
        ends.make(made);
    }
    ends.finish();
    let agreed = |end: &Option<Option<Agreed>>| matches!(end, Some(Some(_)));
    assert!(input.accept || !agreed(&ends.server_end), "GS-28");
    // Nobody ends up without a protection who did not agree to that, whoever is between.
    for (end, side) in [
        (&ends.client_end, &input.client),
        (&ends.server_end, &input.server),
    ] {
        let clear = matches!(end, Some(Some(None)));
        assert!(
            !clear || side.levels().contains(ProtectionLevel::Clear),
            "GS-17"
        );
    }
    if ends.tampered {
        return;
    }
    // Between themselves they come to an end, and a client only agrees to what the server did.
    assert!(!agreed(&ends.client_end) || agreed(&ends.server_end));
    let (Some(Some(Some(client))), Some(Some(Some(server)))) = (ends.client_end, ends.server_end)
    else {
        return;
    };
    stream(client, server, &input);
});

/// Frames with damage on their way: what comes out is the beginning of what went in. The same for
/// datagrams, which come out whole and once or not at all.
fn stream(mut client: Box<dyn Protection>, mut server: Box<dyn Protection>, input: &Input) {
    let Input { writes, damage, .. } = input;
    let datagrams = (client.datagrams().unwrap(), server.datagrams().unwrap());
    let mut damage = damage.iter();
    let mut dropped = false;
    let (mut said, mut heard, mut waiting) = (Vec::new(), Vec::new(), Vec::new());
    for write in writes {
        let mut frame = Vec::new();
        client.wrap(write, &mut frame).unwrap();
        said.extend(write);
        match damage.next().unwrap_or(&Damage::None) {
            Damage::None => waiting.extend(frame),
            Damage::Change(at, by) => {
                change(&mut frame, *at, *by);
                waiting.extend(frame);
            }
            Damage::Cut(at) => {
                frame.truncate(usize::from(*at) % (frame.len() + 1));
                dropped |= frame.is_empty() && !input.sequencing;
                waiting.extend(frame);
            }
            Damage::Twice => waiting.extend([&frame[..], &frame].concat()),
            // Without sequencing nobody can tell.
            Damage::Drop => dropped |= !input.sequencing,
        }
        let mut rest = waiting.as_slice();
        if server.unwrap(&mut rest, &mut heard).is_err() {
            break;
        }
        waiting = rest.to_vec();
    }
    assert!(dropped || said.starts_with(&heard), "GS-22");

    for write in writes {
        let mut datagram = Vec::new();
        datagrams.0.wrap(write, &mut datagram).unwrap();
        let mut changed = datagram.clone();
        let how = damage.next().unwrap_or(&Damage::None);
        if let Damage::Change(at, by) = how {
            change(&mut changed, *at, *by);
        }
        let mut plain = Vec::new();
        let first = datagrams.1.unwrap(&changed, &mut plain);
        assert_eq!(first.is_ok(), changed == datagram, "GS-24");
        assert_eq!(
            plain.as_slice(),
            if first.is_ok() { write } else { &[][..] }
        );
        let mut again = Vec::new();
        if first.is_ok() {
            assert!(datagrams.1.unwrap(&datagram, &mut again).is_err(), "GS-26");
            assert!(again.is_empty());
        }
    }
}
