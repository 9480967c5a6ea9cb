//! Random arrays, as NumPy's `Generator`.

use std::sync::atomic::{AtomicU64, Ordering};

use super::create::from_source;
use super::{Array, DType, Dims, Distribution, Scalar, Source, Stream};
use crate::raise::{or_raise, raise};
use crate::{Error, ErrorKind};

/// A source of random arrays. Each call takes the next stream, so calls give different numbers, and the same calls on
/// the same seed give the same ones, in whatever chunks they are computed.
///
/// The element at place `i` in C order is made from the 64-bit word `i` of ChaCha8 (Bernstein 2008), keyed with the
/// seed, its stream numbered by the calls: uniform numbers from the word's upper 53 bits, normal ones from these
/// through the inverse of the normal distribution (algorithm AS 241, Wichura 1988), integers by the upper half of the
/// product of the word and the range (biased by less than range / 2⁶⁴).
#[derive(Debug)]
pub struct Generator {
    seed: u64,
    streams: AtomicU64,
}

/// A generator of random arrays that starts from `seed`.
///
/// ```
/// use dagbok::prelude::*;
/// # dagbok_engine::install();
///
/// let rng = default_rng(42);
/// let x = rng.normal(10.0, 0.1, [1000, 1000]);
/// let mean = x.mean(()).compute()?.item::<f64>()?;
/// assert!((mean - 10.0).abs() < 0.001);
/// # Ok::<(), dagbok::Error>(())
/// ```
pub fn default_rng(seed: u64) -> Generator {
    Generator {
        seed,
        streams: AtomicU64::new(0),
    }
}

impl Generator {
    /// Uniform numbers in `0.0..1.0`.
    ///
    /// # Panics
    /// If the shape has a negative length.
    ///
    /// ```
    /// use dagbok::prelude::*;
    /// # dagbok_engine::install();
    ///
    /// let x = default_rng(0).random(10_000);
    /// assert!(x.max(()).compute()?.item::<f64>()? < 1.0);
    /// # Ok::<(), dagbok::Error>(())
    /// ```
    #[track_caller]
    pub fn random(&self, shape: impl Into<Dims>) -> Array {
        self.uniform(0.0, 1.0, shape)
    }

    /// Uniform numbers in `low..high`.
    ///
    /// # Panics
    /// If the shape has a negative length.
    ///
    /// ```
    /// use dagbok::prelude::*;
    /// # dagbok_engine::install();
    ///
    /// let x = default_rng(0).uniform(-1.0, 1.0, [100, 100]);
    /// assert!(x.abs().max(()).compute()?.item::<f64>()? <= 1.0);
    /// # Ok::<(), dagbok::Error>(())
    /// ```
    #[track_caller]
    pub fn uniform(
        &self,
        low: impl Into<Scalar>,
        high: impl Into<Scalar>,
        shape: impl Into<Dims>,
    ) -> Array {
        let (low, high) = (low.into(), high.into());
        self.draw(
            "uniform",
            Distribution::Uniform { low, high },
            shape.into(),
            DType::F64,
        )
    }

    /// Normal numbers with mean `loc` and standard deviation `scale`.
    ///
    /// # Panics
    /// If `scale` is negative or the shape has a negative length.
    ///
    /// ```
    /// use dagbok::prelude::*;
    /// # dagbok_engine::install();
    ///
    /// let x = default_rng(0).normal(5.0, 2.0, 100_000);
    /// assert!((x.std(()).compute()?.item::<f64>()? - 2.0).abs() < 0.05);
    /// # Ok::<(), dagbok::Error>(())
    /// ```
    #[track_caller]
    pub fn normal(
        &self,
        loc: impl Into<Scalar>,
        scale: impl Into<Scalar>,
        shape: impl Into<Dims>,
    ) -> Array {
        let (loc, scale) = (loc.into(), scale.into());
        if scale.as_f64() < 0.0 {
            raise(Error::new(
                ErrorKind::Value,
                format!("a standard deviation is not negative, as `{scale}` is"),
            ));
        }
        self.draw(
            "normal",
            Distribution::Normal { loc, scale },
            shape.into(),
            DType::F64,
        )
    }

    /// Normal numbers with mean 0 and standard deviation 1.
    ///
    /// # Panics
    /// If the shape has a negative length.
    ///
    /// ```
    /// use dagbok::prelude::*;
    /// # dagbok_engine::install();
    ///
    /// let x = default_rng(0).standard_normal(100_000);
    /// assert!(x.mean(()).compute()?.item::<f64>()?.abs() < 0.01);
    /// # Ok::<(), dagbok::Error>(())
    /// ```
    #[track_caller]
    pub fn standard_normal(&self, shape: impl Into<Dims>) -> Array {
        self.normal(0.0, 1.0, shape)
    }

    /// Integers in `low..high`, as `i64`.
    ///
    /// # Panics
    /// If there is no integer in `low..high`, or the shape has a negative length.
    ///
    /// ```
    /// use dagbok::prelude::*;
    /// # dagbok_engine::install();
    ///
    /// let dice = default_rng(0).integers(1, 7, 1000);
    /// assert_eq!(dice.min(()).compute()?.item::<i64>()?, 1);
    /// assert_eq!(dice.max(()).compute()?.item::<i64>()?, 6);
    /// # Ok::<(), dagbok::Error>(())
    /// ```
    #[track_caller]
    pub fn integers(&self, low: i64, high: i64, shape: impl Into<Dims>) -> Array {
        if low >= high {
            raise(Error::new(
                ErrorKind::Value,
                format!("there is no integer from `{low}` to below `{high}`"),
            ));
        }
        self.draw(
            "integers",
            Distribution::Integers { low, high },
            shape.into(),
            DType::I64,
        )
    }

    #[track_caller]
    fn draw(
        &self,
        operation: &str,
        distribution: Distribution,
        shape: Dims,
        dtype: DType,
    ) -> Array {
        let shape = or_raise(shape.shape());
        let stream = Stream {
            seed: self.seed,
            stream: self.streams.fetch_add(1, Ordering::Relaxed),
        };
        let source = Source::Random {
            stream,
            distribution,
        };
        from_source(operation, source, shape, dtype)
    }
}
