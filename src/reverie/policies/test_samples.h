// Small random problems for the tests of policies and improvers.
#pragma once

#include <reverie/policies/policy_calculus.h>

namespace reverie::testing {

/// A policy with weights and biases of order 1 (not the near-zero last layer of an initial policy).
inline GaussianPolicy random_policy(std::vector<int64_t> hidden, int64_t observations,
                                    int64_t actions, RandomStream& random) {
  PolicyConfig config;
  config.hidden = std::move(hidden);
  config.init_std = 0.7;
  GaussianPolicy policy(observations, actions, config, random);
  const Tensor noise = random.normal({policy.parameter_count()});
  policy.set_parameters(policy.parameters() + 0.2 * noise);
  return policy;
}

/// Actions sampled from the policy, with random advantages of mean 0.
inline PolicyBatch random_batch(const GaussianPolicy& policy, int64_t tasks, int64_t rows,
                                RandomStream& random) {
  PolicyBatch batch;
  batch.observation = random.normal({tasks, rows, policy.observation_size()});
  const Gaussian now = policy.distribution(batch.observation);
  batch.action = now.sample(random).detach();
  batch.advantage = random.normal({tasks, rows});
  return batch;
}

/// Random rollouts in which a row may hold several episodes, some ended by the task; observations
/// have a deviation of `spread`.
inline Rollouts random_rollouts(int64_t tasks, int64_t rows, int64_t horizon, int64_t o,
                                RandomStream& random, double spread = 3.0) {
  Rollouts rollouts;
  rollouts.observation = spread * random.normal({tasks, rows, horizon, o});
  rollouts.next_observation = spread * random.normal({tasks, rows, horizon, o});
  rollouts.action = random.normal({tasks, rows, horizon, 2});
  rollouts.reward = random.normal({tasks, rows, horizon});
  rollouts.terminated = random.uniform({tasks, rows, horizon}, 0, 1) < 0.05;
  rollouts.truncated = random.uniform({tasks, rows, horizon}, 0, 1) < 0.05;
  rollouts.truncated.select(2, horizon - 1).fill_(true);
  rollouts.truncated.logical_and_(rollouts.terminated.logical_not());
  rollouts.time = torch::zeros({tasks, rows, horizon});
  for (int64_t t = 1; t < horizon; ++t) {
    const Tensor ended = rollouts.terminated.select(2, t - 1) | rollouts.truncated.select(2, t - 1);
    rollouts.time.select(2, t).copy_(
        torch::where(ended, torch::zeros({}), rollouts.time.select(2, t - 1) + 1));
  }
  return rollouts;
}

/// One task of a batch, without padding.
inline PolicyBatch rows_of_task(const PolicyBatch& batch, int64_t task) {
  const int64_t rows = batch.count.defined() ? batch.count[task].item<int64_t>() : batch.rows();
  const auto own = [&](const Tensor& field) {
    return field.narrow(0, task, 1).narrow(1, 0, rows).contiguous();
  };
  return {own(batch.observation), own(batch.action), own(batch.advantage)};
}

inline PolicyBatch to_double(const PolicyBatch& batch) {
  return {batch.observation.to(torch::kFloat64), batch.action.to(torch::kFloat64),
          batch.advantage.to(torch::kFloat64), batch.count};
}
inline OldPolicy to_double(const OldPolicy& old) {
  return {old.mean.to(torch::kFloat64), old.log_std.to(torch::kFloat64),
          old.log_prob.to(torch::kFloat64)};
}

/// |a - b| / |b| in the Euclidean norm, in double precision.
inline double relative_error(const Tensor& a, const Tensor& b) {
  const Tensor x = a.to(torch::kFloat64), y = b.to(torch::kFloat64);
  return ((x - y).norm() / (y.norm() + 1e-30)).item<double>();
}

}  // namespace reverie::testing
