use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, de};

use crate::Series;

/// The id of a requirement, such as `R5-12`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id {
    /// What stands in front of the dash.
    pub series: Series,
    /// What stands behind it, from 1.
    pub number: u16,
}

impl FromStr for Id {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let id = text.split_once('-').and_then(|(prefix, number)| {
            let digits = number.bytes().all(|octet| octet.is_ascii_digit());
            let series = Series::from_prefix(prefix).filter(|_| digits)?;
            Some(Self {
                series,
                number: number.parse().ok()?,
            })
        });
        id.ok_or_else(|| format!("{text} is not the id of a requirement"))
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.series, self.number)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}
