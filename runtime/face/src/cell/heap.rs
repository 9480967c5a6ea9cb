//! How many bytes a value takes, for `:vars`: its own, and those on the heap where its type is known to own them.

use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

use crate::{DataFrame, NdArray};

/// The bytes of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// All that it owns.
    All(usize),
    /// What can be seen of it; its type may own more.
    AtLeast(usize),
}

/// A type that knows what it owns on the heap.
pub trait Heap {
    /// Whether it can own anything.
    const OWNS: bool = true;
    /// The bytes that it owns on the heap; what is shared counts in full.
    fn heap_bytes(&self) -> usize;
}

/// A reference to the value to measure; which of the three traits below it has is decided as for
/// [`Shown`](super::Shown).
pub struct Weighed<'a, T: ?Sized>(pub &'a T);

/// Measures a value whose type knows what it owns.
pub trait SizeViaHeap {
    /// Its size.
    fn dagbok_size(&self) -> Size;
}

impl<T: Heap> SizeViaHeap for &&Weighed<'_, T> {
    fn dagbok_size(&self) -> Size {
        Size::All(size_of::<T>() + self.0.heap_bytes())
    }
}

/// Measures a vector of anything.
pub trait SizeViaVec {
    /// Its size, without what its elements own.
    fn dagbok_size(&self) -> Size;
}

impl<T> SizeViaVec for &Weighed<'_, Vec<T>> {
    fn dagbok_size(&self) -> Size {
        let bytes = size_of::<Vec<T>>() + self.0.capacity() * size_of::<T>();
        known(bytes, std::mem::needs_drop::<T>())
    }
}

/// Measures any value.
pub trait SizeViaNothing {
    /// Its size without the heap.
    fn dagbok_size(&self) -> Size;
}

impl<T> SizeViaNothing for Weighed<'_, T> {
    fn dagbok_size(&self) -> Size {
        known(size_of::<T>(), std::mem::needs_drop::<T>())
    }
}

/// What needs no drop owns nothing.
fn known(bytes: usize, needs_drop: bool) -> Size {
    if needs_drop {
        Size::AtLeast(bytes)
    } else {
        Size::All(bytes)
    }
}

fn inner<'t, T: Heap + 't>(values: impl IntoIterator<Item = &'t T>) -> usize {
    if T::OWNS {
        values.into_iter().map(Heap::heap_bytes).sum()
    } else {
        0
    }
}

macro_rules! own_nothing {
    ($($name:ty),*) => {
        $(impl Heap for $name {
            const OWNS: bool = false;
            fn heap_bytes(&self) -> usize {
                0
            }
        })*
    };
}

own_nothing!(
    (),
    bool,
    char,
    f32,
    f64,
    i8,
    i16,
    i32,
    i64,
    i128,
    isize,
    u8,
    u16,
    u32,
    u64,
    u128,
    usize
);

impl<T: ?Sized> Heap for &T {
    const OWNS: bool = false;
    fn heap_bytes(&self) -> usize {
        0
    }
}

impl Heap for str {
    const OWNS: bool = false;
    fn heap_bytes(&self) -> usize {
        0
    }
}

impl Heap for String {
    fn heap_bytes(&self) -> usize {
        self.capacity()
    }
}

impl Heap for NdArray {
    fn heap_bytes(&self) -> usize {
        size_of_val(self.shape()) + self.nbytes()
    }
}

impl Heap for DataFrame {
    fn heap_bytes(&self) -> usize {
        self.bytes()
    }
}

impl<T: Heap> Heap for [T] {
    const OWNS: bool = T::OWNS;
    fn heap_bytes(&self) -> usize {
        inner(self)
    }
}

impl<T: Heap, const N: usize> Heap for [T; N] {
    const OWNS: bool = T::OWNS;
    fn heap_bytes(&self) -> usize {
        inner(self)
    }
}

impl<T: Heap> Heap for Vec<T> {
    fn heap_bytes(&self) -> usize {
        self.capacity() * size_of::<T>() + inner(self)
    }
}

impl<T: Heap> Heap for VecDeque<T> {
    fn heap_bytes(&self) -> usize {
        self.capacity() * size_of::<T>() + inner(self)
    }
}

impl<T: Heap> Heap for BinaryHeap<T> {
    fn heap_bytes(&self) -> usize {
        self.capacity() * size_of::<T>() + inner(self)
    }
}

/// A hash table keeps a byte beside each entry.
impl<K: Heap, V: Heap, S> Heap for HashMap<K, V, S> {
    fn heap_bytes(&self) -> usize {
        self.capacity() * (size_of::<(K, V)>() + 1) + inner(self.keys()) + inner(self.values())
    }
}

impl<T: Heap, S> Heap for HashSet<T, S> {
    fn heap_bytes(&self) -> usize {
        self.capacity() * (size_of::<T>() + 1) + inner(self)
    }
}

impl<K: Heap, V: Heap> Heap for BTreeMap<K, V> {
    fn heap_bytes(&self) -> usize {
        self.len() * size_of::<(K, V)>() + inner(self.keys()) + inner(self.values())
    }
}

impl<T: Heap> Heap for BTreeSet<T> {
    fn heap_bytes(&self) -> usize {
        self.len() * size_of::<T>() + inner(self)
    }
}

impl<T: Heap> Heap for Option<T> {
    const OWNS: bool = T::OWNS;
    fn heap_bytes(&self) -> usize {
        inner(self)
    }
}

impl<T: Heap + ?Sized> Heap for Box<T> {
    fn heap_bytes(&self) -> usize {
        size_of_val(&**self) + (**self).heap_bytes()
    }
}

impl<T: Heap + ?Sized> Heap for Rc<T> {
    fn heap_bytes(&self) -> usize {
        2 * size_of::<usize>() + size_of_val(&**self) + (**self).heap_bytes()
    }
}

impl<T: Heap + ?Sized> Heap for Arc<T> {
    fn heap_bytes(&self) -> usize {
        2 * size_of::<usize>() + size_of_val(&**self) + (**self).heap_bytes()
    }
}

macro_rules! tuples {
    ($(($($name:ident $field:tt),*)),*) => {
        $(impl<$($name: Heap),*> Heap for ($($name,)*) {
            const OWNS: bool = false $(|| $name::OWNS)*;
            fn heap_bytes(&self) -> usize {
                0 $(+ self.$field.heap_bytes())*
            }
        })*
    };
}

tuples!((A 0), (A 0, B 1), (A 0, B 1, C 2), (A 0, B 1, C 2, D 3));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_owned_counts_and_what_is_unknown_is_said() {
        struct Plain(#[expect(dead_code)] u64);
        struct Owner(#[expect(dead_code)] String);
        let words = vec!["ab".to_owned(), "c".to_owned()];
        assert_eq!((&&&Weighed(&7_u16)).dagbok_size(), Size::All(2));
        assert_eq!((&&&Weighed(&words)).dagbok_size(), Size::All(24 + 48 + 3));
        assert_eq!(
            (&&&Weighed(&(1.5, Some(words)))).dagbok_size(),
            Size::All(32 + 48 + 3)
        );
        assert_eq!((&&&Weighed(&Plain(1))).dagbok_size(), Size::All(8));
        assert_eq!(
            (&&&Weighed(&vec![Plain(1)])).dagbok_size(),
            Size::All(24 + 8)
        );
        assert_eq!(
            (&&&Weighed(&Owner(String::new()))).dagbok_size(),
            Size::AtLeast(24)
        );
        let owners = vec![Owner(String::new())];
        assert_eq!((&&&Weighed(&owners)).dagbok_size(), Size::AtLeast(48));
        let array = NdArray::from([1.0, 2.0]);
        assert_eq!(
            (&&&Weighed(&array)).dagbok_size(),
            Size::All(size_of::<NdArray>() + 8 + 16)
        );
    }
}
