use std::{error::Error, fmt};

/// Why PAM could not tell, or cannot be asked.
#[derive(Debug)]
pub struct PamError(Kind);

#[derive(Debug)]
pub(super) enum Kind {
    ServiceName,
    NoService,
    Library(nonstick::ErrorCode),
    User,
    Groups(nix::Error),
}

impl From<Kind> for PamError {
    fn from(kind: Kind) -> Self {
        Self(kind)
    }
}

impl fmt::Display for PamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::ServiceName => "expected the name of a PAM service: letters, digits, -, _, .",
            Kind::NoService => "there is no such service in /etc/pam.d or /usr/lib/pam.d",
            Kind::Library(_) => "PAM could not tell",
            Kind::User => "PAM let a user in whose name is not of 1 to 255 octets",
            Kind::Groups(_) => "the user's groups cannot be found out",
        })
    }
}

impl Error for PamError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0 {
            Kind::Library(error) => Some(error),
            Kind::Groups(error) => Some(error),
            Kind::ServiceName | Kind::NoService | Kind::User => None,
        }
    }
}
