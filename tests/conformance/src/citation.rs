//! Finds ids in what a test says about itself.

use std::collections::BTreeSet;

use crate::Id;

/// What joins the ends of a range: `R5-33…R5-38`.
const RANGE: char = '…';

/// The ids in running text. A range stands for all of its members.
pub(crate) fn in_text(text: &str) -> BTreeSet<Id> {
    let part_of_id = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let mut ids = BTreeSet::new();
    let mut range_from: Option<Id> = None;
    let mut rest = text;
    while let Some(start) = rest.find(part_of_id) {
        let gap = rest.get(..start).unwrap_or_default();
        let word = rest.get(start..).unwrap_or_default();
        let end = word.find(|c| !part_of_id(c)).unwrap_or(word.len());
        let (word, after) = word.split_at(end);
        let id: Option<Id> = word.parse().ok();
        if let Some(id) = id {
            let from = range_from.filter(|from| gap == "…" && from.series == id.series);
            let first = from.map_or(id.number, |from| from.number);
            ids.extend((first..=id.number).map(|number| Id { number, ..id }));
        }
        range_from = id.filter(|_| after.starts_with(RANGE));
        rest = after;
    }
    ids
}

/// The id that the name of a test begins with: `r5_12_…`. Elsewhere in a name it does not count,
/// since `limited_to_16` is not about Tor.
pub(crate) fn in_name(name: &str) -> Option<Id> {
    let mut parts = name.splitn(3, '_');
    let (series, number) = (parts.next()?, parts.next()?);
    format!("{}-{number}", series.to_uppercase()).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        in_text(text).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn lists_ranges_and_brackets() {
        assert_eq!(
            found("R5-3, (S4A-11): so\nand `UP-2`."),
            ["R5-3", "UP-2", "S4A-11"]
        );
        assert_eq!(
            found("R5-33…R5-36, S4-2"),
            ["R5-33", "R5-34", "R5-35", "R5-36", "S4-2"]
        );
        // Neither a range: the one has two series, the other a space.
        assert_eq!(found("R5-1…S4-3"), ["R5-1", "S4-3"]);
        assert_eq!(found("R5-1 …R5-3"), ["R5-1", "R5-3"]);
    }

    #[test]
    fn other_words_with_a_dash() {
        assert!(
            found("UTF-8, RFC-1928, non-R5-3, R5-, S5-1, R5-3a, XR5-3, R5-+3, up-1").is_empty()
        );
    }

    #[test]
    fn names() {
        assert_eq!(in_name("r5_12_offered").unwrap().to_string(), "R5-12");
        assert_eq!(in_name("s4a_3").unwrap().to_string(), "S4A-3");
        assert_eq!(in_name("limited_to_16_addresses"), None);
        assert_eq!(in_name("greetings"), None);
    }
}
