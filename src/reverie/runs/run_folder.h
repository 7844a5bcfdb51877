// A run's folder: what lies where, and what may be done with it.
#pragma once

#include <reverie/runs/experiment.h>
#include <reverie/runs/files.h>

#include <filesystem>
#include <string>

namespace reverie {

class Store;

/// The names in a run folder.
class RunFolder {
 public:
  explicit RunFolder(std::filesystem::path root) : root_(std::move(root)) {}

  const std::filesystem::path& root() const { return root_; }
  std::filesystem::path config() const { return root_ / "config.toml"; }
  std::filesystem::path store() const { return root_ / "run.sqlite"; }
  std::filesystem::path checkpoints() const { return root_ / "checkpoints"; }
  std::filesystem::path summary() const { return root_ / "summary.json"; }
  std::filesystem::path policy() const { return root_ / "policy.pt"; }
  std::filesystem::path failed() const { return root_ / "failed.ckpt"; }
  /// Of a run that started from another: that one's checkpoint.
  std::filesystem::path start() const { return root_ / "start.ckpt"; }

 private:
  std::filesystem::path root_;
};

/// runs/<method>-<task>-s<seed>
std::string default_run_name(const Experiment& experiment);

/// A new run's folder, which this process holds.
struct NewRun {
  RunFolder folder;
  FolderLock lock;
  bool made_folder = false;  ///< Rather than found it, without a run in it.
};

/// Makes the folder of a new run, holds it, and writes its config.toml, after the files of a robot
/// of one's own (see keep_robot). An empty `out` stands for the default name, with -2, -3, … where
/// that is taken. A folder with nothing in it but what a start that was killed leaves is taken for
/// empty. Throws Error where `out` holds anything else (and says how to resume a run), or can't be
/// written. Where `run.from` names a run, its newest checkpoint is copied into the folder; throws
/// Error where there is none.
NewRun create_run(Experiment& experiment, const std::string& out);

/// Removes what a start has made of a new run's folder, and nothing else: where it turns out that
/// what is asked for can't be had.
void undo_start(const NewRun& run);

/// Writes the experiment as the folder's config.toml. The experiment then is of no preset: what it
/// took from one are settings of its own.
void write_config(const RunFolder& folder, Experiment& experiment);

/// The folder of a run that exists, or the name of one in runs/. Throws Error where `path` is none.
RunFolder open_run(const std::string& path);

/// Whether open_run would open it.
bool is_run(const std::string& path);

/// How a person calls this program: "reverie", or the launcher as it was typed.
std::string program_name();

/// The command that goes on with a run, as a shell takes it.
std::string resume_command(const std::filesystem::path& run);

/// The command that does a run over, in a folder beside it.
std::string repeat_command(const std::filesystem::path& run);

/// Removes the half-written files that a killed process left in a run's folder. Only for who holds
/// it.
void remove_leftovers(const RunFolder& folder);

/// A moment's result as summary.json tells it.
struct Summary {
  int64_t env_steps = 0;
  bool finished = false;
  double wall_seconds = 0;
  int64_t imagined_steps = 0;
};

/// Writes summary.json from the summary, the last evaluation and the timings in the store.
void write_summary(const RunFolder& folder, const Experiment& experiment, const Store& store,
                   const Summary& summary);

/// The machine in words: processor, cores, system.
std::string host_description();

}  // namespace reverie
