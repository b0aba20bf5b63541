use futures_util::future::join_all;
use socks_tower::RelayEnd;
use tokio::io::AsyncWriteExt;

use crate::{
    Link, alone,
    pattern::{Ending, Flow},
    pipes,
};

const MIB: usize = 1 << 20;

/// A flow that was bulky until its sink stopped to read.
async fn blocked(seed: usize) -> (Link, Flow) {
    let (mut link, mut flow) = (Link::new(64 * 1024).await, Flow::new(seed));
    flow.carry(&mut link.near, &mut link.far, MIB).await;
    flow.said.stuff(&link.near).await;
    (link, flow)
}

/// The sink reads again: everything is there, and nothing of another flow.
async fn goes_on((mut link, mut flow): (Link, Flow)) {
    link.near.shutdown().await.unwrap();
    assert_eq!(flow.heard.hear_out(&mut link.far).await, Ending::Clean);
    assert_eq!(flow.heard.at, flow.said.at);
    let mut back = Flow::new(1000);
    back.carry(&mut link.far, &mut link.near, MIB).await;
    link.far.shutdown().await.unwrap();
    assert_eq!(back.heard.hear_out(&mut link.near).await, Ending::Clean);
    assert_eq!(link.relay.await.unwrap(), RelayEnd::Closed);
    let counted = (link.traffic.sent(), link.traffic.received());
    assert_eq!(counted, (flow.said.at as u64, MIB as u64));
}

/// SE-22: pipes are bounded in all, over all threads. More flows than there are pipes wait for
/// slow sinks, and all of them finish; afterwards there are as many pipes as before, so nothing is lost
/// from the bound.
#[test]
fn more_slow_sinks_than_pipes() {
    alone(all_finish);
}

fn all_finish() {
    let inherited: usize = pipes::of_this_process().iter().sum();
    let bound = pipes::bound();
    // Half of it in pipes of 1 MiB, the other half in pipes of 256 KiB.
    let flows = (bound / 2).div_ceil(MIB) + (bound / 2).div_ceil(MIB / 4) + 16;
    if flows > 400 {
        println!("skipped: this system grants more pipes than can be used up here");
        return;
    }
    for _ in 0..2 {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(4)
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let started: Vec<_> = (0..flows).map(|seed| tokio::spawn(blocked(seed))).collect();
            let mut links = Vec::new();
            for link in join_all(started).await {
                links.push(link.unwrap());
                let open = pipes::of_this_process().iter().sum::<usize>() - inherited;
                assert!(open <= bound, "{open} of {bound}");
            }
            let open = pipes::of_this_process().iter().sum::<usize>() - inherited;
            assert!(open <= bound && open > bound / 4 * 3, "{open} of {bound}");
            let ends: Vec<_> = links
                .into_iter()
                .map(|link| tokio::spawn(goes_on(link)))
                .collect();
            for end in join_all(ends).await {
                end.unwrap();
            }
        });
        drop(runtime);
        // Threads keep some for their next flows, and close them when they end.
        assert_eq!(pipes::of_this_process().iter().sum::<usize>(), inherited);
    }
}
