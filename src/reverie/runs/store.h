// The run's store: metrics, evaluations, episodes, checkpoints and events in one SQLite file.
#pragma once

#include <reverie/envs/pool.h>

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct sqlite3;

namespace reverie {

/// The result of an evaluation.
struct EvaluationRow {
  int64_t iteration = 0;
  int64_t env_steps = 0;
  int64_t episodes = 0;
  double return_mean = 0;
  double return_std = 0;
};

/// The record of one iteration.
struct IterationRow {
  int64_t iteration = 0;  ///< From 1.
  int64_t env_steps = 0;  ///< At its end.
  std::map<std::string, double> metrics;
  std::vector<Episode> episodes;  ///< Real episodes that ended in it.
  std::optional<EvaluationRow> evaluation;
};

/// What the store keeps about a checkpoint: the clock times, which its file must not hold.
struct CheckpointRow {
  int64_t number = 0;
  int64_t iteration = 0;  ///< Complete iterations.
  int64_t env_steps = 0;
  double wall_seconds = 0;  ///< Work so far, across resumes.
};

/// A run event, for people to read.
struct EventRow {
  double unix_time = 0;
  std::string kind;  ///< "start", "resume", "stop", "finish", "from", "warning", "error", "sign"
  std::string text;
};

/// `run.sqlite`, in write-ahead mode, one transaction per iteration: readers see whole iterations,
/// and a crash loses none that was committed. All calls throw Error (disk full, damaged file) with
/// one line that names the file.
class Store {
 public:
  enum class Access { write, read };
  /// Opens the file, creating it where needed. With Access::read it must exist, and nothing is
  /// written, so that a read-only disk will do.
  explicit Store(const std::filesystem::path& file, Access access = Access::write);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  void add(const IterationRow& row);
  void add(const CheckpointRow& row);
  /// Adds an event with the current time; see EventRow.
  void add_event(std::string_view kind, std::string_view text);

  /// Drops what is later than this iteration: a run resumed from a checkpoint repeats it.
  void truncate_after(int64_t iteration);
  /// Drops what is later than this checkpoint.
  void truncate_checkpoints_after(int64_t number);

  /// All iterations with their metrics (episodes left out), in order.
  std::vector<IterationRow> iterations() const;
  std::vector<EvaluationRow> evaluations() const;
  std::optional<CheckpointRow> checkpoint(int64_t number) const;
  std::optional<CheckpointRow> newest_checkpoint() const;
  std::vector<EventRow> events() const;  ///< In order of occurrence.
  /// The newest value of one metric.
  std::optional<double> newest(std::string_view metric) const;
  /// Sum of one metric over all iterations; 0 where there is none.
  double total(std::string_view metric) const;

 private:
  class Statement;
  class Transaction;
  void open_to_read();
  void open_to_write();
  std::vector<CheckpointRow> checkpoint_rows() const;  // in order
  void execute(const char* sql) const;
  [[noreturn]] void fail(int code) const;

  std::filesystem::path file_;
  sqlite3* database_ = nullptr;
};

}  // namespace reverie
