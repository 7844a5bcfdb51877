// A linear system with a quadratic cost, whose best policy is known: a task for tests.
#pragma once

#include <reverie/data/transitions.h>
#include <reverie/policies/policy_calculus.h>
#include <reverie/values/advantage.h>

namespace reverie::testing {

/// A mass on a line, pushed towards 0: x' = A x + B u, cost x^T x + 0.1 u^2, from x ~ N(0, I).
class LinearQuadratic {
 public:
  static constexpr int64_t horizon = 30;

  /// One policy's rollouts, as one task; `noise` = false takes the policy's mean.
  Rollouts rollouts(const GaussianPolicy& policy, const Tensor& start, RandomStream& random,
                    bool noise = true) const {
    torch::NoGradGuard no_grad;
    const int64_t rows = start.size(0);
    std::vector<Tensor> observations, actions, rewards;
    Tensor x = start;
    for (int64_t t = 0; t < horizon; ++t) {
      const Gaussian now = policy.distribution(x);
      const Tensor u = noise ? now.sample(random) : now.mean;
      observations.push_back(x);
      actions.push_back(u);
      rewards.push_back(-(x.square().sum(1) + 0.1 * u.square().sum(1)));
      x = torch::mm(x, a_.t()) + torch::mm(u, b_.t());
    }
    Rollouts result;
    result.observation = torch::stack(observations, 1).unsqueeze(0);
    result.action = torch::stack(actions, 1).unsqueeze(0);
    result.reward = torch::stack(rewards, 1).unsqueeze(0);
    result.terminated = torch::zeros({1, rows, horizon}, torch::kBool);
    result.truncated = torch::zeros({1, rows, horizon}, torch::kBool);
    result.truncated.select(2, horizon - 1).fill_(true);
    result.time = torch::arange(horizon).to(torch::kFloat32).expand({1, rows, horizon});
    return result;
  }

  /// The samples of one improvement step.
  PolicyBatch sample(const GaussianPolicy& policy, int64_t rows, RandomStream& random) const {
    const Rollouts taken = rollouts(policy, random.normal({rows, 2}), random);
    LinearFeatureBaseline baseline;
    return policy_batch(taken, advantages(taken, {1.0, 0.98, false}, baseline));
  }

  /// Mean cost of the policy's mean action over many starts, relative to the best controller's.
  double cost_over_optimum(const GaussianPolicy& policy) const {
    RandomStream random(99, "starts");
    const Tensor start = random.normal({500, 2});
    const double cost = -rollouts(policy, start, random, false).reward.sum(2).mean().item<double>();
    const Tensor p = riccati();
    const double best = (torch::mm(start, p) * start).sum(1).mean().item<double>();
    return cost / best;
  }

 private:
  /// The cost-to-go x^T P x of the best controller, by backward recursion from the last step.
  Tensor riccati() const {
    Tensor p = torch::zeros({2, 2});
    const auto mm = [](const Tensor& x, const Tensor& y) { return torch::mm(x, y); };
    for (int64_t t = 0; t < horizon; ++t) {
      const Tensor curvature = 0.1 + mm(mm(b_.t(), p), b_);  // 1 x 1
      const Tensor gain = mm(mm(b_.t(), p), a_) / curvature;
      p = torch::eye(2) + mm(mm(a_.t(), p), a_) - mm(gain.t(), gain) * curvature;
    }
    return p;
  }

  Tensor a_ = torch::tensor({{1.0f, 0.3f}, {0.0f, 0.9f}});
  Tensor b_ = torch::tensor({{0.0f}, {0.5f}});
};

}  // namespace reverie::testing
