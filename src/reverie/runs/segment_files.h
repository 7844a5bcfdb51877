// Files that a run's checkpoints share.
#pragma once

#include <reverie/core/archive.h>

#include <filesystem>
#include <map>
#include <set>

namespace reverie {

/// The files `*.seg` in a checkpoint folder, shared by several checkpoints. Each is written
/// atomically, before the checkpoint that needs it.
class SegmentFiles : public SideFiles {
 public:
  explicit SegmentFiles(std::filesystem::path folder) : folder_(std::move(folder)) {}

  std::optional<Sum> find(const std::string& file) override;
  Sum put(const std::string& file, std::string_view bytes) override;
  std::string get(const std::string& file, const Sum& sum) override;

  /// Throws Error naming a file that the archive needs and that is missing or has changed.
  void require(const Archive& archive);

  /// Call for each checkpoint written: removes the files needed neither by it nor by the one
  /// before.
  void keep_for(const Archive& archive);
  /// Call for the checkpoint that a run resumes from: it counts as the one before the next.
  void begin_with(const Archive& archive);

 private:
  std::filesystem::path folder_;
  std::map<std::string, Sum> sums_;  ///< Of files read or written.
  std::set<std::string> before_;     ///< Files that the last checkpoint needs.
};

}  // namespace reverie
