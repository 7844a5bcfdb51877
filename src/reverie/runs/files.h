// Files that a crash leaves whole, and the lock that keeps two processes from one run.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace reverie {

/// Replaces `path` by a file of these bytes: written under a temporary name, synced, renamed, and
/// the folder synced, so that at any instant either the old file or the new one is there. Throws
/// Error naming the path and the reason (a full disk, no permission); the old file is unharmed.
void write_file_atomically(const std::filesystem::path& path, std::string_view bytes);

/// What `write_file_atomically` writes into before it renames; a killed process leaves it behind.
std::filesystem::path temporary_of(const std::filesystem::path& path);

/// The bytes of a file. Throws Error naming the path and the reason.
std::string read_file(const std::filesystem::path& path);

/// Makes a folder and those above it. Throws Error naming the path and the reason.
void make_folder(const std::filesystem::path& path);

/// A duration for people: "42 s", "3 min 05 s", "2 h 07 min".
std::string format_duration(double seconds);

/// A text as JSON writes it, in quotes.
std::string json_text(std::string_view text);

/// The process's hold on a run folder; released when it ends, however it ends.
class FolderLock {
 public:
  /// Throws Error with the process id where another process holds it.
  explicit FolderLock(const std::filesystem::path& folder);
  /// Nothing where another process holds it. Throws Error where the lock can't be written.
  static std::optional<FolderLock> try_to_hold(const std::filesystem::path& folder);
  /// Whether a process holds it, for who only looks; it makes no file.
  static bool is_held(const std::filesystem::path& folder);
  ~FolderLock();
  FolderLock(FolderLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  FolderLock& operator=(FolderLock&&) = delete;

 private:
  explicit FolderLock(int descriptor) : descriptor_(descriptor) {}

  int descriptor_ = -1;
};

}  // namespace reverie
