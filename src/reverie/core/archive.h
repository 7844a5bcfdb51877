// The one mechanism by which every stateful component saves and loads itself.
#pragma once

#include <reverie/core/tensor.h>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace reverie {

/// Files stored beside an archive, for large data that never changes once written. A file's name
/// determines its content, so an existing file is not written again.
class SideFiles {
 public:
  virtual ~SideFiles() = default;
  struct Sum {
    uint64_t size;
    uint32_t crc;  ///< CRC-32
    bool operator==(const Sum&) const = default;
  };
  /// Returns the size and checksum of an existing file, or nothing where there is none.
  virtual std::optional<Sum> find(const std::string& file) = 0;
  virtual Sum put(const std::string& file, std::string_view bytes) = 0;
  /// Throws Error where the file is missing or does not match `sum`.
  virtual std::string get(const std::string& file, const Sum& sum) = 0;
};

/// A set of named values, written and read back by the same function of a component:
///
///     void Replay::serialize(Archive& archive) {
///       archive("size", size_);
///       archive("observation", observation_);
///     }
///
/// While writing, each call stores the value; while reading, it assigns it. Names are paths: a
/// nested component gets a prefix. Values are numbers, bools, strings, tensors (stored as CPU
/// copies; reading keeps the destination's device and requires_grad), vectors of these, and
/// anything with `serialize(Archive&)`. Reading throws Error for a missing or mistyped name, a
/// number out of its type's range, or a tensor whose shape or type differs from that of a defined
/// destination: a CRC detects damage, not forged values.
class Archive {
 public:
  Archive() = default;  ///< An empty archive, for writing.

  /// Reads the output of `bytes()`. Throws Error, naming the record, where it is truncated or
  /// damaged (every record carries a CRC-32).
  static Archive from_bytes(std::string_view bytes);
  std::string bytes() const;

  bool reading() const { return reading_; }

  template <class T>
  void operator()(std::string_view name, T& value) {
    if constexpr (requires { value.serialize(*this); }) {
      Scope scope(*this, name);
      value.serialize(*this);
    } else if constexpr (std::is_same_v<T, Tensor>) {
      tensor(name, value);
    } else if constexpr (std::is_same_v<T, std::string>) {
      text(name, value);
    } else if constexpr (std::is_integral_v<T>) {
      auto number = static_cast<int64_t>(value);
      integer(name, number);
      // An unsigned 64-bit value (a stream's key) is stored as the signed one with the same bits.
      if (sizeof(T) < sizeof(number) && number != static_cast<int64_t>(static_cast<T>(number)))
        refuse(name, "a number that does not fit");
      value = static_cast<T>(number);
    } else if constexpr (std::is_floating_point_v<T>) {
      auto number = static_cast<double>(value);
      real(name, number);
      value = static_cast<T>(number);
    } else {
      vector(name, value);
    }
  }

  /// A counter of events: the value read must be at least 0 and far from overflowing.
  void count(std::string_view name, int64_t& value);

  /// A tensor that may be undefined; if defined, the one read must be float32 of `sizes` (-1: any).
  void optional(std::string_view name, Tensor& value, const std::vector<int64_t>& sizes);

  /// Sets where components may keep immutable data outside the archive; null: nowhere.
  void keep_beside(SideFiles* files) { beside_ = files; }
  SideFiles* beside() const { return beside_; }
  /// Stores data in a side file. While writing, `make` produces the content if the file does not
  /// exist yet; while reading, `take` receives it. The archive holds its size and checksum.
  void side_file(std::string_view name, const std::string& file,
                 const std::function<std::string()>& make,
                 const std::function<void(std::string_view)>& take);
  /// All files that the archive needs beside it.
  std::vector<std::pair<std::string, SideFiles::Sum>> side_files() const;

  /// Throws Error: the archive holds `what` at `name`. For components that check more than the type
  /// of their values.
  [[noreturn]] void refuse(std::string_view name, std::string_view what) const;

 private:
  struct Scope {
    Scope(Archive& archive, std::string_view name)
        : archive(archive), length(archive.prefix_.size()) {
      archive.prefix_.append(name).append("/");
    }
    ~Scope() { archive.prefix_.resize(length); }
    Archive& archive;
    size_t length;
  };

  template <class T>
  void vector(std::string_view name, std::vector<T>& values) {
    Scope scope(*this, name);
    auto count = static_cast<int64_t>(values.size());
    integer("count", count);
    // Each element takes at least one record.
    if (reading_ && (count < 0 || static_cast<size_t>(count) > records_.size()))
      refuse("count", "a wrong number of values");
    values.resize(static_cast<size_t>(count));
    for (int64_t i = 0; i < count; ++i) {
      T value = values[static_cast<size_t>(i)];  // vector<bool> has no references
      (*this)(std::to_string(i), value);
      values[static_cast<size_t>(i)] = std::move(value);
    }
  }
  void vector(std::string_view name, std::vector<double>& values);

  void integer(std::string_view name, int64_t& value);
  void real(std::string_view name, double& value);
  void text(std::string_view name, std::string& value);
  void tensor(std::string_view name, Tensor& value);
  void raw(std::string_view name, char type, void* data, size_t size);

  struct Record {
    char type;
    std::string payload;
  };
  const Record& find(std::string_view name, char type) const;
  void store(std::string_view name, char type, std::string payload);

  bool reading_ = false;
  SideFiles* beside_ = nullptr;
  std::string prefix_;
  std::map<std::string, Record> records_;
};

}  // namespace reverie
