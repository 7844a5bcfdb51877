// Objectives by name.
#pragma once

#include <reverie/core/settings.h>
#include <reverie/models/objectives/model_advantage.h>
#include <reverie/models/objectives/pmac.h>
#include <reverie/models/objectives/tom.h>
#include <reverie/models/objectives/vagram.h>

#include <memory>

namespace reverie {

enum class ObjectiveKind { likelihood, multi_step, tom, pmac, vagram, model_advantage };
std::vector<std::string> setting_names(ObjectiveKind);

/// `objective.…` in the settings of every agent that learns a model. Only those of the chosen kind
/// matter.
struct ObjectiveConfig {
  ObjectiveKind kind = ObjectiveKind::likelihood;
  int64_t steps = 2;
  Weigh weigh = Weigh::sampling;
  double discount = 0.99;
  TomConfig tom;
  PmacConfig pmac;
  VagramConfig vagram;
  ModelAdvantageConfig model_advantage;
  EvaluationConfig value;

  void describe(Settings& settings);
};

/// Returns an objective for models of a task. `random` and `device` are for those that learn
/// something themselves.
std::unique_ptr<Objective> make_objective(const ObjectiveConfig& config, const TaskSpec& spec,
                                          RandomStream random, torch::Device device);

}  // namespace reverie
