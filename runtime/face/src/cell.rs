//! What the code around a cell calls: the store of variables and the display of the last expression.
