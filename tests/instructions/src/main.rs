//! Does one kind of work N times: `instructions CASE N`. The script `run` counts what N more cost.
//!
//! Nothing here reads a clock to decide anything, draws lots or has a second thread, so two runs
//! execute the same instructions but for hash seeds and addresses.

mod handshake;
mod relay;
mod stream;

use std::process::ExitCode;

use tokio::runtime::Builder;

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let (Some(case), Some(times)) = (args.next(), args.next()) else {
        eprintln!("instructions CASE N");
        return ExitCode::FAILURE;
    };
    let Ok(times) = times.parse() else {
        eprintln!("{times}: not a number");
        return ExitCode::FAILURE;
    };
    let runtime = Builder::new_current_thread().enable_time().build();
    let runtime = runtime.expect("a runtime on this thread");
    match case.as_str() {
        "core-handshake" => handshake::typed_states(times),
        "session" => runtime.block_on(handshake::sessions(times, handshake::MESSAGES)),
        "session-optimistic" => runtime.block_on(handshake::sessions(times, handshake::OPTIMISTIC)),
        "relay-64-octets" => runtime.block_on(relay::messages(times, 64)),
        "relay-64-KiB" => runtime.block_on(relay::messages(times, 64 * 1024)),
        other => {
            eprintln!("{other}: no such case");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
