// A run's curves for TensorBoard.
#pragma once

#include <reverie/runs/tensorboard.h>

#include <filesystem>

namespace reverie {

/// The growing event file of a run folder, `events.out.tfevents.<unix time>.<host>`. It is never
/// replaced or truncated: TensorBoard's Python loader stalls where a file it reads has gone or its
/// bytes have changed. A run that repeats iterations writes a start event, which makes readers
/// drop their earlier events.
class EventFile {
 public:
  /// Appends to the newest event file of `folder`, or creates one. Where a crash cut the last
  /// record short, continues in a new file, which readers take as its continuation. Throws Error
  /// where it cannot.
  EventFile(const std::filesystem::path& folder, double unix_time);
  ~EventFile();
  EventFile(const EventFile&) = delete;
  EventFile& operator=(const EventFile&) = delete;

  /// The events in the files when they were opened, as a reader would show them.
  const std::vector<ScalarEvent>& held() const { return held_; }

  /// Makes readers drop all held events after the first `count`.
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
