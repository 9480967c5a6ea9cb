//! Where in its row a cell stands.

use super::NODE_GAP;
use super::rows::Rows;

const N_SWEEPS: usize = 24;
/// Passages pull harder than nodes, so that long arrows run straight.
const STRAIGHTNESS: f64 = 6.0;

/// The middle of each cell, in pixels from the left end of the widest row.
pub(super) fn across(rows: &Rows) -> Vec<f64> {
    let mut xs = vec![0.0; rows.cells.len()];
    for row in &rows.rows {
        let mut left = 0.0;
        for &cell in row {
            xs[cell] = left + rows.cells[cell].width / 2.0;
            left += rows.cells[cell].width + NODE_GAP;
        }
    }
    for sweep in 0..N_SWEEPS {
        let n_rows = rows.rows.len();
        for step in 0..n_rows {
            let idx = if sweep % 2 == 0 {
                step
            } else {
                n_rows - 1 - step
            };
            settle(rows, idx, &mut xs);
        }
    }
    let left_ends = (0..xs.len()).map(|cell| xs[cell] - rows.cells[cell].width / 2.0);
    let left = left_ends.fold(f64::INFINITY, f64::min);
    xs.iter_mut().for_each(|x| *x -= left);
    xs
}

/// Moves the cells of a row to the mean of their neighbours in both rows, as far as order and widths allow.
fn settle(rows: &Rows, idx: usize, xs: &mut [f64]) {
    let row = &rows.rows[idx];
    let mut offset = 0.0;
    let mut wishes = Vec::with_capacity(row.len());
    let mut previous: Option<usize> = None;
    for &cell in row {
        if let Some(previous) = previous {
            let halves = (rows.cells[previous].width + rows.cells[cell].width) / 2.0;
            offset += halves + NODE_GAP;
        }
        previous = Some(cell);
        let is_passage = |cell: usize| cell >= rows.n_nodes;
        let (mut sum, mut total) = (0.0, 0.0);
        for &other in rows.cells[cell].above.iter().chain(&rows.cells[cell].below) {
            let weight = match is_passage(cell) && is_passage(other) {
                true => STRAIGHTNESS,
                false => 1.0,
            };
            sum += weight * xs[other];
            total += weight;
        }
        let wish = if total > 0.0 { sum / total } else { xs[cell] };
        let strength = if total > 0.0 { total } else { 0.01 };
        wishes.push((wish - offset, strength, offset));
    }
    let settled = isotonic(wishes.iter().map(|&(wish, strength, _)| (wish, strength)));
    for ((&cell, place), (_, _, offset)) in row.iter().zip(settled).zip(&wishes) {
        xs[cell] = place + offset;
    }
}

/// The non-decreasing sequence nearest to the weighted values by least squares: pooling adjacent violators.
fn isotonic(values: impl Iterator<Item = (f64, f64)>) -> Vec<f64> {
    let mut pools: Vec<(f64, f64, usize)> = Vec::new();
    for (value, weight) in values {
        let mut pool = (value, weight, 1);
        while let Some(&(mean, total, n)) = pools.last()
            && mean > pool.0
        {
            pools.pop();
            let joined = total + pool.1;
            pool = (
                (mean * total + pool.0 * pool.1) / joined,
                joined,
                n + pool.2,
            );
        }
        pools.push(pool);
    }
    pools
        .into_iter()
        .flat_map(|(mean, _, n)| std::iter::repeat_n(mean, n))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::isotonic;

    #[test]
    fn isotonic_regression_keeps_order_and_means() {
        let check = |values: &[(f64, f64)], expected: &[f64]| {
            assert_eq!(isotonic(values.iter().copied()), expected);
        };
        check(&[], &[]);
        check(&[(1.0, 1.0), (2.0, 1.0), (3.0, 1.0)], &[1.0, 2.0, 3.0]);
        check(&[(3.0, 1.0), (1.0, 1.0)], &[2.0, 2.0]);
        check(&[(3.0, 3.0), (1.0, 1.0), (9.0, 1.0)], &[2.5, 2.5, 9.0]);
        check(
            &[(1.0, 1.0), (5.0, 1.0), (4.0, 1.0), (0.0, 2.0)],
            &[1.0, 2.25, 2.25, 2.25],
        );
    }
}
