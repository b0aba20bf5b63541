use proptest::prelude::*;

use crate::relay::{pace::Pace, scratch::LEN};

const MIN: usize = 16 * 1024;

fn copied(pace: &mut Pace, reads: &[usize]) -> bool {
    for octets in reads {
        pace.copied(*octets);
    }
    pace.is_bulky()
}

fn spliced(pace: &mut Pace, reads: &[usize]) -> bool {
    for octets in reads {
        pace.spliced(*octets);
    }
    pace.is_bulky()
}

#[test]
fn what_is_bulky() {
    assert!(!Pace::new().is_bulky());
    assert!(copied(&mut Pace::new(), &[64 * 1024]));
    assert!(copied(&mut Pace::new(), &[MIN; 4]));
    assert!(!copied(&mut Pace::new(), &[MIN, MIN, MIN, MIN - 1]));
    assert!(!copied(
        &mut Pace::new(),
        &[MIN, MIN, MIN, 1, MIN, MIN, MIN]
    ));
    assert!(!copied(&mut Pace::new(), &[MIN - 1; 1000]));
}

#[test]
fn what_is_chatty() {
    let bulky = || {
        let mut pace = Pace::new();
        pace.copied(LEN);
        pace
    };
    assert!(spliced(&mut bulky(), &[MIN; 1000]));
    assert!(spliced(&mut bulky(), &[1; 7]));
    assert!(!spliced(&mut bulky(), &[1; 8]));
    let mut pace = bulky();
    assert!(spliced(&mut pace, &[1, 1, 1, 1, 1, 1, 1, MIN]));
    assert!(spliced(&mut pace, &[1; 7]));
    // And back again, by the rule from before.
    assert!(!spliced(&mut pace, &[1]));
    assert!(!copied(&mut pace, &[MIN; 3]));
    assert!(copied(&mut pace, &[MIN]));
}

/// A read between splices, where there was nothing to splice, speaks for neither way.
#[test]
fn a_read_between_splices() {
    let mut pace = Pace::new();
    assert!(copied(&mut pace, &[LEN; 20]));
    assert!(copied(&mut pace, &[1; 20]));
    assert!(spliced(&mut pace, &[1; 7]));
    assert!(copied(&mut pace, &[MIN; 20]));
    assert!(!spliced(&mut pace, &[1]));
}

/// What cannot be had costs a flow a few calls of the system once in a while, not with every read.
#[test]
fn refused() {
    let mut pace = Pace::new();
    assert!(copied(&mut pace, &[LEN; 4]));
    for _ in 0..3 {
        pace.refused();
        assert!(!copied(&mut pace, &[LEN; 64]));
        assert!(copied(&mut pace, &[LEN]));
    }
}

#[test]
fn chunks() {
    let mut pace = Pace::new();
    assert_eq!(pace.chunk(), MIN);
    pace.copied(MIN - 1);
    assert_eq!(pace.chunk(), MIN);
    for chunk in [32, 64, 128, 256, 256] {
        pace.copied(pace.chunk());
        assert_eq!(pace.chunk(), chunk * 1024);
    }
    for chunk in [128, 64, 32, 16, 16] {
        pace.held_up();
        assert_eq!(pace.chunk(), chunk * 1024);
    }
}

proptest! {
    /// Whatever happens, a chunk is of a size that there is.
    #[test]
    fn bounds(events in proptest::collection::vec((0..4_u8, 0..=LEN), 0..2000)) {
        let mut pace = Pace::new();
        for (event, octets) in events {
            match event {
                0 => pace.copied(octets.min(pace.chunk())),
                1 => pace.spliced(octets),
                2 => pace.held_up(),
                _ => pace.refused(),
            }
            prop_assert!((MIN..=LEN).contains(&pace.chunk()));
        }
    }
}
