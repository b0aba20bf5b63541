use super::{
    link::{Link, Way},
    pattern::Flow,
};
use crate::relay::AdaptiveRelay;

const MIB: usize = 1 << 20;

/// R5-58: 64 MiB each way at once, copied, spliced, copied again while little is said, and spliced again:
/// each octet arrives at its place and is counted.
#[tokio::test]
async fn through_every_change() {
    let mut link = Link::new(AdaptiveRelay::new()).await;
    let (mut up, mut down) = (Flow::new(1), Flow::new(2));
    for _ in 0..2 {
        let before = link.spliced();
        link.exchange(&mut up, &mut down, 32 * MIB).await;
        assert!(link.spliced() - before > 32 * MIB, "bursts are spliced");

        // Both ways change within so many messages, and then stay.
        for _ in 0..20 {
            link.exchange(&mut up, &mut down, 100).await;
        }
        let before = link.spliced();
        for _ in 0..200 {
            link.exchange(&mut up, &mut down, 100).await;
        }
        assert_eq!(link.spliced(), before, "messages are copied");
    }
    link.end(Way::Up, &mut up).await;
    link.end(Way::Down, &mut down).await;
    link.closed(&up, &down).await;
}

/// One direction's way is not the other's.
#[tokio::test]
async fn each_direction_goes_its_own_way() {
    for way in Way::BOTH {
        let mut link = Link::new(AdaptiveRelay::new()).await;
        let (mut bulk, mut chat) = (Flow::new(3), Flow::new(4));
        for _ in 0..50 {
            link.carry(way, &mut bulk, MIB).await;
            link.carry(way.back(), &mut chat, 100).await;
        }
        assert!(link.spliced() > 25 * MIB && link.spliced() <= bulk.said.at);
        link.end(way, &mut bulk).await;
        link.end(way.back(), &mut chat).await;
        match way {
            Way::Up => link.closed(&bulk, &chat).await,
            Way::Down => link.closed(&chat, &bulk).await,
        }
    }
}

/// Small messages alone are never spliced, however many.
#[tokio::test]
async fn messages_are_copied() {
    let mut link = Link::new(AdaptiveRelay::new()).await;
    let (mut up, mut down) = (Flow::new(5), Flow::new(6));
    for _ in 0..500 {
        link.exchange(&mut up, &mut down, 8 * 1024).await;
    }
    assert_eq!(link.spliced() + link.piped(), 0);
    link.end(Way::Down, &mut down).await;
    link.end(Way::Up, &mut up).await;
    link.closed(&up, &down).await;
}

/// Splicing can be switched off.
#[tokio::test]
async fn switched_off() {
    let mut link = Link::new(AdaptiveRelay::new().splice(false)).await;
    let (mut up, mut down) = (Flow::new(7), Flow::new(8));
    link.exchange(&mut up, &mut down, 16 * MIB).await;
    assert_eq!(link.spliced() + link.piped(), 0);
    link.end(Way::Up, &mut up).await;
    link.end(Way::Down, &mut down).await;
    link.closed(&up, &down).await;
}
