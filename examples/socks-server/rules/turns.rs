use std::{
    mem,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// Lines a second: clients make as many questions as they like, each datagram is one, and are not to fill
/// a disk.
const MAX: u32 = 20;

/// Whose turn it is to be written down.
#[derive(Debug, Default)]
pub struct Turns(Mutex<Second>);

#[derive(Debug, Default)]
struct Second {
    began: Option<Instant>,
    lines: u32,
    left_out: u64,
}

impl Turns {
    /// `None` if there were enough lines in this second; else how many were left out since the last one.
    pub fn next(&self, now: Instant) -> Option<u64> {
        let mut second = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let over = |began: Instant| now.saturating_duration_since(began) >= Duration::from_secs(1);
        if second.began.is_none_or(over) {
            second.began = Some(now);
            second.lines = 0;
        }
        if second.lines == MAX {
            second.left_out = second.left_out.saturating_add(1);
            return None;
        }
        second.lines += 1;
        Some(mem::take(&mut second.left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_lines_a_second() {
        let (turns, start) = (Turns::default(), Instant::now());
        let told = |at| (0..100).filter_map(|_| turns.next(at)).collect::<Vec<_>>();
        assert_eq!(told(start), [0; 20]);
        assert!(told(start + Duration::from_millis(999)).is_empty());
        let next = told(start + Duration::from_secs(1));
        assert_eq!((next.len(), next[0], next[1]), (20, 180, 0));
    }
}
