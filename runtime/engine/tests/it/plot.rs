//! One-line plots.

use dagbok::plot::{self, Coordinates, Data, Matrix, Plot};
use dagbok::prelude::*;
use expect_test::{Expect, expect};

use crate::render::check_picture;

#[track_caller]
fn check(plot: Plot, expected: Expect) {
    let bundle = dagbok_engine::plot::bundle(&plot).expect("a plot");
    check_picture(&bundle);
    expected.assert_eq(bundle.get("text/plain").expect("text"));
}

#[track_caller]
fn check_raises(build: impl FnOnce() -> Plot, kind: ErrorKind, expected: Expect) {
    let error = attempt(build).expect_err("an error");
    assert_eq!(error.kind(), kind);
    expected.assert_eq(&error.to_string());
}

fn times(seconds: impl IntoIterator<Item = i64>) -> Coordinates {
    Coordinates::new(Data::Times(
        seconds.into_iter().map(|second| second as f64).collect(),
    ))
}

#[test]
fn lines() {
    check(
        plot::line(.., [1, 4, 9]),
        expect!["line of 3 points, x from 0 to 2, y from 1 to 9"],
    );
    check(
        plot::line([1.0, 2.0], [3.0, 4.0])
            .line([1.0, 2.0], [4.0, 3.0])
            .label("back")
            .title("two"),
        expect!["two: line of 2 points, line of 2 points (back), x from 1 to 2, y from 3 to 4"],
    );
    check(
        plot::line(Coordinates::from(["a", "b"]).named("name"), [1, 2]),
        expect!["line of 2 points, 2 labels, y from 1 to 2"],
    );
    check(
        plot::line(times((0..400).map(|day| day * 86_400)), vec![1.5; 400]),
        expect!["line of 400 points, from 1970-01-01 to 1971-02-04, y from 1.5 to 1.5"],
    );
    check(
        plot::line(.., [Some(1), None, Some(3)]),
        expect![[r#"
        line of 3 points, x from 0 to 2, y from 1 to 3
        (1 value not drawn: missing, infinite or off the scale)"#]],
    );
    check(
        plot::line(.., [f64::INFINITY, f64::NAN]),
        expect![[r#"
        line of 2 points, nothing to draw
        (2 values not drawn: missing, infinite or off the scale)"#]],
    );
    check(
        plot::line(.., Vec::<f64>::new()),
        expect!["line of 0 points, nothing to draw"],
    );
    check(
        plot::line([0.0, 1.0], [-1e308, 1e300]),
        expect![[r#"
        line of 2 points, x from 1 to 1, y from 1.00e300 to 1.00e300
        (1 value not drawn: missing, infinite or off the scale)"#]],
    );
    check(
        plot::line([1e15, 1e15 + 1.0], [1e-300, 2e-300]),
        expect!["line of 2 points, x from 1.00e15 to 1.00e15, y from 1.00e−300 to 2.00e−300"],
    );
    check(
        plot::line(.., [0.0, 0.001, 1e9]).log_y(),
        expect![[r#"
        line of 3 points, x from 1 to 2, y from 0.001 to 1.00e9
        (1 value not drawn: missing, infinite or off the scale)"#]],
    );
}

#[test]
fn points() {
    check(
        plot::scatter([3], [7]),
        expect!["1 point, x from 3 to 3, y from 7 to 7"],
    );
    check(
        plot::scatter([1.0, 2.0], [2.0, 1.0]).line(.., [0.0, 1.0, 2.0]),
        expect!["2 points, line of 3 points, x from 0 to 2, y from 0 to 2"],
    );
    let many: Vec<i64> = (0..100_000).map(|idx| idx * 7919 % 10_007).collect();
    check(
        plot::scatter(&many, &many),
        expect![[r#"
        100,000 points, x from 0 to 10,006, y from 0 to 10,006
        (100,000 points, drawn as their density)"#]],
    );
}

#[test]
fn histograms() {
    check(
        plot::hist([1, 1, 2, 2, 2, 3, 5]),
        expect!["histogram of 4 bins, x from 1 to 5, y from 1 to 3"],
    );
    check(
        plot::hist([0.1, 0.2, 0.9])
            .bins(4)
            .hist([0.5])
            .label("other"),
        expect![
            "histogram of 4 bins, histogram of 4 bins (other), x from 0.1 to 0.9, y from 0 to 2"
        ],
    );
    check(
        plot::hist([4.0; 10]),
        expect!["histogram of 1 bin, x from 3.5 to 4.5, y from 10 to 10"],
    );
    check(
        plot::hist(Vec::<f64>::new()),
        expect!["histogram of 0 bins, nothing to draw"],
    );
    check(
        plot::hist([f64::NAN, 1.0, 2.0]).log_y(),
        expect!["histogram of 1 bin, x from 1 to 2, y from 2 to 2"],
    );
}

#[test]
fn bars() {
    check(
        plot::bar(["a", "b", "c"], [3.0, -2.0, f64::NAN]),
        expect![[r#"
        3 bars, 3 labels, y from −2 to 3
        (1 value not drawn: missing, infinite or off the scale)"#]],
    );
    check(
        plot::bar(["a", "b"], [1, 2]).bar(["b", "c"], [3, 4]),
        expect!["2 bars, 2 bars, 3 labels, y from 1 to 4"],
    );
    check(
        plot::bar([2012, 2013], [1, 2]).line([2012, 2013], [2.0, 1.0]),
        expect!["2 bars, line of 2 points, 2 labels, y from 1 to 2"],
    );
    check(
        plot::bar((0..5000).collect::<Vec<i64>>(), vec![1; 5000]),
        expect![[r#"
        2,000 bars, 2,000 labels, y from 1 to 1
        (3,000 more bars left out)"#]],
    );
    check(
        plot::bar(["x"; 3], [1, 2, 3]).log_y(),
        expect!["3 bars, 1 label, y from 1 to 3"],
    );
    check(
        plot::bar(.., [1, 2]),
        expect!["2 bars, 2 labels, y from 1 to 2"],
    );
}

#[test]
fn heat_maps() {
    check(
        plot::heatmap([[1.0, 0.5], [0.5, f64::NAN]]).title("correlation"),
        expect!["correlation: heat map of shape (2, 2), from 0.5 to 1"],
    );
    check(
        plot::heatmap(vec![vec![1.0], vec![2.0, 3.0]]),
        expect!["heat map of shape (2, 2), from 1 to 3"],
    );
    check(
        plot::heatmap(vec![vec![2.5; 1000]; 700]),
        expect![[r#"
        heat map of shape (700, 1000), from 2.5 to 2.5
        (averaged from shape (700, 1000) to (240, 320))"#]],
    );
    check(
        plot::heatmap(Vec::<Vec<f64>>::new()),
        expect!["heat map of shape (0, 0), nothing to draw"],
    );
    check(
        plot::heatmap([[f64::NAN]]),
        expect!["heat map of shape (1, 1), nothing to draw"],
    );
    let matrix = Matrix {
        n_rows: 2,
        n_columns: 2,
        values: vec![1.0],
    };
    let error = dagbok_engine::plot::bundle(&plot::heatmap(matrix)).expect_err("an error");
    assert_eq!(
        error.to_string(),
        "cannot draw 1 value as a matrix of shape (2, 2)"
    );
}

#[test]
fn columns_and_arrays() {
    dagbok_engine::install();
    let frame = df!(
        "day" => ["2012-01-01", "2012-01-02", "2012-01-03"],
        "rain" => [Some(1.5), None, Some(0.25)],
        "dry" => [false, true, false]
    );
    let frame =
        Frame::from(frame.expect("a table")).with_columns([col("day").cast(DataType::Date)]);
    let frame = frame.compute().expect("dates");
    let column = |name| frame.column(name).expect("a column");
    check(
        plot::line(column("day"), &column("rain")),
        expect![[r#"
        line of 3 points (rain), from 2012-01-01 to 2012-01-03, y from 0.25 to 1.5
        (1 value not drawn: missing, infinite or off the scale)"#]],
    );
    check(
        plot::scatter(column("rain"), column("dry")),
        expect![[r#"
        3 points (dry), x from 0.25 to 1.5, y from 0 to 0
        (1 value not drawn: missing, infinite or off the scale)"#]],
    );
    check(
        plot::hist(column("day")),
        expect!["histogram of 3 bins (day), from 2012-01-01 to 2012-01-03, y from 1 to 1"],
    );
    let array = arange(6).reshape([2, 3]).compute().expect("an array");
    check(
        plot::heatmap(&array),
        expect!["heat map of shape (2, 3), from 0 to 5"],
    );
    check(
        plot::hist(arange(6).compute().expect("an array")),
        expect!["histogram of 4 bins, x from 0 to 5, y from 1 to 2"],
    );
    check_raises(
        || plot::hist(&array),
        ErrorKind::Shape,
        expect!["cannot draw an array of shape (2, 3) along an axis: it must have one axis"],
    );
    check_raises(
        || plot::heatmap(arange(6).compute().expect("an array")),
        ErrorKind::Shape,
        expect!["cannot draw an array of shape (6,) as a heat map: it must have two axes"],
    );
}

#[test]
fn what_is_written_around_a_plot_is_escaped_and_cut() {
    let long = "a < b & c ".repeat(40);
    let plot = plot::line(.., [1, 2])
        .title(&long)
        .x_label(&long)
        .y_label(&long);
    check_picture(&dagbok_engine::plot::bundle(&plot.size(1, 1)).expect("a plot"));
}

#[test]
fn mistakes_name_both_sides() {
    check_raises(
        || plot::line([1.0], [1.0, 2.0]),
        ErrorKind::Shape,
        expect!["cannot plot `x` of length 1 against `y` of length 2"],
    );
    check_raises(
        || plot::bar(["a"], ["b"]),
        ErrorKind::DType,
        expect!["cannot plot `y`: it holds text, and numbers are needed"],
    );
    check_raises(
        || plot::line(.., ..),
        ErrorKind::DType,
        expect!["cannot plot `y`: it holds nothing but `..`, and numbers are needed"],
    );
    check_raises(
        || plot::hist(["a"]),
        ErrorKind::DType,
        expect!["cannot plot `values`: it holds text, and numbers are needed"],
    );
    check_raises(
        || plot::hist([1.0]).bar(["a"], [1]),
        ErrorKind::Value,
        expect!["cannot draw bars on the axes of a histogram"],
    );
    check_raises(
        || plot::heatmap([[1.0]]).line(.., [1]),
        ErrorKind::Value,
        expect!["cannot draw a line on the axes of a heat map"],
    );
    check_raises(
        || plot::line(times([0]), [1]).scatter([1], [1]),
        ErrorKind::Value,
        expect!["cannot draw points on the axes of a line over time"],
    );
}
