//! Who uses a task's result: the edges of a graph, turned round.

use super::{Graph, TaskId};

/// For each task, the tasks that take its result, in order; as often as they take it.
pub(crate) struct Dependents {
    starts: Vec<u32>,
    tasks: Vec<TaskId>,
}

impl Dependents {
    /// The dependents of all tasks of `graph`. Takes time and memory linear in its tasks and edges.
    pub(crate) fn of(graph: &Graph) -> Self {
        let mut starts = vec![0_u32; graph.len() + 1];
        for input in &graph.inputs {
            starts[input.index()] += 1;
        }
        let mut end = 0;
        for start in &mut starts {
            end += *start;
            *start = end;
        }
        // From ends to starts, the last dependent first.
        let mut tasks = vec![TaskId::new(0); end as usize];
        for id in graph.ids().rev() {
            for input in graph.inputs(id) {
                let place = &mut starts[input.index()];
                *place -= 1;
                tasks[*place as usize] = id;
            }
        }
        Dependents { starts, tasks }
    }

    /// The tasks that take the result of `task`.
    pub(crate) fn of_task(&self, task: TaskId) -> &[TaskId] {
        let (start, end) = (self.starts[task.index()], self.starts[task.index() + 1]);
        &self.tasks[start as usize..end as usize]
    }
}
