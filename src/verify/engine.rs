//! Streams through all cores, with results in the order of the input.

use std::io::BufRead;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::examine::examine;
use super::finish::finish;
use super::limits::Limits;
use super::matching::Index;
use super::whole::Whole;
use super::{Finding, Report};
use crate::diag::{Diagnostic, codes::manifest as codes};
use crate::manifest::read_chunk;
use crate::plan::Plan;
use crate::yaml::stream::{Chunk, Chunks};
use crate::yaml::{self, Budget};

/// Text that is held at once, apart from a single document larger than it.
const BATCH_BYTES: usize = 4 << 20;
const BATCH_CHUNKS: usize = 4_096;

/// One input.
pub struct Input {
    /// Name for people.
    pub name: String,
    /// The stream, or why there is none.
    pub stream: Result<Box<dyn BufRead + Send>, String>,
}

/// Verifies inputs against a plan. `threads` changes the speed only.
#[must_use]
pub fn verify(
    plan: &Plan,
    inputs: impl IntoIterator<Item = Input>,
    budget: &Budget,
    threads: usize,
) -> Report {
    verify_within(plan, inputs, budget, Limits::default(), threads)
}

/// The same with other limits on what is remembered.
#[must_use]
pub fn verify_within(
    plan: &Plan,
    inputs: impl IntoIterator<Item = Input>,
    budget: &Budget,
    limits: Limits,
    threads: usize,
) -> Report {
    let index = Index::new(plan);
    let mut all = Whole::new(plan, limits);
    for input in inputs {
        match input.stream {
            Ok(stream) => read(&index, (&input.name, stream), budget, threads, &mut all),
            Err(error) => {
                all.broken = true;
                all.findings.push(Finding {
                    diagnostic: Diagnostic::new(codes::UNREADABLE_INPUT, format!("{}: {error}", input.name)),
                    target: input.name,
                    component: None,
                    origin: None,
                    policy_path: String::new(),
                    allowed: None,
                });
            }
        }
    }
    finish(all)
}

fn read(
    index: &Index<'_>,
    (name, stream): (&str, Box<dyn BufRead + Send>),
    budget: &Budget,
    threads: usize,
    all: &mut Whole<'_>,
) {
    let plan = all.plan;
    let file: Arc<str> = name.into();
    let mut chunks = Chunks::new(stream, *budget);
    loop {
        let batch = batch(&mut chunks);
        if batch.is_empty() {
            return;
        }
        let work = |chunk| examine(plan, index, read_chunk(&file, chunk, budget));
        for examined in parallel(batch, threads, &work) {
            all.append(examined);
        }
    }
}

fn batch<R: BufRead>(chunks: &mut Chunks<R>) -> Vec<Result<Chunk, yaml::Error>> {
    let mut batch = Vec::new();
    let mut bytes = 0;
    while bytes < BATCH_BYTES && batch.len() < BATCH_CHUNKS {
        let Some(chunk) = chunks.next() else { break };
        bytes += chunk.as_ref().map_or(0, |chunk| chunk.text.len());
        batch.push(chunk);
    }
    batch
}

/// Maps items on several threads; results in the order of the items.
fn parallel<T: Send, U: Send>(items: Vec<T>, threads: usize, work: &(impl Fn(T) -> U + Sync)) -> Vec<U> {
    if threads <= 1 || items.len() < 2 {
        return items.into_iter().map(work).collect();
    }
    let slots: Vec<Mutex<(Option<T>, Option<U>)>> =
        items.into_iter().map(|item| Mutex::new((Some(item), None))).collect();
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..threads.min(slots.len()) {
            scope.spawn(|| {
                while let Some(slot) = slots.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let item = slot.lock().unwrap_or_else(PoisonError::into_inner).0.take();
                    let done = item.map(work);
                    slot.lock().unwrap_or_else(PoisonError::into_inner).1 = done;
                }
            });
        }
    });
    slots.into_iter().filter_map(|slot| slot.into_inner().unwrap_or_else(PoisonError::into_inner).1).collect()
}
