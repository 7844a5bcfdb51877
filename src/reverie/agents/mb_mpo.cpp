#include <reverie/agents/mb_mpo.h>

#include <reverie/agents/policy_steps.h>
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

std::vector<std::string> MbMpoConfig::remarks() const {
  std::vector<std::string> remarks = DynaConfig::remarks();
  const double moved =
      maml.inner_learning_rate * static_cast<double>(maml.inner_steps) * maml.reptile_step;
  if (maml.kind == maml::Kind::reptile && moved < 0.05)
    remarks.push_back(fmt::format(
        "maml.kind = reptile moves the policy by maml.inner_learning_rate x maml.inner_steps x "
        "maml.reptile_step times its gradient, here {:.2g}: hardly at all (classic/pendulum is "
        "learned at 0.3 x 5 x 1)",
        moved));
  return remarks;
}

Adaptation MbMpoConfig::adaptation() const {
  Adaptation adaptation = gradient.adaptation();
  adaptation.learning_rate = maml.inner_learning_rate;
  adaptation.keys.emplace_back("maml.inner_learning_rate");
  return adaptation;
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
  PolicySteps steps(monitor_);
  for (int64_t step = 0; step < config_.meta_steps; ++step) {
    const Dream before = dream(meta_policies());
    maml::InnerSteps inner;
    Dream after = before;
    for (int64_t i = 0; i < config_.maml.inner_steps; ++i) {
      adapted_ = inner.take(policy_, after.batch, config_.maml.inner_learning_rate);
      after = dream(adapted_);
    }
    steps.add(meta_step(inner, after.batch), before.rollouts, after.rollouts);
    monitor_.progress("improve", steps.count() / static_cast<double>(config_.meta_steps));
  }
  steps.record(policy_);
}

ImprovementReport MbMpo::meta_step(const maml::InnerSteps& inner, const PolicyBatch& after) {
  if (config_.maml.kind == maml::Kind::reptile)
    return maml::reptile(policy_, inner, config_.maml.reptile_step);
  return gradient_.step(policy_, maml::MetaProblem(policy_, inner, after, config_.maml));
}

MbMpo::Dream MbMpo::dream(const Tensor& parameters) {
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
