use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::{Link, alone, pattern::Ending, pattern::Flow, pipes};
use socks_tower::RelayEnd;
use tokio::io::AsyncWriteExt;

const MIB: usize = 1 << 20;

/// No new descriptor can be had while this lives.
struct Exhausted(Rlimit);

impl Exhausted {
    fn new() -> Self {
        let limit = getrlimit(Resource::Nofile);
        let none = Rlimit {
            current: Some(0),
            ..limit
        };
        setrlimit(Resource::Nofile, none).unwrap();
        Self(limit)
    }
}

impl Drop for Exhausted {
    fn drop(&mut self) {
        let _ = setrlimit(Resource::Nofile, self.0);
    }
}

async fn exchange(link: &mut Link, up: &mut Flow, down: &mut Flow, octets: usize) {
    let (mut near_reads, mut near_writes) = link.near.split();
    let (mut far_reads, mut far_writes) = link.far.split();
    tokio::join!(
        up.carry(&mut near_writes, &mut far_reads, octets),
        down.carry(&mut far_writes, &mut near_reads, octets),
    );
}

/// SE-17: a direction that gets no pipe is copied, and spliced once there are some again.
#[test]
fn run_out() {
    alone(exhausted);
}

fn exhausted() {
    let inherited = pipes::of_this_process().len();
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build().unwrap();
    runtime.block_on(async {
        let mut link = Link::new(256 * 1024).await;
        let (mut up, mut down) = (Flow::new(1), Flow::new(2));

        let exhausted = Exhausted::new();
        assert!(std::io::pipe().is_err(), "there are descriptors");
        exchange(&mut link, &mut up, &mut down, 16 * MIB).await;
        drop(exhausted);
        assert_eq!(pipes::of_this_process().len(), inherited);

        exchange(&mut link, &mut up, &mut down, 64 * MIB).await;
        assert!(pipes::of_this_process().len() > inherited);

        // The pipes that there are go on while there is nothing else.
        let exhausted = Exhausted::new();
        exchange(&mut link, &mut up, &mut down, 16 * MIB).await;
        link.near.shutdown().await.unwrap();
        link.far.shutdown().await.unwrap();
        assert_eq!(up.heard.hear_out(&mut link.far).await, Ending::Clean);
        assert_eq!(down.heard.hear_out(&mut link.near).await, Ending::Clean);
        assert_eq!(link.relay.await.unwrap(), RelayEnd::Closed);
        drop(exhausted);
        let counted = (link.traffic.sent(), link.traffic.received());
        assert_eq!(counted, (96 << 20, 96 << 20));
    });
}
