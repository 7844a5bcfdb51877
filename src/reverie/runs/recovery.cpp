#include <reverie/runs/recovery.h>

#include <fmt/core.h>

#include <algorithm>

namespace reverie {

void tell_what_the_store_knows(EventFile& events, const Store& store, double began, double now) {
  const auto rows = store.iterations();
  const auto& held = events.held();
  size_t common = 0;
  while (common < std::min(rows.size(), held.size()) && held[common].step == rows[common].env_steps)
    ++common;
  events.keep(common, now);
  for (size_t i = common; i < rows.size(); ++i) {
    const auto wall = rows[i].metrics.find("time/wall");
    events.add(began + (wall == rows[i].metrics.end() ? 0.0 : wall->second), rows[i].env_steps,
               rows[i].metrics);
  }
}

std::string complete_from_events(Store& store, const std::filesystem::path& folder, double now,
                                 const Standing& standing) {
  const auto rows = store.iterations();
  const int64_t known = rows.empty() ? 0 : rows.back().iteration;
  if (known >= standing.iterations) return {};  // what lacks before its first row is lost for good
  const EventFile events(folder, now);
  // Those until the checkpoint, whose last is of the last iteration: the events may have been lost
  // once themselves, and then begin at any.
  const bool at_end = standing.between_iterations;
  auto held = events.held();
  while (!held.empty() && (held.back().step > standing.env_steps ||
                           (!at_end && held.back().step == standing.env_steps)))
    held.pop_back();
  const bool whole = static_cast<int64_t>(held.size()) == standing.iterations;
  // Older ones, which end before it, have no numbers that are sure.
  if (!whole && at_end && !held.empty() && held.back().step < standing.env_steps) held.clear();
  int64_t iteration = standing.iterations - static_cast<int64_t>(held.size());
  int64_t found = 0;
  for (const auto& event : held) {
    if (++iteration <= known) continue;
    IterationRow row{iteration, event.step, event.scalars, {}, {}};
    if (event.scalars.contains("eval/return"))
      row.evaluation =
          EvaluationRow{iteration, event.step, static_cast<int64_t>(row.metrics["eval/episodes"]),
                        row.metrics["eval/return"], row.metrics["eval/return_std"]};
    store.add(row);
    ++found;
  }
  const int64_t lacked = standing.iterations - known;
  return fmt::format(
      "lacked {} iterations: {}", lacked,
      found == lacked ? "their figures come back from TensorBoard's events, single episodes don't"
      : found > 0     ? fmt::format("the figures of the last {} come back from "
                                        "TensorBoard's events",
                                    found)
                      : "the curves begin here");
}

std::string lost_checkpoint(const RunFolder& folder, const Store& store) {
  // The row of a first iteration may be of a version that wrote it before the file.
  const auto row = store.newest_checkpoint();
  if (!row || row->iteration <= 1) return {};
  return fmt::format(
      "{} holds no checkpoint, but one was written at {} real steps: put it back, or start over: "
      "{}",
      folder.checkpoints().string(), row->env_steps, repeat_command(folder.root()));
}

}  // namespace reverie
