//! Files: which there are, and how their parts are read.

mod alone;
mod blocks;
mod csv;
pub(crate) mod disk;
mod files;
pub(crate) mod memory;
pub mod npy;
mod parquet;
mod process;
mod save;
mod tables;

pub use tables::scan;

pub(crate) use blocks::{Borders, borders, count_quotes};
pub(crate) use process::{Usage, resident, usage};
pub(crate) use save::save;
pub(crate) use tables::{check_columns, in_file, is_unchanged, read};
