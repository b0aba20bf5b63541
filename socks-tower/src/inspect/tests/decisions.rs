use bytes::Bytes;
use tokio::sync::oneshot;

use super::*;
use crate::Cut;

/// What is held is shown again with what comes next, and the end last, once.
#[tokio::test]
async fn held_until_it_is_whole() {
    let (inspector, shown) = Up::new(|chunk: &Chunk<'_>| match chunk.data.contains(&b'\n') {
        true => Inspection::Pass,
        false if chunk.end => Inspection::Rewrite(Bytes::from_static(b"(end)")),
        false => Inspection::Hold,
    });
    let mut bench = Bench::new(inspector);
    bench.say(b"a ").await;
    bench.say(b"line").await;
    assert_eq!(bench.heard().await, b"");
    bench.say(b"\nand").await;
    assert_eq!(bench.heard().await, b"a line\nand");
    bench.say(b"half").await;
    assert_eq!(bench.finish().await, b"(end)");
    let shown = shown.lock().unwrap();
    let octets: Vec<_> = shown.iter().map(|(octets, ..)| &**octets).collect();
    let expected: [&[u8]; 5] = [b"a ", b"a line", b"a line\nand", b"half", b"half"];
    assert_eq!(octets, expected);
    let ends: Vec<_> = shown.iter().map(|(_, end, _)| *end).collect();
    assert_eq!(ends, [false, false, false, false, true]);
}

/// Some of it goes on, as it is or as something else; each octet is decided about once.
#[tokio::test]
async fn a_part_of_it() {
    let (inspector, _) = Up::new(|chunk: &Chunk<'_>| {
        let words = chunk.data.iter().rposition(|octet| *octet == b' ');
        match (words, chunk.end) {
            (_, true) => Inspection::Pass,
            (None, _) => Inspection::Hold,
            (Some(at), _) if chunk.data.starts_with(b"bad ") => {
                let rest = chunk.data[4..=at].to_vec();
                Inspection::RewriteSome(at + 1, [b"*** ", &*rest].concat().into())
            }
            (Some(at), _) => Inspection::PassSome(at + 1),
        }
    });
    let mut bench = Bench::new(inspector);
    bench.say(b"good wo").await;
    assert_eq!(bench.heard().await, b"good ");
    bench.say(b"rds b").await;
    assert_eq!(bench.heard().await, b"words ");
    bench.say(b"ad ").await;
    assert_eq!(bench.heard().await, b"*** ");
    bench.say(b"end").await;
    assert_eq!(bench.finish().await, b"end");
}

/// Nothing goes in place of it.
#[tokio::test]
async fn swallowed() {
    let (inspector, _) = Up::new(|_: &Chunk<'_>| Inspection::Rewrite(Bytes::new()));
    let mut bench = Bench::new(inspector);
    bench.say(b"nobody hears this").await;
    assert_eq!(bench.heard().await, b"");
    assert_eq!(bench.finish().await, b"");
}

/// Says that it wants no more as soon as it has asked somebody.
struct Asking(Option<oneshot::Receiver<Inspection>>, bool);

impl Inspector for Asking {
    fn inspect(&mut self, chunk: &Chunk<'_>) -> Inspection {
        if chunk.direction == Direction::ToClient {
            return Inspection::Pass;
        }
        match self.0.take() {
            None => Inspection::Pass,
            Some(answer) => {
                self.1 = true;
                Inspection::later(async { answer.await.unwrap() })
            }
        }
    }

    fn wants(&self, direction: Direction) -> bool {
        direction == Direction::ToClient || !self.1
    }
}

/// A decision that takes time holds its direction, whatever is decided about the other meanwhile, and then is
/// carried out.
#[tokio::test]
async fn decided_later() {
    let (answer, question) = oneshot::channel();
    let mut bench = Bench::new(Asking(Some(question), false));
    bench.say(b"may I").await;
    bench.far.write_all(b"not asked").await.unwrap();
    let mut greeting = [0; 9];
    bench.near.read_exact(&mut greeting).await.unwrap();
    bench.say(b"?").await;
    assert_eq!(bench.heard().await, b"");
    assert!(answer.send(Inspection::Pass).is_ok());
    assert_eq!(bench.heard().await, b"may I?");
    assert_eq!(bench.finish().await, b"");

    let (answer, question) = oneshot::channel();
    let mut bench = Bench::new(Asking(Some(question), false));
    bench.say(b"may I").await;
    let no = Cut::new("no").limit("questions");
    assert!(answer.send(Inspection::Cut(no.clone())).is_ok());
    assert_eq!(bench.heard().await, b"");
    assert_eq!(bench.cut().await, no);
}

/// Holds the client's octets until the target has spoken, and is gone then.
struct Greeted {
    greeted: bool,
    _alive: Arc<()>,
}

impl Inspector for Greeted {
    fn inspect(&mut self, chunk: &Chunk<'_>) -> Inspection {
        match chunk.direction {
            Direction::ToTarget => Inspection::Hold,
            Direction::ToClient => {
                self.greeted = true;
                Inspection::Pass
            }
        }
    }

    fn wants(&self, _: Direction) -> bool {
        !self.greeted
    }
}

/// What is held goes on when its direction is not wanted any more because of the other one; and an inspector that
/// wants nothing is dropped while the tunnel goes on.
#[tokio::test]
async fn interest_lost_by_the_other_direction() {
    let alive = Arc::new(());
    let mut bench = Bench::new(Greeted {
        greeted: false,
        _alive: Arc::clone(&alive),
    });
    bench.say(b"impatient").await;
    assert_eq!(bench.heard().await, b"");
    assert_eq!(Arc::strong_count(&alive), 2);
    bench.far.write_all(b"hello").await.unwrap();
    assert_eq!(bench.heard().await, b"impatient");
    assert_eq!(Arc::strong_count(&alive), 1);
    let mut greeting = [0; 5];
    bench.near.read_exact(&mut greeting).await.unwrap();
    bench.say(b"!").await;
    assert_eq!(bench.finish().await, b"!");
}

/// Nothing longer than the limit is shown or held; at the limit the tunnel is cut, or the rest passes unseen.
#[tokio::test]
async fn held_too_much() {
    let said = vec![7; 100];
    for exceeded in [Exceeded::Cut, Exceeded::Pass] {
        let (inspector, shown) = Up::new(|_: &Chunk<'_>| Inspection::Hold);
        let set = |layer: InspectLayer<Once>| layer.hold_limit(64).exceeded(exceeded);
        let mut bench = Bench::with(inspector, set);
        bench.say(&said[..63]).await;
        assert_eq!(bench.heard().await, b"");
        bench.say(&said[63..]).await;
        match exceeded {
            Exceeded::Cut => assert_eq!(bench.cut().await, Cut::new("held")),
            Exceeded::Pass => assert_eq!(bench.finish().await, said),
        }
        let shown = shown.lock().unwrap();
        assert_eq!(shown.last().unwrap().0.len(), 64);
    }
}

/// The same behind the end, where nothing can be waited for.
#[tokio::test]
async fn held_past_the_end() {
    for exceeded in [Exceeded::Cut, Exceeded::Pass] {
        let (inspector, shown) = Up::new(|_: &Chunk<'_>| Inspection::Hold);
        let mut bench = Bench::with(inspector, |layer| layer.exceeded(exceeded));
        bench.say(b"unfinished").await;
        bench.near.shutdown().await.unwrap();
        match exceeded {
            Exceeded::Cut => assert_eq!(bench.cut().await, Cut::new("held")),
            Exceeded::Pass => assert_eq!(bench.finish().await, b"unfinished"),
        }
        assert!(shown.lock().unwrap().last().unwrap().1);
    }
}

/// 16 KiB is the default, for what is held and what is shown at once.
#[tokio::test]
async fn the_default_limit() {
    let (inspector, shown) = Up::new(|_: &Chunk<'_>| Inspection::Pass);
    let mut bench = Bench::new(inspector);
    bench.say(&[0; 40_000]).await;
    assert_eq!(bench.heard().await.len(), 40_000);
    let longest = shown
        .lock()
        .unwrap()
        .iter()
        .map(|shown| shown.0.len())
        .max();
    assert_eq!(longest, Some(16 * 1024));
    assert_eq!(bench.finish().await, b"");
}
