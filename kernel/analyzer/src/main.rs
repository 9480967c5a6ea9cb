//! The analyzer process: completion and documentation for cells, beside the kernel and never on the path of a cell.

fn main() {}
