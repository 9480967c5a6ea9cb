//! Maps, sets, heaps and deques.

use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, VecDeque};
use std::fmt::Debug;
use std::hash::Hash;
use std::hint::black_box;

use dagbok_instances_common::{any, each};

pub(crate) fn compile() {
    each!(text_keys sets: [&'static str, String]);
    each!(number_keys sets: [char, u64, usize, i32, i64]);
    each!(heap deque: [u64, usize, i32, i64]);
    each!(deque: [f64, char, &'static str, String, (usize, usize), (i32, i32)]);
}

trait Key: Ord + Hash + Clone + Debug {}
impl<T: Ord + Hash + Clone + Debug> Key for T {}

fn text_keys<K: Key>() {
    maps::<K, i32>();
    maps::<K, i64>();
    maps::<K, usize>();
    maps::<K, f64>();
    maps::<K, &'static str>();
    maps::<K, String>();
}

fn number_keys<K: Key>() {
    hash_map::<K, i32>();
    hash_map::<K, usize>();
    hash_map::<K, f64>();
    hash_map::<K, &'static str>();
    hash_map::<K, String>();
    btree_map::<K, String>();
}

fn maps<K: Key, V: Clone + Debug + PartialEq>() {
    hash_map::<K, V>();
    btree_map::<K, V>();
}

fn hash_map<K: Key, V: Clone + Debug + PartialEq>() {
    let mut map: HashMap<K, V> = HashMap::new();
    map.insert(any(), any());
    *map.entry(any()).or_insert(any()) = any();
    map.extend(Vec::<(K, V)>::new());
    black_box((
        map.get(&any()).is_some(),
        map.get_mut(&any()).is_some(),
        map.contains_key(&any()),
        map.len(),
        map.is_empty(),
    ));
    black_box(&map[&any::<K>()]);
    map.remove(&any::<K>());
    for pair in &map {
        black_box(pair);
    }
    for (_, value) in &mut map {
        *value = any();
    }
    for pair in map.keys().zip(map.values()) {
        black_box(pair);
    }
    black_box(format!("{map:?} {:?}", &map));
    let copy = map.clone();
    for pair in map {
        black_box(pair);
    }
    black_box((
        copy,
        HashMap::<K, V>::from([any(), any()]),
        HashMap::<K, V>::from([any(), any(), any()]),
    ));
    black_box(Vec::<(K, V)>::new().into_iter().collect::<HashMap<K, V>>());
}

fn btree_map<K: Key, V: Clone + Debug + PartialEq>() {
    let mut map: BTreeMap<K, V> = BTreeMap::new();
    map.insert(any(), any());
    *map.entry(any()).or_insert(any()) = any();
    black_box((
        map.get(&any()).is_some(),
        map.get_mut(&any()).is_some(),
        map.contains_key(&any()),
        map.len(),
    ));
    black_box(&map[&any::<K>()]);
    map.remove(&any::<K>());
    for pair in &map {
        black_box(pair);
    }
    for pair in map.keys().zip(map.values()) {
        black_box(pair);
    }
    black_box(format!("{map:?} {:?}", &map));
    black_box((map.clone(), BTreeMap::<K, V>::from([any(), any()])));
}

fn sets<K: Key>() {
    let mut set: HashSet<K> = HashSet::new();
    black_box((
        set.insert(any()),
        set.remove(&any::<K>()),
        set.contains(&any::<K>()),
        set.len(),
    ));
    for item in &set {
        black_box(item);
    }
    black_box((
        format!("{set:?} {:?}", &set),
        set.clone(),
        HashSet::<K>::from([any(), any(), any()]),
    ));
    black_box(Vec::<K>::new().into_iter().collect::<HashSet<K>>());
    let mut set: BTreeSet<K> = BTreeSet::new();
    black_box((
        set.insert(any()),
        set.remove(&any::<K>()),
        set.contains(&any::<K>()),
        set.len(),
    ));
    for item in &set {
        black_box(item);
    }
    black_box((
        format!("{set:?} {:?}", &set),
        set.clone(),
        BTreeSet::<K>::from([any(), any(), any()]),
    ));
}

fn heap<T: Ord + Clone + Debug>() {
    let mut heap: BinaryHeap<T> = BinaryHeap::new();
    heap.push(any());
    black_box((
        heap.pop(),
        heap.peek(),
        heap.len(),
        heap.clone().into_sorted_vec(),
        format!("{heap:?}"),
    ));
}

fn deque<T: Clone + Debug>() {
    let mut items: VecDeque<T> = VecDeque::new();
    items.push_back(any());
    items.push_front(any());
    black_box((
        items.pop_front(),
        items.pop_back(),
        items.len(),
        items.front(),
    ));
    for item in &items {
        black_box(item);
    }
    black_box(format!("{:?}", VecDeque::from(vec![any::<T>()])));
}
