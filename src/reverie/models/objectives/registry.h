// Objectives by name.
#pragma once

#include <reverie/core/settings.h>
#include <reverie/models/objectives/objective.h>

#include <memory>

namespace reverie {

enum class ObjectiveKind { likelihood };
std::vector<std::string> setting_names(ObjectiveKind);

/// `objective.…` in the settings of every agent that learns a model.
struct ObjectiveConfig {
  ObjectiveKind kind = ObjectiveKind::likelihood;

  void describe(Settings& settings) {
    settings.add("kind", kind, "what the fit of the model cares about");
  }
};

std::unique_ptr<Objective> make_objective(const ObjectiveConfig& config);

}  // namespace reverie
