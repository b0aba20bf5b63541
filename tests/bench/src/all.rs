//! Everything, in sizes that two cores do in less than 20 minutes.

use std::path::PathBuf;

use crate::{
    BoxError, beside, connect, contender::Peer, idle, latency, report::Report, stage::Common,
    throughput, udp,
};

pub(crate) async fn run(server: PathBuf, common: Common) -> Vec<Report> {
    let throughput = throughput::Options {
        common: common.clone(),
        mib: 512,
        streams: vec![1, 16, 128],
    };
    let connect = connect::Options {
        common: common.clone(),
        connections: 4_000,
        workers: vec![16, 64],
        plain_only: false,
    };
    let latency = latency::Options {
        common: common.clone(),
        trips: 20_000,
        tunnels: vec![1, 64],
    };
    let beside = beside::Options {
        common: common.clone(),
        trips: 30_000,
        paced_trips: 6_400,
        every_ms: 4,
        tunnels: 64,
    };
    let mut datagrams = common.clone();
    if let Some(peers) = &mut datagrams.peers {
        peers.retain(|peer| Peer::DATAGRAMS.contains(peer));
    }
    let udp = udp::Options {
        common: datagrams,
        datagrams: 30_000,
        window: 32,
        associations: vec![1, 16],
        without_offload: false,
        pieces: false,
    };
    // Memory does not vary, and servers are started for each measurement.
    let idle = |tunnels: usize, burst: u64| idle::Options {
        common: Common {
            rounds: 1,
            peers: Some(common.peers.clone().unwrap_or(Peer::STREAMS.to_vec())),
            ..common
        },
        tunnels: vec![tunnels],
        burst,
    };
    let (few, many) = (idle(1_000, 1 << 20), idle(10_000, 64 << 10));

    let mut reports = Vec::new();
    let mut add = |report: Result<Report, BoxError>| match report {
        Ok(report) => reports.push(report),
        // The others are worth having.
        Err(error) => eprintln!("{error}"),
    };
    add(throughput::run(server.clone(), throughput).await);
    add(connect::run(server.clone(), connect).await);
    add(latency::run(server.clone(), latency).await);
    add(beside::run(server.clone(), beside).await);
    add(udp::run(server.clone(), udp).await);
    add(async {
        let mut report = idle::run(server.clone(), few).await?;
        report.cases.extend(idle::run(server, many).await?.cases);
        Ok(report)
    }
    .await);
    reports
}
