use std::collections::BTreeSet;

/// Lines that are shown at most.
const SHOWN: usize = 12;

/// The lines that only one of two texts has, `-` for `old` and `+` for `new`; the first few.
/// `None` if the texts are equal.
pub fn difference(old: &str, new: &str) -> Option<String> {
    if old == new {
        return None;
    }
    let only = |sign: char, text: &str, other: &str| -> Vec<String> {
        let other: BTreeSet<&str> = other.lines().collect();
        let lines = text
            .lines()
            .filter(|line| !line.is_empty() && !other.contains(line));
        lines.map(|line| format!("{sign} {line}")).collect()
    };
    let mut lines = only('-', old, new);
    lines.extend(only('+', new, old));
    // By the text of the line, so that the two forms of a row stand together.
    lines.sort_by(|a, b| a.get(2..).cmp(&b.get(2..)));
    let more = lines.len().saturating_sub(SHOWN);
    lines.truncate(SHOWN);
    match (lines.is_empty(), more) {
        (true, _) => lines.push("the same lines in another order or number".to_owned()),
        (false, 0) => {}
        (false, more) => lines.push(format!("and {more} more")),
    }
    Some(lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences() {
        assert_eq!(difference("a\nb", "a\nb"), None);
        assert_eq!(difference("a\nb1\nc", "a\nb2\nc").unwrap(), "- b1\n+ b2");
        assert!(difference("a\nb", "b\na").unwrap().contains("order"));
        let many: String = (0..20).map(|number| format!("{number}\n")).collect();
        assert!(difference("", &many).unwrap().ends_with("and 8 more"));
    }
}
