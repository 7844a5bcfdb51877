// Checkpoints: written atomically, the newest two kept, with a fallback where one is damaged.
#pragma once

#include <reverie/core/archive.h>
#include <reverie/runs/segment_files.h>

#include <filesystem>
#include <functional>
#include <optional>
#include <vector>

namespace reverie {

/// The checkpoints of one run: `folder/NNNNNN.ckpt`, where NNNNNN is the record "phases" inside. A
/// file is a header (magic, size, CRC-32 of the rest) and an Archive's bytes, so damage shows
/// before a value is used. Immutable data lies in files that checkpoints share (SegmentFiles). It
/// holds no clock times: two runs in the same state write the same bytes.
class Checkpoints {
 public:
  using Warn = std::function<void(const std::string&)>;

  explicit Checkpoints(std::filesystem::path folder) : folder_(folder), segments_(folder) {}

  /// Where archives saved or resumed from keep immutable data. Outlives its users.
  SegmentFiles& segments() { return segments_; }

  struct Loaded {
    int64_t number = 0;
    Archive archive;
  };

  std::filesystem::path path(int64_t number) const;

  /// Numbers of the existing checkpoints, ascending.
  std::vector<int64_t> numbers() const;

  /// Writes checkpoint `number`, then removes all but the newest two. Throws Error where it cannot
  /// be written (a full disk); existing checkpoints are unharmed.
  void save(int64_t number, const Archive& archive);

  /// Loads the newest whole checkpoint that matches its file name; `warn` gets one line on skipped
  /// ones. Returns nothing where there is no checkpoint. Throws Error where none is usable.
  std::optional<Loaded> load_newest(const Warn& warn);

  /// Renames checkpoints newer than `number` to `.damaged`, so that they never count among the
  /// newest once the run resumes from `number`.
  void set_aside_after(int64_t number) const;

  /// Removes half-written files of a killed process. Only for the process that holds the run.
  void remove_leftovers() const;

 private:
  std::filesystem::path folder_;
  SegmentFiles segments_;
};

/// Encode and decode a checkpoint file's bytes. Decoding throws Error saying what is wrong.
std::string encode_checkpoint(const Archive& archive);
Archive decode_checkpoint(std::string_view bytes);

}  // namespace reverie
