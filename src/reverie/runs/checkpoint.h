// Checkpoints: whole files or none, the newest two, with a way back when one is damaged.
#pragma once

#include <reverie/core/archive.h>
#include <reverie/runs/segment_files.h>

#include <filesystem>
#include <functional>
#include <optional>
#include <vector>

namespace reverie {

/// The checkpoints of one run: `folder/NNNNNN.ckpt`, NNNNNN being the record "phases" within. A
/// file is a header (magic, size, CRC-32 of the rest) and an Archive's bytes, so that any damage
/// shows before a value is used; what never changes lies in files that checkpoints share
/// (SegmentFiles). It holds no clock: two runs in the same state write the same bytes.
class Checkpoints {
 public:
  using Warn = std::function<void(const std::string&)>;

  explicit Checkpoints(std::filesystem::path folder) : folder_(folder), segments_(folder) {}

  /// Where what is saved, or gone on from, keeps what never changes. Outlived by this.
  SegmentFiles& segments() { return segments_; }

  struct Loaded {
    int64_t number = 0;
    Archive archive;
  };

  std::filesystem::path path(int64_t number) const;

  /// Numbers of the files there, rising.
  std::vector<int64_t> numbers() const;

  /// Writes checkpoint `number`, then removes all but the newest two. Throws Error where it cannot
  /// be written (a full disk); those already there are unharmed.
  void save(int64_t number, const Archive& archive);

  /// The newest that is whole and holds what its name says; for those passed over, one line to
  /// `warn`. Nothing where there is no checkpoint at all. Throws Error where none is usable.
  std::optional<Loaded> load_newest(const Warn& warn);

  /// Sets aside (renames to `.damaged`) what is newer than `number`, so that going on from `number`
  /// never has it counted among the newest.
  void set_aside_after(int64_t number) const;

  /// Removes the half-written files that a killed process left. Only for who holds the run.
  void remove_leftovers() const;

 private:
  std::filesystem::path folder_;
  SegmentFiles segments_;
};

/// The bytes of a checkpoint file, and back. `decode` throws Error saying what is wrong.
std::string encode_checkpoint(const Archive& archive);
Archive decode_checkpoint(std::string_view bytes);

}  // namespace reverie
