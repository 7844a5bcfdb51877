#include <reverie/envs/robots/file.h>

#include <reverie/core/embedded.h>
#include <reverie/core/error.h>
#include <reverie/core/toml_text.h>
#include <reverie/envs/mujoco/body_hash.h>
#include <reverie/envs/mujoco/described_task.h>
#include <reverie/envs/robots/goal.h>
#include <reverie/envs/robots/reset.h>
#include <reverie/envs/robots/terms.h>
#include <reverie/envs/task_entry.h>

#include <fstream>
#include <iterator>
#include <sstream>

namespace reverie {
namespace {

std::string find_body(const std::filesystem::path& file, const toml::node& node) {
  const auto name = node.value<std::string>();
  if (!name) refuse(node, "'body' takes the name of an MJCF file, in quotes");
  const std::filesystem::path beside = file.parent_path() / *name;
  if (std::filesystem::exists(beside)) return std::filesystem::absolute(beside).string();
  if (is_embedded(*name)) return *name;
  refuse(node, fmt::format("no MJCF file {}", beside.string()));
}

std::string text_of(const std::filesystem::path& file) {
  std::ifstream in(file);
  if (std::filesystem::is_directory(file))
    throw Error(fmt::format("cannot read {}: it is a folder", file.string()));
  if (!in) throw Error(fmt::format("cannot read {}: no such file, or not readable", file.string()));
  return {std::istreambuf_iterator<char>(in), {}};
}

const toml::node& body_node(const toml::table& parsed, const std::filesystem::path& file) {
  const toml::node* body = parsed.get("body");
  if (!body)
    throw UsageError(fmt::format(
        "{}: a robot's file names its body, body = \"my_robot.xml\" (a file of settings goes with "
        "--config)",
        file.string()));
  return *body;
}

/// `given`: the body, or empty: as the file says.
TaskDescription read(const std::filesystem::path& file, const toml::table& parsed,
                     const std::string& given) {
  RobotTable document(parsed);
  TaskDescription task;
  task.name = std::filesystem::absolute(file).lexically_normal().string();
  task.source = document.get<std::string>("source", task.name);
  task.remark = document.get<std::string>("remark", "");
  document.find("body");
  task.body = given.empty() ? find_body(file, body_node(parsed, file)) : given;
  task.normalised_actions = true;
  task.frame_skip = static_cast<int>(document.count("frame_skip", 1, 10'000));
  task.horizon = document.count("horizon", 1000, 1'000'000);
  task.reward_clip = document.limit("reward_clip");
  task.ends_when_unhealthy = document.get("ends_when_unhealthy", true);
  document.set_body(mujoco_body(task.body));
  if (document.body()->njnt == 0)
    refuse(body_node(parsed, file),
           fmt::format("{} has no joints: nothing in it can move",
                       std::filesystem::path(task.body).filename().string()));
  read_reset(document, task);
  read_goals(document, task);
  document.for_each("observe", [&](RobotTable& table) { read_observed(table, task.observe); });
  document.for_each("reward", [&](RobotTable& table) {
    task.reward.push_back(read_reward(table, task.observe));
  });
  document.for_each("healthy",
                    [&](RobotTable& table) { task.healthy.push_back(read_healthy(table)); });
  task.ends_when_diverged =
      document.get("ends_when_diverged", !task.healthy.empty() && task.ends_when_unhealthy);
  for (const RewardTerm& term : task.reward)
    if ((term.while_healthy || term.when_unhealthy) && task.healthy.empty())
      throw UsageError(
          fmt::format("{}: pays {}, but says nowhere what is healthy: it needs "
                      "[[healthy]]",
                      file.string(), term.while_healthy ? "while_healthy" : "when_unhealthy"));
  document.refuse_other_keys();
  warn_of_start(*document.body(), task);
  warn_of_unseen_goals(*document.body(), task);
  if (task.observe.empty())
    throw UsageError(fmt::format("{}: observes nothing: it needs [[observe]]", file.string()));
  if (task.reward.empty())
    throw UsageError(fmt::format("{}: pays nothing: it needs [[reward]]", file.string()));
  return task;
}

/// Of what a file says and of a body: "<hash> <hash> MuJoCo <version>".
std::string identity_of(toml::table parsed, const mjModel& body) {
  for (const char* key : {"body", "source", "remark"}) parsed.erase(key);
  std::ostringstream text;
  text << parsed;
  return fmt::format("{:016x} {:016x} MuJoCo {}", hash_of(text.str()), hash_of(body),
                     mj_versionString());
}

}  // namespace

TaskDescription read_robot_file(const std::filesystem::path& file, const std::string& body) {
  return read(file, parse_toml(text_of(file), file.string()), body);
}

TaskEntry robot_task(const std::filesystem::path& file, const std::string& body) {
  const toml::table parsed = parse_toml(text_of(file), file.string());
  const TaskDescription description = read(file, parsed, body);
  TaskEntry entry = described_entry(description);
  entry.robot = {std::filesystem::absolute(file).lexically_normal(), description.body,
                 identity_of(parsed, *mujoco_body(description.body))};
  return entry;
}

std::string robot_identity(const std::filesystem::path& file) {
  const toml::table parsed = parse_toml(text_of(file), file.string());
  return identity_of(parsed, *compile_body(find_body(file, body_node(parsed, file))));
}

bool same_robot(const std::string& one, const std::string& other) {
  const auto version = [](const std::string& identity) {
    return identity.substr(std::min(identity.find(" MuJoCo "), identity.size()));
  };
  const auto file = [](const std::string& identity) {
    return identity.substr(0, identity.find(' '));
  };
  return one == other || (version(one) != version(other) && file(one) == file(other));
}

}  // namespace reverie
