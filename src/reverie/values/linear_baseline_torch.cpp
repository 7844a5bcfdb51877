#include <reverie/values/linear_baseline_torch.h>

#include <reverie/core/error.h>
#include <reverie/values/advantage.h>

namespace reverie {
namespace {

/// phi [tasks, n, 2 o + 4] float64 of observations [tasks, …, o] and times [tasks, …].
Tensor features(const Tensor& observation, const Tensor& time) {
  const auto o = observation.flatten(1, -2).to(torch::kFloat64).clamp(-10, 10);
  const auto t = time.flatten(1).to(torch::kFloat64).unsqueeze(-1) / 100;
  return torch::cat({o, o.square(), t, t.pow(2), t.pow(3), torch::ones_like(t)}, -1);
}

/// The rows of phi, y and the like [tasks, n, …] that count; the others become 0.
Tensor counted_rows(const Rollouts& rollouts, const Tensor& rows) {
  if (!rollouts.counted.defined()) return rows;
  return rows.masked_fill(rollouts.counted.flatten(1).logical_not().unsqueeze(-1), 0);
}

/// Solves (A + ridge I) w = b for each task, A [tasks, f, f] and b [tasks, f, 1], by `solver`,
/// which gives w and whether each is sound [tasks]. Where it isn't, the ridge grows tenfold, up to
/// `attempts` times.
template <class Solver>
Tensor solve_with_ridge(const Tensor& a, const Tensor& b, double ridge, int attempts,
                        const Solver& solver) {
  const int64_t tasks = a.size(0);
  for (int64_t task = 0; task < tasks; ++task)
    require_finite(
        b[task], fmt::format("the observations or returns of task {} given to the baseline", task));
  auto weights = torch::zeros_like(b);
  auto solved = torch::zeros({tasks, 1, 1}, b.options().dtype(torch::kBool));
  const auto unit = torch::eye(a.size(1), a.options());
  for (int attempt = 0; attempt <= attempts; ++attempt, ridge *= 10.0) {
    const auto [w, sound] = solver(a + ridge * unit);
    const auto good = sound.view({tasks, 1, 1}) & torch::isfinite(w).all(1, true);
    weights = torch::where(good & solved.logical_not(), w, weights);
    solved = solved | good;
    if (solved.all().template item<bool>()) return weights.squeeze(-1);
  }
  const int64_t task = solved.flatten().to(torch::kInt64).argmin().template item<int64_t>();
  throw NonFiniteError(fmt::format("the baseline of task {} has no solution", task));
}

}  // namespace

Tensor baseline_weights_torch(const Rollouts& rollouts, const Tensor& returns,
                              double regularisation) {
  const torch::NoGradGuard no_grad;
  const auto phi = counted_rows(rollouts, features(rollouts.observation, rollouts.time));
  const auto y = counted_rows(rollouts, returns.to(phi.options()).flatten(1).unsqueeze(-1));
  const auto turned = phi.transpose(1, 2), b = torch::bmm(turned, y);
  return solve_with_ridge(torch::bmm(turned, phi), b, regularisation, 5, [&](const Tensor& a) {
    const auto [lower, info] = torch::linalg_cholesky_ex(a);
    return std::pair{torch::cholesky_solve(b, lower), info.eq(0)};
  });
}

Tensor baseline_weights_beyond(const Rollouts& rollouts, const Tensor& returns, double discount,
                               double regularisation) {
  const torch::NoGradGuard no_grad;
  const int64_t tasks = rollouts.tasks(), rows = rollouts.rows(), horizon = rollouts.horizon();
  const int64_t o = rollouts.observation.size(-1), f = 2 * o + 1;
  // What tells of the state alone: o, o^2 and 1.
  const auto of_state = [&](const Tensor& observation) {
    const auto phi = features(observation, rollouts.time);
    return torch::cat({phi.slice(2, 0, 2 * o), phi.slice(2, 2 * o + 3)}, 2);
  };
  // gamma^k phi of the state in which a step's episode is left after k steps, 0 where it
  // terminates: the return, with no reward but phi beyond, of f rows for each.
  Rollouts beyond;
  const auto by_feature = [&](const Tensor& field) {
    return field.unsqueeze(1).expand({tasks, f, rows, horizon}).flatten(1, 2);
  };
  beyond.reward = torch::zeros({tasks, f * rows, horizon}, rollouts.reward.options());
  beyond.terminated = by_feature(rollouts.terminated);
  beyond.truncated = by_feature(rollouts.truncated);
  const auto left = of_state(rollouts.next_observation).view({tasks, rows, horizon, f});
  const auto carried =
      discounted_returns(beyond, discount, left.permute({0, 3, 1, 2}).flatten(1, 2));
  const auto z = carried.to(torch::kFloat64).view({tasks, f, rows * horizon}).transpose(1, 2);

  const auto phi = counted_rows(rollouts, of_state(rollouts.observation));
  const auto y = counted_rows(rollouts, returns.to(phi.options()).flatten(1).unsqueeze(-1));
  const auto turned = phi.transpose(1, 2), b = torch::bmm(turned, y);
  const auto a = torch::bmm(turned, phi - counted_rows(rollouts, z));
  // A may be of any sign, and with the ridge close to singular: where values grow by 1 / gamma a
  // step. But no sum of discounted rewards is larger than this, and a ridge that grows takes the
  // values to 0.
  const auto paid = counted_rows(rollouts, rollouts.reward.flatten(1).unsqueeze(-1));
  const auto largest = 2 * paid.abs().amax({1, 2}).to(phi.options()) / (1 - discount) + 1e-6;
  const auto states = torch::cat({phi, counted_rows(rollouts, left.flatten(1, 2))}, 1);
  const auto w = solve_with_ridge(a, b, regularisation, 15, [&](const Tensor& held) {
    const auto [found, info] = torch::linalg_solve_ex(held, b);
    const auto values = torch::bmm(states, found).squeeze(-1);  // 0 where they don't count
    const auto number = states.select(2, 2 * o).sum(1);         // of the constant feature
    const auto size = (values.square().sum(1) / number).sqrt();
    return std::pair{found, info.eq(0) & (size <= largest)};
  });
  auto weights = torch::zeros({tasks, 2 * o + 4}, w.options());
  weights.slice(1, 0, 2 * o).copy_(w.slice(1, 0, 2 * o));
  weights.slice(1, 2 * o + 3).copy_(w.slice(1, 2 * o));
  return weights;
}

Tensor baseline_values_torch(const Tensor& weights, const Tensor& observation, const Tensor& time) {
  const torch::NoGradGuard no_grad;
  const auto phi = features(observation, time);
  return torch::bmm(phi, weights.to(phi.device()).unsqueeze(-1)).view_as(time).to(torch::kFloat32);
}

}  // namespace reverie
