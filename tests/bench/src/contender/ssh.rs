use std::{
    fs,
    path::{Path, PathBuf},
};

use tokio::process::Command;

use super::peer::{free_port, on_path};
use crate::{BoxError, process::Process};

/// Keys and configuration of one pair of ssh and sshd, gone when both run.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// `ssh -D` over a private sshd, both on loopback. Both count: what one decrypts the other has
/// encrypted.
pub(super) async fn start(ssh: &Path) -> Result<Process, BoxError> {
    let (sshd_at, listen) = (free_port()?, free_port()?);
    let sshd = on_path("sshd").ok_or("ssh is here, but sshd is not")?;
    let keygen = on_path("ssh-keygen").ok_or("ssh is here, but ssh-keygen is not")?;
    let name = format!("bench-ssh-{}-{}", std::process::id(), listen.port());
    let folder = Folder(std::env::temp_dir().join(name));
    fs::create_dir(&folder.0)?;
    let text = folder.0.display().to_string();
    for key in ["host", "user"] {
        let path = folder.0.join(key);
        let made = Command::new(&keygen)
            .args(["-q", "-t", "ed25519", "-N", "", "-f"])
            .arg(path)
            .status();
        if !made.await?.success() {
            return Err("ssh-keygen made no key".into());
        }
    }
    // What its service makes too.
    let _ = fs::create_dir("/run/sshd");
    let config = format!(
        "ListenAddress 127.0.0.1:{}
HostKey {text}/host
AuthorizedKeysFile {text}/user.pub
PidFile none
StrictModes no
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
AllowTcpForwarding yes
LogLevel QUIET
",
        sshd_at.port()
    );
    fs::write(folder.0.join("sshd"), config)?;
    // One process with the other below it. ssh tries until sshd listens.
    let script = format!(
        "{sshd} -D -f {text}/sshd & \
         tries=0; until {ssh} -q -N -F none -D {listen} -p {port} -i {text}/user \
         -o ExitOnForwardFailure=yes -o StrictHostKeyChecking=no -o BatchMode=yes \
         -o UserKnownHostsFile={text}/known -o GlobalKnownHostsFile=none 127.0.0.1; \
         do tries=$((tries + 1)); [ $tries -lt 20 ] || exit 1; sleep 0.1; done",
        sshd = sshd.display(),
        ssh = ssh.display(),
        port = sshd_at.port(),
    );
    Process::at(Path::new("/bin/sh"), &["-c", &script], listen).await
}
