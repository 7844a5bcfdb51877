#include <reverie/agents/mb_mpo.h>

#include <reverie/agents/meta_step_tally.h>
#include <reverie/core/archive.h>
#include <reverie/core/error.h>

#include <fmt/core.h>

namespace reverie {

void MbMpoConfig::describe(Settings& settings) {
  settings.add("tasks", tasks,
               "tasks of the meta-learner, dealt to the models in consecutive blocks as even as "
               "they divide (M)",
               between(1, 10000));
  settings.add("collecting_tasks", collecting_tasks,
               "adapted policies that collect, drawn at random; 0: all", at_least(0));
  settings.add("meta_steps", meta_steps, "meta-gradient steps per iteration", at_least(1));
  settings.add("explore_adapted", explore_adapted,
               "whether the adapted policies collect; otherwise the meta-policy does");
  gradient.describe(settings);
  DynaConfig::describe(settings);
  settings.group("maml", maml);
}

Adaptation MbMpoConfig::adaptation() const {
  Adaptation adaptation = gradient.adaptation();
  adaptation.learning_rate = maml.inner_learning_rate;
  adaptation.keys.emplace_back("maml.inner_learning_rate");
  return adaptation;
}

std::vector<std::string> MbMpoConfig::remarks() const {
  std::vector<std::string> remarks = DynaConfig::remarks();
  if (maml.kind == maml::Kind::reptile)
    remarks.emplace_back(
        "improver and its settings do nothing where maml.kind is reptile: it takes steps of its "
        "own (maml.reptile_step)");
  return remarks;
}

MbMpoConfig MbMpoConfig::checked() const {
  MbMpoConfig config = *this;
  if (learn.model.members > tasks)
    throw UsageError(
        fmt::format("'model.members' takes at most the number of tasks ({}), not {}: "
                    "each member is some task's world",
                    tasks, learn.model.members));
  if (collecting_tasks > tasks)
    throw UsageError(fmt::format(
        "'collecting_tasks' takes at most the number of tasks ({}), or 0 for all, not {}", tasks,
        collecting_tasks));
  if (gradient.improver.kind == ImproverKind::ppo && gradient.improver.ppo.batch > 0)
    throw UsageError("'ppo.batch' takes 0 here: the meta-learner's gradient is over all tasks");
  if (collecting_tasks == 0) config.collecting_tasks = tasks;
  return config;
}

std::unique_ptr<Actor> MbMpo::explorer() {
  // A random choice of the tasks where not all of them collect.
  const auto order = collector_.random().permutation(config_.tasks);
  const auto chosen = std::get<0>(order.narrow(0, 0, config_.collecting_tasks).sort());
  const bool use_adapted = config_.explore_adapted && adapted_.defined();
  return actor_of(policy_,
                  (use_adapted ? adapted_ : meta_policies()).cpu().index_select(0, chosen));
}

void MbMpo::improve() {
  MetaStepTally tally(monitor_);
  for (int64_t step = 0; step < config_.meta_steps; ++step) {
    const auto before = practise(meta_policies());
    maml::InnerSteps steps;
    adapt(before.batch, steps);
    while (steps.adapted.size() < static_cast<size_t>(config_.maml.inner_steps))
      adapt(practise(adapted_).batch, steps);
    const auto after = practise(adapted_);
    tally.add(meta_step(steps, after.batch), before.rollouts, after.rollouts);
    monitor_.progress("improve", tally.steps() / static_cast<double>(config_.meta_steps));
  }
  tally.record(policy_);
}

void MbMpo::adapt(const PolicyBatch& batch, maml::InnerSteps& steps) {
  const Tensor from = steps.adapted.empty() ? policy_.parameters() : steps.adapted.back();
  adapted_ = maml::adapt(policy_, from, batch, config_.maml.inner_learning_rate);
  steps.before.push_back(batch);
  steps.adapted.push_back(adapted_);
}

ImprovementReport MbMpo::meta_step(const maml::InnerSteps& steps, const PolicyBatch& after) {
  if (config_.maml.kind == maml::Kind::reptile)
    return maml::reptile(policy_, steps, config_.maml.reptile_step);
  return gradient_.step(policy_, maml::MetaProblem(policy_, steps, after, config_.maml));
}

MbMpo::Practice MbMpo::practise(const Tensor& parameters) {
  const Tensor from = starts_.draw(config_.tasks, config_.imagine.rollouts);
  Rollouts rollouts = imagination_.roll_out(policy_, parameters, from);
  PolicyBatch batch = gradient_.samples(paid(rollouts));
  return {std::move(rollouts), std::move(batch)};
}

void MbMpo::serialize(Archive& archive) {
  Dyna::serialize(archive);
  archive("gradient", gradient_);
  archive.optional("adapted", adapted_, {config_.tasks, policy_.parameter_count()});
  if (adapted_.defined())  // read where none was: on the CPU
    adapted_ = adapted_.to(session_.device());
}

}  // namespace reverie
