use std::{fmt, path::PathBuf};

use serde::{
    Deserialize, Deserializer,
    de::{self, value::MapAccessDeserializer},
};
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
        struct Visitor;

        impl<'de> de::Visitor<'de> for Visitor {
            type Value = RulesTable;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the path of a file of rules, or a table of them")
            }

            fn visit_str<E>(self, path: &str) -> Result<RulesTable, E> {
                Ok(RulesTable::File(path.into()))
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<RulesTable, A::Error> {
                RuleFile::deserialize(MapAccessDeserializer::new(map)).map(RulesTable::Inline)
            }
        }

        deserializer.deserialize_any(Visitor)
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
