use std::{fs, io};

use crate::client::LOGIN;

/// argon2id at the `argon2` crate's default cost, of the password of [`LOGIN`].
const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$YmVuY2ggc2FsdCAxNiBvYw$\
                    uXj7nMJXbMUUX8FtoB/BgxVdKIfxXbiMseTk4321iD0";

/// A configuration and its users; gone when dropped.
pub(super) struct Files {
    pub(super) config: String,
    users: String,
}

impl Files {
    pub(super) fn write() -> io::Result<Self> {
        let name = |suffix: &str| {
            let name = format!("bench-{}.{suffix}", std::process::id());
            std::env::temp_dir().join(name).display().to_string()
        };
        let files = Self {
            config: name("auth.toml"),
            users: name("htpasswd"),
        };
        fs::write(&files.users, format!("{}:{HASH}\n", LOGIN.0))?;
        // All logins come from one address, and it is the verifier that is to be busy.
        let config = format!(
            "[auth.htpasswd]\nfile = {:?}\n[auth.attempts]\nexempt = [\"127.0.0.0/8\"]\n",
            files.users
        );
        fs::write(&files.config, config)?;
        Ok(files)
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        for file in [&self.config, &self.users] {
            let _ = fs::remove_file(file);
        }
    }
}
