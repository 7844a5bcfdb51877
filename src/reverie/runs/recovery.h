// Restores the event file from the store, or the store from the event file, where one was lost.
#pragma once

#include <reverie/runs/event_file.h>
#include <reverie/runs/run_folder.h>
#include <reverie/runs/store.h>

#include <filesystem>
#include <string>

namespace reverie {

/// Brings the events in line with the store: keeps their common start, makes readers drop the rest,
/// and writes it again from the store. `now` is the Unix time; `began` is when the run would have
/// begun had it never been interrupted.
void tell_what_the_store_knows(EventFile& events, const Store& store, double began, double now);

/// A run's progress according to its checkpoint.
struct Standing {
  int64_t iterations = 0;  ///< Expected in the store.
  int64_t env_steps = 0;
  bool between_iterations = true;
};

/// Completes a store that was lost, or restored from an older copy, from the event file of
/// `folder`, which lacks single episodes and is in single precision. Opens the event file (at Unix
/// time `now`) only where needed. Returns one line on what was missing; empty where nothing was.
std::string complete_from_events(Store& store, const std::filesystem::path& folder, double now,
                                 const Standing& standing);

/// Where a run holds no checkpoint although one was written: a line that says so, and what to do.
/// Empty of a run that is still in its first iteration, which costs next to nothing to repeat.
std::string lost_checkpoint(const RunFolder& folder, const Store& store);

}  // namespace reverie
