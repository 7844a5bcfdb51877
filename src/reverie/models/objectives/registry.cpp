#include <reverie/models/objectives/registry.h>

#include <reverie/models/objectives/likelihood.h>
#include <reverie/models/objectives/multi_step.h>

namespace reverie {

// One line here for each objective, and one in make_objective.
std::vector<std::string> setting_names(ObjectiveKind) {
  return {"likelihood", "multi_step", "tom", "pmac", "vagram", "model_advantage"};
}

void ObjectiveConfig::describe(Settings& settings) {
  settings.add(
      "kind", kind,
      "what the fit of the model cares about: each step's likelihood; the error of several "
      "steps, each predicted from the last one's prediction (multi_step); the likelihood "
      "where the policy goes (tom) or went lately (pmac); the dimensions that the value "
      "depends on (vagram); the value of what is predicted (model_advantage)");
  settings.add("steps", steps, "with kind = multi_step: how many steps (H)", between(1, 1000));
  settings.add("weigh", weigh,
               "with kind = tom or pmac: whether weights are the probabilities with which rows are "
               "drawn (sampling) or factors of their losses (loss)");
  settings.add(
      "discount", discount,
      "with kind = tom, vagram or model_advantage: of a step, in the occupancy or the value",
      between(0, 0.999999));
  settings.group("tom", tom);
  settings.group("pmac", pmac);
  settings.group("vagram", vagram);
  settings.group("model_advantage", model_advantage);
  settings.group("value", value);
}

std::unique_ptr<Objective> make_objective(const ObjectiveConfig& config, const TaskSpec& spec,
                                          RandomStream random, torch::Device device) {
  const auto value = [&] {
    return ObjectiveValue(spec.observation_size, config.value, config.discount, random, device);
  };
  switch (config.kind) {
    case ObjectiveKind::likelihood:
      return std::make_unique<Likelihood>();
    case ObjectiveKind::multi_step:
      return std::make_unique<MultiStep>(config.steps);
    case ObjectiveKind::tom:
      return std::make_unique<Tom>(spec.observation_size,
                                   static_cast<int64_t>(spec.action_low.size()), config.tom,
                                   config.weigh, config.discount, random, device);
    case ObjectiveKind::pmac:
      return std::make_unique<Pmac>(config.pmac, config.weigh);
    case ObjectiveKind::vagram:
      return std::make_unique<Vagram>(config.vagram, value());
    case ObjectiveKind::model_advantage:
      return std::make_unique<ModelAdvantage>(config.model_advantage, value());
  }
  throw std::logic_error("an objective without a line in make_objective");
}

}  // namespace reverie
