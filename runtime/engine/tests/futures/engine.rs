//! Futures of an engine that is not installed.

use dagbok::Site;
use dagbok::engine::{Engine, Submission, Submitted};

use super::*;

fn submission<T: Clone + Send + Sync + 'static>(work: &Delayed<T>, retries: u32) -> Submission {
    Submission {
        work: work.collection(),
        site: Site::caller(),
        priority: 0,
        retries,
        timeout: None,
    }
}

fn value(future: &Arc<dyn Submitted>) -> Option<i64> {
    let value = future.outcome()?.unwrap();
    value.downcast_ref().copied()
}

#[test]
fn the_synchronous_scheduler_computes_at_once() {
    let engine = LocalEngine::with_threads(NonZero::<usize>::MIN);
    let (go, gone) = mpsc::channel::<i64>();
    let gone = Mutex::new(gone);
    let slow = delayed(()).and_then(move |()| gone.lock().unwrap().recv());
    let slow = engine.submit(submission(&slow, 0));
    engine
        .settings()
        .set("scheduler", "synchronous".into(), Site::caller())
        .unwrap();
    let here = std::thread::current().id();
    let own = delayed(1).map(move |x| x + i64::from(std::thread::current().id() == here));
    assert_eq!(value(&engine.submit(submission(&own, 0))), Some(2));
    let (count, run) = attempts(1);
    let lazy = delayed(()).and_then(move |()| run().map(|n| n as i64));
    assert_eq!(value(&engine.submit(submission(&lazy, 1))), Some(1));
    assert_eq!(count.load(Ordering::SeqCst), 2);
    go.send(5).unwrap();
    drop(slow);
}

/// A pool may be dropped by the last thing that it runs.
#[test]
fn futures_outlive_their_engine() {
    let (go, gone) = mpsc::channel::<i64>();
    let gone = Mutex::new(gone);
    let engine = LocalEngine::with_threads(NonZero::<usize>::MIN);
    let slow = delayed(()).and_then(move |()| gone.lock().unwrap().recv());
    let future = engine.submit(submission(&slow, 0));
    let (tell, told) = mpsc::channel();
    future.on_done(Box::new(move || tell.send(()).unwrap()));
    drop(engine);
    go.send(5).unwrap();
    told.recv().unwrap();
    assert_eq!(value(&future), Some(5));
}
