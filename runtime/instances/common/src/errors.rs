//! `?` on what usually fails in a cell.

use std::error::Error as StdError;
use std::hint::black_box;
use std::io;
use std::num::{ParseFloatError, ParseIntError};
use std::path::PathBuf;

use dagbok::cell::Failure;
use dagbok::display::MimeBundle;
use dagbok::{Array, DataFrame, Error, Frame, NdArray};

use crate::{any, each};

pub(crate) fn compile() {
    each!(error: [Error, io::Error, ParseIntError, ParseFloatError, String, &'static str, Box<dyn StdError>]);
    each!(computed: [(), i32, i64, usize, f64, String, NdArray, DataFrame, Array, Frame, MimeBundle]);
    each!(read: [(), String, usize, Vec<u8>, PathBuf]);
    black_box((
        any::<Result<i32, ParseIntError>>().is_ok(),
        any::<Result<f64, ParseFloatError>>().is_ok(),
    ));
}

fn error<E: Into<Box<dyn StdError>>>() {
    fn question_mark<E: Into<Box<dyn StdError>>>() -> Result<(), Failure> {
        Err(any::<E>())?
    }
    let _ = question_mark::<E>();
}

fn computed<T>() {
    question_mark::<T, Error>();
}

fn read<T>() {
    question_mark::<T, io::Error>();
}

fn question_mark<T, E: Into<Box<dyn StdError>>>() {
    let unwrap = || -> Result<(), Failure> {
        any::<Result<T, E>>()?;
        Ok(())
    };
    let _ = unwrap();
}
