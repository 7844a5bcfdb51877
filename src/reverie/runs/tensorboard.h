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

/// What readers take for a (re)start: from the second on, they forget every scalar seen so far
/// whose step is `step` or later (_CheckForRestartAndMaybePurge in TensorBoard's
/// plugin_event_accumulator.py).
std::string start_event(double wall_time, int64_t step);

/// One record's scalars, as floats: that is how they are written.
struct ScalarEvent {
  double wall_time = 0;
  int64_t step = 0;
  std::map<std::string, double> scalars;
};

/// What the bytes of an event file come to.
struct EventFileContent {
  size_t whole = 0;                 ///< Bytes up to the end of the last whole record.
  bool started = false;             ///< Whether a start event is among them.
  std::vector<ScalarEvent> events;  ///< In order, those left out that a restart made forgotten.
};

/// Reads what the functions above wrote; stops at the first record that is damaged or cut short. A
/// file that doesn't begin as event files do has no whole record.
EventFileContent read_events(std::string_view bytes);

}  // namespace reverie
