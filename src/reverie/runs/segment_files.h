// The files beside a run's checkpoints.
#pragma once

#include <reverie/core/archive.h>

#include <filesystem>
#include <map>
#include <set>

namespace reverie {

/// Files of a checkpoints' folder, `*.seg`, that several checkpoints share. Each is written
/// atomically, before the checkpoint that needs it.
class SegmentFiles : public SideFiles {
 public:
  explicit SegmentFiles(std::filesystem::path folder) : folder_(std::move(folder)) {}

  std::optional<Sum> find(const std::string& file) override;
  Sum put(const std::string& file, std::string_view bytes) override;
  std::string get(const std::string& file, const Sum& sum) override;

  /// Throws Error naming what an archive needs and is not there, or not as it was written.
  void require(const Archive& archive);

  /// To be told of each checkpoint that is written: removes the files that neither it nor the one
  /// before needs.
  void keep_for(const Archive& archive);
  /// To be told of the checkpoint that a run goes on from: it is the one before the next.
  void begin_with(const Archive& archive);

 private:
  std::filesystem::path folder_;
  std::map<std::string, Sum> sums_;  ///< Of those read or written.
  std::set<std::string> before_;     ///< What the last checkpoint needs.
};

}  // namespace reverie
