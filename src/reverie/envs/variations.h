// A task varied: bodies drawn at each reset, noise, distractors, action repeat.
#pragma once

#include <reverie/envs/environment.h>

namespace reverie {

/// The entry of a task with what `env.…` settings ask for beyond a body's fixed factors, around the
/// simulation and the task that `published` makes. With none asked for they are passed through as
/// they are. Throws UsageError for settings that the task has no use for.
TaskEntry with_variations(TaskEntry published);

/// The settings that are not at their defaults: "env.slope=10.0, env.cripple=\"leg\""; empty where
/// all are.
std::string words(const EnvConfig& config);

}  // namespace reverie
