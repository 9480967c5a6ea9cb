//! Values go to the disk and come back as they were; what cannot go says why.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use dagbok::array::Buffer;
use dagbok::{DType, Error, NdArray, Value};
use expect_test::{Expect, expect};

use super::codec::{self, Section};
use super::folder::{Folder, Speeds};
use super::{Memory, Results, STORED_BYTES_MIN};
use crate::effort;
use crate::graph::TaskId;

fn memory(folder: &Path, max: Option<u64>) -> Arc<Memory> {
    let memory = Memory::default();
    memory.configure(1 << 30, folder, max);
    Arc::new(memory)
}

/// So slow a disk that what can be made smaller is.
const SLOW_DISK: Speeds = Speeds {
    disk: Some(1.0),
    compression: Some(1e9),
};

/// So fast a disk that nothing is compressed.
const FAST_DISK: Speeds = Speeds {
    disk: Some(1e12),
    compression: Some(1e9),
};

/// `value` comes back from its bytes as `same` says; so it does from the disk, and leaves nothing there, compressed or not.
#[track_caller]
pub(crate) fn check_returns<T: 'static>(value: &Value, same: impl Fn(&T, &T) -> bool) {
    let is_same = |back: &Value| {
        let (a, b) = (value.downcast_ref::<T>(), back.downcast_ref::<T>());
        same(a.expect("the type"), b.expect("the type"))
    };
    let codec = codec::of(value).expect("a codec");
    let mut bytes = Vec::new();
    (codec.write)(value, &mut bytes).expect("memory");
    let back = (codec.read)(Section::of(&bytes));
    assert!(is_same(&back.expect("a value")));
    // It maps no files.
    if cfg!(miri) {
        return;
    }
    for speeds in [SLOW_DISK, FAST_DISK] {
        let folder = tempfile::tempdir().expect("a folder");
        let files = Arc::new(Folder::new(folder.path().to_owned(), None).with_speeds(speeds));
        let stored = files.store(value).expect("room").expect("a codec");
        assert!(stored.is_stored());
        assert_eq!(stored.type_name(), value.type_name());
        assert_eq!(stored.bytes(), value.bytes());
        assert!(stored.downcast_ref::<T>().is_none());
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0);
        for _ in 0..2 {
            assert!(is_same(&stored.clone().loaded().expect("a value")));
        }
        drop(stored);
        assert_eq!(files.taken(), 0);
    }
}

/// How many bytes a file for `value` takes on a disk of such `speeds`.
#[track_caller]
fn check_file(value: &Value, speeds: Speeds, expected: impl Fn(u64) -> bool) {
    let folder = tempfile::tempdir().expect("a folder");
    let files = Arc::new(Folder::new(folder.path().to_owned(), None).with_speeds(speeds));
    let stored = files.store(value).expect("room").expect("a codec");
    assert!(expected(files.taken()), "{} bytes", files.taken());
    let back = stored.loaded().expect("a value");
    assert_eq!(
        back.downcast_ref::<Vec<u64>>(),
        value.downcast_ref::<Vec<u64>>()
    );
}

fn random(n: u64) -> u64 {
    let n = (n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (n ^ (n >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9)
}

#[test]
#[cfg_attr(miri, ignore = "it maps no files")]
fn what_gets_smaller_is_compressed_where_the_disk_is_slow() {
    const LEN: u64 = 100_000;
    let even = Value::new(vec![7_u64; LEN as usize]);
    let uneven = Value::new((0..LEN).map(random).collect::<Vec<u64>>());
    let unseen = Speeds::default();
    check_file(&even, SLOW_DISK, |bytes| bytes < 8 * LEN / 50);
    check_file(&even, FAST_DISK, |bytes| bytes == 8 * LEN);
    check_file(&even, unseen, |bytes| bytes == 8 * LEN);
    check_file(&uneven, SLOW_DISK, |bytes| bytes == 8 * LEN);
    check_file(&uneven, FAST_DISK, |bytes| bytes == 8 * LEN);
}

/// Whether what gets as small as `share` is compressed, at speeds in bytes a second.
#[track_caller]
fn check_favours(disk: f64, compression: f64, share: f64, expected: bool) {
    let seen = Speeds {
        disk: Some(disk),
        compression: Some(compression),
    };
    assert_eq!(seen.favour_compression(share, 1.0), expected);
    let untried = Speeds {
        compression: None,
        ..seen
    };
    assert_eq!(untried.favour_compression(share, compression), expected);
}

#[test]
fn compression_pays_if_it_takes_less_time_than_it_saves() {
    check_favours(100e6, 1e9, 0.5, true);
    check_favours(100e6, 1e9, 0.89, true);
    check_favours(100e6, 1e9, 0.91, false);
    check_favours(100e6, 1e9, 1.1, false);
    check_favours(2e9, 1e9, 0.1, false);
    check_favours(2e9, 1e9, 0.0, false);
    assert!(!Speeds::default().favour_compression(0.0, 1e9));
}

#[track_caller]
fn check_vector<T: PartialEq + Send + Sync + 'static>(vector: Vec<T>) {
    check_returns::<Vec<T>>(&Value::new(vector), |a, b| a == b);
}

#[test]
fn arrays_come_back() {
    for dtype in DType::ALL {
        for shape in [
            vec![],
            vec![0],
            vec![3, 0, 2],
            vec![7],
            vec![effort::of(40, 4), 5],
        ] {
            let len = shape.iter().product::<usize>();
            let numbers = Buffer::F64((0..len).map(|x| x as f64 * 0.7 - 3.0).collect());
            let array = NdArray::from_buffer(shape, numbers.cast(dtype)).expect("an array");
            let bytes = array.nbytes();
            check_returns::<NdArray>(&Value::with_bytes(array, bytes), |a, b| {
                a.shape() == b.shape() && format!("{:?}", a.buffer()) == format!("{:?}", b.buffer())
            });
        }
    }
}

#[test]
fn not_a_number_comes_back_bit_by_bit() {
    let bits = [
        f64::NAN,
        -f64::NAN,
        -0.0,
        f64::INFINITY,
        f64::MIN_POSITIVE / 2.0,
    ];
    check_returns::<Vec<f64>>(&Value::new(bits.to_vec()), |a, b| {
        a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits())
    });
}

#[test]
fn vectors_and_texts_come_back() {
    check_vector::<f64>(Vec::new());
    check_vector(vec![1_i64; effort::of(100_000, 100)]);
    check_vector((0..effort::of(10_000, 100) as u32).collect());
    check_vector(vec![3_u8, 4]);
    check_vector(vec!["a".to_owned(), String::new(), "日本".to_owned()]);
    check_returns::<String>(&Value::new("é".repeat(effort::of(5000, 50))), |a, b| {
        a == b
    });
    check_returns::<String>(&Value::new(String::new()), |a, b| a == b);
}

#[test]
#[cfg_attr(miri, ignore = "it maps no files")]
fn other_types_stay_in_memory() {
    struct Own;
    let folder = tempfile::tempdir().expect("a folder");
    let memory = memory(folder.path(), None);
    assert!(memory.store(&Value::new(Own)).expect("no error").is_none());
    assert!(memory.store(&Value::new(7)).expect("no error").is_none());
}

#[track_caller]
fn check_refused(folder: &Path, max: Option<u64>, expected: Expect) {
    let refused: Error = match memory(folder, max).store(&Value::new(vec![1_u8; 10_000])) {
        Ok(_) => panic!("it was stored"),
        Err(error) => error,
    };
    let text = refused.to_string();
    let folder = folder.to_str().expect("UTF-8");
    expected.assert_eq(&text.replace(folder, "FOLDER"));
}

#[test]
#[cfg_attr(miri, ignore = "it maps no files")]
fn a_folder_that_is_full_or_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    check_refused(
        folder.path(),
        Some(9_999),
        expect![
            "9.79 KiB of results do not fit into memory and cannot be kept in `FOLDER`: no room is left for results; make room there, or set `temporary_directory`, `memory_limit` or `max_spill`"
        ],
    );
    let file = folder.path().join("file");
    fs::write(&file, "").expect("a file");
    check_refused(
        &file,
        None,
        expect![
            "9.79 KiB of results do not fit into memory and cannot be kept in `FOLDER`: File exists (os error 17); make room there, or set `temporary_directory`, `memory_limit` or `max_spill`"
        ],
    );
}

#[test]
#[cfg(unix)]
#[cfg_attr(miri, ignore = "it maps no files")]
fn a_folder_that_only_can_be_read_is_named() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().expect("a folder");
    let mode = |mode| fs::set_permissions(folder.path(), fs::Permissions::from_mode(mode));
    mode(0o555).expect("the owner may");
    // root writes all the same.
    if tempfile::tempfile_in(folder.path()).is_err() {
        check_refused(
            folder.path(),
            None,
            expect![
                "9.79 KiB of results do not fit into memory and cannot be kept in `FOLDER`: Permission denied (os error 13); make room there, or set `temporary_directory`, `memory_limit` or `max_spill`"
            ],
        );
    }
    mode(0o755).expect("the owner may");
}

#[test]
#[cfg_attr(miri, ignore = "it maps no files")]
fn a_file_takes_room_until_its_value_is_gone() {
    let folder = tempfile::tempdir().expect("a folder");
    let room = Folder::new(folder.path().to_owned(), Some(15_000));
    let files = Arc::new(room.with_speeds(FAST_DISK));
    let value = Value::new(vec![7_u8; 10_000]);
    let first = files.store(&value).expect("room");
    assert!(files.store(&value).is_err());
    drop(first);
    assert!(files.store(&value).is_ok());
}

#[test]
#[cfg_attr(miri, ignore = "it maps no files")]
fn another_folder_takes_the_next_value_and_the_first_stays_readable() {
    let folders = [(), ()].map(|()| tempfile::tempdir().expect("a folder"));
    // It gets no smaller by compression.
    let value = Value::new(
        (0..10_000)
            .map(|n| (random(n) >> 56) as u8)
            .collect::<Vec<u8>>(),
    );
    let store = |memory: &Memory| memory.store(&value).map(|stored| stored.expect("a codec"));
    let memory = memory(folders[0].path(), Some(15_000));
    let first = store(&memory).expect("room");
    // More room in the same folder leaves what has been taken of it.
    memory.configure(1 << 30, folders[0].path(), Some(25_000));
    let second = store(&memory).expect("room");
    assert!(store(&memory).is_err());
    assert_eq!(memory.stored_bytes(), 20_000);
    memory.configure(1 << 30, folders[1].path(), Some(25_000));
    let third = store(&memory).expect("room");
    assert_eq!(memory.stored_bytes(), 10_000);
    memory.configure(1 << 30, Path::new("/proc/no"), None);
    let error = store(&memory).expect_err("a folder that cannot be made");
    assert!(error.to_string().contains("`/proc/no`"), "{error}");
    for stored in [first, second, third] {
        let back = stored.loaded().expect("a value");
        assert_eq!(back.downcast_ref::<Vec<u8>>(), value.downcast_ref());
    }
}

#[test]
fn reservations_end() {
    let memory: Arc<Memory> = Arc::default();
    let (one, two) = (memory.reserve(5000), memory.reserve(7000));
    assert_eq!(memory.reserved(), 12_000);
    drop(one);
    assert_eq!(memory.reserved(), 7000);
    drop(two);
    assert_eq!(memory.reserved(), 0);
    assert!(memory.reserve(STORED_BYTES_MIN - 1).is_none());
}

#[test]
fn the_farthest_results_leave_first() {
    let mut results = Results::new(6);
    let task = TaskId::new;
    let large = || Value::new(vec![0_u8; STORED_BYTES_MIN]);
    for idx in 0..4 {
        results.insert(task(idx), large());
    }
    results.insert(task(4), Value::new(7));
    let held = results.share(task(3));
    let farthest = |results: &Results, bytes| {
        let order = results.farthest(bytes, |task| 10 * (task.index() % 3));
        order
            .iter()
            .map(|(_, task)| task.index())
            .collect::<Vec<_>>()
    };
    assert_eq!(farthest(&results, 1), [2]);
    assert_eq!(farthest(&results, STORED_BYTES_MIN + 100), [2, 1]);
    assert_eq!(farthest(&results, usize::MAX), [2, 1, 0]);
    drop(held);
    assert_eq!(farthest(&results, usize::MAX), [2, 1, 0, 3]);
    results.begin_to_store(task(2));
    results.remove(task(1));
    assert_eq!(farthest(&results, usize::MAX), [0, 3]);
}
