//! Partitions with the steps that run on each of them, and what is made of them in the same task.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use dagbok::delayed::DelayedNode;
use dagbok::engine::{Collection, KnownInput, Work};
use dagbok::frame::{Frame, FrameOp, Part, Piece, Source};
use dagbok::{Error, ErrorKind, Name, Result, Value};
use polars::prelude as pl;

use super::parts::{PartKey, Parts};
use super::step::{self, Step};
use super::{Planner, prepare};
use crate::graph::{Layer, LayerId, LayerKind, NewTask, TaskId};
use crate::io::{Borders, borders, check_columns, count_quotes, in_file, is_unchanged, read};
use crate::planner::input;
use crate::table::{columns_text, polars_schema, task_table};

/// What a task makes of its partition, which it asks for when it needs it, and of the values of further tasks.
pub(super) type Sink =
    Arc<dyn Fn(&dyn Fn() -> Result<pl::LazyFrame>, &[Value]) -> Result<Value> + Send + Sync>;

/// The partitions of a frame, not computed yet: where each comes from, and the steps that run on it.
pub(super) struct Pipeline {
    origins: Vec<Origin>,
    steps: Arc<[Step]>,
    /// The bytes of a row before the steps, and after them.
    row_bytes: [usize; 2],
    operation: String,
}

/// Where a partition comes from.
#[derive(Clone)]
enum Origin {
    Piece {
        source: Arc<Source>,
        piece: Piece,
        borders: Option<TaskId>,
    },
    /// What is known already, of the frame of this name.
    Table(Name, Value),
    /// A table that a call returns, which has to have these columns.
    Call {
        call: Name,
        task: TaskId,
        schema: pl::SchemaRef,
    },
    /// A partition of another frame, which is expected to take so many bytes, 0 if unknown.
    Part(PartKey, usize),
}

impl Pipeline {
    /// The partitions of `frame` with all steps that have no tasks of their own.
    pub(super) fn up_to(planner: &mut Planner, frame: &Frame) -> Result<Pipeline> {
        let mut steps = Vec::new();
        let mut below = frame.clone();
        let (origins, operation) = loop {
            let node = below.node().clone();
            if planner.frames.planned.contains_key(&node.name) {
                break (from_parts(planner, &below)?, node.op.operation().to_owned());
            }
            match &node.op {
                FrameOp::Read(source) => {
                    let operation = node.name.operation().to_owned();
                    break (from_files(planner, &below, source)?, operation);
                }
                FrameOp::Partitions(values) => {
                    let origin = |value: &Value| Origin::Table(node.name, value.clone());
                    let origins = values.iter().map(origin).collect();
                    break (origins, node.name.operation().to_owned());
                }
                FrameOp::Delayed(calls) => {
                    let schema = polars_schema(&below)?;
                    let origin = |call: &Arc<DelayedNode>| Origin::Call {
                        call: call.name(),
                        task: planner.called(call),
                        schema: schema.clone(),
                    };
                    let origins = calls.iter().map(origin).collect();
                    break (origins, node.name.operation().to_owned());
                }
                _ => {}
            }
            match step::of(&node)? {
                Some(op) => {
                    let (mut step, aggregates) = Step::new(&below, op);
                    if let Some(aggregates) = aggregates {
                        let tasks = planner.blocks(&Collection::Frame(aggregates))?;
                        step.table = tasks.first().copied();
                    }
                    steps.push(step);
                    below = node.inputs[0].clone();
                }
                None => break (from_parts(planner, &below)?, node.op.operation().to_owned()),
            }
        };
        steps.reverse();
        let row_bytes =
            match steps.is_empty() || planner.frames.with_closures.contains(frame.name()) {
                true => None,
                false => row_bytes(&below).zip(row_bytes(frame)),
            };
        Ok(Pipeline {
            origins,
            steps: steps.into(),
            row_bytes: row_bytes.map_or([1, 1], <[usize; 2]>::from),
            operation,
        })
    }

    /// The number of partitions.
    pub(super) fn len(&self) -> usize {
        self.origins.len()
    }

    /// The bytes that all partitions are expected to take, if known.
    pub(super) fn bytes(&self) -> Option<usize> {
        (0..self.len()).map(|idx| self.part_bytes(idx)).sum()
    }

    /// The bytes that a partition is expected to take after all steps, if known: rows that they leave out count.
    fn part_bytes(&self, idx: usize) -> Option<usize> {
        let [before, after] = self.row_bytes.map(|bytes| bytes as u128);
        let bytes = self.origins[idx].bytes()? as u128 * after / before;
        Some((bytes as usize).max(1))
    }

    /// The partition `idx`, if it is in memory as it is. As the same value it is counted once.
    pub(super) fn table(&self, idx: usize) -> Option<Value> {
        match &self.origins[idx] {
            Origin::Table(_, value) if self.steps.is_empty() => Some(value.clone()),
            _ => None,
        }
    }

    /// One line about what runs in each task.
    pub(super) fn detail(&self) -> String {
        let mut detail = self.operation.clone();
        for step in self.steps.iter() {
            detail.push_str(" → ");
            detail.push_str(step.operation());
        }
        let n = self.len();
        let plural = if n == 1 { "" } else { "s" };
        format!("{detail}; {n} partition{plural}")
    }

    /// One task a partition: `sink` of it and of the values of `further` tasks.
    pub(super) fn tasks(
        &self,
        planner: &mut Planner,
        layer: LayerId,
        further: &[TaskId],
        sink: &Sink,
    ) -> Vec<TaskId> {
        (0..self.len())
            .map(|idx| self.task(planner, layer, idx, further, sink))
            .collect()
    }

    /// What `make` makes a task of for each partition, when it is needed.
    pub(super) fn parts(
        self,
        make: impl Fn(&mut Planner, &Pipeline, usize) -> TaskId + 'static,
    ) -> Parts {
        let bytes = (0..self.len()).map(|idx| self.part_bytes(idx).unwrap_or(0));
        let bytes = bytes.collect();
        let pipeline = Rc::new(self);
        let own = pipeline.clone();
        Parts::new(
            bytes,
            move |idx| own.origins[idx].part().into_iter().collect(),
            move |planner, idx| make(planner, &pipeline, idx),
        )
    }

    /// The task of partition `idx`: `sink` of it and of the values of `further` tasks.
    pub(super) fn task(
        &self,
        planner: &mut Planner,
        layer: LayerId,
        idx: usize,
        further: &[TaskId],
        sink: &Sink,
    ) -> TaskId {
        let origin = self.origins[idx].clone();
        let steps = self.steps.clone();
        let sink = sink.clone();
        let mut inputs: Vec<TaskId> = origin.input(planner).into_iter().collect();
        inputs.extend(steps.iter().filter_map(|step| step.table));
        let n_own = inputs.len();
        inputs.extend_from_slice(further);
        planner.graph.add_task(NewTask {
            layer,
            block: Box::new([idx as u32]),
            inputs: inputs.into(),
            bytes: self.part_bytes(idx).unwrap_or(0),
            run: Arc::new(Partition {
                origin,
                steps,
                sink,
                n_own,
            }),
        })
    }
}

/// What the task of one partition runs.
struct Partition {
    origin: Origin,
    steps: Arc<[Step]>,
    sink: Sink,
    /// So many of its inputs are for the steps, the others for the sink.
    n_own: usize,
}

impl Work for Partition {
    fn run(&self, values: &[Value]) -> Result<Value> {
        let (own, further) = values.split_at(self.n_own);
        let partition = || run_steps(&self.origin, &self.steps, own);
        (self.sink)(&partition, further).map_err(|error| match &self.origin {
            Origin::Piece { piece, .. } => in_file(error, piece),
            _ => error,
        })
    }

    fn known_inputs(&self) -> Vec<KnownInput> {
        match &self.origin {
            Origin::Table(name, value) => vec![KnownInput {
                place: 0,
                name: *name,
                value: value.clone(),
            }],
            _ => Vec::new(),
        }
    }
}

fn run_steps(origin: &Origin, steps: &[Step], values: &[Value]) -> Result<pl::LazyFrame> {
    let (own, mut tables) = values.split_at(usize::from(origin.has_input()));
    let mut partition = origin.read(own.first())?;
    for step in steps {
        let table = match step.table {
            Some(_) => tables.split_off_first(),
            None => None,
        };
        partition = step.run(partition, table)?;
    }
    Ok(partition)
}

/// About the bytes of a row of `frame`, if its columns can be told.
fn row_bytes(frame: &Frame) -> Option<usize> {
    let schema = polars_schema(frame).ok()?;
    let bytes: usize = schema.iter_values().map(item_bytes).sum();
    (bytes > 0).then_some(bytes)
}

/// The bytes of a value of `dtype`; a guess where they depend on the value.
fn item_bytes(dtype: &pl::DataType) -> usize {
    const OTHER: usize = 32;
    match dtype.to_physical() {
        pl::DataType::Boolean | pl::DataType::Int8 | pl::DataType::UInt8 => 1,
        pl::DataType::Int16 | pl::DataType::UInt16 => 2,
        pl::DataType::Int32 | pl::DataType::UInt32 | pl::DataType::Float32 => 4,
        pl::DataType::Int64 | pl::DataType::UInt64 | pl::DataType::Float64 => 8,
        pl::DataType::Int128 | pl::DataType::String | pl::DataType::Binary => 16,
        pl::DataType::Struct(fields) => fields.iter().map(|field| item_bytes(field.dtype())).sum(),
        _ => OTHER,
    }
}

fn from_parts(planner: &mut Planner, frame: &Frame) -> Result<Vec<Origin>> {
    prepare(planner, frame)?;
    let parts = planner.parts_of(*frame.name());
    Ok(parts
        .map(|part| Origin::Part(part, planner.part_bytes(part)))
        .collect())
}

fn from_files(planner: &mut Planner, frame: &Frame, source: &Source) -> Result<Vec<Origin>> {
    if !is_unchanged(source) {
        check_columns(source)?;
        planner.is_stale = true;
    }
    let source = Arc::new(source.clone());
    let mut borders = HashMap::new();
    let mut origins = Vec::with_capacity(source.partitions.len());
    for piece in &source.partitions {
        let borders = match piece.part {
            Part::Block { of, blocksize, .. } => Some(match borders.get(&piece.path) {
                Some(task) => *task,
                None => {
                    let task = borders_task(planner, frame, &source, &piece.path, of, blocksize);
                    borders.insert(piece.path.clone(), task);
                    task
                }
            }),
            Part::Whole | Part::Rows { .. } => None,
        };
        origins.push(Origin::Piece {
            source: source.clone(),
            piece: piece.clone(),
            borders,
        });
    }
    Ok(origins)
}

/// The task that finds where the blocks of a large CSV file start, of the quotes that others count in each.
fn borders_task(
    planner: &mut Planner,
    frame: &Frame,
    source: &Arc<Source>,
    path: &str,
    of: usize,
    blocksize: u64,
) -> TaskId {
    let layer_of = |stage: &str, detail: String| Layer {
        name: Name::of(
            &format!("{}-{stage}", frame.name().operation()),
            (frame.name(), path),
        ),
        kind: LayerKind::Frame,
        site: frame.node().site,
        detail,
    };
    let borders_layer = layer_of("borders", format!("{of} blocks of `{path}`"));
    let name = borders_layer.name;
    if planner.frames.planned.contains_key(&name) {
        return planner.part((name, 0));
    }
    let quote = match &source.format {
        dagbok::frame::Format::Csv(options) => options.quote_char,
        dagbok::frame::Format::Parquet(_) => None,
    };
    let mut inputs = Vec::new();
    if let Some(quote) = quote {
        let layer = layer_of("quotes", format!("quotes in {of} blocks of `{path}`"));
        let layer = planner.graph.add_layer(layer);
        for index in 0..of {
            let path = path.to_owned();
            inputs.push(planner.graph.add_task(NewTask {
                layer,
                block: Box::new([index as u32]),
                inputs: Box::new([]),
                run: Arc::new(move |_: &[Value]| {
                    Ok(Value::new(count_quotes(&path, index, blocksize, quote)?))
                }),
                bytes: size_of::<u64>(),
            }));
        }
    }
    let layer = planner.graph.add_layer(borders_layer);
    let path = path.to_owned();
    let task = planner.graph.add_task(NewTask {
        layer,
        block: Box::new([0]),
        inputs: inputs.into(),
        run: Arc::new(move |values: &[Value]| {
            let mut quotes: Vec<u64> = values.iter().map(|value| *input(value)).collect();
            quotes.resize(of, 0);
            Ok(Value::new(borders(&path, blocksize, &quotes, quote)?))
        }),
        bytes: of * size_of::<u64>(),
    });
    let parts = Parts::made(planner, vec![task]);
    planner.frames.planned.insert(name, parts);
    task
}

impl Origin {
    /// Whether its task takes a value for it.
    fn has_input(&self) -> bool {
        match self {
            Origin::Piece { borders, .. } => borders.is_some(),
            Origin::Table(..) => false,
            Origin::Call { .. } | Origin::Part(..) => true,
        }
    }

    fn part(&self) -> Option<PartKey> {
        match self {
            Origin::Part(part, _) => Some(*part),
            Origin::Piece { .. } | Origin::Table(..) | Origin::Call { .. } => None,
        }
    }

    fn input(&self, planner: &mut Planner) -> Option<TaskId> {
        match self {
            Origin::Piece { borders, .. } => *borders,
            Origin::Table(..) => None,
            Origin::Call { task, .. } => Some(*task),
            Origin::Part(part, _) => Some(planner.part(*part)),
        }
    }

    fn bytes(&self) -> Option<usize> {
        match self {
            Origin::Piece { piece, .. } => Some(piece.bytes.max(1)),
            Origin::Table(_, value) => Some(value.bytes().max(1)),
            Origin::Call { .. } => None,
            Origin::Part(_, bytes) => (*bytes > 0).then_some(*bytes),
        }
    }

    fn read(&self, value: Option<&Value>) -> Result<pl::LazyFrame> {
        match self {
            Origin::Piece { source, piece, .. } => read(source, piece, value.map(input::<Borders>)),
            Origin::Table(_, table) => Ok(lazy(task_table(&table.clone().loaded()?))),
            Origin::Call { call, schema, .. } => match value {
                Some(value) => declared(*call, task_table(value), schema).map(lazy),
                None => unreachable!("the task has this input"),
            },
            Origin::Part(..) => match value {
                Some(value) => Ok(lazy(task_table(value))),
                None => unreachable!("the task has this input"),
            },
        }
    }
}

/// `table`, which `call` returned, once it has the columns that were declared.
fn declared<'a>(
    call: Name,
    table: &'a pl::DataFrame,
    schema: &pl::Schema,
) -> Result<&'a pl::DataFrame> {
    if **table.schema() == *schema {
        return Ok(table);
    }
    let text = format!(
        "the call `{call}` returned columns ({}); declared are ({})",
        columns_text(table.schema()),
        columns_text(schema)
    );
    Err(Error::new(ErrorKind::Column, text))
}

fn lazy(table: &pl::DataFrame) -> pl::LazyFrame {
    pl::IntoLazy::lazy(table.clone())
}
