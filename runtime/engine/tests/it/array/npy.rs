//! `.npy` files as NumPy writes them, and files that are none.

use std::path::PathBuf;

use dagbok::array::Element;
use dagbok::prelude::*;

use super::{check, oracle};

/// A file with the header of NumPy's version 1 and `data`.
fn file(dir: &tempfile::TempDir, descr: &str, fortran: bool, shape: &str, data: &[u8]) -> PathBuf {
    let order = if fortran { "True" } else { "False" };
    let dict = format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}");
    let header = format!("{dict:117}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    write(dir, &bytes)
}

fn write(dir: &tempfile::TempDir, bytes: &[u8]) -> PathBuf {
    let path = dir.path().join("x.npy");
    std::fs::write(&path, bytes).unwrap();
    path
}

#[track_caller]
fn check_file<T: Element, const N: usize>(
    descr: &str,
    items: impl Iterator<Item = [u8; N]>,
    expected: &[T],
) {
    dagbok_engine::install();
    let dir = tempfile::tempdir().unwrap();
    let data: Vec<u8> = items.flatten().collect();
    let path = file(&dir, descr, false, &format!("({},)", expected.len()), &data);
    check(&from_npy(&path).unwrap().rechunk(2), expected);
}

#[test]
fn every_dtype_and_byte_order() {
    let i = [-2_i16, 0, 300];
    check_file("<i2", i.iter().map(|x| x.to_le_bytes()), &i);
    check_file(">i2", i.iter().map(|x| x.to_be_bytes()), &i);
    check_file("|b1", [[1], [0], [1]].into_iter(), &[true, false, true]);
    check_file("|u1", [[1], [0], [255]].into_iter(), &[1_u8, 0, 255]);
    check_file("|i1", [[1], [0], [255]].into_iter(), &[1_i8, 0, -1]);
    let u = [7_u64, 1 << 60];
    check_file("<u8", u.iter().map(|x| x.to_le_bytes()), &u);
    check_file("<u4", [7_u32].iter().map(|x| x.to_le_bytes()), &[7_u32]);
    check_file("<u2", [7_u16].iter().map(|x| x.to_le_bytes()), &[7_u16]);
    check_file("<i4", [-7_i32].iter().map(|x| x.to_le_bytes()), &[-7_i32]);
    check_file("<i8", [-7_i64].iter().map(|x| x.to_le_bytes()), &[-7_i64]);
    check_file(">f4", [1.5_f32].iter().map(|x| x.to_be_bytes()), &[1.5_f32]);
    let f = [1.5, f64::NAN, -0.0, 1e300];
    check_file("<f8", f.iter().map(|x| x.to_le_bytes()), &f);
    check_file(">f8", f.iter().map(|x| x.to_be_bytes()), &f);
}

#[test]
fn every_box_of_both_orders() {
    dagbok_engine::install();
    let dir = tempfile::tempdir().unwrap();
    let dense: Vec<i64> = (0..24).collect();
    let expected = NdArray::new([2, 3, 4], dense).unwrap();
    let data: Vec<u8> = (0..24_i64).flat_map(i64::to_le_bytes).collect();
    let path = file(&dir, "<i8", false, "(2, 3, 4)", &data);
    let c = from_npy(&path).unwrap();
    for chunks in [[1, 1, 1], [2, 3, 4], [1, 2, 4], [2, 2, 3], [1, 3, 2]] {
        check(&c.rechunk(chunks), &expected);
    }
    let turned = oracle::compute(&Array::from(&expected).t()).unwrap();
    let data: Vec<u8> = turned
        .iter()
        .flat_map(|x| (x as i64).to_le_bytes())
        .collect();
    let other = tempfile::tempdir().unwrap();
    let path = file(&other, "<i8", true, "(2, 3, 4)", &data);
    let f = from_npy(&path).unwrap();
    for chunks in [[1, 1, 1], [2, 3, 4], [1, 2, 4], [2, 2, 3], [1, 3, 2]] {
        check(&f.rechunk(chunks), &expected);
    }
    assert_ne!(c.name(), f.name());
}

#[test]
fn no_elements_and_one() {
    dagbok_engine::install();
    let dir = tempfile::tempdir().unwrap();
    let path = file(&dir, "<f8", false, "()", &2.5_f64.to_le_bytes());
    check(&from_npy(&path).unwrap(), 2.5);
    let path = file(&dir, "<f8", false, "(0, 3)", &[]);
    check(&from_npy(&path).unwrap().sum(0), [0.0; 3]);
}

/// The error of opening what `make` writes, without the path.
#[track_caller]
fn check_error(make: impl FnOnce(&tempfile::TempDir) -> PathBuf, expected: &str) {
    dagbok_engine::install();
    let dir = tempfile::tempdir().unwrap();
    let path = make(&dir);
    let error = from_npy(&path).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    let message = error.to_string();
    let prefix = format!("`{}`: ", path.display());
    assert_eq!(message.strip_prefix(&prefix), Some(expected), "{message}");
}

#[test]
fn files_that_cannot_be_read() {
    check_error(|dir| write(dir, b"PK\x03\x04"), "this is not a .npy file");
    check_error(|dir| write(dir, b""), "this is not a .npy file");
    check_error(
        |dir| write(dir, b"\x93NUMPY\x01\x00\xff"),
        "the header is cut off",
    );
    check_error(
        |dir| write(dir, b"\x93NUMPY\x01\x00\x20\x00{'descr'"),
        "the header is cut off",
    );
    check_error(
        |dir| write(dir, b"\x93NUMPY\x01\x00\x05\x00hello"),
        "the header is not one of a .npy file: `hello`",
    );
    check_error(
        |dir| file(dir, "<c16", false, "(1,)", &[0; 16]),
        "dtype `<c16` is not supported",
    );
    check_error(
        |dir| file(dir, "|O", false, "(1,)", &[0; 16]),
        "dtype `|O` is not supported",
    );
    check_error(
        |dir| file(dir, "<f8", false, "(3, 2)", &[0; 40]),
        "the file is cut off: its header says shape (3, 2) of `f64`, it has 40 bytes of data",
    );
    check_error(
        |dir| dir.path().join("missing.npy"),
        "No such file or directory (os error 2)",
    );
}

#[test]
fn a_file_that_shrinks_fails_when_it_is_read() {
    dagbok_engine::install();
    let dir = tempfile::tempdir().unwrap();
    let path = file(&dir, "<f8", false, "(4,)", &[0; 32]);
    let x = from_npy(&path).unwrap();
    file(&dir, "<f8", false, "(4,)", &[0; 8]);
    assert_eq!(oracle::compute(&x).unwrap_err().kind(), ErrorKind::Io);
}

/// What an array of `[[1, 2, 3], [4, 5, 6]]` is once its file has become what `change` writes.
#[track_caller]
fn check_changed(change: impl FnOnce(&tempfile::TempDir), expected: Result<[f64; 6], &str>) {
    dagbok_engine::install();
    let dir = tempfile::tempdir().unwrap();
    let path = file(&dir, "<f8", false, "(2, 3)", &numbers([1, 2, 3, 4, 5, 6]));
    let x = from_npy(&path).unwrap();
    change(&dir);
    let found = oracle::compute(&x).map_err(|error| error.to_string());
    let found = found.map(|found| found.iter().collect::<Vec<f64>>());
    match (found, expected) {
        (Ok(found), Ok(expected)) => assert_eq!(found, expected),
        (Err(found), Err(expected)) => assert!(found.contains(expected), "{found}"),
        (found, expected) => panic!("{found:?} in place of {expected:?}"),
    }
}

fn numbers(numbers: [i32; 6]) -> Vec<u8> {
    let bytes = numbers.map(|number| f64::from(number).to_le_bytes());
    bytes.concat()
}

#[test]
fn a_file_that_has_changed_is_read_as_it_is() {
    let data = numbers([7, 8, 9, 10, 11, 12]);
    let now = Ok([7.0, 8.0, 9.0, 10.0, 11.0, 12.0]);
    let change = |descr: &'static str, fortran, shape: &'static str, data: &[u8]| {
        let data = data.to_vec();
        move |dir: &tempfile::TempDir| {
            file(dir, descr, fortran, shape, &data);
        }
    };
    check_changed(change("<f8", false, "(2, 3)", &data), now);
    let by_columns = numbers([7, 10, 8, 11, 9, 12]);
    check_changed(change("<f8", true, "(2, 3)", &by_columns), now);
    let other_end: Vec<u8> = data
        .chunks(8)
        .flat_map(|x| x.iter().rev().copied())
        .collect();
    check_changed(change(">f8", false, "(2, 3)", &other_end), now);
    let spaces =
        "(2, 3                                                                                )";
    check_changed(change("<f8", false, spaces, &data), now);
    check_changed(
        change("<f8", false, "(3, 2)", &data),
        Err(
            "has changed since the array was made: it was (2, 3) f64 and is (3, 2) f64; read it again",
        ),
    );
    check_changed(
        change("<i8", false, "(2, 3)", &data),
        Err(
            "has changed since the array was made: it was (2, 3) f64 and is (2, 3) i64; read it again",
        ),
    );
    check_changed(
        change("<f8", false, "(2, 3)", &data[..40]),
        Err("the file is cut off: its header says shape (2, 3)"),
    );
    let junk = |dir: &tempfile::TempDir| {
        write(dir, b"junk");
    };
    check_changed(junk, Err("this is not a .npy file"));
    let gone = |dir: &tempfile::TempDir| std::fs::remove_file(dir.path().join("x.npy")).unwrap();
    check_changed(gone, Err("No such file or directory"));
}
