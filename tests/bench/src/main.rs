//! Measures `socks-server` on this machine beside other servers and bare forwarders. It prints
//! figures and judges nothing: absolute numbers of a shared machine mean little, ratios within one
//! run a lot. See README.md.
//!
//! ```text
//! tests/bench/install-peers
//! cargo run --release -p bench -- all
//! ```

#[cfg(target_os = "linux")]
mod all;
#[cfg(target_os = "linux")]
mod background;
#[cfg(target_os = "linux")]
mod beside;
#[cfg(target_os = "linux")]
mod client;
#[cfg(target_os = "linux")]
mod command;
#[cfg(target_os = "linux")]
mod connect;
#[cfg(target_os = "linux")]
mod contender;
#[cfg(target_os = "linux")]
mod cores;
#[cfg(target_os = "linux")]
mod cpu;
#[cfg(target_os = "linux")]
mod descriptors;
#[cfg(target_os = "linux")]
mod forward;
#[cfg(target_os = "linux")]
mod idle;
#[cfg(target_os = "linux")]
mod latency;
#[cfg(target_os = "linux")]
mod limits;
#[cfg(target_os = "linux")]
mod logins;
#[cfg(target_os = "linux")]
mod memory;
#[cfg(target_os = "linux")]
mod pattern;
#[cfg(target_os = "linux")]
mod pingpong;
#[cfg(target_os = "linux")]
mod plot;
#[cfg(target_os = "linux")]
mod process;
#[cfg(target_os = "linux")]
mod report;
#[cfg(target_os = "linux")]
mod rounds;
#[cfg(all(test, target_os = "linux"))]
mod smoke;
#[cfg(target_os = "linux")]
mod stage;
#[cfg(target_os = "linux")]
mod target;
#[cfg(target_os = "linux")]
mod throughput;
#[cfg(target_os = "linux")]
mod udp;

#[cfg(target_os = "linux")]
type BoxError = Box<dyn std::error::Error + Send + Sync>;

#[cfg(target_os = "linux")]
fn main() -> Result<(), BoxError> {
    command::run()
}

#[cfg(not(target_os = "linux"))]
fn main() {
    eprintln!("the figures come from Linux's procfs");
}
