//! The writer: the one thread that appends to the log.
//!
//! It takes what queued while it synced the last group, writes it as one frame, syncs, makes it visible, answers in
//! order. It never waits for more to come: under load groups are large by themselves.

use crate::{
    compact::Rotation,
    log::{Frame, Log},
    shared::{Ending, Queued, Reply, Shared, lock, panic_text, wait},
    stage::Stage,
};
use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread::JoinHandle,
};
use store::{Error, Seq};

/// The most commits in a group.
const GROUP: usize = 256;
/// A group is closed when it has this many bytes.
const GROUP_BYTES: usize = 4 * 1024 * 1024;

/// Starts the thread.
pub(crate) fn start(shared: Arc<Shared>, log: Log) -> Result<JoinHandle<()>, Error> {
    let run = move || {
        let outcome = catch_unwind(AssertUnwindSafe(|| run(&shared, log)));
        match outcome {
            Ok(Ok(())) => {}
            Ok(Err(error)) => shared.fail(&error.to_string()),
            Err(panic) => shared.fail(&format!("the writer broke: {}", panic_text(&*panic))),
        }
    };
    std::thread::Builder::new().name("store-writer".into()).spawn(run).map_err(|e| crate::io::failed("the writer cannot start", &e))
}

fn run(shared: &Shared, mut log: Log) -> Result<(), Error> {
    let mut stage = Stage::default();
    let mut seq = lock(&shared.state).seq;
    while let Some(mut group) = next_group(shared) {
        if *lock(&shared.rotation) == Rotation::Wanted {
            // What a compaction is to leave behind is in the segments up to here.
            if log.segment.bytes > 0 {
                rotate(shared, &mut log, seq)?;
            }
            *lock(&shared.rotation) = Rotation::Done(seq);
        }
        wait_for_room(shared);
        while !group.is_empty() {
            if shared.failure().is_some() {
                return Ok(());
            }
            seq = commit(shared, &mut log, &mut stage, seq, &mut group)?;
        }
    }
    Ok(())
}

/// Everything that queued, up to a group's size, or nothing if a new segment is wanted; none when it is time to stop.
fn next_group(shared: &Shared) -> Option<VecDeque<Queued>> {
    let mut queue = lock(&shared.queue);
    while queue.commits.is_empty() {
        if queue.closed || shared.failure().is_some() {
            return None;
        }
        if *lock(&shared.rotation) == Rotation::Wanted {
            return Some(VecDeque::new());
        }
        queue = wait(&shared.queued, queue);
    }
    let count = queue.commits.len().min(GROUP);
    let group: VecDeque<_> = queue.commits.drain(..count).collect();
    queue.bytes -= group.iter().map(|q| q.line.len()).sum::<usize>();
    Some(group)
}

/// Waits while the checkpoint is too far behind.
fn wait_for_room(shared: &Shared) {
    let mut state = lock(&shared.state);
    while state.backlog > shared.options.backlog_high && shared.failure().is_none() && shared.ending() == Ending::No {
        state = wait(&shared.shrank, state);
    }
}

/// Commits what fits into a frame from the front of `group`; answers the last seq.
fn commit(shared: &Shared, log: &mut Log, stage: &mut Stage, seq: Seq, group: &mut VecDeque<Queued>) -> Result<Seq, Error> {
    let mut frame = Frame::new(seq + 1, std::mem::take(&mut log.buffer));
    let mut replies: Vec<(Reply, Result<Seq, Error>)> = Vec::with_capacity(group.len());
    while frame.len() < GROUP_BYTES {
        let Some(Queued { commit, line, reply }) = group.pop_front() else { break };
        let place = frame.next();
        match stage.add(shared, commit, place) {
            Ok(()) => {
                frame.push(&line);
                replies.push((reply, Ok(place)));
            }
            Err(refused @ (Error::Conflict { .. } | Error::Invalid(_) | Error::Busy)) => replies.push((reply, Err(refused))),
            Err(error @ (Error::Failed(_) | Error::Corrupt(_) | Error::InUse(_) | Error::NoCopy(_))) => return Err(error),
        }
    }
    let last = frame.next() - 1;
    if frame.count() > 0 {
        if log.segment.bytes >= shared.options.segment_bytes {
            rotate(shared, log, seq)?;
        }
        let bytes = log.append(&shared.options, &mut frame)?;
        if let Some(current) = lock(&shared.segments).back_mut() {
            current.bytes = log.segment.bytes;
        }
        // Below that the checkpoint wakes by itself.
        if stage.publish(shared, last, bytes) > shared.options.backlog_low {
            shared.grew.notify_one();
        }
    } else {
        stage.clear(shared);
    }
    log.buffer = frame.into_buffer();
    for (reply, answer) in replies {
        reply.give(answer);
    }
    Ok(last)
}

/// Begins a new segment of the log after commit `seq`.
fn rotate(shared: &Shared, log: &mut Log, seq: Seq) -> Result<(), Error> {
    let ended = log.rotate(&shared.options, seq + 1)?;
    let mut segments = lock(&shared.segments);
    if let Some(current) = segments.back_mut() {
        *current = ended;
    }
    segments.push_back(log.segment.clone());
    Ok(())
}
