/// How the exchange ended, by the value of [`Attribute::STATUS`](super::Attribute::STATUS).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// Authenticated; the client's request follows.
    Success,
    /// Not authenticated; both sides close.
    Failure,
}

impl Status {
    /// Judges a value as received: success only if it is not empty and every octet is zero
    /// (`CH-15`). The drafts mean one octet, and a doubtful value must not let anyone in.
    pub fn judge(value: &[u8]) -> Self {
        if !value.is_empty() && value.iter().all(|octet| *octet == 0) {
            Self::Success
        } else {
            Self::Failure
        }
    }

    /// The value to send, one octet: 00 or 01 (`CH-14`).
    pub const fn octet(self) -> u8 {
        match self {
            Self::Success => 0x00,
            Self::Failure => 0x01,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// CH-14, CH-15: zero octets only, and at least one.
    #[test]
    fn doubtful_values_are_failures() {
        for value in [&[0][..], &[0, 0], &[0; 255]] {
            assert_eq!(Status::judge(value), Status::Success, "{value:?}");
        }
        for value in [&[][..], &[1], &[0xff], &[0, 1], &[1, 0]] {
            assert_eq!(Status::judge(value), Status::Failure, "{value:?}");
        }
        for status in [Status::Success, Status::Failure] {
            assert_eq!(Status::judge(&[status.octet()]), status);
        }
    }
}
