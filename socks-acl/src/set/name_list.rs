use super::normal_name::{SEPARATOR, key};

/// Whether an entry means its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Itself(pub(super) bool);

/// Whether an entry means the names below its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Below(pub(super) bool);

/// Keys a block. A lookup reads the first key of some 16 blocks, and one block.
const BLOCK: usize = 16;

const ITSELF: u8 = 1;
const BELOW: u8 = 2;

/// Names, reversed and sorted, in one piece of memory: two octets for each beside its own, and one
/// offset a block.
///
/// Nothing is kept below a name that stands for all below it. So what decides about a name is the
/// last entry that does not come after it: the entry of that name, or the one above it, or none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct NameList {
    /// Each entry: length of its key, flags, key.
    entries: Box<[u8]>,
    blocks: Box<[usize]>,
    len: usize,
}

impl NameList {
    /// Whether the name with this key is meant.
    pub(super) fn contains(&self, key: &[u8]) -> bool {
        let after = self.blocks.partition_point(|start| {
            let head = self.entries.get(*start..).and_then(split_entry);
            head.is_some_and(|(head, _, _)| head <= key)
        });
        let block = after.checked_sub(1).and_then(|block| {
            let start = *self.blocks.get(block)?;
            let end = self.blocks.get(after).copied();
            self.entries.get(start..end.unwrap_or(self.entries.len()))
        });
        let mut rest = block.unwrap_or_default();
        let mut last = None;
        while let Some((entry, flags, behind)) = split_entry(rest).filter(|(e, ..)| *e <= key) {
            last = Some((entry, flags));
            rest = behind;
        }
        last.is_some_and(|(entry, flags)| match key.strip_prefix(entry) {
            Some([]) => flags & ITSELF != 0,
            Some([SEPARATOR, ..]) => flags & BELOW != 0,
            _ => false,
        })
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn memory(&self) -> usize {
        size_of_val(&*self.entries) + size_of_val(&*self.blocks)
    }
}

/// The first entry's key and flags, and what follows.
fn split_entry(entries: &[u8]) -> Option<(&[u8], u8, &[u8])> {
    let [len, flags, rest @ ..] = entries else {
        return None;
    };
    let (key, rest) = rest.split_at_checked(usize::from(*len))?;
    Some((key, *flags, rest))
}

/// Collects names for a [`NameList`].
#[derive(Default)]
pub(super) struct Builder {
    /// As in the list, in the order of arrival.
    entries: Vec<u8>,
    starts: Vec<usize>,
}

impl Builder {
    /// `name` is canonical, so it has at most 253 octets.
    pub(super) fn push(&mut self, name: &str, itself: Itself, below: Below) {
        let Ok(len) = u8::try_from(name.len()) else {
            return;
        };
        let flags = if itself.0 { ITSELF } else { 0 } | if below.0 { BELOW } else { 0 };
        self.starts.push(self.entries.len());
        self.entries.extend([len, flags]);
        self.entries.extend(key(name.as_bytes()));
    }

    pub(super) fn build(self) -> NameList {
        let Self {
            entries: unsorted,
            mut starts,
        } = self;
        let entry = |start: usize| {
            let entry = unsorted.get(start..).and_then(split_entry);
            entry
                .map(|(key, flags, _)| (key, flags))
                .unwrap_or_default()
        };
        starts.sort_unstable_by_key(|start| entry(*start).0);
        let mut list = Sorted::default();
        for (key, flags) in starts.into_iter().map(entry) {
            list.push(key, flags);
        }
        list.finish()
    }
}

/// A list that grows by keys in ascending order.
#[derive(Default)]
struct Sorted<'a> {
    entries: Vec<u8>,
    blocks: Vec<usize>,
    len: usize,
    /// What may still be joined with an equal key.
    pending: Option<(&'a [u8], u8)>,
    /// The last key that stands for all below it.
    above: Option<&'a [u8]>,
}

impl<'a> Sorted<'a> {
    fn push(&mut self, key: &'a [u8], flags: u8) {
        match &mut self.pending {
            Some((last, joined)) if *last == key => *joined |= flags,
            _ => {
                self.flush();
                self.pending = Some((key, flags));
            }
        }
    }

    fn flush(&mut self) {
        let Some((key, flags)) = self.pending.take() else {
            return;
        };
        let beneath = self.above.and_then(|above| key.strip_prefix(above));
        if let Some([SEPARATOR, ..]) = beneath {
            return;
        }
        if flags & BELOW != 0 {
            self.above = Some(key);
        }
        if self.len.is_multiple_of(BLOCK) {
            self.blocks.push(self.entries.len());
        }
        self.len += 1;
        self.entries.extend([key.len() as u8, flags]);
        self.entries.extend(key);
    }

    fn finish(mut self) -> NameList {
        self.flush();
        NameList {
            entries: self.entries.into(),
            blocks: self.blocks.into(),
            len: self.len,
        }
    }
}
