//! The forms in which octets end up in texts.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};

/// In which form `text` holds `secret`, if it does.
pub(crate) fn leak(text: &str, secret: &[u8]) -> Option<&'static str> {
    assert!(secret.len() >= 8, "shorter ones are found by chance");
    let found = forms(secret)
        .into_iter()
        .find(|(_, form)| text.contains(form.as_str()));
    found.map(|(name, _)| name)
}

fn forms(secret: &[u8]) -> Vec<(&'static str, String)> {
    let each = |separator, show: &dyn Fn(&u8) -> String| {
        secret.iter().map(show).collect::<Vec<_>>().join(separator)
    };
    let lower = |octet: &u8| format!("{octet:02x}");
    let upper = |octet: &u8| format!("{octet:02X}");
    let mut forms = vec![
        ("text", String::from_utf8_lossy(secret).into_owned()),
        ("escapes", secret.escape_ascii().to_string()),
        ("a debug list", each(", ", &|octet| octet.to_string())),
        ("a hex list", each(", ", &lower)),
        (
            "a list of literals",
            each(", ", &|octet| format!("{octet:#04x}")),
        ),
        ("hex", each("", &lower)),
        ("upper hex", each("", &upper)),
        ("hex with spaces", each(" ", &lower)),
        ("upper hex with spaces", each(" ", &upper)),
        ("hex with colons", each(":", &lower)),
        (
            "a URL's escapes",
            each("", &|octet| match octet.is_ascii_alphanumeric() {
                true => char::from(*octet).to_string(),
                false => format!("%{octet:02X}"),
            }),
        ),
    ];
    // Wherever in a base64 text it begins; at the ends the digits are its neighbours' as well.
    for before in 0..3 {
        let shifted = [&vec![0; before], secret].concat();
        for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            let digits = engine.encode(&shifted);
            let first = (before * 8).div_ceil(6);
            let last = shifted.len() * 8 / 6;
            forms.push(("base64", digits[first..last].to_owned()));
        }
    }
    forms
}

/// The sieve has no holes where it is supposed to hold.
#[test]
fn forms_are_found() {
    let secret = b"correct-horse\xff?>battery";
    let login = [&b"alice:"[..], secret].concat();
    for (text, form) in [
        (format!("{secret:?}"), "a debug list"),
        (format!("{secret:02x?}"), "a hex list"),
        (format!("x{}x", secret.escape_ascii()), "escapes"),
        (format!("{}", String::from_utf8_lossy(&login)), "text"),
        (STANDARD_NO_PAD.encode(&login), "base64"),
        (STANDARD_NO_PAD.encode(&login[1..]), "base64"),
        (URL_SAFE_NO_PAD.encode(&login[2..]), "base64"),
        (
            STANDARD_NO_PAD.encode([&login[..], b"more"].concat()),
            "base64",
        ),
    ] {
        assert_eq!(leak(&text, secret), Some(form), "{text}");
        assert_eq!(leak(&text, b"another-secret"), None);
    }
}
