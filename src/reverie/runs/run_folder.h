// A run's folder: its layout, and operations on it.
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
  /// For a run that started from another: the checkpoint of that other run.
  std::filesystem::path start() const { return root_ / "start.ckpt"; }

 private:
  std::filesystem::path root_;
};

/// runs/<method>-<task>-s<seed>
std::string default_run_name(const Experiment& experiment);

/// A new run's folder, locked by this process.
struct NewRun {
  RunFolder folder;
  FolderLock lock;
  bool made_folder = false;  ///< False: it existed, without a run in it.
};

/// Creates and locks the folder of a new run, copies a custom robot's files (see keep_robot) and
/// writes config.toml. An empty `out` means the default name, with -2, -3, … appended where that is
/// taken. A folder that holds only what a killed start leaves counts as empty. Throws Error where
/// `out` holds anything else (for a run, the message says how to resume it), or can't be written.
/// Where `run.from` names a run, its newest checkpoint is copied into the folder; throws Error
/// where there is none.
NewRun create_run(Experiment& experiment, const std::string& out);

/// Removes what a start created in a new run's folder, and nothing else, for requests that turn out
/// to be impossible.
void undo_start(const NewRun& run);

/// Writes the experiment as the folder's config.toml. Afterwards the experiment has no preset:
/// values taken from one have become settings of its own.
void write_config(const RunFolder& folder, Experiment& experiment);

/// Opens an existing run by its folder or its name in runs/. Throws Error where `path` is none.
RunFolder open_run(const std::string& path);

/// Whether open_run would open it.
bool is_run(const std::string& path);

/// How the user calls this program: "reverie", or the launcher as typed.
std::string program_name();

/// The shell command that resumes a run.
std::string resume_command(const std::filesystem::path& run);

/// The shell command that repeats a run, in a folder beside it.
std::string repeat_command(const std::filesystem::path& run);

/// Removes the half-written files that a killed process left in a run's folder. Only for the
/// process that holds the run.
void remove_leftovers(const RunFolder& folder);

/// A run's result so far, as written to summary.json.
struct Summary {
  int64_t env_steps = 0;
  bool finished = false;
  double wall_seconds = 0;
  int64_t imagined_steps = 0;
};

/// Writes summary.json from the summary, the last evaluation and the timings in the store.
void write_summary(const RunFolder& folder, const Experiment& experiment, const Store& store,
                   const Summary& summary);

/// A description of the machine: processor, cores, system.
std::string host_description();

}  // namespace reverie
