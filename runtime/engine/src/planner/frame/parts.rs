//! How the partitions of frames become tasks: each when it is first needed. Of a frame of a thousand partitions of which ten are needed,
//! ten become tasks.

use std::rc::Rc;

use dagbok::Name;

use super::Planner;
use crate::graph::TaskId;

/// One partition: the frame's name and its place.
pub(super) type PartKey = (Name, usize);

/// What the partition at a place is made of.
type Takes = dyn Fn(usize) -> Vec<PartKey>;

/// The task that makes the partition at a place. What it takes has tasks.
type Make = dyn Fn(&mut Planner, usize) -> TaskId;

/// The partitions of one frame, as far as they have tasks.
pub(super) struct Parts {
    tasks: Vec<Option<TaskId>>,
    /// The bytes that each is expected to take, 0 if unknown.
    bytes: Vec<usize>,
    takes: Rc<Takes>,
    make: Rc<Make>,
}

impl Parts {
    /// As many as `bytes`, which become tasks later.
    pub(super) fn new(
        bytes: Vec<usize>,
        takes: impl Fn(usize) -> Vec<PartKey> + 'static,
        make: impl Fn(&mut Planner, usize) -> TaskId + 'static,
    ) -> Parts {
        Parts {
            tasks: vec![None; bytes.len()],
            bytes,
            takes: Rc::new(takes),
            make: Rc::new(make),
        }
    }

    /// Partitions of other frames.
    pub(super) fn of(planner: &Planner, parts: Vec<PartKey>) -> Parts {
        let bytes = parts.iter().map(|part| planner.part_bytes(*part)).collect();
        let parts = Rc::new(parts);
        let own = parts.clone();
        Parts::new(
            bytes,
            move |idx| vec![own[idx]],
            move |planner, idx| planner.part(parts[idx]),
        )
    }

    /// What has tasks already.
    pub(super) fn made(planner: &Planner, tasks: Vec<TaskId>) -> Parts {
        let bytes = tasks
            .iter()
            .map(|task| planner.graph.bytes(*task))
            .collect();
        Parts {
            tasks: tasks.into_iter().map(Some).collect(),
            ..Parts::new(
                bytes,
                |_| Vec::new(),
                |_, _| unreachable!("each has a task"),
            )
        }
    }

    pub(super) fn len(&self) -> usize {
        self.tasks.len()
    }
}

impl Planner {
    /// The partitions of a frame that has been prepared.
    pub(super) fn parts_of(&self, frame: Name) -> impl Iterator<Item = PartKey> + use<> {
        (0..self.frames.planned[&frame].len()).map(move |idx| (frame, idx))
    }

    /// The bytes that a partition is expected to take, 0 if unknown.
    pub(super) fn part_bytes(&self, (frame, idx): PartKey) -> usize {
        self.frames.planned[&frame].bytes[idx]
    }

    /// The task of a partition, made now if there is none. Takes time linear in what is made; recursion-free.
    pub(super) fn part(&mut self, part: PartKey) -> TaskId {
        let mut open = vec![(part, false)];
        while let Some((part, has_inputs)) = open.pop() {
            let (frame, idx) = part;
            let parts = &self.frames.planned[&frame];
            if parts.tasks[idx].is_some() {
                continue;
            }
            if has_inputs {
                let make = parts.make.clone();
                let task = make(self, idx);
                if let Some(parts) = self.frames.planned.get_mut(&frame) {
                    parts.tasks[idx] = Some(task);
                }
            } else {
                let takes = (parts.takes)(idx);
                open.push((part, true));
                open.extend(takes.into_iter().rev().map(|part| (part, false)));
            }
        }
        let (frame, idx) = part;
        self.frames.planned[&frame].tasks[idx].expect("it has been made")
    }
}
