// Files that stay whole through a crash, and the lock that keeps a run to one process.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace reverie {

/// Replaces `path` by a file of these bytes: written under a temporary name, synced and renamed,
/// and the folder synced, so that at any instant either the old file or the new one exists. Throws
/// Error naming the path and the reason (a full disk, no permission); the old file is unharmed.
void write_file_atomically(const std::filesystem::path& path, std::string_view bytes);

/// The temporary file of `write_file_atomically`; a killed process leaves it behind.
std::filesystem::path temporary_of(const std::filesystem::path& path);

/// Returns the bytes of a file. Throws Error naming the path and the reason.
std::string read_file(const std::filesystem::path& path);

/// Creates a folder and its parents. Throws Error naming the path and the reason.
void make_folder(const std::filesystem::path& path);

/// Formats a duration: "42 s", "3 min 05 s", "2 h 07 min".
std::string format_duration(double seconds);

/// The process's lock on a run folder; released when the process ends, however it ends.
class FolderLock {
 public:
  /// Throws Error with the process id where another process holds the lock.
  explicit FolderLock(const std::filesystem::path& folder);
  /// Returns nothing where another process holds it. Throws Error where the lock can't be written.
  static std::optional<FolderLock> try_to_hold(const std::filesystem::path& folder);
  /// Whether a process holds it; neither takes the lock nor creates a file.
  static bool is_held(const std::filesystem::path& folder);
  ~FolderLock();
  FolderLock(FolderLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  FolderLock& operator=(FolderLock&&) = delete;

 private:
  explicit FolderLock(int descriptor) : descriptor_(descriptor) {}

  int descriptor_ = -1;
};

}  // namespace reverie
