//! What the pool and the futures take of the rest of the engine: types, and no codecs but the plain ones.

pub(crate) mod config {
    //! What runs tasks.

    use std::num::NonZero;

    #[derive(Clone, Copy)]
    pub(crate) enum SchedulerKind {
        Threads(NonZero<usize>),
        Synchronous,
    }
}

pub(crate) mod kernels {
    //! No array work.

    use crate::storage::codec::Codec;

    pub(crate) static CODECS: [Codec; 0] = [];
}

pub(crate) mod planner {
    //! A plan is made by hand.

    use std::sync::Arc;

    use dagbok::engine::Submitted;

    use crate::graph::{Graph, TaskId};

    pub(crate) struct Plan {
        pub(crate) graph: Graph,
        pub(crate) outputs: Vec<Vec<TaskId>>,
        pub(crate) futures: Vec<Arc<dyn Submitted>>,
    }
}

pub(crate) mod render {
    //! Figures in messages, and no displays.

    pub(crate) use crate::format;

    pub(crate) mod futures {
        //! Nobody looks.

        use dagbok::display::MimeBundle;

        use crate::futures::board::Board;

        pub(crate) fn bundle(_: &Board) -> MimeBundle {
            MimeBundle::default()
        }
    }
}

pub(crate) mod table {
    //! No tables; where a test wants one, a vector.

    use dagbok::Value;

    use crate::storage::codec::Codec;

    pub(crate) static CODECS: [Codec; 0] = [];

    pub(crate) fn table_of(numbers: &[u64]) -> Value {
        Value::new(numbers.to_vec())
    }

    pub(crate) fn numbers_of(value: &Value) -> Option<Vec<u64>> {
        value.downcast_ref().cloned()
    }
}

pub(crate) mod threads {
    //! No threads but the pool's own; those that have had a task by itself are settled, so that they are replaced as the engine's are.

    use std::cell::Cell;

    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub(crate) enum Share {
        Own,
        All,
    }

    crate::sync::thread_local! {
        static IS_SETTLED: Cell<bool> = const { Cell::new(false) };
    }

    impl Share {
        pub(crate) fn within<T>(self, task: impl FnOnce() -> T) -> T {
            if self == Share::Own {
                settle();
            }
            task()
        }
    }

    pub(crate) fn can_share(n_threads: usize) -> bool {
        n_threads > 1
    }

    pub(crate) fn settle() {
        IS_SETTLED.with(|is_settled| is_settled.set(true));
    }

    pub(crate) fn is_settled() -> bool {
        IS_SETTLED.with(Cell::get)
    }
}
