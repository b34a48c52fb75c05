use std::cell::Cell;
use std::ops::Deref;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// More threads than this share.
const COUNT: usize = 16;

/// A `T` for each thread, once it is wanted.
#[derive(Debug)]
pub(crate) struct PerThread<T>(OnceLock<Box<[Apart<T>]>>);

/// In cache lines of its own; processors fetch them in pairs.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Apart<T>(T);

impl<T> Default for PerThread<T> {
    fn default() -> Self {
        Self(OnceLock::new())
    }
}

impl<T: Default> PerThread<T> {
    /// This thread's, made if need be.
    pub fn make(&self) -> Option<&T> {
        of_this_thread(self.0.get_or_init(|| (0..COUNT).map(|_| Apart::default()).collect()))
    }

    /// This thread's, if they were made.
    pub fn own(&self) -> Option<&T> {
        of_this_thread(self.0.get()?)
    }

    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.get().into_iter().flatten().map(|apart| &apart.0)
    }
}

/// What there is only among threads.
#[derive(Debug, Clone)]
pub(crate) struct Threaded<T>(T);

impl<T> Threaded<T> {
    /// Made of `source`, which is given back where there is one thread.
    pub fn new<S>(source: S, make: impl FnOnce(S) -> T) -> Result<Self, S> {
        Ok(Self(make(source)))
    }
}

impl<T> Deref for Threaded<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

fn of_this_thread<T>(all: &[Apart<T>]) -> Option<&T> {
    all.get(thread_number() % COUNT).map(|apart| &apart.0)
}

/// Threads count from 1.
fn thread_number() -> usize {
    static LAST: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static NUMBER: Cell<usize> = const { Cell::new(0) };
    }
    NUMBER.with(|number| {
        if number.get() == 0 {
            number.set(LAST.fetch_add(1, Ordering::Relaxed).wrapping_add(1));
        }
        number.get()
    })
}
