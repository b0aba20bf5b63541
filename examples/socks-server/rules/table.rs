use std::path::PathBuf;

use serde::{Deserialize, Deserializer};
use socks_acl::RuleFile;
use socks_tower::sessions::{Drain, Judgement};

/// `rules`: the path of a file of rules, or the rules themselves.
#[derive(Clone, Debug)]
pub enum RulesTable {
    File(PathBuf),
    Inline(RuleFile),
}

impl<'de> Deserialize<'de> for RulesTable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let file = RuleFile::deserialize(deserializer)?;
        Ok(match file.as_str() {
            Some(path) => Self::File(path.into()),
            None => Self::Inline(file),
        })
    }
}

/// `refused_sessions`: what becomes of a session that new rules would not allow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RefusedSessions {
    /// It ends at once.
    #[default]
    Cut,
    /// It ends when it pauses for 10 seconds, and after 10 minutes anyway.
    Drain,
    /// It goes on.
    Keep,
}

impl RefusedSessions {
    pub fn judgement(self) -> Judgement {
        match self {
            Self::Cut => Judgement::Cut,
            Self::Drain => Judgement::Drain(Drain::default()),
            Self::Keep => Judgement::Keep,
        }
    }
}
