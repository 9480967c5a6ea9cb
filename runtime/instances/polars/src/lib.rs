//! Instances of what polars leaves for its users to compile: above all the code that drops and copies its plans and
//! expressions, some three hundred functions.

#![expect(unused_must_use, reason = "nothing here is ever called")]

mod chunked;

use std::error::Error;
use std::hint::black_box;

use dagbok_instances_common::any;
use polars::prelude::*;

/// What is reached from here is compiled.
pub fn compile() {
    values();
    lazy();
    expressions();
    chunked::compile();
}

fn values() {
    drop::<(
        DataFrame,
        Series,
        Column,
        Schema,
        SchemaRef,
        AnyValue<'static>,
        DataType,
        Field,
        Scalar,
    )>(any());
    drop::<(
        Vec<Series>,
        Vec<Column>,
        Vec<DataFrame>,
        Vec<AnyValue<'static>>,
        PlSmallStr,
        Vec<PlSmallStr>,
    )>(any());
    let frame: DataFrame = any();
    black_box((
        frame.clone(),
        frame.height(),
        frame.width(),
        frame.shape(),
        format!("{frame:?} {frame}"),
    ));
    black_box((
        any::<Series>().clone(),
        any::<Column>().clone(),
        any::<Schema>().clone(),
        any::<DataType>().clone(),
    ));
    black_box((
        frame.column(any()).unwrap().clone(),
        frame.select([any::<String>()]).unwrap(),
        frame.head(any()),
    ));
    black_box((
        format!("{:?} {:?}", any::<Series>(), any::<Column>()),
        frame.clone().lazy(),
        frame.schema().clone(),
    ));
    let result: PolarsResult<DataFrame> = any();
    black_box((
        result.is_ok(),
        format!("{:?}", any::<PolarsError>()),
        Box::<dyn Error>::from(any::<PolarsError>()),
    ));
    black_box(result.unwrap());
}

fn lazy() {
    let frame: LazyFrame = any();
    black_box(frame.clone().group_by([any::<Expr>()]).agg([any::<Expr>()]));
    black_box(
        frame
            .clone()
            .group_by([any::<Expr>()])
            .agg([any::<Expr>(), any()]),
    );
    black_box(
        frame
            .clone()
            .group_by([any::<Expr>(), any()])
            .agg([any::<Expr>()]),
    );
    black_box(
        frame
            .clone()
            .group_by([any::<&'static str>()])
            .agg([any::<Expr>()]),
    );
    black_box(
        frame
            .clone()
            .group_by(any::<Vec<Expr>>())
            .agg(any::<Vec<Expr>>()),
    );
    black_box(
        frame
            .clone()
            .select([any::<Expr>()])
            .select([any::<Expr>(), any()]),
    );
    black_box(
        frame
            .clone()
            .with_columns([any::<Expr>()])
            .with_columns([any::<Expr>(), any()])
            .with_column(any()),
    );
    black_box(
        frame
            .clone()
            .filter(any())
            .limit(any())
            .sort([any::<&'static str>()], any()),
    );
    black_box(
        frame
            .clone()
            .join(any(), [any::<Expr>()], [any::<Expr>()], any()),
    );
    black_box(frame.collect().unwrap());
    drop::<(LazyGroupBy, LazyCsvReader)>(any());
}

fn expressions() {
    let expr: Expr = any();
    black_box((
        vec![expr.clone()],
        expr.clone() + any::<Expr>(),
        expr.clone() - any::<Expr>(),
        expr.clone() * any::<Expr>(),
    ));
    black_box((
        expr.clone() / any::<Expr>(),
        expr.clone() % any::<Expr>(),
        -expr.clone(),
        expr.clone().not(),
    ));
    black_box((
        expr.clone().gt(any::<Expr>()),
        expr.clone().lt(any::<Expr>()),
        expr.clone().eq(any::<Expr>()),
    ));
    black_box((
        expr.clone().gt_eq(any::<Expr>()),
        expr.clone().lt_eq(any::<Expr>()),
        expr.clone().neq(any::<Expr>()),
    ));
    black_box((
        expr.clone().and(any::<Expr>()),
        expr.clone().or(any::<Expr>()),
        expr.clone().alias(any::<&'static str>()),
    ));
    black_box((
        lit(any::<i32>()),
        lit(any::<i64>()),
        lit(any::<f64>()),
        lit(any::<&'static str>()),
        lit(any::<bool>()),
    ));
    black_box((
        col(any::<&'static str>()),
        cols([any::<&'static str>()]),
        expr.clone().cast(any::<DataType>()),
        expr.over([any::<Expr>()]).unwrap(),
    ));
    black_box((
        when(any::<Expr>())
            .then(any::<Expr>())
            .otherwise(any::<Expr>()),
        any::<Vec<Expr>>().clone(),
    ));
}
