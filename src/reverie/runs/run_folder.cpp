#include <reverie/runs/run_folder.h>

#include <reverie/core/error.h>
#include <reverie/core/json.h>
#include <reverie/core/processors.h>
#include <reverie/core/workers.h>
#include <reverie/runs/checkpoint.h>
#include <reverie/runs/evaluate.h>
#include <reverie/runs/figures.h>
#include <reverie/runs/robot_copy.h>
#include <reverie/runs/store.h>

#include <fmt/core.h>
#include <fmt/ranges.h>
#include <sys/utsname.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>

namespace reverie {
namespace {

namespace fs = std::filesystem;

/// Whether a folder robot/ holds nothing but what a run's copy of a robot is made of.
bool is_copy_of_robot(const fs::path& folder) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const fs::path name = entry.path().filename();
    if (name != "files" && name != "manifest.toml" && name != temporary_of("manifest.toml"))
      return false;
  }
  return !error;
}

/// All that a run's start makes in its folder, `robot` and `checkpoints` with what is in them. It
/// finds none of these there but what another start left.
constexpr const char* kMadeByStart[] = {"config.toml",    "start.ckpt",         "robot",
                                        "run.sqlite",     "run.sqlite-journal", "run.sqlite-wal",
                                        "run.sqlite-shm", "checkpoints",        "lock"};

// Whether nothing is in the folder but what a start that was killed leaves there.
bool is_unused(const fs::path& path) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(path, error)) {
    const fs::path name = entry.path().filename();
    const bool cut_short = name == "config.toml" && fs::file_size(entry.path(), error) == 0;
    // A robot's files are copied before config.toml is written; without a lock it is another's.
    const bool copied =
        name == "robot" && fs::exists(path / "lock", error) && is_copy_of_robot(entry.path());
    const bool begun = name == "start.ckpt" || name == temporary_of("start.ckpt");
    if (name != "lock" && name != temporary_of("config.toml") && !cut_short && !copied && !begun)
      return false;
  }
  if (error) throw Error(fmt::format("cannot read {}: {}", path.string(), error.message()));
  return true;
}

bool is_there(const fs::path& path) {
  std::error_code error;
  return fs::exists(path, error);
}

// Takes the first of name, name-2, name-3, … that is unused. It is held before it is looked into:
// two programs that start at once get two.
NewRun take_numbered(const std::string& name) {
  for (int k = 1;; ++k) {
    const RunFolder folder(k == 1 ? name : fmt::format("{}-{}", name, k));
    const bool was_there = is_there(folder.root());
    make_folder(folder.root());
    if (!is_unused(folder.root())) continue;
    auto lock = FolderLock::try_to_hold(folder.root());
    if (lock && is_unused(folder.root())) return {folder, std::move(*lock), !was_there};
  }
}

// As a shell takes it.
std::string quoted(const std::string& path) {
  if (path.find_first_of(" \t\n'\"\\$&|;<>()*?[]#~!`{}") == std::string::npos) return path;
  std::string quoted = "'";
  for (const char letter : path) quoted += letter == '\'' ? "'\\''" : std::string(1, letter);
  return quoted + "'";
}

/// A folder, or the name of one in runs/.
RunFolder named_run(const std::string& path) {
  std::error_code error;
  const fs::path in_runs = "runs" / fs::path(path);
  const bool short_name = !fs::exists(path, error) && fs::is_directory(in_runs, error);
  return RunFolder(short_name ? in_runs : fs::path(path));
}

/// "; did you mean …?" and the names of the runs in runs/, the newest first.
std::string runs_there_are(const std::string& wanted) {
  constexpr size_t kShown = 5;
  std::error_code error;
  std::vector<std::pair<fs::file_time_type, std::string>> runs;
  for (const auto& entry : fs::directory_iterator("runs", error)) {
    const fs::path config = RunFolder(entry.path()).config();
    std::error_code none;
    const auto time = fs::last_write_time(config, none);
    if (!none) runs.emplace_back(time, entry.path().filename().string());
  }
  if (runs.empty()) return "; there are no runs in runs/ here";
  std::sort(runs.rbegin(), runs.rend());
  std::vector<std::string> names;
  for (const auto& [time, name] : runs) names.push_back(name);
  const std::string meant = did_you_mean(fs::path(wanted).filename().string(), names);
  const size_t more = names.size() - std::min(kShown, names.size());
  names.resize(names.size() - more);
  return fmt::format("{} (in runs/ are {}{})", meant, fmt::join(names, ", "),
                     more > 0 ? fmt::format(" and {} more", more) : "");
}

/// The checkpoint to start from: the newest of the run that `from` names, or a start.ckpt itself.
std::string start_of(const std::string& from) {
  std::error_code error;
  if (fs::is_regular_file(from, error)) {
    const std::string bytes = read_file(from);
    try {
      decode_checkpoint(bytes);
    } catch (const Error& wrong) {
      throw Error(fmt::format("{} is nothing to start from: {}", from, wrong.what()));
    }
    return bytes;
  }
  const auto newest =
      Checkpoints(open_run(from).checkpoints()).load_newest([](const std::string&) {});
  if (!newest) throw Error(fmt::format("{} has no checkpoint yet to start from", from));
  return encode_checkpoint(newest->archive);
}

}  // namespace

std::string program_name() {
  const char* name = std::getenv("REVERIE_COMMAND");  // set by the launcher
  return name && *name ? name : "reverie";
}

std::string default_run_name(const Experiment& experiment) {
  std::string task = experiment.task->name;
  if (task.ends_with(".toml")) task = fs::path(task).stem().string();  // a robot file's
  for (char& letter : task)
    if (letter == '/') letter = '-';
  return fmt::format("runs/{}-{}-s{}", experiment.method->name, task, experiment.run.seed);
}

std::string resume_command(const fs::path& run) {
  return fmt::format("{} resume {}", program_name(), quoted(run.string()));
}

std::string repeat_command(const fs::path& run) {
  return fmt::format("{} train --config {} --out {}", program_name(),
                     quoted(RunFolder(run).config().string()), quoted(run.string() + "-again"));
}

NewRun create_run(Experiment& experiment, const std::string& out) {
  const std::string& from = experiment.run.from;
  const std::string start = from.empty() ? "" : start_of(from);  // refused before a folder is made
  const auto take = [&out]() -> NewRun {
    const RunFolder folder{fs::path(out)};
    std::error_code ignored;
    const auto held = [&] {
      return Error(
          fmt::format("{} holds a run already; go on with it: {}", out, resume_command(out)));
    };
    const bool was_there = is_there(folder.root());
    make_folder(folder.root());
    if (fs::file_size(folder.config(), ignored) > 0 && !ignored) throw held();
    if (!is_unused(folder.root()))
      throw Error(fmt::format("{} is not empty and holds no run; name another folder", out));
    NewRun run{folder, FolderLock(folder.root()), !was_there};
    if (!is_unused(folder.root())) throw held();  // who held it in between
    return run;
  };
  NewRun run = out.empty() ? take_numbered(default_run_name(experiment)) : take();
  // First: config.toml is what makes it a run.
  if (!experiment.task->robot.toml.empty()) keep_robot(*experiment.task, run.folder.root());
  if (!start.empty()) write_file_atomically(run.folder.start(), start);
  write_config(run.folder, experiment);
  return run;
}

void undo_start(const NewRun& run) {
  std::error_code ignored;
  const fs::path& root = run.folder.root();
  for (const char* name : kMadeByStart) fs::remove_all(root / name, ignored);
  if (run.made_folder) fs::remove(root, ignored);  // only where it is empty
}

void write_config(const RunFolder& folder, Experiment& experiment) {
  std::string header = fmt::format("# Reverie {}. Repeat this run: {} train --config {}\n",
                                   REVERIE_VERSION, program_name(), folder.config().string());
  // Every setting stands in the file. One that a later version adds must not come from its preset:
  // the built-in value is what the run had without it.
  if (experiment.preset != kNoPreset)
    header += fmt::format("# It took its settings from preset '{}'.\n", experiment.preset);
  experiment.preset = kNoPreset;
  if (!experiment.run.from.empty()) experiment.run.from = folder.start().filename().string();
  write_file_atomically(folder.config(), header + experiment.to_toml(true));
}

bool is_run(const std::string& path) {
  std::error_code error;
  return !path.empty() && fs::exists(named_run(path).config(), error);
}

RunFolder open_run(const std::string& path) {
  std::error_code error;
  const RunFolder folder = named_run(path);
  if (!fs::exists(folder.root(), error))
    throw Error(fmt::format("there is no folder {}{}{}", path,
                            fs::path(path).is_relative() ? fmt::format(", nor runs/{}", path) : "",
                            runs_there_are(path)));
  if (!fs::is_directory(folder.root(), error))
    throw Error(fmt::format("{} is a file; name the run's folder", path));
  const auto size = fs::file_size(folder.config(), error);
  if (error || size == 0)
    throw Error(fmt::format("{} is no run: it has no config.toml{}", path,
                            is_unused(folder.root()) ? "; train --out may take it" : ""));
  return folder;
}

void remove_leftovers(const RunFolder& folder) {
  std::error_code ignored;
  for (const auto& file :
       {folder.config(), folder.summary(), folder.policy(), folder.failed(), folder.start()})
    fs::remove(temporary_of(file), ignored);
  Checkpoints(folder.checkpoints()).remove_leftovers();
}

std::string host_description() {
  std::string processor;
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (!line.starts_with("model name")) continue;
    const size_t colon = line.find(": ");
    if (colon != std::string::npos) processor = line.substr(colon + 2);
    break;
  }
  utsname system{};
  uname(&system);
  const Processors processors = find_processors();
  const std::string cores = processors.usable() < processors.machine
                                ? fmt::format("{} of {}", processors.usable(), processors.machine)
                                : std::to_string(processors.machine);
  return fmt::format("{}, {} cores, {} {} {}", processor.empty() ? "unknown processor" : processor,
                     cores, system.sysname, system.release, system.machine);
}

void write_summary(const RunFolder& folder, const Experiment& experiment, const Store& store,
                   const Summary& summary) {
  const auto evaluations = store.evaluations();
  double imagining = store.total("time/imagine");
  if (imagining <= 0) imagining = store.total("time/improve");
  Json json = {{"method", experiment.method->name},
               {"task", experiment.task->name},
               {"seed", experiment.run.seed},
               {"finished", summary.finished},
               {"env_steps", summary.env_steps}};
  if (!evaluations.empty()) {
    const auto& last = evaluations.back();
    json["return_mean"] = last.return_mean;
    json["return_std"] = last.return_std;
    json["return_stderr"] = standard_error(last.return_std, last.episodes);
    json["eval_episodes"] = last.episodes;
    json["eval_env_steps"] = last.env_steps;
  }
  for (const Figure& figure : learning_figures())
    if (!figure.summary.empty())
      if (const auto value = store.newest(figure.metric)) json[figure.summary] = *value;
  json["wall_seconds"] = std::round(100 * summary.wall_seconds) / 100;
  json["imagined_steps"] = summary.imagined_steps;
  json["imagined_steps_per_second"] =
      imagining > 0 ? std::llround(static_cast<double>(summary.imagined_steps) / imagining) : 0;
  json["threads"] = worker_count();
  json["version"] = REVERIE_VERSION;
  json["host"] = host_description();
  write_file_atomically(folder.summary(), json_text(json) + "\n");
}

}  // namespace reverie
