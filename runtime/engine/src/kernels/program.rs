//! Chains of element-wise functions, run strip by strip: what lies between two functions stays in the cache and is never
//! a whole chunk.

use std::ops::Range;

use dagbok::array::{Buffer, Element, NdArray, Scalar, Source, Ufunc};
use dagbok::{DType, Error, ErrorKind, Result, cancel, each_buffer};

use super::elementwise::{Argument, apply};
use super::source::fill;
use super::strided::{Affine, Walk};

/// Elements that are computed together: two or three strips of 8 bytes an element fit into a first-level cache.
const STRIP: usize = 2048;

/// Functions of the elements of some leaves, in an order in which each uses only what is before it. Without steps it is
/// the first leaf.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) steps: Vec<Step>,
    pub(crate) dtype: DType,
}

/// One function of a [`Program`].
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) function: Ufunc,
    pub(crate) inputs: Vec<StepInput>,
    pub(crate) dtype: DType,
}

/// What a step takes.
#[derive(Clone, Debug)]
pub(crate) enum StepInput {
    Leaf(usize),
    Step(usize),
    /// A buffer of one element.
    Constant(Buffer),
}

/// What a program reads: the elements of a chunk or of a source, seen in the shape of the result.
#[derive(Debug)]
pub(crate) struct Leaf {
    pub(crate) data: LeafData,
    pub(crate) affine: Affine,
}

#[derive(Debug)]
pub(crate) enum LeafData {
    Chunk(NdArray),
    Source(Source, DType),
}

/// A leaf made ready to be read strip by strip.
enum Reader {
    /// Elements that follow each other, from this place on.
    Slice(NdArray, usize),
    /// One element for all.
    Constant(Buffer),
    Gather(NdArray, Walk),
    Source(Source, Walk, DType),
}

impl Reader {
    fn new(leaf: Leaf, shape: &[usize]) -> Reader {
        let walk = Walk::new(&leaf.affine, shape);
        match leaf.data {
            LeafData::Source(source @ Source::Full(_), dtype) => {
                let mut buffer = Buffer::with_capacity(dtype, 1);
                fill(&source, 0, 0, 1, &mut buffer);
                Reader::Constant(buffer)
            }
            LeafData::Source(source, dtype) => Reader::Source(source, walk, dtype),
            LeafData::Chunk(chunk) => {
                if let Some(start) = walk.contiguous_from() {
                    return Reader::Slice(chunk, start);
                }
                if walk.is_constant() {
                    let mut one = Buffer::with_capacity(chunk.dtype(), 1);
                    append(&walk, chunk.buffer(), 0, 1, &mut one);
                    return Reader::Constant(one);
                }
                if walk.is_transposed() {
                    let len = shape.iter().product();
                    let whole = walk.collect(chunk.buffer());
                    let whole = NdArray::from_buffer(vec![len], whole);
                    return Reader::Slice(whole.expect("as many elements as the shape has"), 0);
                }
                Reader::Gather(chunk, walk)
            }
        }
    }

    /// Puts the elements `start..start + len` into `strip`, where they are not in a buffer already.
    fn load(&self, start: usize, len: usize, strip: &mut Buffer) {
        strip.clear();
        match self {
            Reader::Slice(..) | Reader::Constant(_) => {}
            Reader::Gather(chunk, walk) => append(walk, chunk.buffer(), start, len, strip),
            Reader::Source(source, walk, _) => {
                walk.runs(start, len, |place, step, n| {
                    fill(source, place, step, n, strip)
                });
            }
        }
    }

    fn argument<'a>(&'a self, start: usize, len: usize, strip: &'a Buffer) -> Argument<'a> {
        match self {
            Reader::Slice(chunk, from) => {
                Argument::Slice(chunk.buffer(), from + start..from + start + len)
            }
            Reader::Constant(one) => Argument::One(one),
            Reader::Gather(..) | Reader::Source(..) => Argument::Slice(strip, 0..len),
        }
    }

    fn strip(&self) -> Buffer {
        match self {
            Reader::Slice(..) | Reader::Constant(_) => Buffer::with_capacity(DType::Bool, 0),
            Reader::Gather(chunk, _) => Buffer::with_capacity(chunk.dtype(), STRIP),
            Reader::Source(_, _, dtype) => Buffer::with_capacity(*dtype, STRIP),
        }
    }
}

fn append(walk: &Walk, from: &Buffer, start: usize, len: usize, out: &mut Buffer) {
    fn append<T: Element>(walk: &Walk, from: &[T], start: usize, len: usize, out: &mut Buffer) {
        let out = T::vector(out).expect("a strip has the dtype of its leaf");
        walk.gather(from, start, len, out);
    }
    each_buffer!(from, values => append(walk, values, start, len, out));
}

impl Program {
    /// The chunk of `shape` that the program makes of `leaves`.
    ///
    /// # Errors
    /// [`ErrorKind::Value`] for integers raised to negative powers, [`ErrorKind::Cancelled`] after an interrupt.
    pub(crate) fn chunk(&self, mut leaves: Vec<Leaf>, shape: &[usize]) -> Result<NdArray> {
        if self.steps.is_empty()
            && let Some(Leaf {
                data: LeafData::Chunk(chunk),
                affine,
            }) = leaves.first()
        {
            let walk = Walk::new(affine, shape);
            let len: usize = shape.iter().product();
            let buffer = match walk.contiguous_from() {
                Some(0) if len == chunk.len() => chunk.buffer().clone(),
                _ if len == 0 => Buffer::with_capacity(self.dtype, 0).into(),
                _ => walk.collect(chunk.buffer()).into(),
            };
            leaves.clear();
            return NdArray::from_buffer(shape.to_vec(), buffer);
        }
        let mut out = Buffer::with_capacity(self.dtype, shape.iter().product());
        self.strips(leaves, shape, &mut |argument, len| {
            argument.append(len, &mut out);
        })?;
        NdArray::from_buffer(shape.to_vec(), out)
    }

    /// Hands the chunk of `shape` that the program makes of `leaves` to `sink`, strip by strip in C order.
    ///
    /// # Errors
    /// As for [`chunk`](Program::chunk).
    pub(crate) fn strips(
        &self,
        leaves: Vec<Leaf>,
        shape: &[usize],
        sink: &mut dyn FnMut(Argument<'_>, usize),
    ) -> Result<()> {
        let len: usize = shape.iter().product();
        if len == 0 {
            return Ok(());
        }
        let readers = leaves.into_iter().map(|leaf| Reader::new(leaf, shape));
        let readers: Vec<Reader> = readers.collect();
        let mut strips: Vec<Buffer> = readers.iter().map(Reader::strip).collect();
        let mut registers = Registers::new(&self.steps);
        for start in (0..len).step_by(STRIP) {
            if cancel::requested() {
                return Err(Error::new(ErrorKind::Cancelled, "interrupted"));
            }
            let n = STRIP.min(len - start);
            for (reader, strip) in readers.iter().zip(&mut strips) {
                reader.load(start, n, strip);
            }
            let leaf = |idx: usize| readers[idx].argument(start, n, &strips[idx]);
            for (idx, step) in self.steps.iter().enumerate() {
                registers.run(idx, step, n, &leaf)?;
            }
            match self.steps.len() {
                0 => sink(leaf(0), n),
                steps => sink(Argument::Slice(registers.value(steps - 1), 0..n), n),
            }
        }
        Ok(())
    }
}

/// The strips between the steps; a strip is used again as soon as no later step reads it.
struct Registers {
    strips: Vec<Buffer>,
    /// Which strip each step writes.
    places: Vec<usize>,
}

impl Registers {
    fn new(steps: &[Step]) -> Registers {
        let mut last_use: Vec<usize> = (0..steps.len()).collect();
        for (idx, step) in steps.iter().enumerate() {
            for input in &step.inputs {
                if let StepInput::Step(input) = input {
                    last_use[*input] = idx;
                }
            }
        }
        let mut strips: Vec<Buffer> = Vec::new();
        let mut free: Vec<usize> = Vec::new();
        let mut places: Vec<usize> = Vec::with_capacity(steps.len());
        for (idx, step) in steps.iter().enumerate() {
            let fitting = free
                .iter()
                .position(|&strip| strips[strip].dtype() == step.dtype);
            places.push(match fitting {
                Some(fitting) => free.swap_remove(fitting),
                None => {
                    strips.push(Buffer::with_capacity(step.dtype, STRIP));
                    strips.len() - 1
                }
            });
            let done = (0..idx).filter(|&earlier| last_use[earlier] == idx);
            free.extend(done.map(|earlier| places[earlier]));
        }
        Registers { strips, places }
    }

    fn value(&self, step: usize) -> &Buffer {
        &self.strips[self.places[step]]
    }

    fn run<'a>(
        &mut self,
        idx: usize,
        step: &'a Step,
        len: usize,
        leaf: &dyn Fn(usize) -> Argument<'a>,
    ) -> Result<()> {
        let place = self.places[idx];
        let empty = Buffer::with_capacity(DType::Bool, 0);
        let mut out = std::mem::replace(&mut self.strips[place], empty);
        out.clear();
        let argument = |input: &'a StepInput| match input {
            StepInput::Leaf(idx) => leaf(*idx),
            StepInput::Step(idx) => Argument::Slice(self.value(*idx), 0..len),
            StepInput::Constant(one) => Argument::One(one),
        };
        let result = match step.inputs.as_slice() {
            [input] => apply(step.function, &[argument(input)], len, &mut out),
            [left, right] => apply(
                step.function,
                &[argument(left), argument(right)],
                len,
                &mut out,
            ),
            inputs => {
                let arguments: Vec<Argument<'_>> = inputs.iter().map(argument).collect();
                apply(step.function, &arguments, len, &mut out)
            }
        };
        self.strips[place] = out;
        result
    }
}

impl StepInput {
    /// A scalar as `dtype`.
    pub(crate) fn constant(scalar: Scalar, dtype: DType) -> Result<StepInput> {
        scalar.to_buffer(dtype).map(StepInput::Constant)
    }
}

impl Argument<'_> {
    /// Appends the `len` elements to `out`, which has the same dtype.
    fn append(&self, len: usize, out: &mut Buffer) {
        fn append<T: Element>(
            values: &[T],
            range: Option<Range<usize>>,
            len: usize,
            out: &mut Buffer,
        ) {
            let out = T::vector(out).expect("the result has the program's dtype");
            match range {
                Some(range) => out.extend_from_slice(&values[range]),
                None => out.resize(out.len() + len, values[0]),
            }
        }
        match self {
            Argument::Slice(buffer, range) => {
                each_buffer!(&**buffer, values => append(values, Some(range.clone()), len, out));
            }
            Argument::One(buffer) => {
                each_buffer!(&**buffer, values => append(values, None, len, out))
            }
        }
    }
}
