#include <reverie/runs/checkpoint.h>

#include <reverie/core/error.h>
#include <reverie/runs/files.h>
#include <reverie/runs/run_folder.h>

#include <fmt/core.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>

namespace reverie {
namespace {

constexpr std::string_view kMagic = "REVERIE1";
constexpr size_t kHeader = 8 + 8 + 4;  // magic, size, CRC-32

uint32_t checksum(std::string_view bytes) {
  return static_cast<uint32_t>(
      crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

/// The archive of checkpoint `number`. Throws Error saying what is wrong with the file.
Archive decode_numbered(std::string_view bytes, int64_t number) {
  Archive archive = decode_checkpoint(bytes);
  int64_t phases = 0;
  archive("phases", phases);
  if (phases != number) throw Error(fmt::format("it holds checkpoint {:06}", phases));
  return archive;
}

}  // namespace

std::string encode_checkpoint(const Archive& archive) {
  const std::string body = archive.bytes();
  const uint64_t size = body.size();
  const uint32_t crc = checksum(body);
  std::string bytes(kMagic);
  bytes.append(reinterpret_cast<const char*>(&size), sizeof(size));
  bytes.append(reinterpret_cast<const char*>(&crc), sizeof(crc));
  return bytes.append(body);
}

Archive decode_checkpoint(std::string_view bytes) {
  if (bytes.size() < kHeader) throw Error("cut short");
  if (!bytes.starts_with(kMagic)) throw Error("not a checkpoint of this version");
  uint64_t size = 0;
  uint32_t crc = 0;
  std::memcpy(&size, bytes.data() + 8, sizeof(size));
  std::memcpy(&crc, bytes.data() + 16, sizeof(crc));
  bytes.remove_prefix(kHeader);
  if (bytes.size() < size) throw Error("cut short");
  if (bytes.size() > size || checksum(bytes) != crc) throw Error("damaged (wrong checksum)");
  return Archive::from_bytes(bytes);
}

std::filesystem::path Checkpoints::path(int64_t number) const {
  return folder_ / fmt::format("{:06}.ckpt", number);
}

std::vector<int64_t> Checkpoints::numbers() const {
  std::vector<int64_t> numbers;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder_, error)) {
    const std::string stem = entry.path().stem().string();
    if (entry.path().extension() != ".ckpt" || stem.empty() || stem.size() > 18) continue;
    if (stem.find_first_not_of("0123456789") != std::string::npos) continue;
    numbers.push_back(std::stoll(stem));
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

void Checkpoints::save(int64_t number, const Archive& archive) {
  write_file_atomically(path(number), encode_checkpoint(archive));
  auto all = numbers();
  std::error_code ignored;  // an old file that stays is no harm
  for (size_t i = 0; i + 2 < all.size(); ++i) std::filesystem::remove(path(all[i]), ignored);
  segments_.keep_for(archive);
}

std::optional<Checkpoints::Loaded> Checkpoints::load_newest(const Warn& warn) {
  const auto all = numbers();
  if (all.empty()) return std::nullopt;
  std::string reason;
  for (auto number = all.rbegin(); number != all.rend(); ++number) {
    const std::string bytes = read_file(path(*number));  // what can't be read isn't damaged
    try {
      Loaded loaded{*number, decode_numbered(bytes, *number)};
      segments_.require(loaded.archive);
      if (number != all.rbegin())
        warn(fmt::format("checkpoint {} is unusable ({}): going back to {}",
                         path(all.back()).string(), reason, path(*number).filename().string()));
      return loaded;
    } catch (const Error& error) {
      if (reason.empty()) reason = error.what();
    }
  }
  throw Error(fmt::format("no checkpoint in {} is usable (the newest: {}); to start over: {}",
                          folder_.string(), reason, repeat_command(folder_.parent_path())));
}

void Checkpoints::set_aside_after(int64_t number) const {
  for (const int64_t newer : numbers()) {
    if (newer <= number) continue;
    std::error_code ignored;
    std::filesystem::rename(path(newer), path(newer).string() + ".damaged", ignored);
  }
}

void Checkpoints::remove_leftovers() const {
  std::error_code ignored;
  std::vector<std::filesystem::path> leftovers;
  for (const auto& entry : std::filesystem::directory_iterator(folder_, ignored))
    if (const std::string name = entry.path().string();
        name.ends_with(".ckpt.tmp") || name.ends_with(".seg.tmp"))
      leftovers.push_back(entry.path());
  for (const auto& path : leftovers) std::filesystem::remove(path, ignored);
}

}  // namespace reverie
