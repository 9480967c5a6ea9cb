//! Random numbers that follow from their place, so that an array does not depend on its chunks.

use dagbok::array::{Buffer, Distribution, Stream};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// Appends the numbers at `place`, `place + step`, … to `out`, `len` of them.
pub(super) fn fill(
    stream: Stream,
    distribution: &Distribution,
    place: isize,
    step: isize,
    len: usize,
    out: &mut Buffer,
) {
    let words = words(stream, place, step, len);
    match (distribution, out) {
        (Distribution::Uniform { low, high }, Buffer::F64(out)) => {
            let (low, width) = (low.as_f64(), high.as_f64() - low.as_f64());
            out.extend(words.iter().map(|&word| low + width * unit(word)));
        }
        (Distribution::Normal { loc, scale }, Buffer::F64(out)) => {
            let (loc, scale) = (loc.as_f64(), scale.as_f64());
            let start = out.len();
            out.extend(
                words
                    .iter()
                    .map(|&word| loc + scale * centre(open_unit(word) - 0.5)),
            );
            for (normal, &word) in out[start..].iter_mut().zip(&words) {
                let p = open_unit(word);
                if (p - 0.5).abs() > CENTRE {
                    *normal = loc + scale * tail(p);
                }
            }
        }
        (Distribution::Integers { low, high }, Buffer::I64(out)) => {
            let range = high.wrapping_sub(*low) as u64;
            out.extend(words.iter().map(|&word| {
                let place = (u128::from(word) * u128::from(range)) >> 64;
                low.wrapping_add(place as i64)
            }));
        }
        (distribution, out) => unreachable!("{distribution:?} has not dtype {}", out.dtype()),
    }
}

/// The 64-bit words of `stream` at `place`, `place + step`, ….
fn words(stream: Stream, place: isize, step: isize, len: usize) -> Vec<u64> {
    let mut rng = ChaCha8Rng::seed_from_u64(stream.seed);
    rng.set_stream(stream.stream);
    if step == 1 {
        rng.set_word_pos(2 * place as u128);
        return (0..len).map(|_| rng.next_u64()).collect();
    }
    let places = (0..len as isize).map(|idx| place + idx * step);
    places
        .map(|place| {
            rng.set_word_pos(2 * place as u128);
            rng.next_u64()
        })
        .collect()
}

/// A number in `0.0..1.0` with 53 random bits.
fn unit(word: u64) -> f64 {
    (word >> 11) as i64 as f64 * (1.0 / (1u64 << 53) as f64)
}

/// A number between 0 and 1, neither included: the middle of one of 2⁵² equal parts.
fn open_unit(word: u64) -> f64 {
    let from_one_to_two = f64::from_bits(1.0_f64.to_bits() | word >> 12);
    (from_one_to_two - 1.0) + 0.5 * f64::EPSILON
}

/// How far from the middle [`centre`] is good.
const CENTRE: f64 = 0.425;

/// The number below which a standard normal one lies with probability `0.5 + q`, for `q` up to [`CENTRE`] from 0:
/// algorithm AS 241 (PPND16) of Wichura 1988, good to about 16 digits. Without a branch, for the compiler to make vector
/// instructions of.
fn centre(q: f64) -> f64 {
    let r = 0.180625 - q * q;
    q * polynomial(&CENTRE_ABOVE, r) / polynomial(&CENTRE_BELOW, r)
}

/// As [`centre`], for probabilities `p` farther from the middle.
fn tail(p: f64) -> f64 {
    let r = (-p.min(1.0 - p).ln()).sqrt();
    let size = if r <= 5.0 {
        polynomial(&MIDDLE_ABOVE, r - 1.6) / polynomial(&MIDDLE_BELOW, r - 1.6)
    } else {
        polynomial(&FAR_ABOVE, r - 5.0) / polynomial(&FAR_BELOW, r - 5.0)
    };
    size.copysign(p - 0.5)
}

/// Horner's scheme; the constant comes first.
fn polynomial(coefficients: &[f64; 8], x: f64) -> f64 {
    coefficients
        .iter()
        .rev()
        .fold(0.0, |sum, coefficient| sum * x + coefficient)
}

const CENTRE_ABOVE: [f64; 8] = [
    3.387_132_872_796_366_5,
    1.331_416_678_917_843_8e2,
    1.971_590_950_306_551_3e3,
    1.373_169_376_550_946e4,
    4.592_195_393_154_987e4,
    6.726_577_092_700_87e4,
    3.343_057_558_358_813e4,
    2.509_080_928_730_122_7e3,
];
const CENTRE_BELOW: [f64; 8] = [
    1.0,
    4.231_333_070_160_091e1,
    6.871_870_074_920_579e2,
    5.394_196_021_424_751e3,
    2.121_379_430_158_659_7e4,
    3.930_789_580_009_271e4,
    2.872_908_573_572_194_3e4,
    5.226_495_278_852_854e3,
];
const MIDDLE_ABOVE: [f64; 8] = [
    1.423_437_110_749_683_5,
    4.630_337_846_156_546,
    5.769_497_221_460_691,
    3.647_848_324_763_204_5,
    1.270_458_252_452_368_4,
    2.417_807_251_774_506e-1,
    2.272_384_498_926_918_4e-2,
    7.745_450_142_783_414e-4,
];
const MIDDLE_BELOW: [f64; 8] = [
    1.0,
    2.053_191_626_637_759,
    1.676_384_830_183_803_8,
    6.897_673_349_851e-1,
    1.481_039_764_274_800_8e-1,
    1.519_866_656_361_645_7e-2,
    5.475_938_084_995_345e-4,
    1.050_750_071_644_416_9e-9,
];
const FAR_ABOVE: [f64; 8] = [
    6.657_904_643_501_103,
    5.463_784_911_164_114,
    1.784_826_539_917_291_3,
    2.965_605_718_285_048_7e-1,
    2.653_218_952_657_612_4e-2,
    1.242_660_947_388_078_4e-3,
    2.711_555_568_743_487_6e-5,
    2.010_334_399_292_288_1e-7,
];
const FAR_BELOW: [f64; 8] = [
    1.0,
    5.998_322_065_558_88e-1,
    1.369_298_809_227_358e-1,
    1.487_536_129_085_061_5e-2,
    7.868_691_311_456_133e-4,
    1.846_318_317_510_054_8e-5,
    1.421_511_758_316_446e-7,
    2.044_263_103_389_939_8e-15,
];

#[cfg(test)]
mod tests {
    use super::{CENTRE, centre, open_unit, tail, unit};

    #[test]
    fn quantiles_of_the_normal_distribution() {
        let quantile = |p: f64| match (p - 0.5).abs() > CENTRE {
            true => tail(p),
            false => centre(p - 0.5),
        };
        let known = [
            (0.5, 0.0),
            (0.75, 0.6744897501960817),
            (0.975, 1.9599639845400536),
            (0.999, 3.090232306167813),
            (1e-10, -6.361340902404056),
            (1e-300, -37.0470962993612),
        ];
        for (p, expected) in known {
            assert!(
                (quantile(p) - expected).abs() <= 1e-14 * expected.abs(),
                "{p}"
            );
        }
    }

    #[test]
    fn ends_of_the_unit_interval() {
        assert_eq!((unit(0), unit(u64::MAX)), (0.0, 1.0 - f64::EPSILON / 2.0));
        assert_eq!(open_unit(0), f64::EPSILON / 2.0);
        assert_eq!(open_unit(u64::MAX), 1.0 - f64::EPSILON / 2.0);
    }
}
