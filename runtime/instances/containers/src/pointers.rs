//! Boxes, counted and locked values, channels.

use std::cell::{Cell, RefCell};
use std::error::Error;
use std::fmt::Debug;
use std::hint::black_box;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::sync::{Arc, Mutex, RwLock, mpsc};

use dagbok_instances_common::{any, each};

pub(crate) fn compile() {
    each!(pointers locks: [i32, i64, u64, usize, f64, String, Vec<i32>, Vec<f64>, Vec<String>]);
    each!(channel: [i32, f64, String]);
    let errors: Box<dyn Error> = any();
    black_box((
        format!("{errors:?} {errors}"),
        Box::<dyn Error>::from("text"),
        Box::<dyn Error>::from(any::<String>()),
    ));
    black_box((
        any::<Arc<AtomicU64>>().clone(),
        any::<Arc<AtomicUsize>>().clone(),
    ));
}

fn pointers<T: Clone + Debug>() {
    black_box((
        Box::new(any::<T>()).clone(),
        Rc::new(any::<T>()).clone(),
        Arc::new(any::<T>()).clone(),
    ));
    black_box(format!(
        "{:?} {:?} {:?}",
        any::<Box<T>>(),
        any::<Rc<T>>(),
        any::<Arc<T>>()
    ));
    let shared = Rc::new(RefCell::new(any::<T>()));
    *shared.borrow_mut() = any();
    black_box((
        shared.borrow(),
        shared.clone(),
        Rc::strong_count(&shared),
        Cell::new(any::<T>()),
        format!("{shared:?}"),
    ));
}

fn locks<T: Clone + Debug + Send + 'static>() {
    let locked = Arc::new(Mutex::new(any::<T>()));
    *locked.lock().unwrap() = any();
    black_box((
        Arc::clone(&locked),
        Arc::strong_count(&locked),
        format!("{locked:?}"),
    ));
    let guarded = Arc::new(RwLock::new(any::<T>()));
    *guarded.write().unwrap() = any();
    black_box((guarded.read().unwrap().clone(), Arc::clone(&guarded)));
}

fn channel<T: Send + Debug>() {
    let (sender, receiver) = mpsc::channel::<T>();
    sender.clone().send(any()).unwrap();
    black_box((receiver.recv().unwrap(), receiver.try_recv().is_ok()));
    for item in receiver {
        black_box(item);
    }
}
