#include <reverie/improvers/maml.h>
#include <reverie/runs/adapt.h>

namespace reverie {

Rollouts collect_rollouts(const GaussianPolicy& policy, const TaskEntry& task, const EnvConfig& env,
                          int64_t episodes, const RandomStream& random) {
  const torch::NoGradGuard no_grad;
  EnvironmentPool pool(task, env, episodes, random.split(0));
  RandomStream noise = random.split(1);
  pool.reset();
  const int64_t horizon = pool.task().spec().horizon;
  std::vector<Tensor> observations, actions, rewards, successors, terminations, truncations, times;
  Tensor time = torch::zeros({episodes});
  for (int64_t step = 0; step < horizon; ++step) {
    const Tensor observation = pool.observation().clone();
    const Tensor action = policy.distribution(observation).sample(noise);
    const StepResult result = pool.step(action);
    observations.push_back(observation);
    actions.push_back(action);
    rewards.push_back(result.reward.clone());
    successors.push_back(result.next_observation.clone());
    terminations.push_back(result.terminated.clone());
    truncations.push_back(result.truncated.clone());
    times.push_back(time);
    time = (time + 1) * (result.terminated | result.truncated).logical_not();
  }
  // The rows end here, whatever their last episode was about.
  truncations.back() = terminations.back().logical_not();
  const auto stack = [](const std::vector<Tensor>& steps) {
    return torch::stack(steps, 1).unsqueeze(0);
  };
  return {stack(observations), stack(actions),     stack(rewards), stack(successors),
          stack(terminations), stack(truncations), stack(times)};
}

GaussianPolicy adapt_in_world(const GaussianPolicy& policy, const TaskEntry& task,
                              const EnvConfig& env, const AdaptOptions& options,
                              const RandomStream& random) {
  GaussianPolicy adapted = policy;
  for (int64_t step = 0; step < options.steps; ++step) {
    const auto rollouts = collect_rollouts(adapted, task, env, options.episodes,
                                           random.split(static_cast<uint64_t>(step)));
    LinearFeatureBaseline baseline;
    const auto batch = policy_batch(rollouts, advantages(rollouts, options.advantage, baseline));
    adapted.set_parameters(maml::adapt(adapted, batch, options.learning_rate)[0]);
  }
  return adapted;
}

}  // namespace reverie
