//! The crates of compiled instances, which lie in the engine's library for the cells.

extern crate dagbok_instances_common as _;
extern crate dagbok_instances_containers as _;
extern crate dagbok_instances_polars as _;
