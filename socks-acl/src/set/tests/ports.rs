use proptest::{collection::vec, prelude::*};

use crate::{PortRange, PortSet};

proptest! {
    #[test]
    fn agrees_with_a_list(ranges in vec((0_u16..200, 0_u16..40, any::<bool>()), 0..20)) {
        // At both ends of the ports.
        let ranges = ranges.into_iter().map(|(first, len, high)| match high {
            true => u16::MAX - first - len..=u16::MAX - first,
            false => first..=first + len,
        });
        let ranges: Vec<_> = ranges.map(PortRange::from).collect();
        let set: PortSet = ranges.iter().copied().collect();
        for port in (0..=240).chain(u16::MAX - 240..=u16::MAX) {
            let naive = ranges.iter().any(|range| range.contains(port));
            prop_assert_eq!(set.contains(port), naive, "{}", port);
        }
    }

    #[test]
    fn shown_as_read(first: u16, last: u16) {
        let range = PortRange::from(first.min(last)..=first.max(last));
        prop_assert_eq!(range.to_string().parse::<PortRange>().unwrap(), range);
    }
}

#[test]
fn forms_and_mistakes() {
    for (text, first, last) in [
        ("0", 0, 0),
        ("443", 443, 443),
        ("8000-8099", 8000, 8099),
        ("1024 - 65535", 1024, 65535),
    ] {
        let range = PortRange::from(first..=last);
        assert_eq!(text.parse::<PortRange>().unwrap(), range, "{text}");
    }
    for text in [
        "", "-", "80-", "-80", "65536", "9-8", "+80", "80-90-99", "http", "8 0", "0x50",
    ] {
        let error = text.parse::<PortRange>().unwrap_err().to_string();
        let expected = "expected a port or a range such as 8000-8099, found ";
        assert_eq!(error, format!("{expected}\"{text}\""));
    }
}

#[test]
fn shown_joined_and_short() {
    let web: PortSet = [443, 80, 81, 8080].into_iter().collect();
    assert_eq!(
        format!("{web} {web:?}"),
        "80-81, 443, 8080 PortSet(80-81, 443, 8080)"
    );
    let many: PortSet = (0..100).map(|n| n * 2).collect();
    assert!(many.to_string().ends_with("28, 30, and 84 more"));
    let backwards: PortSet = [PortRange::from(RANGE_OF_NONE)].into_iter().collect();
    assert!(backwards.is_empty() && !backwards.contains(5));
}

#[expect(clippy::reversed_empty_ranges)]
const RANGE_OF_NONE: std::ops::RangeInclusive<u16> = 9..=5;
