//! Cards of frames and delayed calls, and the figures in all of them.

use dagbok_engine::render::delayed::{self, DelayedView};
use dagbok_engine::render::format;
use dagbok_engine::render::frame::{self, FrameView};
use expect_test::expect;

use super::check_well_formed;

#[test]
fn bytes_read_as_in_dask() {
    let check = |n, expected: &str| assert_eq!(format::bytes(n), expected);
    check(0, "0 B");
    check(921, "921 B");
    check(922, "0.90 KiB");
    check(1024 * 1000, "0.98 MiB");
    check(1 << 30, "1.00 GiB");
    check(8 * 12_345 * 67_890, "6.24 GiB");
    check(u128::from(u64::MAX), "16.00 EiB");
}

#[test]
fn counts_are_separated() {
    let check = |n, expected: &str| assert_eq!(format::counted(n, "task"), expected);
    check(0, "0 tasks");
    check(1, "1 task");
    check(999, "999 tasks");
    check(1_234_567, "1,234,567 tasks");
}

#[test]
fn a_frame_lists_its_columns() {
    let mut view = FrameView {
        operation: "filter".to_owned(),
        columns: Ok(vec![
            ("date".to_owned(), "date".to_owned()),
            ("<wind>".to_owned(), "f64".to_owned()),
        ]),
        n_partitions: Some(4),
        n_layers: 2,
    };
    let bundle = frame::bundle(&view);
    expect![[r#"
        Frame of 2 columns in 4 partitions, 2 layers, made by `filter`
          date    date
          <wind>  f64"#]]
    .assert_eq(bundle.get("text/plain").expect("text"));
    check_well_formed(bundle.get("text/html").expect("HTML"));

    view.columns = Err("no file matches `*.csv`".to_owned());
    expect![[r#"
        Frame in 4 partitions, 2 layers, made by `filter`
          no file matches `*.csv`"#]]
    .assert_eq(frame::bundle(&view).get("text/plain").expect("text"));
}

#[test]
fn a_call_lists_its_arguments() {
    let view = DelayedView {
        function: "merge".to_owned(),
        key: "merge-0123456789abcdef".to_owned(),
        inputs: (0..10).map(|idx| format!("load{idx} (delayed)")).collect(),
        site: "cell_3.rs:4".to_owned(),
    };
    let bundle = delayed::bundle(&view);
    expect![[r#"
        Delayed call of `merge`
          key    merge-0123456789abcdef
          takes  load0 (delayed), load1 (delayed), load2 (delayed), load3 (delayed), load4 (delayed), load5 (delayed), load6 (delayed), load7 (delayed), … 2 more
          made   cell_3.rs:4"#]]
    .assert_eq(bundle.get("text/plain").expect("text"));
    check_well_formed(bundle.get("text/html").expect("HTML"));
}
