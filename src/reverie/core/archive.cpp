#include <reverie/core/archive.h>
#include <reverie/core/error.h>

#include <zlib.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace reverie {
namespace {

constexpr std::string_view kMagic = "REVERIE1";

uint32_t crc(std::string_view bytes) {
  return static_cast<uint32_t>(
      crc32_z(0, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()));
}

template <class T>
void append(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

/// Takes values off the front of a byte string; throws where it is too short.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}
  std::string_view take(uint64_t size, std::string_view what) {
    if (size > bytes_.size()) throw Error(fmt::format("archive cut short in {}", what));
    const auto part = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return part;
  }
  template <class T>
  T take(std::string_view what) {
    T value;
    std::memcpy(&value, take(sizeof value, what).data(), sizeof value);
    return value;
  }
  bool empty() const { return bytes_.empty(); }
  std::string_view rest() const { return bytes_; }

 private:
  std::string_view bytes_;
};

bool is_stored(torch::ScalarType type) {
  for (const auto known : {torch::kFloat32, torch::kFloat64, torch::kInt64, torch::kInt32,
                           torch::kUInt8, torch::kBool})
    if (type == known) return true;
  return false;
}

/// Whether so many bytes are the elements of a tensor of these sizes.
bool fills(size_t bytes, const std::vector<int64_t>& sizes, size_t element) {
  size_t expected = element;
  for (const int64_t size : sizes)
    if (size < 0 || __builtin_mul_overflow(expected, static_cast<size_t>(size), &expected))
      return false;
  return bytes == expected;
}

}  // namespace

// Layout: magic, record count, then per record: name length, name, type, payload length, payload,
// CRC-32 of everything from the name on. Records are sorted by name: equal states, equal bytes.
std::string Archive::bytes() const {
  std::string out(kMagic);
  append(out, static_cast<uint64_t>(records_.size()));
  for (const auto& [name, record] : records_) {
    append(out, static_cast<uint32_t>(name.size()));
    const size_t start = out.size();
    out += name;
    out += record.type;
    append(out, static_cast<uint64_t>(record.payload.size()));
    out += record.payload;
    append(out, crc(std::string_view(out).substr(start)));
  }
  return out;
}

Archive Archive::from_bytes(std::string_view bytes) {
  Archive archive;
  archive.reading_ = true;
  Reader reader(bytes);
  if (reader.take(kMagic.size(), "its header") != kMagic)
    throw Error("not a Reverie archive (its first bytes are something else)");
  const auto count = reader.take<uint64_t>("its header");
  for (uint64_t i = 0; i < count; ++i) {
    const auto place = fmt::format("record {} of {}", i + 1, count);
    const auto name_size = reader.take<uint32_t>(place);
    const auto name = reader.take(name_size, place);
    const char type = reader.take<char>(place);
    const auto payload_size = reader.take<uint64_t>(place);
    const auto payload = reader.take(payload_size, place);
    // The record is contiguous in `bytes`: from the name's first byte to the payload's last.
    const std::string_view whole(
        name.data(), static_cast<size_t>(payload.data() + payload.size() - name.data()));
    if (reader.take<uint32_t>(place) != crc(whole))
      throw Error(fmt::format("archive damaged in {} (checksum)", place));
    archive.records_[std::string(name)] = Record{type, std::string(payload)};
  }
  if (!reader.empty()) throw Error("archive damaged: bytes after its last record");
  return archive;
}

const Archive::Record& Archive::find(std::string_view name, char type) const {
  const auto found = records_.find(prefix_ + std::string(name));
  if (found == records_.end())
    throw Error(fmt::format("archive has no '{}{}': written by another version or other settings",
                            prefix_, name));
  if (found->second.type != type)
    throw Error(fmt::format("archive holds another type at '{}{}'", prefix_, name));
  return found->second;
}

void Archive::store(std::string_view name, char type, std::string payload) {
  const auto [place, fresh] =
      records_.try_emplace(prefix_ + std::string(name), Record{type, std::move(payload)});
  if (!fresh) throw std::logic_error("archive: '" + place->first + "' written twice");
}

void Archive::refuse(std::string_view name, std::string_view what) const {
  throw Error(fmt::format("archive holds {} at '{}{}'", what, prefix_, name));
}

void Archive::count(std::string_view name, int64_t& value) {
  integer(name, value);
  if (reading_ && (value < 0 || value > 1'000'000'000'000'000)) refuse(name, "no count");
}

void Archive::optional(std::string_view name, Tensor& value, const std::vector<int64_t>& sizes) {
  if (reading_) value = Tensor();
  tensor(name, value);
  if (!reading_ || !value.defined()) return;
  bool fits =
      value.scalar_type() == torch::kFloat32 && value.dim() == static_cast<int64_t>(sizes.size());
  for (size_t i = 0; fits && i < sizes.size(); ++i)
    fits = sizes[i] < 0 || value.size(static_cast<int64_t>(i)) == sizes[i];
  if (!fits)
    throw Error(fmt::format("tensor '{}{}' was saved as [{}], the settings make it [{}]", prefix_,
                            name, fmt::join(value.sizes(), ", "), fmt::join(sizes, ", ")));
}

void Archive::raw(std::string_view name, char type, void* data, size_t size) {
  if (!reading_) {
    store(name, type, std::string(static_cast<const char*>(data), size));
    return;
  }
  const auto& payload = find(name, type).payload;
  if (payload.size() != size)
    throw Error(fmt::format("archive holds another size at '{}{}'", prefix_, name));
  std::memcpy(data, payload.data(), size);
}

namespace {

// "size checksum file"
std::string described(const std::string& file, const SideFiles::Sum& sum) {
  return fmt::format("{} {} {}", sum.size, sum.crc, file);
}

std::optional<std::pair<std::string, SideFiles::Sum>> parse_side_file(const std::string& text) {
  SideFiles::Sum sum{};
  int at = 0;
  unsigned long long size = 0;
  if (std::sscanf(text.c_str(), "%llu %u %n", &size, &sum.crc, &at) != 2 || at == 0) return {};
  sum.size = size;
  const std::string file = text.substr(static_cast<size_t>(at));
  // A name, not a way out of the folder.
  if (file.empty() || file.find('/') != std::string::npos || file.front() == '.') return {};
  return std::pair(file, sum);
}

}  // namespace

void Archive::side_file(std::string_view name, const std::string& file,
                        const std::function<std::string()>& make,
                        const std::function<void(std::string_view)>& take) {
  if (!beside_) throw std::logic_error("an archive without a place beside it");
  if (!reading_) {
    auto sum = beside_->find(file);
    if (!sum) sum = beside_->put(file, make());
    store(name, 'f', described(file, *sum));
    return;
  }
  const auto known = parse_side_file(find(name, 'f').payload);
  if (!known || known->first != file) refuse(name, "another file");
  take(beside_->get(file, known->second));
}

std::vector<std::pair<std::string, SideFiles::Sum>> Archive::side_files() const {
  std::vector<std::pair<std::string, SideFiles::Sum>> files;
  for (const auto& [name, record] : records_) {
    if (record.type != 'f') continue;
    const auto known = parse_side_file(record.payload);
    if (!known) throw Error(fmt::format("archive holds no file's name at '{}'", name));
    files.push_back(*known);
  }
  return files;
}

void Archive::integer(std::string_view name, int64_t& value) {
  raw(name, 'i', &value, sizeof value);
}

void Archive::real(std::string_view name, double& value) {
  raw(name, 'd', &value, sizeof value);
}

void Archive::text(std::string_view name, std::string& value) {
  if (reading_)
    value = find(name, 's').payload;
  else
    store(name, 's', value);
}

void Archive::vector(std::string_view name, std::vector<double>& values) {
  if (reading_) {
    const auto& payload = find(name, 'v').payload;
    if (payload.size() % sizeof(double) != 0) refuse(name, "half a number");
    values.resize(payload.size() / sizeof(double));
    if (!values.empty()) std::memcpy(values.data(), payload.data(), payload.size());
  } else {
    store(
        name, 'v',
        std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(double)));
  }
}

// A tensor's payload: a byte for its dtype (255: undefined), a byte for its dimensions, the sizes,
// the elements in row-major order.
void Archive::tensor(std::string_view name, Tensor& value) {
  if (!reading_) {
    std::string payload;
    if (!value.defined()) {
      payload.push_back(static_cast<char>(255));
    } else {
      const auto copy = value.detach().to(torch::kCPU).contiguous();
      payload.push_back(static_cast<char>(copy.scalar_type()));
      payload.push_back(static_cast<char>(copy.dim()));
      for (const int64_t size : copy.sizes()) append(payload, size);
      payload.append(static_cast<const char*>(copy.data_ptr()), copy.nbytes());
    }
    store(name, 't', std::move(payload));
    return;
  }
  Reader reader(find(name, 't').payload);
  const auto what = fmt::format("tensor '{}{}'", prefix_, name);
  const auto type = static_cast<unsigned char>(reader.take<char>(what));
  if (type == 255) {
    if (value.defined()) refuse(name, "nothing where the settings make a tensor");
    return;
  }
  const auto dtype = static_cast<torch::ScalarType>(type);
  if (!is_stored(dtype)) refuse(name, "elements of an unknown type");
  std::vector<int64_t> sizes(static_cast<unsigned char>(reader.take<char>(what)));
  for (auto& size : sizes) size = reader.take<int64_t>(what);
  if (value.defined() && (value.sizes() != sizes || value.scalar_type() != dtype))
    throw Error(fmt::format("{} was saved as [{}], the settings make it [{}]", what,
                            fmt::join(sizes, ", "), fmt::join(value.sizes(), ", ")));
  // Nothing is allocated for sizes that the payload doesn't hold.
  const auto elements = reader.rest();
  if (!fills(elements.size(), sizes, c10::elementSize(dtype)))
    refuse(name, "other elements than its sizes say");
  const auto not_bool = [](char byte) { return byte != 0 && byte != 1; };
  if (dtype == torch::kBool && std::any_of(elements.begin(), elements.end(), not_bool))
    refuse(name, "neither true nor false");
  auto loaded = torch::empty(sizes, dtype);
  if (!elements.empty()) std::memcpy(loaded.data_ptr(), elements.data(), elements.size());
  const bool requires_grad = value.defined() && value.requires_grad();
  if (value.defined()) loaded = loaded.to(value.device());
  value = loaded.requires_grad_(requires_grad);
}

}  // namespace reverie
