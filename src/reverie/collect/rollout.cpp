#include <reverie/collect/rollout.h>

namespace reverie {

Rollouts roll_out(World& world, int64_t steps, Actor& actor, Mode mode, RandomStream& random) {
  const torch::NoGradGuard no_grad;
  const auto& spec = world.task().spec();
  const int64_t n = world.pool().count(), o = spec.observation_size, a = spec.action_size();
  Rollouts rollouts;
  rollouts.observation = torch::empty({1, n, steps, o});
  rollouts.action = torch::empty({1, n, steps, a});
  rollouts.next_observation = torch::empty({1, n, steps, o});
  rollouts.reward = torch::empty({1, n, steps});
  rollouts.terminated = torch::empty({1, n, steps}, torch::kBool);
  rollouts.truncated = torch::empty({1, n, steps}, torch::kBool);
  rollouts.time = torch::empty({1, n, steps});

  auto time = torch::zeros({n});
  world.reset();
  actor.begin(torch::ones({n}, torch::kBool));
  for (int64_t t = 0; t < steps; ++t) {
    const auto observation = world.observation().clone();
    const auto action = actor.act(observation, mode, random);
    const auto result = world.step(action);
    // Episodes left unfinished at the last step are cut off there.
    const auto truncated = t + 1 == steps ? result.terminated.logical_not() : result.truncated;
    const auto write = [t](Tensor& field, const Tensor& value) {
      field[0].select(1, t).copy_(value);
    };
    write(rollouts.observation, observation);
    write(rollouts.action, action);
    write(rollouts.next_observation, result.next_observation);
    write(rollouts.reward, result.reward);
    write(rollouts.terminated, result.terminated);
    write(rollouts.truncated, truncated);
    write(rollouts.time, time);
    tell(actor, {observation, action, result.reward, result.next_observation, result.terminated,
                 truncated});
    time = torch::where(result.terminated | truncated, torch::zeros_like(time), time + 1);
  }
  leave_out_unfinished(rollouts, spec.horizon);
  return rollouts;
}

}  // namespace reverie
