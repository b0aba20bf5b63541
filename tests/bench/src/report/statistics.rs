/// The middle of some samples and their ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    pub(crate) least: f64,
    pub(crate) median: f64,
    pub(crate) most: f64,
    pub(crate) sum: f64,
}

impl Spread {
    /// `None` without samples.
    pub(crate) fn of<'a>(samples: impl IntoIterator<Item = &'a f64>) -> Option<Self> {
        let mut sorted: Vec<_> = samples.into_iter().copied().collect();
        sorted.sort_by(f64::total_cmp);
        let (low, high) = (sorted.len().checked_sub(1)? / 2, sorted.len() / 2);
        Some(Self {
            least: *sorted.first()?,
            median: (sorted[low] + sorted[high]) / 2.0,
            most: *sorted.last()?,
            sum: sorted.iter().sum(),
        })
    }
}

/// The smallest of `sorted` that `share` of them do not exceed.
pub(crate) fn quantile(sorted: &[u32], share: f64) -> u32 {
    let rank = (sorted.len() as f64 * share).ceil() as usize;
    let index = rank.clamp(1, sorted.len().max(1)) - 1;
    sorted.get(index).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn median_least_most() {
        assert_eq!(Spread::of(&[]), None);
        for (samples, least, median, most) in [
            (&[7.0][..], 7.0, 7.0, 7.0),
            (&[3.0, 1.0], 1.0, 2.0, 3.0),
            (&[9.0, 1.0, 2.0], 1.0, 2.0, 9.0),
            (&[4.0, 8.0, 2.0, 1.0], 1.0, 3.0, 8.0),
        ] {
            let spread = Spread::of(samples).unwrap();
            assert_eq!(
                (spread.least, spread.median, spread.most),
                (least, median, most)
            );
            assert_eq!(spread.sum, samples.iter().sum::<f64>());
        }
    }

    #[test]
    fn quantiles() {
        let sorted: Vec<u32> = (1..=1000).collect();
        for (share, expected) in [(0.0, 1), (0.5, 500), (0.99, 990), (0.999, 999), (1.0, 1000)] {
            assert_eq!(quantile(&sorted, share), expected);
        }
        assert_eq!(quantile(&[5], 0.99), 5);
        assert_eq!(quantile(&[], 0.5), 0);
    }
}
