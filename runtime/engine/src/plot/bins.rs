//! The intervals of a histogram.

/// More intervals than this are hardly wider than a pixel.
const BINS_MAX: usize = 500;

/// Equal intervals over all of some values.
#[derive(Debug, PartialEq)]
pub(super) struct Bins {
    pub(super) low: f64,
    pub(super) width: f64,
    pub(super) n: usize,
}

impl Bins {
    /// `n` intervals over `values`, which are finite; as many as NumPy's `auto` makes if `n` is not given.
    ///
    /// NumPy's rule takes the narrower of Sturges' and of Freedman's and Diaconis' intervals, and for whole numbers
    /// none below 1.
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
            width: (high - low) / n as f64,
            n,
        }
    }

    /// How many of `values` are in each interval; the last one includes its end.
    pub(super) fn count(&self, values: &[f64]) -> Vec<usize> {
        let mut counts = vec![0; self.n];
        for value in values {
            let bin = ((value - self.low) / self.width) as usize;
            counts[bin.min(self.n - 1)] += 1;
        }
        counts
    }

    /// Where interval `idx` begins.
    pub(super) fn edge(&self, idx: usize) -> f64 {
        self.low + self.width * idx as f64
    }
}

fn automatic(values: &[f64], span: f64) -> usize {
    if values.len() < 2 {
        return 1;
    }
    let n = values.len() as f64;
    let sturges = span / (n.log2() + 1.0);
    let freedman_diaconis = 2.0 * interquartile_range(values) / n.cbrt();
    let mut width = if freedman_diaconis > 0.0 {
        sturges.min(freedman_diaconis)
    } else {
        sturges
    };
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
