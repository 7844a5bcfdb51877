// TensorBoard's event files, written by hand.
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>

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

/// A growing event file, `folder/events.out.tfevents.<unix time>.<host>`. The run's store is the
/// truth: on resume the files there are replaced by one written from it.
class EventFile {
 public:
  /// Removes the event files of `folder` and starts a new one. Throws Error where it cannot.
  EventFile(const std::filesystem::path& folder, double unix_time);

  /// Appends scalars at a step. Throws Error where they cannot be written.
  void add(double wall_time, int64_t step, const std::map<std::string, double>& scalars);
  void flush();

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  void write(std::string_view data);

  std::filesystem::path path_;
  std::unique_ptr<std::FILE, Close> file_;
};

}  // namespace reverie
