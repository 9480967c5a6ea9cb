//! What the calls of a map are given.

/// So many items are next to each other.
const CHUNK_LEN: usize = 1 << 10;

/// Items by their numbers, until they are taken: in the order of their numbers, or nearly.
pub(super) struct Items<A> {
    chunks: Vec<Chunk<A>>,
    /// How many there are and were.
    pub(super) n_items: u32,
}

/// Of those that nobody has taken any of, a million come in a row: without a mark each, they take half as much new memory.
enum Chunk<A> {
    Whole(Vec<A>),
    Begun(Vec<Option<A>>),
}

impl<A> Default for Items<A> {
    fn default() -> Self {
        Items {
            chunks: Vec::new(),
            n_items: 0,
        }
    }
}

impl<A> Items<A> {
    pub(super) fn push(&mut self, item: A) {
        match self.chunks.last_mut() {
            Some(Chunk::Whole(items)) if items.len() < CHUNK_LEN => items.push(item),
            Some(Chunk::Begun(items)) if items.len() < CHUNK_LEN => items.push(Some(item)),
            _ => self.chunks.push(Chunk::Whole(vec![item])),
        }
        self.n_items += 1;
    }

    /// The item, if nobody has taken it.
    pub(super) fn take(&mut self, idx: u32) -> Option<A> {
        let idx = idx as usize;
        let chunk = &mut self.chunks[idx / CHUNK_LEN];
        if let Chunk::Whole(items) = chunk {
            let items = std::mem::take(items);
            *chunk = Chunk::Begun(items.into_iter().map(Some).collect());
        }
        match chunk {
            Chunk::Begun(items) => items[idx % CHUNK_LEN].take(),
            Chunk::Whole(_) => None,
        }
    }
}
