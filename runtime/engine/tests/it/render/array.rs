//! Cards of arrays.

use dagbok_engine::render::array::{ArrayView, bundle};
use expect_test::{Expect, expect};

use super::check_picture;

fn even(length: usize, n_chunks: usize) -> Vec<usize> {
    vec![length / n_chunks; n_chunks]
}

#[track_caller]
fn check(chunks: &[Vec<usize>], expected: Expect) {
    let shape: Vec<usize> = chunks.iter().map(|lengths| lengths.iter().sum()).collect();
    let bundle = bundle(&ArrayView {
        operation: "random",
        dtype: "f64",
        itemsize: 8,
        shape: &shape,
        chunks,
        n_layers: 2,
    });
    check_picture(&bundle);
    expected.assert_eq(bundle.get("text/plain").expect("text"));
}

#[test]
fn cards_say_size_and_chunks() {
    check(
        &[],
        expect![[r#"
            Array () of f64, 8 B
              chunk  (), 8 B
              graph  1 chunk in 2 layers, made by `random`"#]],
    );
    check(
        &[even(1_000_000, 8)],
        expect![[r#"
            Array (1000000,) of f64, 7.63 MiB
              chunk  (125000,), 0.95 MiB
              graph  8 chunks in 2 layers, made by `random`"#]],
    );
    check(
        &[even(365, 5), even(720, 4), vec![1000, 440]],
        expect![[r#"
            Array (365, 720, 1440) of f64, 2.82 GiB
              chunk  (73, 180, 1000), 100.25 MiB
              graph  40 chunks in 2 layers, made by `random`"#]],
    );
}

#[test]
fn any_shape_has_a_picture() {
    for chunks in [
        vec![vec![0], vec![4]],
        vec![vec![0], vec![0]],
        vec![even(1_000_000_000, 1), even(1, 1)],
        vec![even(100_000, 10_000), even(100_000, 10_000)],
        vec![even(6, 2); 4],
        vec![even(6, 2); 7],
        vec![vec![usize::MAX / 2], vec![3]],
    ] {
        let shape: Vec<usize> = chunks.iter().map(|lengths| lengths.iter().sum()).collect();
        check_picture(&bundle(&ArrayView {
            operation: "x",
            dtype: "u8",
            itemsize: 1,
            shape: &shape,
            chunks: &chunks,
            n_layers: 1,
        }));
    }
}
