//! Forwarders that know nothing of SOCKS: what a relay costs that does nothing else.

mod copy;
mod splice;

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    num::NonZeroUsize,
};

use tokio::net::{TcpListener, TcpStream};

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    /// Read and write so many octets at a time; without it, splice through pipes
    #[arg(long)]
    copy: Option<NonZeroUsize>,
    /// Threads of the runtime [default: one a core]
    #[arg(long)]
    workers: Option<NonZeroUsize>,
    /// A listener for each
    targets: Vec<SocketAddr>,
}

pub(crate) fn run(options: &Options) -> io::Result<()> {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    if let Some(workers) = options.workers {
        runtime.worker_threads(workers.get());
    }
    let copy = options.copy.map(NonZeroUsize::get);
    runtime.enable_all().build()?.block_on(async {
        for target in options.targets.clone() {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
            eprintln!("listening on {}", listener.local_addr()?);
            tokio::spawn(serve(listener, target, copy));
        }
        std::future::pending().await
    })
}

async fn serve(listener: TcpListener, target: SocketAddr, copy: Option<usize>) -> io::Result<()> {
    loop {
        let (inside, _) = listener.accept().await?;
        tokio::spawn(async move {
            let outside = TcpStream::connect(target).await?;
            inside.set_nodelay(true)?;
            outside.set_nodelay(true)?;
            match copy {
                Some(block) => copy::both_ways(inside, outside, block).await,
                None => splice::both_ways(inside, outside).await,
            }
        });
    }
}
