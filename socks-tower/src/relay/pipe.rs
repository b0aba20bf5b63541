#[cfg(test)]
use std::cell::Cell;
use std::{
    cell::RefCell,
    fs, io,
    os::fd::OwnedFd,
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use rustix::{
    param::page_size,
    pipe::{PipeFlags, SpliceFlags, fcntl_setpipe_size, pipe_with, splice},
};
use tokio::net::TcpStream;

/// A kernel pipe, through which octets go from one socket to another without being copied.
///
/// A flow has one only while there is something in it: filled, emptied and put back within one
/// turn, it goes from flow to flow of a thread as its buffer for copying does. Only a sink that does
/// not take everything keeps one.
#[derive(Debug)]
pub(super) struct Pipe {
    read: OwnedFd,
    write: OwnedFd,
    capacity: usize,
    held: usize,
}

/// What a pipe should hold: the default 64 KiB lose most of what splicing gains.
const WANTED: usize = 1024 * 1024;

/// What a pipe must hold to be worth it. The system gives less to users who have many.
const WORTHWHILE: usize = 64 * 1024;

/// Empty pipes that a thread keeps.
const KEPT: usize = 8;

thread_local! {
    static POOL: RefCell<Vec<Pipe>> = const { RefCell::new(Vec::new()) };
}

#[cfg(test)]
thread_local! {
    /// Pipes that this thread opened less those it closed.
    pub(super) static ALIVE: Cell<isize> = const { Cell::new(0) };
}

/// Octets of capacity of all pipes of this process.
static OPEN: AtomicUsize = AtomicUsize::new(0);

impl Pipe {
    /// An empty pipe; `None` if there are too many, or the system gives none that is large enough.
    pub(super) fn take() -> Option<Self> {
        let pooled = POOL.with(|pool| pool.try_borrow_mut().ok()?.pop());
        pooled.or_else(Self::open)
    }

    fn open() -> Option<Self> {
        let bounds = Bounds::get();
        let mut capacity = 0;
        // Taken before the pipe is there: other threads open theirs meanwhile.
        let taken = OPEN.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |open| {
            capacity = bounds.next(open)?;
            Some(open + capacity)
        });
        taken.ok()?;
        let opened =
            pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK).and_then(|(read, write)| {
                fcntl_setpipe_size(&write, capacity)?;
                Ok((read, write))
            });
        let Ok((read, write)) = opened else {
            OPEN.fetch_sub(capacity, Ordering::Relaxed);
            return None;
        };
        #[cfg(test)]
        ALIVE.set(ALIVE.get() + 1);
        Some(Self {
            read,
            write,
            capacity,
            held: 0,
        })
    }

    /// Gives the pipe to the thread's next flow. One that is not empty is closed.
    pub(super) fn put_back(self) {
        if self.held > 0 {
            return;
        }
        POOL.with(|pool| {
            if let Ok(mut pool) = pool.try_borrow_mut()
                && pool.len() < KEPT
            {
                pool.push(self);
            }
        });
    }

    /// Pipes that this thread keeps.
    #[cfg(test)]
    pub(super) fn kept() -> usize {
        POOL.with_borrow(Vec::len)
    }

    /// What it holds, in octets.
    pub(super) fn held(&self) -> usize {
        self.held
    }

    /// Moves what has arrived at `source`, `most` octets of it, into the pipe, which must be empty: then
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) means that nothing has arrived, or urgent data, and 0 is the
    /// end, or urgent data before it.
    pub(super) fn fill(&mut self, source: &TcpStream, most: usize) -> io::Result<usize> {
        debug_assert_eq!(self.held, 0);
        let flags = SpliceFlags::NONBLOCK | SpliceFlags::MOVE;
        let filled = splice(
            source,
            None,
            &self.write,
            None,
            self.capacity.min(most),
            flags,
        )?;
        self.held = filled;
        Ok(filled)
    }

    /// Moves what the pipe holds to `sink`.
    pub(super) fn drain(&mut self, sink: &TcpStream) -> io::Result<usize> {
        let flags = SpliceFlags::NONBLOCK | SpliceFlags::MOVE;
        let drained = splice(&self.read, None, sink, None, self.held, flags)?;
        self.held = self.held.saturating_sub(drained);
        Ok(drained)
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        OPEN.fetch_sub(self.capacity, Ordering::Relaxed);
        #[cfg(test)]
        ALIVE.set(ALIVE.get() - 1);
    }
}

/// What the pipes of this process may hold, in octets.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    each: usize,
    total: usize,
}

impl Bounds {
    /// What the next pipe should hold, with so many octets taken by others.
    fn next(self, open: usize) -> Option<usize> {
        let free = self.total.saturating_sub(open);
        let wanted = match free >= self.total / 2 {
            true => self.each,
            // With half of it gone, the rest is for more flows and not for larger pipes.
            false => self.each / 4,
        };
        (WORTHWHILE..=free).contains(&wanted).then_some(wanted)
    }

    /// Half of what the system lets an unprivileged user have, so that others of the same user
    /// find some; root is not bounded by the system and gets no more here.
    fn get() -> Self {
        static BOUNDS: OnceLock<Bounds> = OnceLock::new();
        *BOUNDS.get_or_init(|| {
            let max_size = sysctl("pipe-max-size").unwrap_or(WANTED);
            let pages = sysctl("pipe-user-pages-soft").filter(|pages| *pages > 0);
            let pages = pages.unwrap_or(DEFAULT_PAGES);
            Self {
                each: max_size.min(WANTED),
                total: pages.saturating_mul(page_size()) / 2,
            }
        })
    }
}

/// `pipe-user-pages-soft` as Linux has it by default: 64 pipes of 1 MiB.
const DEFAULT_PAGES: usize = 16_384;

fn sysctl(name: &str) -> Option<usize> {
    let value = fs::read_to_string(format!("/proc/sys/fs/{name}")).ok()?;
    value.trim().parse().ok()
}
