use core::fmt;

/// What a mechanism says about its failure: the status codes of its interface (RFC 2744 §3.9).
///
/// Numbers only, so that nothing of the peer's gets into it. The texts belong to the mechanism.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MechanismError {
    /// The major status, of all mechanisms.
    pub major: u32,
    /// The minor status, of this mechanism alone; 0 if there is none.
    pub minor: u32,
}

impl MechanismError {
    /// GSS_S_FAILURE without a minor status.
    pub const FAILURE: Self = Self::new(13 << 16, 0);

    /// A major and a minor status.
    pub const fn new(major: u32, minor: u32) -> Self {
        Self { major, minor }
    }

    /// RFC 2744 §3.9.1, table of routine errors.
    const fn routine(self) -> &'static str {
        match (self.major >> 16) & 0xff {
            1 => "the mechanism is not supported",
            2 => "invalid name",
            3 => "unsupported type of name",
            4 => "channel bindings do not match",
            6 => "invalid signature",
            7 => "no credentials",
            8 => "no context",
            9 => "invalid token",
            10 => "invalid credentials",
            11 => "credentials have expired",
            12 => "the context has expired",
            14 => "unsupported quality of protection",
            15 => "not authorized",
            16 => "not available",
            _ => "failure",
        }
    }
}

impl fmt::Display for MechanismError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { major, minor } = self;
        write!(f, "{} (status {major:#x}, {minor})", self.routine())
    }
}

impl core::error::Error for MechanismError {}
