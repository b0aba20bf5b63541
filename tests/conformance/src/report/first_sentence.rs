/// Characters that a requirement in short has at most.
const LONGEST: usize = 120;

/// The first sentence of a requirement, cut between words if it is long.
pub(super) fn first_sentence(text: &str) -> String {
    let end = sentence_end(text).unwrap_or(text.len());
    let sentence = text.get(..end).unwrap_or(text).trim_end();
    if sentence.chars().count() <= LONGEST {
        return sentence.to_owned();
    }
    let cut = sentence
        .char_indices()
        .nth(LONGEST)
        .map_or(sentence.len(), |(at, _)| at);
    let short = sentence.get(..cut).unwrap_or(sentence);
    let mut short = short.rsplit_once(' ').map_or(short, |(words, _)| words);
    // Half a code span would swallow the rest of the row.
    if short.matches('`').count() % 2 == 1 {
        short = short.rsplit_once('`').map_or(short, |(words, _)| words);
    }
    let short = short.trim_end_matches([' ', ',', ';', ':', '.', '—', '(']);
    format!("{short} …")
}

/// Behind the first full stop that a space and a capital, a digit or a code span follow: the dots
/// of addresses and of `DST.ADDR` end nothing.
fn sentence_end(text: &str) -> Option<usize> {
    text.match_indices(". ").map(|(at, _)| at + 1).find(|end| {
        let next = text
            .get(*end..)
            .unwrap_or_default()
            .trim_start()
            .chars()
            .next();
        next.is_some_and(|next| next.is_uppercase() || next == '`' || next == '(')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences() {
        assert_eq!(first_sentence("Send 0.0.0.0. Then close."), "Send 0.0.0.0.");
        assert_eq!(
            first_sentence("Reads BND.ADDR, e.g. zeros. `x` next."),
            "Reads BND.ADDR, e.g. zeros."
        );
        assert_eq!(first_sentence("No stop"), "No stop");
    }

    #[test]
    fn long_ones_are_cut_between_words() {
        let long = "word ".repeat(40);
        let short = first_sentence(&long);
        assert!(short.chars().count() <= LONGEST + 2);
        assert!(short.ends_with("word …"), "{short}");
        let code = format!("{} `{}`", "word ".repeat(20), "in code ".repeat(20));
        assert_eq!(first_sentence(&code).matches('`').count(), 0);
    }
}
