//! Records whose text waits where they were recorded, which is in JavaScript, until it has to be here: to be cut, or because it
//! could not be delivered.

#[cfg(not(feature = "js"))]
pub(crate) use nothing::{Elsewhere, Number};
#[cfg(feature = "js")]
pub(crate) use text::{Elsewhere, Kept, Number};

#[cfg(feature = "js")]
mod text {
    use std::fmt;

    use super::super::run::Run;
    use super::super::{Common, DropReason, Outbox};
    use crate::records::RecordKind;

    /// By which whoever keeps a text knows it.
    pub(crate) type Number = usize;

    pub(crate) type Elsewhere = Box<dyn Kept>;

    /// The text of records with commas between them. It need not be kept any longer than this.
    pub(crate) trait Kept: fmt::Debug + Send {
        fn number(&self) -> Number;

        /// The text.
        fn bytes(&self) -> Vec<u8>;
    }

    impl<C: Common> Outbox<C> {
        /// Adds records of these lengths. Returns why one of them, or of those that they replaced, was dropped.
        pub fn push_kept(&self, kind: RecordKind, kept: Elsewhere, lengths: &[f64]) -> Option<DropReason> {
            let mut state = self.lock();
            lengths.iter().for_each(|_| self.common.counters().accept(kind));
            state.last_seq = self.common.counters().next_seqs(lengths.len());
            let mut run = Run::kept(kept, lengths);
            run.renumber(state.last_seq);
            let mut dropped = None;
            // Where not all find room it is for each to fit, or a long one would take along those that follow it.
            while state.bytes().saturating_add(run.bytes()) > self.common.limits().bytes && run.len() > 1 {
                state.queues.get_mut(kind).add(run.split_first(1).into());
                dropped = dropped.or(self.fit(&mut state, kind));
            }
            state.queues.get_mut(kind).add(run.into());
            dropped.or(self.fit(&mut state, kind))
        }
    }
}

/// Without JavaScript everything is here.
#[cfg(not(feature = "js"))]
mod nothing {
    pub(crate) type Number = std::convert::Infallible;

    #[derive(Debug)]
    pub(crate) enum Elsewhere {}

    impl Elsewhere {
        pub fn number(&self) -> Number {
            match *self {}
        }

        pub fn bytes(&self) -> Vec<u8> {
            match *self {}
        }
    }
}
