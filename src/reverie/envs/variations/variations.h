// Variations of a task: bodies drawn at each reset, noise, distractors, action repeat.
#pragma once

#include <reverie/envs/environment.h>
#include <reverie/envs/task_entry.h>

namespace reverie {

/// Returns an entry that wraps the simulation and the task that `published` makes in what the
/// `env.…` settings add beyond a body's fixed factors; where they add nothing, both are passed
/// through unchanged. Throws UsageError for settings that the task does not support.
TaskEntry with_variations(TaskEntry published);

/// The settings that are not at their defaults, as text: "env.slope=10.0, env.cripple=\"leg\"";
/// empty where there are none.
std::string words(const EnvConfig& config);

}  // namespace reverie
