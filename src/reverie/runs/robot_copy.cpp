#include <reverie/runs/robot_copy.h>

#include <reverie/core/embedded.h>
#include <reverie/core/error.h>
#include <reverie/core/settings.h>
#include <reverie/envs/mujoco/mjcf_files.h>
#include <reverie/envs/robots/file.h>
#include <reverie/envs/task_entry.h>
#include <reverie/envs/variations/variations.h>
#include <reverie/runs/files.h>

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <mutex>

namespace reverie {
namespace {

namespace fs = std::filesystem;

/// Absolute, so that MuJoCo compiles what is in it once.
fs::path folder_in(const fs::path& run) {
  return fs::absolute(run / "robot").lexically_normal();
}
fs::path manifest_in(const fs::path& run) {
  return folder_in(run) / "manifest.toml";
}

/// The files to be kept. An MJCF of Reverie's own comes beside the TOML file, where it is looked
/// for first.
std::vector<MjcfFile> files_of(const RobotFiles& robot) {
  std::vector<MjcfFile> files;
  if (is_embedded(robot.body))
    files.push_back({robot.toml.parent_path() / robot.body, std::string(embedded_file(robot.body)),
                     /*is_xml=*/true});
  else
    files = mjcf_files(robot.body);
  files.push_back({robot.toml});
  return files;
}

/// The folder that all lie in.
fs::path common_folder(const std::vector<MjcfFile>& files) {
  fs::path common = files.front().path.parent_path();
  for (const MjcfFile& file : files) {
    const fs::path folder = file.path.parent_path();
    fs::path shared;
    for (auto a = common.begin(), b = folder.begin();
         a != common.end() && b != folder.end() && *a == *b; ++a, ++b)
      shared /= *a;
    common = shared;
  }
  return common;
}

}  // namespace

bool keep_robot(const TaskEntry& robot, const fs::path& run) {
  const std::vector<MjcfFile> files = files_of(robot.robot);
  const fs::path from = common_folder(files);
  const auto place = [&](const fs::path& file) { return "files" / file.lexically_relative(from); };
  for (const MjcfFile& file : files) {
    const fs::path copy = folder_in(run) / place(file.path);
    make_folder(copy.parent_path());
    write_file_atomically(copy, file.is_xml ? file.text : read_file(file.path));
  }
  const fs::path toml = place(files.back().path), body = place(files.front().path);
  bool same = false;
  try {
    const TaskEntry copy = robot_task(folder_in(run) / toml, (folder_in(run) / body).string());
    same = copy.robot.identity == robot.robot.identity;
  } catch (const Error&) {  // incomplete
  }
  if (!same) {
    std::error_code ignored;
    fs::remove_all(folder_in(run), ignored);
    return false;
  }
  write_file_atomically(
      manifest_in(run),
      fmt::format("# The robot of this run, as it was when the run began.\noriginal = {}\n"
                  "file = {}\nbody = {}\n",
                  format_value(robot.name), format_value(toml.string()),
                  format_value(body.string())));
  return true;
}

bool carries_robot(const fs::path& run) {
  std::error_code error;
  return fs::exists(manifest_in(run), error);
}

const TaskEntry* kept_robot(const fs::path& run, const std::string& name) {
  const fs::path manifest = manifest_in(run);
  if (!carries_robot(run)) return nullptr;
  std::map<std::string, std::string> said;
  for (const Assignment& one : read_toml(read_file(manifest), manifest.string()))
    if (const auto* text = std::get_if<std::string>(&one.value)) said[one.key] = *text;
  for (const char* key : {"original", "file", "body"})
    if (!said.contains(key)) throw Error(fmt::format("{} says no '{}'", manifest.string(), key));
  if (said["original"] != name) return nullptr;

  static std::mutex mutex;
  static std::map<fs::path, TaskEntry> robots;  // handed out by reference
  const std::lock_guard lock(mutex);
  const fs::path folder = folder_in(run);
  const auto found = robots.find(folder);
  if (found != robots.end()) return &found->second;
  TaskEntry robot = robot_task(folder / said["file"], (folder / said["body"]).string());
  robot.name = name;
  return &robots.emplace(folder, with_variations(robot)).first->second;
}

std::string original_has_changed(const TaskEntry& robot) {
  std::error_code error;
  const fs::path original = robot.name;
  if (robot.robot.toml.empty() || robot.robot.toml == original || !fs::exists(original, error))
    return {};
  try {
    if (same_robot(robot_identity(original), robot.robot.identity)) return {};
  } catch (const Error&) {  // no robot any more
  }
  return fmt::format(
      "{} or its MJCF has changed since the run began: this goes by the run's own "
      "copy, {}",
      robot.name, robot.robot.toml.string());
}

}  // namespace reverie
