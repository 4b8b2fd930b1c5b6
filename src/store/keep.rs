//! Batches between the queue and the disk, in order, within bounds.

use std::collections::VecDeque;

use super::Batch;
use crate::domain::{BatchNo, Decision, Row};

/// Rows kept while the disk is full: about as many bytes as a small host can spare.
const ROWS: usize = 100_000;
const BYTES: usize = 32 << 20;

/// One transaction at most: enough to make a commit cheap, little enough to keep it short.
const GROUP: usize = 256;
const GROUP_ROWS: usize = 2048;

/// One batch that is not yet on disk.
pub(super) struct Entry {
    /// It.
    pub(super) batch: Batch,
    /// Our number, from 1, in order of arrival: what is on disk is told by it.
    pub(super) serial: u64,
    bytes: usize,
    /// Its failure was reported.
    told: bool,
}

/// What waits for the disk. Bounded; beyond, rows that nothing depends on are given up first, then the
/// oldest batches; both are counted.
#[derive(Default)]
pub(super) struct Kept {
    batches: VecDeque<Entry>,
    serial: u64,
    rows: usize,
    bytes: usize,
    lost: usize,
}

impl Kept {
    /// Adds a batch; returns batches that had to be given up whole, which happens only while `failing`: else
    /// what is here is on disk in a moment.
    pub(super) fn push(&mut self, batch: Batch, failing: bool) -> Vec<BatchNo> {
        self.serial += 1;
        let bytes = batch.rows.iter().map(weight).sum();
        self.rows += batch.rows.len();
        self.bytes += bytes;
        self.batches.push_back(Entry { batch, serial: self.serial, bytes, told: false });
        if !failing || self.is_within() {
            return Vec::new();
        }
        self.thin();
        let mut gone = Vec::new();
        // Down to three quarters, so that the next batch does not start it all over.
        while self.batches.len() > 1 && (self.rows > ROWS / 4 * 3 || self.bytes > BYTES / 4 * 3) {
            let Some(Entry { batch, bytes, .. }) = self.batches.pop_front() else { break };
            self.rows -= batch.rows.len();
            self.bytes -= bytes;
            self.lost += batch.rows.len();
            gone.push(batch.no);
        }
        gone
    }

    fn is_within(&self) -> bool {
        self.rows <= ROWS && self.bytes <= BYTES
    }

    fn thin(&mut self) {
        for Entry { batch, bytes, .. } in &mut self.batches {
            let before = batch.rows.len();
            batch.rows.retain(is_essential);
            self.rows -= before - batch.rows.len();
            self.lost += before - batch.rows.len();
            self.bytes -= *bytes;
            *bytes = batch.rows.iter().map(weight).sum();
            self.bytes += *bytes;
        }
    }

    /// How many batches wait.
    pub(super) fn waiting(&self) -> usize {
        self.batches.len()
    }

    /// Rows given up so far.
    pub(super) fn lost(&self) -> usize {
        self.lost
    }

    /// Enough for one transaction is here.
    pub(super) fn is_group(&self) -> bool {
        self.batches.len() >= GROUP || self.rows >= GROUP_ROWS
    }

    /// The oldest, as many as make one transaction.
    pub(super) fn group(&self) -> impl Iterator<Item = &Entry> {
        let mut rows = 0;
        self.batches.iter().take(GROUP).take_while(move |Entry { batch, .. }| {
            let fits = rows == 0 || rows + batch.rows.len() <= GROUP_ROWS;
            rows += batch.rows.len();
            fits
        })
    }

    /// So many of the oldest are on disk.
    pub(super) fn written(&mut self, count: usize) {
        for Entry { batch, bytes, .. } in self.batches.drain(..count) {
            self.rows -= batch.rows.len();
            self.bytes -= bytes;
        }
    }

    /// Batches whose failure is not yet told; now it is.
    pub(super) fn untold(&mut self) -> Vec<BatchNo> {
        let untold = self.batches.iter_mut().filter(|b| !b.told);
        untold
            .map(|entry| {
                entry.told = true;
                entry.batch.no
            })
            .collect()
    }
}

/// Whether something later depends on it: that a message is answered once, rules, the audit, what waits.
fn is_essential(row: &Row) -> bool {
    match row {
        Row::Heard { line, trace, .. } => {
            !trace && line.verdict.as_ref().is_none_or(|v| v.decision != Decision::Ignore)
        }
        Row::Judged(..) | Row::Recalled(_) | Row::Usage(_) => false,
        _ => true,
    }
}

/// Roughly its bytes in memory; a shared line counts as if it were ours alone.
fn weight(row: &Row) -> usize {
    let text = match row {
        Row::Heard { line, .. } | Row::Said(line) => {
            line.text.raw().len() + line.pictures.iter().map(|p| p.url.len() + 64).sum::<usize>() + 512
        }
        Row::Part(part) => match &part.action {
            crate::domain::Action::SendForward { nodes, .. } => nodes.iter().map(String::len).sum(),
            _ => 1024,
        },
        _ => 128,
    };
    text + size_of::<Row>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Outcome, Seq, Usage};
    use crate::store::samples;

    fn batch(no: u64, rows: impl IntoIterator<Item = Row>) -> Batch {
        Batch { no: BatchNo(no), rows: rows.into_iter().collect() }
    }

    fn usage() -> Row {
        Row::Usage(Usage { asks: 1, ..samples::usage(1) })
    }

    #[test]
    fn what_nothing_depends_on_goes_first() {
        let mut kept = Kept::default();
        assert!(kept.push(batch(1, [Row::Ended(Seq(1), Outcome::Replied)]), true).is_empty());
        for n in 0..20 {
            let lost = kept.push(batch(2 + n, (0..5_100).map(|_| usage())), true);
            assert!(lost.is_empty());
        }
        assert!(kept.lost() > 90_000 && kept.rows <= ROWS);
        assert_eq!(kept.group().next().unwrap().batch.rows.len(), 1, "the end of a message stays");
    }

    #[test]
    fn then_the_oldest_batches_go_and_are_named() {
        let mut kept = Kept::default();
        let mut lost = Vec::new();
        for n in 0..30 {
            let rows = (0..5_000).map(|i| Row::Ended(Seq(i), Outcome::Replied));
            lost.extend(kept.push(batch(n, rows), true));
        }
        assert_eq!(lost.first(), Some(&BatchNo(0)));
        assert!(kept.rows <= ROWS && kept.waiting() + lost.len() == 30);
        assert_eq!(kept.lost(), lost.len() * 5_000);
    }

    #[test]
    fn nothing_is_given_up_while_the_disk_takes_it() {
        let mut kept = Kept::default();
        for n in 0..60 {
            assert!(kept.push(batch(n, (0..5_000).map(|_| usage())), false).is_empty());
        }
        assert_eq!((kept.lost(), kept.waiting()), (0, 60));
        assert_eq!(kept.group().count(), 1, "a large batch is a transaction by itself");
    }

    #[test]
    fn counts_come_back_to_zero() {
        let mut kept = Kept::default();
        kept.push(batch(1, [usage(), usage()]), true);
        assert_eq!(kept.untold(), [BatchNo(1)]);
        assert!(kept.untold().is_empty());
        kept.written(1);
        assert_eq!((kept.rows, kept.bytes, kept.waiting()), (0, 0, 0));
    }
}
