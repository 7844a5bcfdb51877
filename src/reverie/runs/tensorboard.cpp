#include <reverie/runs/tensorboard.h>

#include <array>
#include <cstring>
#include <optional>

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

// Takes fields off the front of a message; what is malformed ends it.
class Message {
 public:
  explicit Message(std::string_view bytes) : rest_(bytes) {}

  // Whether there is another field; its number and value are below.
  bool next() {
    uint64_t key = 0, length = 0;
    if (!varint(key)) return false;
    field = static_cast<int>(key >> 3);
    switch (key & 7) {
      case 0:
        return varint(number);
      case 1:
        return take(8);
      case 5:
        return take(4);
      case 2:
        return varint(length) && take(length);
      default:
        return false;
    }
  }
  template <class T>
  T as() const {
    T value{};
    if (bytes.size() == sizeof(value)) std::memcpy(&value, bytes.data(), sizeof(value));
    return value;
  }

  int field = 0;
  uint64_t number = 0;     // a varint's
  std::string_view bytes;  // any other's

 private:
  bool take(uint64_t size) {
    if (size > rest_.size()) return false;
    bytes = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return true;
  }
  bool varint(uint64_t& value) {
    value = 0;
    for (int shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
      const auto byte = static_cast<uint8_t>(rest_.front());
      rest_.remove_prefix(1);
      value |= static_cast<uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) return true;
    }
    return false;
  }

  std::string_view rest_;
};

struct Event {
  bool version = false, start = false;
  ScalarEvent scalars;
};

Event parse_event(std::string_view data) {
  Event event;
  for (Message message(data); message.next();) {
    if (message.field == 1) event.scalars.wall_time = message.as<double>();
    if (message.field == 2) event.scalars.step = static_cast<int64_t>(message.number);
    if (message.field == 3) event.version = message.bytes.starts_with("brain.Event:");
    if (message.field == 5)
      for (Message summary(message.bytes); summary.next();) {
        std::string name;
        for (Message value(summary.bytes); value.next();) {
          if (value.field == 1) name = value.bytes;
          if (value.field == 2)
            event.scalars.scalars[name] = static_cast<double>(value.as<float>());
        }
      }
    if (message.field == 7)
      for (Message log(message.bytes); log.next();)
        event.start = log.field == 1 && log.number == 1;
  }
  return event;
}

// The data of the first record, which is taken off; nothing where it is not whole.
std::optional<std::string_view> take_record(std::string_view& rest) {
  constexpr size_t head = 8 + 4, tail = 4;
  if (rest.size() < head + tail) return std::nullopt;
  uint64_t length = 0;
  uint32_t crc = 0;
  std::memcpy(&length, rest.data(), sizeof(length));
  std::memcpy(&crc, rest.data() + 8, sizeof(crc));
  if (crc != masked_crc32c(rest.substr(0, 8)) || length > rest.size() - head - tail)
    return std::nullopt;
  const auto data = rest.substr(head, length);
  std::memcpy(&crc, data.data() + length, sizeof(crc));
  if (crc != masked_crc32c(data)) return std::nullopt;
  rest.remove_prefix(head + length + tail);
  return data;
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

std::string start_event(double wall_time, int64_t step) {
  std::string event;
  append_key(event, 1, 1);
  append_raw(event, wall_time);
  append_key(event, 2, 0);
  append_varint(event, static_cast<uint64_t>(step));
  append_bytes(event, 7, std::string_view("\x08\x01", 2));  // session_log: 1 status: START
  return event;
}

EventFileContent read_events(std::string_view bytes) {
  EventFileContent content;
  for (std::string_view rest = bytes;;) {
    const auto data = take_record(rest);
    if (!data) return content;
    const Event event = parse_event(*data);
    if (content.whole == 0 && !event.version) return content;
    content.whole = bytes.size() - rest.size();
    if (event.start && content.started)
      std::erase_if(content.events,
                    [&](const ScalarEvent& one) { return one.step >= event.scalars.step; });
    content.started |= event.start;
    if (!event.scalars.scalars.empty()) content.events.push_back(event.scalars);
  }
}

}  // namespace reverie
