//! A thread that looks now and then at what the process uses, for as long as a measurement lasts.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Builder;
use std::time::{Duration, Instant};

use dagbok::profile::Sample;

use crate::io::{Usage, usage};

/// The shortest time between two looks, which take some 50 µs each.
const EVERY: Duration = Duration::from_millis(20);
/// As many samples are kept; then every other one is let go, and looks become half as frequent.
const SAMPLES_MAX: usize = 600;

/// Looks at the process until it is dropped.
pub(super) struct Sampler {
    started: Instant,
    samples: Arc<Mutex<Vec<Sample>>>,
    /// Its end tells the thread to end.
    _alive: Sender<()>,
}

impl Sampler {
    /// Looks at once, and from then on on a thread of its own; where the system gives none, only at the end again.
    pub(super) fn start(started: Instant) -> Self {
        let samples = Arc::new(Mutex::new(vec![sample(started)]));
        let (alive, ended) = mpsc::channel::<()>();
        let kept = samples.clone();
        let looks = move || {
            let mut every = EVERY;
            while ended.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
                let sample = sample(started);
                let mut samples = kept.lock().unwrap_or_else(PoisonError::into_inner);
                samples.push(sample);
                if samples.len() >= SAMPLES_MAX {
                    thin(&mut samples);
                    every *= 2;
                }
            }
        };
        let _ = Builder::new()
            .name("dagbok-profile".to_owned())
            .spawn(looks);
        Sampler {
            started,
            samples,
            _alive: alive,
        }
    }

    /// All samples, with one of now. The thread ends by itself.
    pub(super) fn finish(&self) -> Vec<Sample> {
        let last = sample(self.started);
        let mut samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
        let mut samples = std::mem::take(&mut *samples);
        samples.push(last);
        samples
    }
}

fn sample(started: Instant) -> Sample {
    let Usage {
        cpu,
        resident,
        read,
        written,
    } = usage();
    Sample {
        at: started.elapsed(),
        cpu,
        resident,
        read,
        written,
    }
}

/// Lets go of every other sample, but for the first.
fn thin(samples: &mut Vec<Sample>) {
    let mut idx = 0;
    samples.retain(|_| {
        idx += 1;
        idx % 2 == 1
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_sample_stays_when_they_are_thinned() {
        let at = |millis| Sample {
            at: Duration::from_millis(millis),
            ..Sample::default()
        };
        let mut samples: Vec<Sample> = (0..5).map(at).collect();
        thin(&mut samples);
        assert_eq!(samples, [at(0), at(2), at(4)]);
    }

    #[test]
    fn there_are_two_samples_at_least() {
        let sampler = Sampler::start(Instant::now());
        let samples = sampler.finish();
        assert!(samples.len() >= 2);
        assert!(samples.is_sorted_by_key(|sample| sample.at));
    }
}
