// A run's curves for TensorBoard.
#pragma once

#include <reverie/runs/tensorboard.h>

#include <filesystem>

namespace reverie {

/// The growing event file of a run folder, `events.out.tfevents.<unix time>.<host>`. It is never
/// replaced, and nothing of it is taken back: TensorBoard's Python loader stands still where a file
/// that it reads has gone, or has other bytes than those it has read. A run that lives iterations
/// again says so by a start event, at which readers forget them.
class EventFile {
 public:
  /// Goes on in the newest event file of `folder`, where there is one, or starts one. After a
  /// record that a crash cut short it goes on in another, which readers take for the rest. Throws
  /// Error where it cannot.
  EventFile(const std::filesystem::path& folder, double unix_time);
  ~EventFile();
  EventFile(const EventFile&) = delete;
  EventFile& operator=(const EventFile&) = delete;

  /// What the files held when this was opened, and a reader would show.
  const std::vector<ScalarEvent>& held() const { return held_; }

  /// Makes readers forget all that was held beyond the first `count`.
  void keep(size_t count, double unix_time);

  /// Appends scalars at a step. Throws Error where they cannot be written.
  void add(double wall_time, int64_t step, const std::map<std::string, double>& scalars);

 private:
  void write(std::string_view data);

  std::filesystem::path path_;
  int descriptor_ = -1;
  std::vector<ScalarEvent> held_;
  bool started_ = false;
};

}  // namespace reverie
