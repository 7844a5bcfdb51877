// The one mechanism by which every stateful part saves and loads itself.
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

/// Files beside an archive, for what is large and never changes once written. A file's content
/// follows from its name: one that is there is not written again.
class SideFiles {
 public:
  virtual ~SideFiles() = default;
  struct Sum {
    uint64_t size;
    uint32_t crc;  ///< CRC-32
    bool operator==(const Sum&) const = default;
  };
  /// Size and checksum of what is there; nothing where it isn't.
  virtual std::optional<Sum> find(const std::string& file) = 0;
  virtual Sum put(const std::string& file, std::string_view bytes) = 0;
  /// Throws Error where it is not there, or not what `sum` says.
  virtual std::string get(const std::string& file, const Sum& sum) = 0;
};

/// A set of named values, written by a part and read back by the same function:
///
///     void Replay::serialize(Archive& archive) {
///       archive("size", size_);
///       archive("observation", observation_);
///     }
///
/// While writing, each call stores the value; while reading, it assigns it. Names are paths: a part
/// inside a part gets a prefix. Values are numbers, bools, strings, tensors (CPU copies are stored;
/// device and requires_grad of the tensor read into are kept), vectors of these, and anything with
/// `serialize(Archive&)`. A missing or mistyped name throws Error while reading, and so does a
/// number beyond its type's range, or a tensor of another shape or type than the defined one read
/// into: a CRC tells what was damaged, not what was made up.
class Archive {
 public:
  Archive() = default;  ///< An empty archive, for writing.

  /// Reads what `bytes()` made. Throws Error, naming the record, where it is cut short or damaged
  /// (every record carries a CRC-32).
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
      // A 64-bit word without a sign (a stream's key) is stored as the signed one of its bits.
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

  /// A number of things that have happened: what is read is at least 0, and far from overflowing.
  void count(std::string_view name, int64_t& value);

  /// A tensor that may be undefined: what is read is that, or float32 of these sizes (-1: any).
  void optional(std::string_view name, Tensor& value, const std::vector<int64_t>& sizes);

  /// Where parts may keep what never changes, outside the archive; null: nowhere.
  void keep_beside(SideFiles* files) { beside_ = files; }
  SideFiles* beside() const { return beside_; }
  /// What lies in a file beside: while writing `make` is asked for it where it is not there yet,
  /// while reading `take` is given it. The archive holds its size and checksum.
  void side_file(std::string_view name, const std::string& file,
                 const std::function<std::string()>& make,
                 const std::function<void(std::string_view)>& take);
  /// All files that the archive needs beside it.
  std::vector<std::pair<std::string, SideFiles::Sum>> side_files() const;

  /// Throws Error: the archive holds `what` at `name`. For parts that know more of their values
  /// than the type says.
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
    // Each element is a record at least.
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
