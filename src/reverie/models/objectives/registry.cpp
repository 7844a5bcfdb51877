#include <reverie/models/objectives/registry.h>

#include <reverie/models/objectives/likelihood.h>
#include <reverie/models/objectives/multi_step.h>

namespace reverie {

// One line here for each objective, and one in make_objective.
std::vector<std::string> setting_names(ObjectiveKind) {
  return {"likelihood", "multi_step"};
}

std::unique_ptr<Objective> make_objective(const ObjectiveConfig& config, const TaskSpec&,
                                          RandomStream, torch::Device) {
  switch (config.kind) {
    case ObjectiveKind::likelihood:
      return std::make_unique<Likelihood>();
    case ObjectiveKind::multi_step:
      return std::make_unique<MultiStep>(config.steps);
  }
  throw std::logic_error("an objective without a line in make_objective");
}

}  // namespace reverie
