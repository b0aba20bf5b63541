use std::collections::{BTreeMap, HashMap};

/// Who waits for a bucket, in the order in which they get their turns: start-time fair queueing
/// (Goyal, Vin and Cheng 1996), a class in a class.
///
/// Flows that share a narrower bucket are one class here, so that a user with many sessions has no
/// more of the server's bucket than one with few. Each has a tag that grows by the octets it was
/// given, and the one with the least tag is next; so shares are equal in octets, however much each
/// turn gives.
#[derive(Debug, Default)]
pub(super) struct Ring {
    queue: BTreeMap<Place, Child>,
    classes: HashMap<usize, Class>,
    /// The tag of the one that had the last turn, before it and behind it.
    time: u64,
    end: u64,
    /// The highest tag there has been.
    latest: u64,
    sequence: u64,
}

/// The tag with which somebody waits, and a number that tells equal ones apart.
pub(super) type Place = (u64, u64);

#[derive(Clone, Copy, Debug)]
enum Child {
    Flow(usize),
    Class(usize),
}

#[derive(Debug, Default)]
struct Class {
    ring: Ring,
    tag: u64,
    place: Option<Place>,
}

/// Classes without anybody that are kept for their tags, beyond as many as wait.
const KEPT: usize = 32;

impl Ring {
    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Whose turn is next.
    pub(super) fn head(&self) -> Option<usize> {
        match *self.queue.first_key_value()?.1 {
            Child::Flow(flow) => Some(flow),
            Child::Class(class) => self.classes.get(&class)?.ring.head(),
        }
    }

    /// Has `flow` wait, with the tag of its last turn here. `path` are its classes, the widest one
    /// first.
    pub(super) fn push(&mut self, path: &[usize], flow: usize, tag: u64) -> Place {
        let Some((id, path)) = path.split_first() else {
            return self.enter(Child::Flow(flow), tag);
        };
        let class = self.classes.entry(*id).or_default();
        let place = class.ring.push(path, flow, tag);
        if class.place.is_none() {
            let tag = class.tag;
            let entered = self.enter(Child::Class(*id), tag);
            if let Some(class) = self.classes.get_mut(id) {
                class.place = Some(entered);
            }
        }
        place
    }

    /// Not before the one that had the last turn: whoever had nothing to do has no claim to what it did
    /// not take. Who is new comes behind that turn, so that no number of newcomers keeps those away who
    /// wait. Nor behind everybody, as one with a tag from a time that is over would be.
    fn enter(&mut self, child: Child, tag: u64) -> Place {
        let least = if tag == 0 { self.end } else { self.time };
        let tag = tag.clamp(least, self.latest.max(least));
        self.sequence += 1;
        let place = (tag, self.sequence);
        self.queue.insert(place, child);
        place
    }

    /// Gives the next one its turn and answers with it and its new tag.
    pub(super) fn pop(&mut self, octets: u64) -> Option<(usize, u64)> {
        let (place, child) = self.queue.pop_first()?;
        self.time = place.0;
        let tag = place.0.saturating_add(octets);
        self.end = tag;
        self.latest = self.latest.max(tag);
        let turn = match child {
            Child::Flow(flow) => Some((flow, tag)),
            Child::Class(id) => {
                let class = self.classes.get_mut(&id)?;
                class.tag = tag;
                class.place = None;
                let turn = class.ring.pop(octets);
                if !class.ring.is_empty() {
                    let entered = self.enter(Child::Class(id), tag);
                    if let Some(class) = self.classes.get_mut(&id) {
                        class.place = Some(entered);
                    }
                }
                turn
            }
        };
        self.tidy();
        turn
    }

    /// `flow` waits no longer.
    pub(super) fn remove(&mut self, path: &[usize], place: Place) {
        match path.split_first() {
            None => {
                self.queue.remove(&place);
            }
            Some((id, path)) => {
                if let Some(class) = self.classes.get_mut(id) {
                    class.ring.remove(path, place);
                    if class.ring.is_empty()
                        && let Some(place) = class.place.take()
                    {
                        self.queue.remove(&place);
                    }
                }
            }
        }
        self.tidy();
    }

    fn tidy(&mut self) {
        if self.queue.is_empty() {
            // Whoever comes next begins anew.
            self.time = self.latest;
            self.end = self.latest;
            self.classes = HashMap::new();
        } else if self.classes.len() > KEPT + 2 * self.queue.len() {
            let time = self.time;
            self.classes
                .retain(|_, class| class.place.is_some() || class.tag > time);
        }
    }

    #[cfg(test)]
    pub(super) fn classes(&self) -> usize {
        self.classes.len()
    }
}
