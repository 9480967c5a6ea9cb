//! The intervals of a histogram.

/// More intervals than this are hardly wider than a pixel.
const BINS_MAX: usize = 500;

/// Equal intervals over all of some values.
#[derive(Debug, PartialEq)]
pub(super) struct Bins {
    low: f64,
    span: f64,
    n: usize,
}

impl Bins {
    /// `n` intervals over `values`, which are finite; as many as NumPy's `auto` makes if `n` is not given.
    ///
    /// NumPy's rule takes the narrower of Sturges' and of Freedman's and Diaconis' intervals, but of the latter no more
    /// than twice the root of the number of values; for whole numbers none below 1.
    pub(super) fn over(values: &[f64], n: Option<usize>) -> Self {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for &value in values {
            low = low.min(value);
            high = high.max(value);
        }
        if values.is_empty() {
            (low, high) = (0.0, 1.0);
        } else if low == high {
            let room = (low.abs() * 1e-9).max(0.5);
            (low, high) = (low - room, high + room);
        }
        let n = n.unwrap_or_else(|| automatic(values, high - low));
        Bins {
            low,
            span: high - low,
            n,
        }
    }

    /// How many of `values` are in each interval; the last one includes its end.
    pub(super) fn count(&self, values: &[f64]) -> Vec<usize> {
        let mut counts = vec![0; self.n];
        for value in values {
            let bin = ((value - self.low) / self.width()) as usize;
            counts[bin.min(self.n - 1)] += 1;
        }
        counts
    }

    /// Where interval `idx` begins.
    pub(super) fn edge(&self, idx: usize) -> f64 {
        self.low + self.span * (idx as f64 / self.n as f64)
    }

    /// How wide each interval is.
    pub(super) fn width(&self) -> f64 {
        self.span / self.n as f64
    }
}

fn automatic(values: &[f64], span: f64) -> usize {
    if values.len() < 2 {
        return 1;
    }
    let n = values.len() as f64;
    let sturges = span / (n.log2() + 1.0);
    let freedman_diaconis = 2.0 * interquartile_range(values) / n.cbrt();
    let narrowest = span / n.sqrt() / 2.0;
    let mut width = freedman_diaconis.max(narrowest).min(sturges);
    if values.iter().all(|value| value.fract() == 0.0) {
        width = width.max(1.0);
    }
    ((span / width).ceil() as usize).clamp(1, BINS_MAX)
}

fn interquartile_range(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    let mut quantile = |share: f64| {
        let place = share * (values.len() - 1) as f64;
        let (_, &mut low, above) = values.select_nth_unstable_by(place as usize, f64::total_cmp);
        let high = above.iter().copied().fold(f64::INFINITY, f64::min);
        match place.fract() {
            0.0 => low,
            fraction => low + (high - low) * fraction,
        }
    };
    quantile(0.75) - quantile(0.25)
}

#[cfg(test)]
mod tests {
    use super::Bins;

    /// Against `numpy.histogram_bin_edges(values, "auto")`.
    #[test]
    fn as_many_intervals_as_numpy() {
        let check = |values: &[f64], n, low, high| {
            let bins = Bins::over(values, None);
            assert_eq!((bins.n, bins.low, bins.edge(bins.n)), (n, low, high));
        };
        let squares: Vec<f64> = (0..100).map(|x| f64::from(x * x) / 10.0 + 0.05).collect();
        let sevenths: Vec<f64> = (0..1000).map(|x| f64::from(x % 7)).collect();
        check(&[1.0, 2.0, 2.5, 3.0, 9.0], 5, 1.0, 9.0);
        check(&[0.0, 0.5], 2, 0.0, 0.5);
        check(&[5.0; 4], 1, 4.5, 5.5);
        check(&[1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5], 4, 1.5, 8.5);
        check(&squares, 8, 0.05, 980.15);
        check(&[1.0, 1.0, 2.0, 2.0, 2.0, 3.0, 5.0], 4, 1.0, 5.0);
        check(&sevenths, 6, 0.0, 6.0);
        check(
            &[[0.5; 50].as_slice(), &[1_000_000.5]].concat(),
            15,
            0.5,
            1_000_000.5,
        );
        check(&[], 1, 0.0, 1.0);
    }

    #[test]
    fn every_value_is_in_one_interval() {
        let check = |values: &[f64], n, counts: &[usize]| {
            assert_eq!(Bins::over(values, Some(n)).count(values), counts);
        };
        check(&[0.0, 1.0, 2.0, 3.0, 4.0], 2, &[2, 3]);
        check(&[7.0, 7.0], 3, &[0, 2, 0]);
        check(&[-1e300, 1e300], 2, &[1, 1]);
    }
}
