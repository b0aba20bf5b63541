//! A freestanding program: no std, an allocator and a panic handler of its own. Linking fails with
//! a duplicate `panic_impl` as soon as anything below pulls std in.
#![no_std]
#![no_main]

extern crate alloc;

use core::{
    alloc::{GlobalAlloc, Layout},
    sync::atomic::{AtomicUsize, Ordering},
};

use socks_core::{
    Method, Progress,
    server::{Handshake, Opening},
};

/// Hands out one fixed piece of memory and takes nothing back.
struct Bump;

const SIZE: usize = 64 * 1024;
static mut MEMORY: [u8; SIZE] = [0; SIZE];
static NEXT: AtomicUsize = AtomicUsize::new(0);

// Unsafe as every allocator is. The region is touched here only, and each octet of it is handed out
// once.
unsafe impl GlobalAlloc for Bump {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let start = NEXT.fetch_add(layout.size() + layout.align(), Ordering::Relaxed);
        let base = &raw mut MEMORY as usize;
        let aligned = (base + start).next_multiple_of(layout.align());
        match aligned + layout.size() <= base + SIZE {
            true => aligned as *mut u8,
            false => core::ptr::null_mut(),
        }
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

#[global_allocator]
static ALLOCATOR: Bump = Bump;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}

#[link(name = "c")]
unsafe extern "C" {}

// What the precompiled `alloc` refers to and a program that does not unwind never calls.
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}
#[unsafe(no_mangle)]
extern "C" fn _Unwind_Resume() {}

/// Runs a greeting through the handshake; the exit status says whether it was understood.
#[unsafe(no_mangle)]
pub extern "C" fn main() -> i32 {
    let mut input: &[u8] = &[5, 1, 0];
    let mut output = alloc::vec::Vec::new();
    match Handshake::new().receive(&mut input, &mut output) {
        Ok(Progress::Next(Opening::Socks5(offered)))
            if offered.greeting().offers(Method::NO_AUTHENTICATION) =>
        {
            i32::from(offered.no_authentication(&mut output).is_err() || output != [5, 0])
        }
        _ => 1,
    }
}
