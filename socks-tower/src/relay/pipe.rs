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
        let free = bounds.total.saturating_sub(OPEN.load(Ordering::Relaxed));
        let wanted = match free >= bounds.total / 2 {
            true => bounds.each,
            // With half of it gone, the rest is for more flows and not for larger pipes.
            false => bounds.each / 4,
        };
        if wanted > free || wanted < WORTHWHILE {
            return None;
        }
        let (read, write) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK).ok()?;
        let capacity = fcntl_setpipe_size(&write, wanted).ok()?;
        OPEN.fetch_add(capacity, Ordering::Relaxed);
        let pipe = Self {
            read,
            write,
            capacity,
            held: 0,
        };
        (capacity >= WORTHWHILE).then_some(pipe)
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

    /// What it holds, in octets.
    pub(super) fn held(&self) -> usize {
        self.held
    }

    /// Moves what has arrived at `source` into the pipe, which must be empty: then
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) can mean nothing but that nothing has arrived. 0 is the end.
    pub(super) fn fill(&mut self, source: &TcpStream) -> io::Result<usize> {
        debug_assert_eq!(self.held, 0);
        let flags = SpliceFlags::NONBLOCK | SpliceFlags::MOVE;
        let filled = splice(source, None, &self.write, None, self.capacity, flags)?;
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
    }
}

/// What the pipes of this process may hold, in octets.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    each: usize,
    total: usize,
}

impl Bounds {
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
