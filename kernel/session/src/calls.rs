//! The calls that led to a panic. Std's backtraces know only the objects that were loaded before the first of them, and cells
//! are loaded all the time; so addresses are noted here and looked up in the cells' own objects.
#![expect(unsafe_code, reason = "the unwinder and the loader are the system's")]

use std::collections::HashMap;
use std::ffi::{CStr, c_int, c_void};
use std::mem::MaybeUninit;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use addr2line::Loader;
use dagbok::cell::{Calls, Frame, Place};

/// Deeper calls than this are left out.
const N_CALLS_MAX: usize = 256;

/// From now on panics know the calls that led to them.
pub(super) fn trace() {
    dagbok::cell::set_tracer(|| Arc::new(Addresses::here()));
}

/// Where calls return to, innermost first.
struct Addresses(Vec<usize>);

unsafe extern "C" {
    fn _Unwind_Backtrace(
        visit: extern "C" fn(*mut c_void, *mut c_void) -> c_int,
        addresses: *mut c_void,
    ) -> c_int;
    fn _Unwind_GetIP(context: *mut c_void) -> usize;
}

extern "C" fn visit(context: *mut c_void, addresses: *mut c_void) -> c_int {
    const GO_ON: c_int = 0;
    const STOP: c_int = 5;
    // SAFETY: `here` passes a vector that outlives the walk, and the context is the unwinder's own.
    let (addresses, address) =
        unsafe { (&mut *addresses.cast::<Vec<usize>>(), _Unwind_GetIP(context)) };
    if address == 0 || addresses.len() == N_CALLS_MAX {
        return STOP;
    }
    addresses.push(address);
    GO_ON
}

impl Addresses {
    fn here() -> Self {
        let mut addresses = Vec::with_capacity(64);
        // SAFETY: the walk ends before `addresses` does.
        unsafe { _Unwind_Backtrace(visit, (&raw mut addresses).cast()) };
        Addresses(addresses)
    }
}

impl Calls for Addresses {
    fn frames(&self) -> Vec<Frame> {
        let mut objects: HashMap<PathBuf, Option<Loader>> = HashMap::new();
        let mut frames = Vec::new();
        for address in &self.0 {
            // A call returns behind itself.
            let Some((object, offset)) = cell_object(address - 1) else {
                continue;
            };
            let loader = objects
                .entry(object)
                .or_insert_with_key(|path| Loader::new(path).ok());
            if let Some(loader) = loader {
                look_up(loader, offset, &mut frames);
            }
        }
        frames
    }
}

/// The cell's object in which `address` lies, and where in it.
fn cell_object(address: usize) -> Option<(PathBuf, u64)> {
    let mut info = MaybeUninit::<libc::Dl_info>::uninit();
    // SAFETY: any address may be asked for; the loader fills in `info` if it knows it.
    let info = unsafe {
        if libc::dladdr(address as *const c_void, info.as_mut_ptr()) == 0 {
            return None;
        }
        info.assume_init()
    };
    // SAFETY: the loader's name for an object ends with a zero and lives as long as the object, which is never unloaded.
    let path = Path::new(unsafe { CStr::from_ptr(info.dli_fname) }.to_str().ok()?);
    let is_cell = path.file_name()?.to_str()?.starts_with("cell_");
    is_cell.then(|| (path.to_owned(), (address - info.dli_fbase as usize) as u64))
}

/// Adds the function at `offset`, and before it those that were inlined there.
fn look_up(loader: &Loader, offset: u64, frames: &mut Vec<Frame>) {
    let symbol = loader.find_symbol(offset).map(readable);
    let n_before = frames.len();
    if let Ok(mut inlined) = loader.find_frames(offset) {
        while let Ok(Some(frame)) = inlined.next() {
            let function = frame
                .function
                .as_ref()
                .and_then(|name| name.demangle().ok());
            let Some(function) = function
                .map(|name| readable(&name))
                .or_else(|| symbol.clone())
            else {
                continue;
            };
            let place = frame.location.and_then(|location| {
                Some(Place {
                    file: location.file?.to_owned(),
                    line: location.line?,
                    column: location.column.unwrap_or(1),
                })
            });
            frames.push(Frame { function, place });
        }
    }
    if let Some(function) = symbol.filter(|_| frames.len() == n_before) {
        frames.push(Frame {
            function,
            place: None,
        });
    }
}

/// A symbol as a path, without the hashes that make it unique.
fn readable(symbol: &str) -> String {
    format!("{:#}", rustc_demangle::demangle(symbol))
}
