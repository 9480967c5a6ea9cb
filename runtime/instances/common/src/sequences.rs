//! Vectors, slices and options.

use std::fmt::Debug;
use std::hint::black_box;
use std::ops::{Range, RangeInclusive};

use crate::{any, each};

pub(crate) fn compile() {
    each!(vector option: [usize, i32, i64, f64, char, &'static str, String]);
    each!(sums: [usize, i32, i64, f64]);
    each!(ranges: [usize, i32, i64, u64]);
}

fn vector<T: Clone + Debug + PartialEq>() {
    let mut items: Vec<T> = Vec::with_capacity(any());
    items.push(any());
    items.insert(any(), any());
    items.extend(Vec::<T>::new());
    items.extend_from_slice(&[any()]);
    items.append(&mut Vec::new());
    items.truncate(any());
    items.resize(any(), any());
    items.swap(any(), any());
    items.reverse();
    black_box((items.pop(), items.remove(any()), items.swap_remove(any())));
    items.drain(..);
    items.clear();
    black_box((
        items.len(),
        items.is_empty(),
        items.first(),
        items.last(),
        items.get(any::<usize>()),
    ));
    black_box((
        &items[any::<usize>()],
        &items[..any()],
        &items[any()..],
        &items[any()..any()],
    ));
    items[any::<usize>()] = any();
    for item in &items {
        black_box(item);
    }
    for item in &mut items {
        *item = any();
    }
    for item in items.clone() {
        black_box(item);
    }
    for (idx, item) in items.iter().enumerate() {
        black_box((idx, item));
    }
    for pair in items.windows(any()).chain(items.chunks(any())) {
        black_box(pair);
    }
    let copy: Vec<T> = items.iter().cloned().collect();
    black_box((
        vec![any::<T>(); any()],
        copy == items,
        items.contains(&any()),
        items.to_vec(),
    ));
    black_box(format!("{items:?} {:?} {:?}", &items[..], &items));
}

fn option<T: Clone + Debug + PartialEq>() {
    let some: Option<T> = any();
    black_box((
        some.clone() == None,
        some.is_some(),
        some.is_none(),
        some.as_ref().unwrap(),
    ));
    black_box((
        some.clone().unwrap(),
        some.clone().expect(any()),
        some.clone().unwrap_or(any()),
    ));
    black_box((
        some.clone().ok_or::<String>(any()).is_ok(),
        format!("{some:?} {:?}", &some),
    ));
    let done: Result<T, String> = any();
    black_box((
        done.clone().ok(),
        done.clone().unwrap(),
        format!("{done:?}"),
    ));
}

fn sums<T: Copy + for<'a> std::iter::Sum<&'a T> + std::iter::Sum + std::iter::Product>() {
    let items: Vec<T> = any();
    let sum: T = items.iter().sum();
    let copied: T = items.iter().copied().sum();
    black_box((sum, copied, items.into_iter().product::<T>()));
}

fn ranges<T: Clone + std::iter::Sum>()
where
    Range<T>: DoubleEndedIterator<Item = T>,
    RangeInclusive<T>: DoubleEndedIterator<Item = T>,
{
    let range: Range<T> = any();
    for item in range.clone() {
        black_box(item);
    }
    for item in range.clone().rev() {
        black_box(item);
    }
    for item in any::<RangeInclusive<T>>() {
        black_box(item);
    }
    black_box((
        range.clone().sum::<T>(),
        any::<RangeInclusive<T>>().sum::<T>(),
    ));
    black_box((
        range.clone().collect::<Vec<T>>(),
        any::<RangeInclusive<T>>().collect::<Vec<T>>(),
    ));
    black_box((
        range.clone().step_by(any()).collect::<Vec<T>>(),
        range.count(),
    ));
}
