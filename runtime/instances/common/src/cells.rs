//! What the face compiles for each variable that a cell keeps and for each value that it shows.

use std::collections::HashMap;
use std::fmt::Debug;
use std::hint::black_box;

use dagbok::cell::{Scope, Shown, ViaDebug as _, ViaEvcxr as _, ViaRender as _};
use dagbok::display::Render;
use dagbok::{Array, DataFrame, Delayed, Frame, NdArray};

use crate::{any, each};

pub(crate) fn compile() {
    each!(variable shown: [
        bool, u8, u32, u64, usize, i32, i64, f32, f64, char, &'static str, String, Vec<u8>, Vec<u64>, Vec<usize>, Vec<i32>,
        Vec<i64>, Vec<f64>, Vec<char>, Vec<&'static str>, Vec<String>, Option<i32>, Option<i64>, Option<usize>, Option<f64>,
        Option<String>, HashMap<&'static str, i32>, HashMap<String, i32>, HashMap<String, i64>, HashMap<String, usize>,
        (i32, i32), (f64, f64),
    ]);
    each!(variable rendered: [Array, NdArray, Frame, DataFrame, Delayed<i32>, Delayed<i64>, Delayed<f64>]);
}

fn variable<T: 'static>() {
    let mut scope: Scope<'static> = any();
    let value: T = scope.take(any());
    scope.restore(any(), value);
    scope.keep(any(), any::<T>());
}

fn shown<T: Debug>() {
    let value: &T = any();
    black_box((*value).evcxr_display());
    (&Shown(value)).show(any());
}

fn rendered<T: Render>() {
    let value: &T = any();
    black_box((*value).evcxr_display());
    (&&Shown(value)).show(any());
}
