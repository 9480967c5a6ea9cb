//! Strings: what is generic of them.

use std::hint::black_box;

use crate::{any, each};

pub(crate) fn compile() {
    each!(number: [u8, u32, u64, usize, i32, i64, f32, f64]);
    let text: String = any();
    black_box((
        text.split_whitespace().collect::<Vec<&str>>(),
        text.lines().collect::<Vec<&str>>(),
    ));
    black_box((
        text.split(',').collect::<Vec<&str>>(),
        text.split(" ").collect::<Vec<&str>>(),
    ));
    black_box((
        text.chars().collect::<Vec<char>>(),
        text.chars().rev().collect::<String>(),
        text.chars().count(),
    ));
    black_box((
        any::<Vec<char>>().iter().collect::<String>(),
        any::<Vec<char>>().into_iter().collect::<String>(),
    ));
    black_box((
        any::<Vec<&str>>().join(any()),
        any::<Vec<String>>().join(any()),
        any::<Vec<&str>>().concat(),
    ));
    black_box((
        text.contains("a"),
        text.contains('a'),
        text.replace("a", "b"),
        text.replace('a', "b"),
        text.find('a'),
    ));
    black_box((
        text.starts_with("a"),
        text.ends_with("a"),
        text.trim_start_matches('a'),
        text.split_once(','),
    ));
    for (idx, char) in text.char_indices().zip(text.bytes()) {
        black_box((idx, char));
    }
    for (idx, line) in text.lines().enumerate() {
        black_box((idx, line));
    }
    for (idx, char) in text.chars().enumerate() {
        black_box((idx, char));
    }
}

fn number<T: std::str::FromStr<Err: std::fmt::Debug> + std::fmt::Display>() {
    black_box((any::<&str>().parse::<T>().unwrap(), any::<T>().to_string()));
}
