#include <reverie/core/error.h>
#include <reverie/policies/advantage_torch.h>

namespace reverie {
namespace {

/// phi [tasks, n, 2 o + 4] float64 of observations [tasks, …, o] and times [tasks, …].
Tensor features(const Tensor& observation, const Tensor& time) {
  const auto o = observation.flatten(1, -2).to(torch::kFloat64).clamp(-10, 10);
  const auto t = time.flatten(1).to(torch::kFloat64).unsqueeze(-1) / 100;
  return torch::cat({o, o.square(), t, t.pow(2), t.pow(3), torch::ones_like(t)}, -1);
}

}  // namespace

Tensor generalized_advantages_torch(const Rollouts& rollouts, const Tensor& values, double discount,
                                    double lambda, const Tensor& bootstrap) {
  const torch::NoGradGuard no_grad;
  const int64_t horizon = rollouts.horizon();
  const auto reward = rollouts.reward.to(torch::kFloat64);
  const auto value = values.defined() ? values.to(reward.options()) : torch::zeros_like(reward);
  auto ends = rollouts.terminated | rollouts.truncated;
  ends.select(2, horizon - 1).fill_(true);
  auto beyond = torch::zeros_like(reward);
  if (bootstrap.defined())
    beyond = torch::where(rollouts.terminated, beyond, bootstrap.to(reward.options()));
  const auto next_value = torch::where(ends, beyond, value.roll(-1, 2));

  // A_t = delta_t + c_t A_{t+1}, with c_t = 0 where an episode ends. Instead of `horizon` steps
  // backwards, log2(horizon) doublings: after one of length d, A_t = sum_t + factor_t A_{t+d},
  // where sum and factor cover d steps.
  auto sum = reward + discount * next_value - value;
  auto factor = discount * lambda * ends.logical_not().to(torch::kFloat64);
  for (int64_t d = 1; d < horizon; d *= 2) {
    const auto later = [&](const Tensor& x) {
      return torch::constant_pad_nd(x.slice(2, d), {0, d}, 0);
    };
    sum = sum + factor * later(sum);
    factor = factor * later(factor);
  }
  return sum.to(torch::kFloat32);
}

Tensor normalized_torch(const Tensor& advantages) {
  const auto x = advantages.detach().to(torch::kFloat64).flatten(1);
  const auto centred = x - x.mean(1, true);
  const auto deviation = centred.square().mean(1, true).sqrt();
  return (centred / (deviation + 1e-8)).view_as(advantages).to(torch::kFloat32);
}

Tensor baseline_weights_torch(const Rollouts& rollouts, const Tensor& returns,
                              double regularisation) {
  const torch::NoGradGuard no_grad;
  const int64_t tasks = rollouts.tasks();
  const auto phi = features(rollouts.observation, rollouts.time), turned = phi.transpose(1, 2);
  const auto y = returns.to(phi.options()).flatten(1).unsqueeze(-1);
  const auto a = torch::bmm(turned, phi),
             b = torch::bmm(turned, y);  // [tasks, f, f], [tasks, f, 1]
  for (int64_t task = 0; task < tasks; ++task)
    require_finite(
        b[task], fmt::format("the observations or returns of task {} given to the baseline", task));
  auto weights = torch::zeros_like(b);
  auto solved = torch::zeros({tasks, 1, 1}, b.options().dtype(torch::kBool));
  const auto unit = torch::eye(a.size(1), a.options());
  double ridge = regularisation;
  for (int attempt = 0; attempt <= 5; ++attempt, ridge *= 10.0) {
    const auto [lower, info] = torch::linalg_cholesky_ex(a + ridge * unit);
    const auto w = torch::cholesky_solve(b, lower);
    const auto good = info.eq(0).view({tasks, 1, 1}) & torch::isfinite(w).all(1, true);
    weights = torch::where(good & solved.logical_not(), w, weights);
    solved = solved | good;
    if (solved.all().item<bool>()) return weights.squeeze(-1);
  }
  const int64_t task = solved.flatten().to(torch::kInt64).argmin().item<int64_t>();
  throw NonFiniteError(fmt::format("the baseline of task {} has no solution", task));
}

Tensor baseline_values_torch(const Tensor& weights, const Tensor& observation, const Tensor& time) {
  const torch::NoGradGuard no_grad;
  const auto phi = features(observation, time);
  return torch::bmm(phi, weights.to(phi.device()).unsqueeze(-1)).view_as(time).to(torch::kFloat32);
}

}  // namespace reverie
