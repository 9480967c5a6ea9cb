//! A graph whose nodes say how far their tasks are. It is placed once, so that nothing moves while it runs.

use dagbok::display::MimeBundle;
use dagbok::visualize::{Color, Options};

use super::groups::Groups;
use super::layout::Layout;
use super::measure::Fill;
use super::{DRAWN_LAYERS_MAX, LISTED_LAYERS_MAX, Legend, Sketch, draws_tasks, summary};
use crate::planner::Plan;
use crate::render::format::{count, counted};

/// How far a task is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum TaskState {
    Waiting,
    Running,
    Done,
    Failed,
    /// Its computation has ended without it.
    NotRun,
    /// Some of the calls that it holds are done, by themselves.
    DoneInPart,
}

/// All states, in the order in which the legend has them.
pub(super) const STATES: [TaskState; 6] = [
    TaskState::Waiting,
    TaskState::Running,
    TaskState::Done,
    TaskState::Failed,
    TaskState::NotRun,
    TaskState::DoneInPart,
];

/// A drawing without states.
pub(crate) struct LiveView {
    /// None for a graph without tasks.
    placed: Option<(Sketch, Layout)>,
    listed: Groups,
    /// Which node stands for each task.
    nodes: Vec<usize>,
    has_node_for_each_task: bool,
}

/// How many tasks of a node are in each state.
#[derive(Clone, Copy, Default)]
struct Counts([usize; STATES.len()]);

impl TaskState {
    /// Tells states apart without colour.
    pub(super) fn sign(self) -> char {
        match self {
            TaskState::Waiting => '○',
            TaskState::Running => '▶',
            TaskState::Done => '✓',
            TaskState::Failed => '✗',
            TaskState::NotRun => '–',
            TaskState::DoneInPart => '◐',
        }
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            TaskState::Waiting => "waiting",
            TaskState::Running => "running",
            TaskState::Done => "done",
            TaskState::Failed => "failed",
            TaskState::NotRun => "not run",
            TaskState::DoneInPart => "done in part",
        }
    }
}

impl LiveView {
    /// The graph of `plan`, drawn as `options` say but for its colours, which are those of states.
    pub(crate) fn of(plan: &Plan, options: &Options) -> Self {
        let graph = &plan.graph;
        let options = Options {
            color: Color::Layer,
            ..options.clone()
        };
        let has_node_for_each_task = draws_tasks(graph, options.level);
        let groups = Groups::of(graph, DRAWN_LAYERS_MAX);
        let nodes = graph
            .tasks()
            .map(|(id, task)| match has_node_for_each_task {
                true => id.index(),
                false => groups.group_of(task.layer),
            });
        let mut view = LiveView {
            placed: None,
            listed: Groups::of(graph, LISTED_LAYERS_MAX),
            nodes: nodes.collect(),
            has_node_for_each_task,
        };
        if !graph.is_empty() {
            view.placed = Some(view.place(Sketch::of(plan, &options), &options));
        }
        view
    }

    /// Finds a place for every node that is large enough in any state.
    fn place(&self, mut sketch: Sketch, options: &Options) -> (Sketch, Layout) {
        let words = STATES.map(|state| format!("{} {}", state.sign(), state.word()));
        sketch.drawing.legend = Some(Legend {
            text: words.join(", "),
            samples: STATES.map(Fill::State).into_iter().zip(words).collect(),
        });
        let mut totals = vec![0; sketch.drawing.nodes.len()];
        self.nodes.iter().for_each(|node| totals[*node] += 1);
        for (node, total) in sketch.drawing.nodes.iter_mut().zip(totals) {
            node.subtitles.push(match self.has_node_for_each_task {
                true => format!(
                    "{} {}",
                    TaskState::DoneInPart.sign(),
                    TaskState::DoneInPart.word()
                ),
                false => format!(
                    "{0} {1}/{1}, {1} running",
                    TaskState::Running.sign(),
                    count(total)
                ),
            });
        }
        let layout = sketch.layout(options);
        (sketch, layout)
    }

    /// The drawing, with the states of all tasks in order.
    pub(crate) fn bundle(&self, states: &[TaskState]) -> MimeBundle {
        let Some((sketch, layout)) = &self.placed else {
            return MimeBundle::plain("task graph: no tasks");
        };
        let mut sketch = sketch.clone();
        let mut counts = vec![Counts::default(); sketch.drawing.nodes.len()];
        let mut all = Counts::default();
        for (node, state) in self.nodes.iter().zip(states) {
            counts[*node].0[*state as usize] += 1;
            all.0[*state as usize] += 1;
        }
        for (node, counts) in sketch.drawing.nodes.iter_mut().zip(&counts) {
            let state = counts.state();
            let text = match self.has_node_for_each_task {
                true => format!("{} {}", state.sign(), state.word()),
                false => counts.progress(),
            };
            node.tooltip = format!("{}\n{text}", node.tooltip);
            node.fill = Fill::State(state);
            node.subtitles.pop();
            node.subtitles.push(text);
        }
        let summary = all.sentence();
        let mut picture = sketch.picture(layout, &self.listed);
        picture.label = format!("{summary}. {}", picture.label);
        let headline = &sketch.drawing.headline;
        MimeBundle::plain(format!(
            "{}\n  {summary}",
            summary::plain(headline, &self.listed)
        ))
        .with(
            "text/html",
            format!(
                "<div role=\"status\">{summary}</div>{}{}",
                picture.html(),
                summary::html(headline, &sketch.note, &self.listed)
            ),
        )
    }
}

impl Counts {
    fn of(self, state: TaskState) -> usize {
        self.0[state as usize]
    }

    fn total(self) -> usize {
        self.0.iter().sum()
    }

    /// What matters most of a node's tasks.
    fn state(self) -> TaskState {
        let has = |state| self.of(state) > 0;
        match self.total() {
            _ if has(TaskState::Failed) => TaskState::Failed,
            _ if has(TaskState::DoneInPart) => TaskState::DoneInPart,
            _ if has(TaskState::NotRun) => TaskState::NotRun,
            total if self.of(TaskState::Done) == total => TaskState::Done,
            _ if has(TaskState::Running) || has(TaskState::Done) => TaskState::Running,
            _ => TaskState::Waiting,
        }
    }

    /// `▶ 12/40, 2 running`
    fn progress(self) -> String {
        let state = self.state();
        let (done, total) = (count(self.of(TaskState::Done)), count(self.total()));
        let n = match state {
            TaskState::Running | TaskState::Failed => self.of(state),
            TaskState::DoneInPart => self.of(state),
            TaskState::Waiting | TaskState::Done | TaskState::NotRun => 0,
        };
        match n {
            0 => format!("{} {done}/{total}", state.sign()),
            n => format!(
                "{} {done}/{total}, {} {}",
                state.sign(),
                count(n),
                state.word()
            ),
        }
    }

    /// `12 of 40 tasks done, 2 running, 26 waiting`
    fn sentence(self) -> String {
        let mut sentence = format!(
            "{} of {} done",
            count(self.of(TaskState::Done)),
            counted(self.total(), "task")
        );
        for state in STATES {
            if state != TaskState::Done && self.of(state) > 0 {
                sentence.push_str(&format!(", {} {}", count(self.of(state)), state.word()));
            }
        }
        sentence
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_matters_most_is_the_nodes_state() {
        let check = |[waiting, running, done, failed, not_run]: [usize; 5], progress: &str| {
            let counts = Counts([waiting, running, done, failed, not_run, 0]);
            assert_eq!(counts.progress(), progress);
        };
        check([4, 0, 0, 0, 0], "○ 0/4");
        check([2, 2, 0, 0, 0], "▶ 0/4, 2 running");
        check([2, 0, 2, 0, 0], "▶ 2/4");
        check([0, 0, 4, 0, 0], "✓ 4/4");
        check([1, 1, 1, 1, 0], "✗ 1/4, 1 failed");
        check([0, 0, 3, 0, 1], "– 3/4");
        assert_eq!(
            Counts([1, 2, 1000, 3, 4, 0]).sentence(),
            "1,000 of 1,010 tasks done, 1 waiting, 2 running, 3 failed, 4 not run"
        );
        assert_eq!(
            Counts([0, 0, 1, 0, 1, 2]).progress(),
            "◐ 1/4, 2 done in part"
        );
        assert_eq!(
            Counts([0, 0, 1, 0, 0, 2]).sentence(),
            "1 of 3 tasks done, 2 done in part"
        );
    }
}
