use std::{num::NonZeroU16, path::PathBuf};

use clap::Parser;

use crate::{
    rules::{Asked, Pairs},
    value::{Level, Listen},
};

/// A SOCKS4, 4a and 5 proxy server.
///
/// Refuses destinations in private networks, on loopback and in cloud metadata, but for clients of
/// listeners that only this machine reaches (loopback, unix).
// Not `Debug`: it would show passwords.
#[derive(Parser)]
#[command(name = "socks-server", version)]
pub struct Args {
    /// Where to listen: IP:PORT or unix:/PATH; port 0 lets the system choose. Repeatable.
    /// [default: 127.0.0.1:1080]
    #[arg(long, value_name = "ADDR")]
    pub listen: Vec<Listen>,

    /// Lets this user in, and nobody without a login unless the methods in --config say so.
    /// Repeatable. The name has no colon, the password may. It shows in the process list: prefer --config on a shared machine.
    // Text here, and parsed later: a parser's message would repeat the password.
    #[arg(long, value_name = "NAME:PASSWORD")]
    pub user: Vec<String>,

    /// Reads settings from a TOML file. Flags override it: --listen and --user replace its lists.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Lifts the safe default: clients of every listener reach private networks and this machine.
    #[arg(long)]
    pub allow_private: bool,

    /// Serves BIND (the default): listens for one connection from a host that the client may connect
    /// to as well. See the table `bind` of --config for ports, addresses and limits.
    #[arg(long, overrides_with = "no_bind")]
    bind: bool,

    /// Does not serve BIND: answered 07.
    #[arg(long)]
    no_bind: bool,

    /// Serves UDP ASSOCIATE (the default).
    #[arg(long, overrides_with = "no_udp")]
    udp: bool,

    /// Does not serve UDP ASSOCIATE.
    #[arg(long)]
    no_udp: bool,

    /// So many threads, each with its own runtime and its own sockets (SO_REUSEPORT). Without it,
    /// one runtime with a thread for each core.
    #[arg(long, value_name = "N")]
    pub workers: Option<NonZeroU16>,

    /// Prints the settings without passwords, and exits.
    #[arg(long)]
    pub check: bool,

    /// Says which rule decides about a request, and why those before it do not, and exits. NAME is one
    /// of point, peer, local, listener, version, command, destination, remote, user, method, group.
    #[arg(long, value_name = "NAME=VALUE", num_args = 1..)]
    explain: Vec<String>,

    /// What goes to standard error. [default: info]
    #[arg(long, value_enum, value_name = "LEVEL")]
    pub log: Option<Level>,
}

impl Args {
    pub fn bind(&self) -> Option<bool> {
        flag(self.bind, self.no_bind)
    }

    /// What --explain asks.
    pub fn question(&self) -> Result<Option<Asked>, String> {
        let asked = (!self.explain.is_empty())
            .then(|| Pairs::of_arguments(&self.explain).and_then(Asked::new));
        asked
            .transpose()
            .map_err(|error| format!("--explain: {error}"))
    }

    pub fn udp(&self) -> Option<bool> {
        flag(self.udp, self.no_udp)
    }
}

fn flag(yes: bool, no: bool) -> Option<bool> {
    (yes || no).then_some(yes)
}
