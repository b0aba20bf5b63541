use crate::reload::Expected;

/// The lines of an htpasswd or htgroup file that say something, each with its number.
///
/// Empty lines and those that begin with `#` say nothing. CR LF ends a line as LF does. Space at
/// either end, a NUL and a byte order mark are refused, since programs differ on them.
pub(crate) fn lines(content: &[u8]) -> impl Iterator<Item = Result<(usize, &[u8]), Expected>> {
    let lines = content.split(|octet| *octet == b'\n').enumerate();
    lines.filter_map(|(index, line)| {
        let number = index + 1;
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let expected = |what| Some(Err(Expected::at(number, what)));
        match line {
            [b'#', ..] => None,
            _ if line.iter().all(u8::is_ascii_whitespace) => None,
            _ if index == 0 && line.starts_with(b"\xef\xbb\xbf") => {
                expected("expected no byte order mark")
            }
            _ if line.len() > MAX_LENGTH => expected("expected a line of at most 65536 octets"),
            _ if line.contains(&0) => expected("expected no NUL"),
            _ if line.trim_ascii() != line => expected("expected no space at the ends of the line"),
            _ => Some(Ok((number, line))),
        }
    })
}

const MAX_LENGTH: usize = 64 * 1024;
