//! Fewer points that look the same.

/// A line longer than this is cut down to it at last.
const POINTS_MAX: usize = 20_000;

/// A line as it is drawn: pieces between gaps.
pub(super) struct Pieces {
    pub(super) pieces: Vec<Vec<(f64, f64)>>,
    /// Whether something may look different from the whole line.
    pub(super) is_coarse: bool,
}

/// Splits a line at points that cannot be drawn, and where it runs from left to right and is much longer than there
/// are columns of pixels, keeps of each column the first, least, greatest and last point.
///
/// O(n); after Jugel et al., "M4: a visualization-oriented time series data aggregation" (2014).
pub(super) fn line(points: &[(f64, f64)], left: f64, right: f64, n_columns: usize) -> Pieces {
    let mut pieces: Vec<Vec<(f64, f64)>> = points
        .split(|(x, y)| !(x.is_finite() && y.is_finite()))
        .filter(|piece| !piece.is_empty())
        .map(|piece| {
            if piece.len() > 4 * n_columns && piece.is_sorted_by(|a, b| a.0 <= b.0) {
                columns(piece, left, right, n_columns)
            } else {
                piece.to_vec()
            }
        })
        .collect();
    let n_points: usize = pieces.iter().map(Vec::len).sum();
    let stride = n_points.div_ceil(POINTS_MAX);
    if stride > 1 {
        for piece in &mut pieces {
            *piece = piece.iter().copied().step_by(stride).collect();
        }
        pieces.truncate(POINTS_MAX);
    }
    Pieces {
        pieces,
        is_coarse: stride > 1,
    }
}

fn columns(piece: &[(f64, f64)], left: f64, right: f64, n_columns: usize) -> Vec<(f64, f64)> {
    let column = |x: f64| ((x - left) / (right - left) * n_columns as f64) as usize;
    let mut kept = Vec::with_capacity(4 * n_columns);
    for points in piece.chunk_by(|a, b| column(a.0) == column(b.0)) {
        let by_y = |&a: &usize, &b: &usize| points[a].1.total_cmp(&points[b].1);
        let least = (0..points.len()).min_by(by_y).unwrap_or(0);
        let greatest = (0..points.len()).max_by(by_y).unwrap_or(0);
        let mut picks = [
            0,
            least.min(greatest),
            least.max(greatest),
            points.len() - 1,
        ]
        .to_vec();
        picks.dedup();
        kept.extend(picks.into_iter().map(|idx| points[idx]));
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::line;

    #[test]
    fn gaps_split_a_line() {
        let nan = f64::NAN;
        let check = |ys: &[f64], expected: &[&[f64]]| {
            let points: Vec<_> = ys.iter().enumerate().map(|(x, &y)| (x as f64, y)).collect();
            let pieces = line(&points, 0.0, 1.0, 100).pieces;
            let ys: Vec<Vec<f64>> = pieces
                .iter()
                .map(|piece| piece.iter().map(|&(_, y)| y).collect())
                .collect();
            assert_eq!(ys, expected);
        };
        check(&[], &[]);
        check(&[nan, nan], &[]);
        check(&[1.0, 2.0], &[&[1.0, 2.0]]);
        check(
            &[1.0, nan, 2.0, 3.0, nan, nan, 4.0],
            &[&[1.0], &[2.0, 3.0], &[4.0]],
        );
    }

    #[test]
    fn each_column_keeps_its_extremes() {
        let points: Vec<(f64, f64)> = (0..10_000)
            .map(|idx| (f64::from(idx), f64::from(idx * 7919 % 10_007)))
            .collect();
        let thinned = line(&points, 0.0, 10_000.0, 20);
        let [piece] = &*thinned.pieces else {
            panic!("one piece");
        };
        assert!(piece.len() <= 80 && !thinned.is_coarse);
        for column in points.chunks(500) {
            let inside = |point: &&(f64, f64)| point.0 >= column[0].0 && point.0 <= column[499].0;
            let kept: Vec<_> = piece.iter().filter(inside).map(|point| point.1).collect();
            let extremes = |ys: &[f64]| {
                let low = ys.iter().copied().fold(f64::INFINITY, f64::min);
                (low, ys.iter().copied().fold(f64::NEG_INFINITY, f64::max))
            };
            let all: Vec<_> = column.iter().map(|point| point.1).collect();
            assert_eq!(extremes(&kept), extremes(&all));
        }
    }

    #[test]
    fn a_line_that_runs_back_is_cut_down_at_last() {
        let points: Vec<(f64, f64)> = (0..100_000)
            .map(|idx| (f64::from(idx).sin(), f64::from(idx).cos()))
            .collect();
        let thinned = line(&points, -1.0, 1.0, 100);
        assert!(thinned.is_coarse && thinned.pieces[0].len() <= 20_000);
    }
}
