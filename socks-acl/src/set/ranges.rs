/// Disjoint ranges in ascending order, with a gap between each two: what overlaps or touches is one
/// range. Both ends are inside.
///
/// Two flat arrays, since a lookup searches the starts alone and then looks at a single end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Ranges<T> {
    starts: Box<[T]>,
    ends: Box<[T]>,
}

/// A number with a successor.
pub(super) trait Point: Copy + Ord {
    fn successor(self) -> Option<Self>;
}

macro_rules! point {
    ($($number:ty),*) => {$(
        impl Point for $number {
            fn successor(self) -> Option<Self> {
                self.checked_add(1)
            }
        }
    )*};
}

point!(u16, u32, u128);

impl<T: Point> Ranges<T> {
    /// Whoever gives a range whose end is before its start gives an empty one.
    pub(super) fn new(mut ranges: Vec<(T, T)>) -> Self {
        ranges.retain(|(start, end)| start <= end);
        ranges.sort_unstable();
        ranges.dedup_by(|(start, end), (_, last_end)| {
            // `None` is the last number of all: whatever follows is inside.
            let joined = last_end.successor().is_none_or(|next| *start <= next);
            if joined {
                *last_end = (*last_end).max(*end);
            }
            joined
        });
        Self {
            starts: ranges.iter().map(|(start, _)| *start).collect(),
            ends: ranges.iter().map(|(_, end)| *end).collect(),
        }
    }

    pub(super) fn contains(&self, point: T) -> bool {
        let after = self.starts.partition_point(|start| *start <= point);
        let end = after.checked_sub(1).and_then(|last| self.ends.get(last));
        end.is_some_and(|end| point <= *end)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (T, T)> + '_ {
        self.starts.iter().copied().zip(self.ends.iter().copied())
    }

    pub(super) fn len(&self) -> usize {
        self.starts.len()
    }

    pub(super) fn memory(&self) -> usize {
        size_of_val(&*self.starts) + size_of_val(&*self.ends)
    }
}
