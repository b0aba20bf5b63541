/// Level and role of a requirement, from the part of its paragraph in front of the dash:
/// `MUST · server`, `MAY · client / MUST* · server` or `MUST (accept) / SHOULD (not send) · both`.
pub(crate) fn level_and_role(head: &str) -> Option<(String, String)> {
    let mut levels = Vec::new();
    let mut roles = Vec::new();
    for part in head.split(" / ") {
        let mut fields = part.split(" · ").map(str::trim);
        levels.push(fields.next().filter(|level| is_level(level))?);
        if let Some(role) = fields.next() {
            roles.push(Some(role).filter(|role| matches!(*role, "client" | "server" | "both"))?);
        }
        if fields.next().is_some() {
            return None;
        }
    }
    (!roles.is_empty()).then(|| (levels.join(" / "), roles.join(" / ")))
}

fn is_level(level: &str) -> bool {
    let word = level.split(' ').next().unwrap_or_default();
    matches!(word.trim_end_matches('*'), "MUST" | "SHOULD" | "MAY")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads() {
        let read = |head| {
            let (level, role) = level_and_role(head).unwrap();
            format!("{level} | {role}")
        };
        assert_eq!(read("MUST* · server"), "MUST* | server");
        assert_eq!(
            read("MAY · client / MUST* · server"),
            "MAY / MUST* | client / server"
        );
        assert_eq!(
            read("MUST (accept) / SHOULD (not send) · both"),
            "MUST (accept) / SHOULD (not send) | both"
        );
        for bad in [
            "",
            "MUST",
            "MIGHT · server",
            "MUST · proxy",
            "MUST · server · both",
        ] {
            assert_eq!(level_and_role(bad), None, "{bad}");
        }
    }
}
