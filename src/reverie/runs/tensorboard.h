// TensorBoard's event format, written and read by hand.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace reverie {

/// CRC-32C (Castagnoli), as the event format uses it, and its masked form (TensorFlow's
/// `tensorflow/core/lib/hash/crc32c.h` describes the mask).
uint32_t crc32c(std::string_view bytes);
uint32_t masked_crc32c(std::string_view bytes);

/// One record of an event file: length, masked CRC of the length, data, masked CRC of the data.
std::string event_record(std::string_view data);

/// A serialised `Event` message with scalars, or the one that opens a file.
std::string scalar_event(double wall_time, int64_t step,
                         const std::map<std::string, double>& scalars);
std::string version_event(double wall_time);

/// The event that readers take as a (re)start: from the second one on, they drop every scalar seen
/// so far whose step is `step` or later (_CheckForRestartAndMaybePurge in TensorBoard's
/// plugin_event_accumulator.py).
std::string start_event(double wall_time, int64_t step);

/// One record's scalars; they are written as floats.
struct ScalarEvent {
  double wall_time = 0;
  int64_t step = 0;
  std::map<std::string, double> scalars;
};

/// The contents of an event file.
struct EventFileContent {
  size_t whole = 0;                 ///< Bytes up to the end of the last whole record.
  bool started = false;             ///< Whether it has a start event.
  std::vector<ScalarEvent> events;  ///< In order, without those dropped by a restart.
};

/// Reads what the functions above wrote; stops at the first record that is damaged or cut short. A
/// file that doesn't begin like an event file has no whole record.
EventFileContent read_events(std::string_view bytes);

}  // namespace reverie
