//! `compute`, `persist` and `visualize` on one collection or on several at once.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, Hash};
use std::path::Path;

use crate::engine::{Collection, engine};
use crate::visualize::Visualization;
use crate::{Error, ErrorKind, Name, Result, Site, Value};

/// For each collection of a computation its chunks or partitions, or its one value.
pub(crate) type Blocks<'a> = dyn Iterator<Item = Vec<Value>> + 'a;

/// A collection, or a tuple, vector, array, map or option of them, nested as you like, that [`compute_all`] turns into plain values.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is nothing that can be computed",
    label = "no collection, and no tuple, vector, array, map or option of collections",
    note = "a plain value among them is written `delayed(value)`; a tuple has six members at most, a `Vec` any number"
)]
pub trait Compute {
    /// What the computation gives.
    type Output;

    /// The same collections once their blocks are kept.
    type Persisted;

    /// Adds the collections to be computed to `outputs`.
    fn collections(&self, outputs: &mut Vec<Collection>);

    /// Takes as many `values` as [`collections`](Compute::collections) added.
    ///
    /// # Errors
    /// [`ErrorKind::Task`](crate::ErrorKind::Task) if a value is not of the declared type.
    fn from_values(&self, values: &mut dyn Iterator<Item = Value>) -> Result<Self::Output>;

    /// Takes the blocks of as many collections as [`collections`](Compute::collections) added; `site` is the line that keeps them.
    ///
    /// # Errors
    /// [`ErrorKind::Task`](crate::ErrorKind::Task) if there are too few.
    fn from_blocks(&self, blocks: &mut Blocks, site: Site) -> Result<Self::Persisted>;

    /// Writes the task graph to a file, in the format that its name ends in; see [`Visualization::save`].
    ///
    /// # Errors
    /// As for [`visualize_all`] and [`Visualization::save`].
    ///
    /// ```
    /// use dagbok::prelude::*;
    /// # dagbok_engine::install();
    ///
    /// let path = std::env::temp_dir().join("graph of a sum.svg");
    /// arange(10).sum(()).visualize_to(&path)?;
    /// # std::fs::remove_file(&path).unwrap();
    /// # Ok::<(), dagbok::Error>(())
    /// ```
    fn visualize_to(&self, path: impl AsRef<Path>) -> Result<()>
    where
        Self: Sized,
    {
        visualize_all(self)?.save(path.as_ref())
    }
}

/// Computes several collections in one run, so that what they share is computed once.
///
/// # Errors
/// The error of the first task that failed.
///
/// ```
/// use dagbok::prelude::*;
/// # dagbok_engine::install();
///
/// let x = arange(10);
/// let (total, largest) = compute_all((x.sum(()), x.max(())))?;
/// assert_eq!((total.item::<i64>()?, largest.item::<i64>()?), (45, 9));
/// # Ok::<(), dagbok::Error>(())
/// ```
pub fn compute_all<C: Compute>(collections: C) -> Result<C::Output> {
    let mut outputs = Vec::new();
    collections.collections(&mut outputs);
    let values = engine()?.compute(&outputs)?;
    collections.from_values(&mut values.into_iter())
}

/// Computes several collections in one run and keeps their blocks: the same collections, whose later uses start from them. A future
/// becomes a delayed value.
///
/// # Errors
/// The error of the first task that failed.
///
/// ```
/// use dagbok::prelude::*;
/// # dagbok_engine::install();
///
/// let x = default_rng(1).random([1000, 1000]).rechunk([500, 500]);
/// let (low, high) = persist_all((x.min(()), &x + 1.0))?;
/// assert_eq!(high.chunks(), [[500, 500], [500, 500]]);
/// assert!(low.compute()?.item::<f64>()? < 0.001);
/// # Ok::<(), dagbok::Error>(())
/// ```
#[track_caller]
pub fn persist_all<C: Compute>(collections: C) -> Result<C::Persisted> {
    let site = Site::caller();
    let mut outputs = Vec::new();
    collections.collections(&mut outputs);
    let blocks = engine()?.compute_blocks(&outputs)?;
    collections.from_blocks(&mut blocks.into_iter(), site)
}

/// The task graph of several collections in one picture: of a tuple, vector or array of them, or of one.
///
/// # Errors
/// What planning the collections returns, such as a file that cannot be read.
///
/// ```
/// use dagbok::prelude::*;
/// # dagbok_engine::install();
///
/// let (a, b) = (arange(10), arange(10).sum(()));
/// let picture = visualize_all(&[&a, &b])?;
/// assert!(picture.render().get("text/plain").unwrap().contains("sum"));
/// # Ok::<(), dagbok::Error>(())
/// ```
pub fn visualize_all<C: Compute>(collections: C) -> Result<Visualization> {
    let mut outputs = Vec::new();
    collections.collections(&mut outputs);
    Visualization::of(outputs)
}

impl<C: Compute + ?Sized> Compute for &C {
    type Output = C::Output;
    type Persisted = C::Persisted;

    fn collections(&self, outputs: &mut Vec<Collection>) {
        (**self).collections(outputs);
    }

    fn from_values(&self, values: &mut dyn Iterator<Item = Value>) -> Result<Self::Output> {
        (**self).from_values(values)
    }

    fn from_blocks(&self, blocks: &mut Blocks, site: Site) -> Result<Self::Persisted> {
        (**self).from_blocks(blocks, site)
    }
}

impl<C: Compute> Compute for [C] {
    type Output = Vec<C::Output>;
    type Persisted = Vec<C::Persisted>;

    fn collections(&self, outputs: &mut Vec<Collection>) {
        collections_of(self, outputs);
    }

    fn from_values(&self, values: &mut dyn Iterator<Item = Value>) -> Result<Self::Output> {
        self.iter()
            .map(|collection| collection.from_values(values))
            .collect()
    }

    fn from_blocks(&self, blocks: &mut Blocks, site: Site) -> Result<Self::Persisted> {
        self.iter()
            .map(|collection| collection.from_blocks(blocks, site))
            .collect()
    }
}

impl<C: Compute, const N: usize> Compute for [C; N] {
    type Output = [C::Output; N];
    type Persisted = [C::Persisted; N];

    fn collections(&self, outputs: &mut Vec<Collection>) {
        self.as_slice().collections(outputs);
    }

    fn from_values(&self, values: &mut dyn Iterator<Item = Value>) -> Result<Self::Output> {
        as_many(self.as_slice().from_values(values)?)
    }

    fn from_blocks(&self, blocks: &mut Blocks, site: Site) -> Result<Self::Persisted> {
        as_many(self.as_slice().from_blocks(blocks, site)?)
    }
}

/// The error of an engine that returns too little.
pub(crate) fn no_result(name: &Name) -> Error {
    Error::new(
        ErrorKind::Task,
        format!("the engine returned nothing for `{name}`"),
    )
}

fn as_many<T, const N: usize>(members: Vec<T>) -> Result<[T; N]> {
    members
        .try_into()
        .map_err(|_| Error::new(ErrorKind::Task, "a computation gave too few values"))
}

impl<C: Compute> Compute for Vec<C> {
    type Output = Vec<C::Output>;
    type Persisted = Vec<C::Persisted>;

    fn collections(&self, outputs: &mut Vec<Collection>) {
        self.as_slice().collections(outputs);
    }

    fn from_values(&self, values: &mut dyn Iterator<Item = Value>) -> Result<Self::Output> {
        self.as_slice().from_values(values)
    }

    fn from_blocks(&self, blocks: &mut Blocks, site: Site) -> Result<Self::Persisted> {
        self.as_slice().from_blocks(blocks, site)
    }
}

impl<C: Compute> Compute for Option<C> {
    type Output = Option<C::Output>;
    type Persisted = Option<C::Persisted>;

    fn collections(&self, outputs: &mut Vec<Collection>) {
        if let Some(collection) = self {
            collection.collections(outputs);
        }
    }

    fn from_values(&self, values: &mut dyn Iterator<Item = Value>) -> Result<Self::Output> {
        let collection = self.as_ref();
        collection
            .map(|collection| collection.from_values(values))
            .transpose()
    }

    fn from_blocks(&self, blocks: &mut Blocks, site: Site) -> Result<Self::Persisted> {
        let collection = self.as_ref();
        collection
            .map(|collection| collection.from_blocks(blocks, site))
            .transpose()
    }
}

impl<K: Clone + Eq + Hash, C: Compute, S: BuildHasher + Default> Compute for HashMap<K, C, S> {
    type Output = HashMap<K, C::Output, S>;
    type Persisted = HashMap<K, C::Persisted, S>;

    fn collections(&self, outputs: &mut Vec<Collection>) {
        collections_of(self.values(), outputs);
    }

    fn from_values(&self, values: &mut dyn Iterator<Item = Value>) -> Result<Self::Output> {
        map_of(self, |collection| collection.from_values(values))
    }

    fn from_blocks(&self, blocks: &mut Blocks, site: Site) -> Result<Self::Persisted> {
        map_of(self, |collection| collection.from_blocks(blocks, site))
    }
}

impl<K: Clone + Ord, C: Compute> Compute for BTreeMap<K, C> {
    type Output = BTreeMap<K, C::Output>;
    type Persisted = BTreeMap<K, C::Persisted>;

    fn collections(&self, outputs: &mut Vec<Collection>) {
        collections_of(self.values(), outputs);
    }

    fn from_values(&self, values: &mut dyn Iterator<Item = Value>) -> Result<Self::Output> {
        map_of(self, |collection| collection.from_values(values))
    }

    fn from_blocks(&self, blocks: &mut Blocks, site: Site) -> Result<Self::Persisted> {
        map_of(self, |collection| collection.from_blocks(blocks, site))
    }
}

fn collections_of<'a, C: Compute + 'a>(
    members: impl IntoIterator<Item = &'a C>,
    outputs: &mut Vec<Collection>,
) {
    members
        .into_iter()
        .for_each(|collection| collection.collections(outputs));
}

/// What `made` gives for each collection of a map, in its order, under its keys.
fn map_of<'a, K: Clone + 'a, C: 'a, Made, Map: FromIterator<(K, Made)>>(
    entries: impl IntoIterator<Item = (&'a K, &'a C)>,
    mut made: impl FnMut(&C) -> Result<Made>,
) -> Result<Map> {
    let entry = |(key, collection): (&K, &C)| Ok((key.clone(), made(collection)?));
    entries.into_iter().map(entry).collect()
}

/// Nothing is to be computed.
impl Compute for () {
    type Output = ();
    type Persisted = ();

    fn collections(&self, _: &mut Vec<Collection>) {}

    fn from_values(&self, _: &mut dyn Iterator<Item = Value>) -> Result<()> {
        Ok(())
    }

    fn from_blocks(&self, _: &mut Blocks, _: Site) -> Result<()> {
        Ok(())
    }
}

macro_rules! compute_tuple {
    ($($member:ident)+) => {
        impl<$($member: Compute),+> Compute for ($($member,)+) {
            type Output = ($($member::Output,)+);
            type Persisted = ($($member::Persisted,)+);

            #[expect(non_snake_case, reason = "the type parameters name the members")]
            fn collections(&self, outputs: &mut Vec<Collection>) {
                let ($($member,)+) = self;
                $($member.collections(outputs);)+
            }

            #[expect(non_snake_case, reason = "the type parameters name the members")]
            fn from_values(&self, values: &mut dyn Iterator<Item = Value>) -> Result<Self::Output> {
                let ($($member,)+) = self;
                Ok(($($member.from_values(values)?,)+))
            }

            #[expect(non_snake_case, reason = "the type parameters name the members")]
            fn from_blocks(&self, blocks: &mut Blocks, site: Site) -> Result<Self::Persisted> {
                let ($($member,)+) = self;
                Ok(($($member.from_blocks(blocks, site)?,)+))
            }
        }
    };
}

compute_tuple!(A);
compute_tuple!(A B);
compute_tuple!(A B C);
compute_tuple!(A B C D);
compute_tuple!(A B C D E);
compute_tuple!(A B C D E F);
