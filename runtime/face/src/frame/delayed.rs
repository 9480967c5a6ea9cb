//! Frames of what delayed calls return, and the partitions of a frame as delayed values.

use super::{DataFrame, Frame, FrameOp};
use crate::delayed::{Call, Delayed, IntoDelayed};
use crate::raise::raise;
use crate::{Error, ErrorKind, Name, Result, Site};

impl Frame {
    /// The frame whose partitions delayed calls will return. Nobody knows their columns before they are called, so they are those
    /// of `meta`, a table of any rows or none.
    ///
    /// # Panics
    /// Without a call.
    ///
    /// # Errors
    /// Computing fails with [`ErrorKind::Column`] if a call returns other columns than `meta` has.
    ///
    /// ```
    /// use dagbok::prelude::*;
    /// # dagbok_engine::install();
    ///
    /// #[delayed]
    /// fn read_day(day: i64) -> dagbok::Result<DataFrame> {
    ///     df!("day" => [day, day], "rain" => [0.5, 1.5])
    /// }
    ///
    /// let meta = df!("day" => [0_i64; 0], "rain" => [0.0; 0])?;
    /// let days = Frame::from_delayed(&[read_day(1), read_day(2), read_day(3)], &meta);
    /// assert_eq!((days.npartitions()?, days.columns()?), (3, vec!["day".to_owned(), "rain".to_owned()]));
    /// assert_eq!(days.select([col("rain").sum()]).compute()?.item::<f64>()?, 6.0);
    ///
    /// let wrong = Frame::from_delayed(&[read_day(1)], &df!("day" => [1_i64])?);
    /// let error = wrong.compute().unwrap_err();
    /// assert!(error.to_string().contains("returned columns (day: i64, rain: f64); declared are (day: i64)"));
    /// # Ok::<(), dagbok::Error>(())
    /// ```
    #[track_caller]
    pub fn from_delayed(values: &[Delayed<DataFrame>], meta: &DataFrame) -> Frame {
        if values.is_empty() {
            raise(Error::new(
                ErrorKind::Value,
                "`from_delayed` needs at least one delayed table, not 0",
            ));
        }
        let names: Vec<Name> = values.iter().map(Delayed::name).collect();
        let name = Name::of("from_delayed", (names, meta.schema()));
        let calls = values.iter().map(Delayed::shared).collect();
        Frame::with_site(name, FrameOp::Delayed(calls), Vec::new(), Site::caller())
            .with_meta(meta.slice(0, 0))
    }

    /// The partitions, each as a delayed value, in order: the inverse of [`from_delayed`](Frame::from_delayed).
    ///
    /// The whole table as one is `Delayed::<DataFrame>::from(&frame)`.
    ///
    /// # Errors
    /// As [`schema`](Frame::schema).
    ///
    /// ```
    /// use dagbok::prelude::*;
    /// # dagbok_engine::install();
    ///
    /// let frame = df!("x" => [1, 2, 3, 4, 5])?.lazy().repartition(2);
    /// let heights: Vec<Delayed<usize>> = frame.to_delayed()?.iter().map(|part| part.map(|part| part.height())).collect();
    /// assert_eq!(compute_all(heights)?, [2, 3]);
    /// # Ok::<(), dagbok::Error>(())
    /// ```
    #[track_caller]
    pub fn to_delayed(&self) -> Result<Vec<Delayed<DataFrame>>> {
        let n = self.npartitions()?;
        let mut parts = Vec::with_capacity(n);
        for idx in 0..n {
            let part =
                IntoDelayed::<DataFrame>::into_argument(self.then(FrameOp::GetPartition(idx)));
            parts.push(Call::new("partition").with(part).only());
        }
        Ok(parts)
    }

    /// The partition number `idx`, from 0 on, by itself: of the others, only what it needs is computed.
    ///
    /// # Errors
    /// [`ErrorKind::Index`] if there are not so many, and as [`schema`](Frame::schema).
    ///
    /// ```
    /// use dagbok::prelude::*;
    /// # dagbok_engine::install();
    ///
    /// let frame = df!("x" => [1, 2, 3, 4])?.lazy().repartition(2);
    /// assert_eq!(frame.get_partition(1)?.compute()?, df!("x" => [3, 4])?);
    /// assert_eq!(frame.get_partition(2).unwrap_err().to_string(), "there is no partition 2: the frame has 2, from 0 on");
    /// # Ok::<(), dagbok::Error>(())
    /// ```
    #[track_caller]
    pub fn get_partition(&self, idx: usize) -> Result<Frame> {
        let n = self.npartitions()?;
        if idx >= n {
            let text = format!("there is no partition {idx}: the frame has {n}, from 0 on");
            return Err(Error::new(ErrorKind::Index, text));
        }
        Ok(self.then(FrameOp::GetPartition(idx)))
    }
}
