//! Operations of arrays, frames and delayed functions with the arguments that they usually get.

use std::hint::black_box;

use dagbok::prelude::*;
use dagbok::{Delayed, Expr};

use crate::{any, each};

pub(crate) fn compile() {
    each!(arithmetic: [i32, i64, f64, Array, &'static Array]);
    each!(delayed: [i32, i64, f64, usize, String]);
    each!(literal: [i32, i64, f64, &'static str]);
    arrays();
    frames();
    expressions();
}

fn arithmetic<T>()
where
    Array: std::ops::Add<T> + std::ops::Sub<T> + std::ops::Mul<T> + std::ops::Div<T>,
    &'static Array: std::ops::Add<T> + std::ops::Sub<T> + std::ops::Mul<T> + std::ops::Div<T>,
{
    black_box((
        any::<Array>() + any(),
        any::<Array>() - any(),
        any::<Array>() * any(),
        any::<Array>() / any(),
    ));
    let array: &'static Array = any();
    black_box((array + any(), array - any(), array * any(), array / any()));
}

fn arrays() {
    let array: Array = any();
    black_box((
        arange(any::<i32>()),
        arange(any::<std::ops::Range<i32>>()),
        zeros(any::<[usize; 2]>()),
        ones(any::<[usize; 2]>()),
    ));
    black_box((
        array.sum(()),
        array.mean(()),
        array.max(()),
        array.min(()),
        array.std(()),
        array.sum(any::<i32>()),
    ));
    black_box((
        array.mean(any::<i32>()),
        array.reshape(any::<[usize; 2]>()),
        array.rechunk(any::<[usize; 2]>()),
        array.dot(&array),
    ));
    black_box((
        linspace(any::<f64>(), any::<f64>(), any()),
        array.clone(),
        array.pow(any::<i32>()),
    ));
}

fn frames() {
    let frame: Frame = any();
    black_box((
        frame.filter(any::<Expr>()),
        frame.select([any::<Expr>()]),
        frame.select([any::<Expr>(), any()]),
    ));
    black_box((
        frame.with_columns([any::<Expr>()]),
        frame.with_column(any::<Expr>()),
        frame.clone(),
        read_csv(any::<&str>()).is_ok(),
    ));
    black_box(frame.group_by([any::<&'static str>()]).agg([any::<Expr>()]));
    black_box(frame.group_by([any::<Expr>()]).agg([any::<Expr>(), any()]));
    black_box(
        frame
            .group_by([any::<&'static str>()])
            .agg([any::<Expr>(), any()]),
    );
    black_box(frame.sort([any::<&'static str>()], any()));
}

fn expressions() {
    let expr: Expr = any();
    black_box((
        col(any::<&'static str>()),
        expr.clone().alias(any::<&'static str>()),
        expr.clone().gt(any::<Expr>()),
    ));
    black_box((
        expr.clone().lt(any::<Expr>()),
        expr.clone().eq(any::<Expr>()),
        expr.clone().and(any::<Expr>()),
    ));
    black_box((
        expr.clone() + any::<Expr>(),
        expr.clone() - any::<Expr>(),
        expr.clone() * any::<Expr>(),
        expr / any::<Expr>(),
    ));
}

fn literal<T: Into<Literal>>() {
    black_box(lit(any::<T>()));
}

fn delayed<T: Clone + Send + Sync + 'static>() {
    let delayed: Delayed<T> = any();
    black_box((delayed.compute().is_ok(), delayed.clone()));
}
