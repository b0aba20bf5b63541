use std::cell::Cell;

/// Octets of a thread's buffer.
pub(crate) const LEN: usize = 256 * 1024;

thread_local! {
    // Reads of all tunnels of a thread go through this one buffer, so that an idle tunnel holds
    // none. It is taken out while in use: a stream that polls another tunnel inside its own
    // `poll_read` finds the cell empty and gets a buffer of its own.
    static SCRATCH: Cell<Option<Box<[u8]>>> = const { Cell::new(None) };
}

/// Lends the thread's buffer to `work`.
pub(crate) fn with<T>(work: impl FnOnce(&mut [u8]) -> T) -> T {
    let mut buffer = SCRATCH
        .take()
        .unwrap_or_else(|| vec![0; LEN].into_boxed_slice());
    let result = work(&mut buffer);
    SCRATCH.set(Some(buffer));
    result
}
