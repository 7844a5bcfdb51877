// Objectives by name.
#pragma once

#include <reverie/core/settings.h>
#include <reverie/models/objectives/objective.h>

#include <memory>

namespace reverie {

enum class ObjectiveKind { likelihood, multi_step };
std::vector<std::string> setting_names(ObjectiveKind);

/// `objective.…` in the settings of every agent that learns a model.
struct ObjectiveConfig {
  ObjectiveKind kind = ObjectiveKind::likelihood;
  int64_t steps = 2;

  void describe(Settings& settings) {
    settings.add("kind", kind,
                 "what the fit of the model cares about: each step's likelihood, or the error of "
                 "several steps, each predicted from the last one's prediction (multi_step)");
    settings.add("steps", steps, "with kind = multi_step: how many steps (H)", between(1, 1000));
  }
};

/// Returns an objective for models of a task. `random` and `device` are for those that learn
/// something themselves.
std::unique_ptr<Objective> make_objective(const ObjectiveConfig& config, const TaskSpec& spec,
                                          RandomStream random, torch::Device device);

}  // namespace reverie
