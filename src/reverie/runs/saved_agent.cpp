#include <reverie/runs/saved_agent.h>

#include <reverie/core/error.h>
#include <reverie/runs/recovery.h>
#include <reverie/runs/robot_copy.h>
#include <reverie/runs/same_settings.h>

#include <fmt/core.h>

#include <filesystem>

namespace reverie {

SavedAgent::SavedAgent(const Experiment& experiment, const RunFolder& folder,
                       const Checkpoints::Warn& warn)
    : session_(*experiment.task, experiment.env, experiment.method->name,
               static_cast<uint64_t>(experiment.run.seed), torch::kCPU, silent_) {
  auto loaded = Checkpoints(folder.checkpoints()).load_newest(warn);
  if (!loaded && std::filesystem::exists(folder.store()))
    if (const std::string lost =
            lost_checkpoint(folder, Store(folder.store(), Store::Access::read));
        !lost.empty())
      throw Error(lost);
  if (!loaded)
    throw Error(fmt::format("{} has no checkpoint yet; train it first: {}", folder.root().string(),
                            resume_command(folder.root())));
  std::string settings;
  loaded->archive("settings", settings);
  const bool changed = robot_has_changed(settings, *experiment.task);
  if (changed)
    warn(
        "the robot's TOML file or its MJCF has changed since the checkpoint: the policy "
        "was trained on it as it was");
  for (const std::string& note :
       {built_otherwise(settings, *experiment.task), original_has_changed(*experiment.task)})
    if (!note.empty()) warn(note);
  agent_ = experiment.method->make(*experiment.agent, session_);
  loaded->archive("env_steps", env_steps);
  try {
    loaded->archive("agent", *agent_);
  } catch (const Error& error) {
    if (!changed) throw;
    throw Error(
        fmt::format("the robot is no longer one that this policy fits: {}; put {} and its "
                    "MJCF back as they were",
                    error.what(), experiment.task->robot.toml.string()));
  }
}

}  // namespace reverie
