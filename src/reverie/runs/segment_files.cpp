#include <reverie/runs/segment_files.h>

#include <reverie/core/error.h>
#include <reverie/runs/files.h>

#include <fmt/core.h>
#include <zlib.h>

#include <vector>

namespace reverie {
namespace {

SideFiles::Sum sum_of(std::string_view bytes) {
  return {bytes.size(), static_cast<uint32_t>(crc32_z(
                            0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()))};
}

}  // namespace

std::optional<SideFiles::Sum> SegmentFiles::find(const std::string& file) {
  // One of another process's making is not known to be whole; it is written again.
  const auto known = sums_.find(file);
  std::error_code error;
  if (known == sums_.end() || !std::filesystem::exists(folder_ / file, error)) return std::nullopt;
  return known->second;
}

SideFiles::Sum SegmentFiles::put(const std::string& file, std::string_view bytes) {
  write_file_atomically(folder_ / file, bytes);
  return sums_[file] = sum_of(bytes);
}

std::string SegmentFiles::get(const std::string& file, const Sum& sum) {
  std::string bytes = read_file(folder_ / file);
  if (sum_of(bytes) != sum)
    throw Error(fmt::format("{} is damaged, or of another run", (folder_ / file).string()));
  sums_[file] = sum;
  return bytes;
}

void SegmentFiles::require(const Archive& archive) {
  for (const auto& [file, sum] : archive.side_files()) {
    std::error_code error;
    if (!std::filesystem::exists(folder_ / file, error))
      throw Error(fmt::format("{}, which it needs, is not there", file));
    get(file, sum);
  }
}

void SegmentFiles::begin_with(const Archive& archive) {
  before_.clear();
  for (const auto& [file, sum] : archive.side_files()) before_.insert(file);
}

void SegmentFiles::keep_for(const Archive& archive) {
  std::set<std::string> now;
  for (const auto& [file, sum] : archive.side_files()) now.insert(file);
  std::vector<std::filesystem::path> unneeded;
  std::error_code ignored;  // one that stays is no harm
  for (const auto& entry : std::filesystem::directory_iterator(folder_, ignored)) {
    const std::string name = entry.path().filename().string();
    if (entry.path().extension() == ".seg" && !now.contains(name) && !before_.contains(name))
      unneeded.push_back(entry.path());
  }
  for (const auto& path : unneeded) std::filesystem::remove(path, ignored);
  before_ = std::move(now);
}

}  // namespace reverie
