use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, SeqAccess, Visitor},
};
use toml::Spanned;

/// TOML as it stands in a file, each value and key with its place. What the values mean is found out
/// later, so that errors can say where they are and what was expected.
#[derive(Clone, Debug)]
pub(super) enum Node {
    String(String),
    Integer(i64),
    Boolean(bool),
    Array(Vec<Spanned<Node>>),
    Table(Vec<(Spanned<String>, Spanned<Node>)>),
    /// A number with a fraction.
    Float,
}

impl Node {
    /// The value of `key` in a table.
    pub(super) fn get(&self, key: &str) -> Option<&Spanned<Node>> {
        let Self::Table(entries) = self else {
            return None;
        };
        let entry = entries.iter().find(|(name, _)| name.get_ref() == key);
        entry.map(|(_, value)| value)
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a TOML value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Boolean(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Integer(value))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Node, E> {
        Ok(Node::Float)
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Node, E> {
        Ok(Node::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = array.next_element()? {
            items.push(item);
        }
        Ok(Node::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut table: A) -> Result<Node, A::Error> {
        let mut entries = Vec::new();
        loop {
            // Only what `toml` makes of a time has a key without a place.
            let key = table.next_key::<Spanned<String>>();
            let key =
                key.map_err(|_| A::Error::custom("a date or a time, which belongs nowhere"))?;
            match key {
                Some(key) => entries.push((key, table.next_value()?)),
                None => return Ok(Node::Table(entries)),
            }
        }
    }
}
