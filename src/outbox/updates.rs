//! Updates of interactions that were merged elsewhere: in JavaScript.

use super::run::Run;
use super::{Common, Outbox};
use crate::records::RecordKind;
use crate::wire::body::event_id_of;

impl<C: Common> Outbox<C> {
    /// Adds an encoded update. It is no call of the app: the order of calls is that of what it was merged from.
    pub fn push_update(&self, update: &[u8]) {
        let mut state = self.lock();
        self.common.counters().accept(RecordKind::Partial);
        let run = Run::of_partial(event_id_of(update).into(), self.common.counters().next_seq(), update);
        state.queues.get_mut(RecordKind::Partial).add(run.into());
        self.fit(&mut state, RecordKind::Partial);
    }

    /// How many wait or are in a flush.
    pub fn updates(&self) -> usize {
        self.lock().partials()
    }
}
