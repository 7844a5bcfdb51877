#include <reverie/runs/tensorboard.h>

#include <reverie/core/error.h>

#include <fmt/core.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace reverie {
namespace {

constexpr std::array<uint32_t, 256> make_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) ? 0x82F63B78u : 0u);
    table[i] = value;
  }
  return table;
}

template <class T>
void append_raw(std::string& out, T value) {  // little-endian, as are all machines we build for
  out.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

void append_varint(std::string& out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}

// Protocol buffers: each field is preceded by its number and wire type (0 varint, 1 eight bytes,
// 2 length-delimited, 5 four bytes).
void append_key(std::string& out, int field, int wire_type) {
  append_varint(out, static_cast<uint64_t>(field << 3 | wire_type));
}

void append_bytes(std::string& out, int field, std::string_view bytes) {
  append_key(out, field, 2);
  append_varint(out, bytes.size());
  out.append(bytes);
}

}  // namespace

uint32_t crc32c(std::string_view bytes) {
  static constexpr auto table = make_table();
  uint32_t crc = 0xFFFFFFFFu;
  for (const char byte : bytes) crc = table[(crc ^ static_cast<uint8_t>(byte)) & 0xFF] ^ (crc >> 8);
  return crc ^ 0xFFFFFFFFu;
}

uint32_t masked_crc32c(std::string_view bytes) {
  const uint32_t crc = crc32c(bytes);
  return ((crc >> 15) | (crc << 17)) + 0xA282EAD8u;
}

std::string event_record(std::string_view data) {
  std::string length;
  append_raw(length, static_cast<uint64_t>(data.size()));
  std::string record = length;
  append_raw(record, masked_crc32c(length));
  record.append(data);
  append_raw(record, masked_crc32c(data));
  return record;
}

// Event: 1 wall_time (double), 2 step (varint), 3 file_version (string), 5 summary (message).
// Summary: 1 value (repeated). Value: 1 tag (string), 2 simple_value (float).
std::string scalar_event(double wall_time, int64_t step,
                         const std::map<std::string, double>& scalars) {
  std::string summary;
  for (const auto& [name, number] : scalars) {
    std::string value;
    append_bytes(value, 1, name);
    append_key(value, 2, 5);
    append_raw(value, static_cast<float>(number));
    append_bytes(summary, 1, value);
  }
  std::string event;
  append_key(event, 1, 1);
  append_raw(event, wall_time);
  append_key(event, 2, 0);
  append_varint(event, static_cast<uint64_t>(step));
  append_bytes(event, 5, summary);
  return event;
}

std::string version_event(double wall_time) {
  std::string event;
  append_key(event, 1, 1);
  append_raw(event, wall_time);
  append_bytes(event, 3, "brain.Event:2");
  return event;
}

EventFile::EventFile(const std::filesystem::path& folder, double unix_time) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored))
    if (entry.path().filename().string().starts_with("events.out.tfevents."))
      std::filesystem::remove(entry.path(), ignored);
  char host[256] = "localhost";
  ::gethostname(host, sizeof(host) - 1);
  path_ = folder / fmt::format("events.out.tfevents.{:.0f}.{}", unix_time, host);
  file_.reset(std::fopen(path_.c_str(), "wbe"));
  if (!file_) throw Error(fmt::format("cannot write {}: {}", path_.string(), std::strerror(errno)));
  write(version_event(unix_time));
}

void EventFile::add(double wall_time, int64_t step, const std::map<std::string, double>& scalars) {
  write(scalar_event(wall_time, step, scalars));
}

void EventFile::write(std::string_view data) {
  const std::string record = event_record(data);
  if (std::fwrite(record.data(), 1, record.size(), file_.get()) != record.size())
    throw Error(fmt::format("cannot write {}: {}", path_.string(), std::strerror(errno)));
}

void EventFile::flush() {
  if (std::fflush(file_.get()) != 0)
    throw Error(fmt::format("cannot write {}: {}", path_.string(), std::strerror(errno)));
}

}  // namespace reverie
