#include <reverie/runs/adapt.h>

#include <reverie/collect/rollout.h>
#include <reverie/envs/task_entry.h>
#include <reverie/improvers/maml.h>

namespace reverie {

Rollouts collect_rollouts(const GaussianPolicy& policy, const TaskEntry& task, const EnvConfig& env,
                          int64_t episodes, const RandomStream& random) {
  World world(task, env, episodes, random.split(0));
  RandomStream noise = random.split(1);
  return roll_out(world, world.task().spec().horizon, *actor_of(policy), Mode::explore, noise);
}

GaussianPolicy adapt_in_world(const GaussianPolicy& policy, const TaskEntry& task,
                              const EnvConfig& env, const AdaptOptions& options,
                              const RandomStream& random) {
  GaussianPolicy adapted = policy;
  adapted.to(torch::kCPU);
  for (int64_t step = 0; step < options.steps; ++step) {
    const auto rollouts = collect_rollouts(adapted, task, env, options.episodes,
                                           random.split(static_cast<uint64_t>(step)));
    LinearFeatureBaseline baseline;
    const auto batch = policy_batch(rollouts, advantages(rollouts, options.by.advantage, baseline));
    adapted.set_parameters(maml::adapt(adapted, batch, options.by.learning_rate)[0]);
  }
  return adapted;
}

}  // namespace reverie
