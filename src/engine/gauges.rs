//! What the machine shows, as the engine last heard it.

use std::sync::Arc;

use super::state::State;
use crate::domain::Gauges;

impl State {
    /// A new sample. One that shows the same is no change.
    pub fn on_gauges(&mut self, gauges: Gauges) {
        if self.gauges.as_deref() != Some(&gauges) {
            self.gauges = Some(Arc::new(gauges));
            self.changed = true;
            self.stir_gauges();
        }
    }
}
