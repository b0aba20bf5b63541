use std::{fs, path::Path};

use super::peer::free_port;
use crate::{BoxError, process::Process};

/// Loopback only, no login, and nothing logged but its start.
pub(super) async fn start(path: &Path) -> Result<Process, BoxError> {
    let free = free_port()?;
    let users = match rustix::process::geteuid().is_root() {
        true => "user.privileged: root\nuser.unprivileged: nobody\n",
        false => "",
    };
    let config = format!(
        "logoutput: stderr
internal: 127.0.0.1 port = {}
external: lo
socksmethod: none
clientmethod: none
{users}client pass {{
    from: 127.0.0.0/8 to: 0.0.0.0/0
}}
socks pass {{
    from: 127.0.0.0/8 to: 0.0.0.0/0
    command: connect udpassociate udpreply
    protocol: tcp udp
}}
",
        free.port()
    );
    let name = format!("bench-danted-{}-{}.conf", std::process::id(), free.port());
    let file = std::env::temp_dir().join(name);
    fs::write(&file, config)?;
    let name = file
        .to_str()
        .ok_or("a temporary folder with a strange name")?;
    let process = Process::at(path, &["-f", name], free).await;
    let _ = fs::remove_file(&file);
    process
}
