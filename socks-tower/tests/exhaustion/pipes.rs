use std::{collections::BTreeMap, fs};

use rustix::{param::page_size, pipe::fcntl_getpipe_size};

/// Octets of capacity of each of this process's pipes, as the system has it.
pub(super) fn of_this_process() -> Vec<usize> {
    let mut pipes = BTreeMap::new();
    for entry in fs::read_dir("/proc/self/fd").unwrap().flatten() {
        let Ok(target) = fs::read_link(entry.path()) else {
            continue;
        };
        // Both of its descriptors have the pipe's name.
        if target.to_string_lossy().starts_with("pipe:")
            && let Ok(pipe) = fs::File::options()
                .read(true)
                .write(true)
                .open(entry.path())
            && let Ok(octets) = fcntl_getpipe_size(pipe)
        {
            pipes.insert(target, octets);
        }
    }
    pipes.into_values().collect()
}

/// What all pipes for splicing may hold, as `AdaptiveRelay::splice` documents it.
pub(super) fn bound() -> usize {
    let pages = fs::read_to_string("/proc/sys/fs/pipe-user-pages-soft").unwrap();
    match pages.trim().parse().unwrap() {
        0 => 16_384 * page_size() / 2,
        pages => pages * page_size() / 2,
    }
}
