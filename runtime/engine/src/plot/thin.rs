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
