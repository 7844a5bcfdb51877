#include <reverie/improvers/pathwise_value.h>

#include <cmath>

namespace reverie {
namespace {

/// Returns each row's successor by an elite of its own, drawn so that all have as many rows, or
/// almost.
DynamicsModel::Successor dealt_prediction(const DynamicsModel& model, const Tensor& observation,
                                          const Tensor& action, RandomStream& random) {
  const auto& elites = model.elites();
  const int64_t n = observation.size(0), count = static_cast<int64_t>(elites.size());
  const int64_t seats = (n + count - 1) / count;
  const Tensor order = random.permutation(n);
  // Seats that stay empty take row 0, and are not asked.
  Tensor row = torch::zeros({model.members() * seats}, torch::kInt64),
         seat = torch::empty_like(order);
  const auto ordered = order.accessor<int64_t, 1>();
  auto rows = row.accessor<int64_t, 1>(), seat_of = seat.accessor<int64_t, 1>();
  for (int64_t i = 0; i < n; ++i) {
    const int64_t at = elites[static_cast<size_t>(i / seats)] * seats + i % seats;
    rows[at] = ordered[i];
    seat_of[ordered[i]] = at;
  }
  row = row.to(observation.device());
  seat = seat.to(observation.device());
  const auto by_member = [&](const Tensor& x) {
    return x.index_select(0, row).view({model.members(), seats, -1});
  };
  const auto by_row = [&](const Tensor& x) {
    return x.defined() ? x.flatten(0, 1).index_select(0, seat) : x;
  };
  const auto next = model.predict(by_member(observation), by_member(action));
  return {by_row(next.observation), by_row(next.reward), by_row(next.end)};
}

}  // namespace

Tensor pathwise_value(const Task& task, const DynamicsModel& model,
                      const SquashedGaussianPolicy& policy, const Critic& critic,
                      const Tensor& parameters, const Tensor& observation, const Draw& first,
                      const PathwiseValueConfig& config, double discount, double temperature,
                      RandomStream& random) {
  Tensor state = observation, action = first.action;
  Tensor alive = torch::ones({state.size(0)}, state.options()), value = torch::zeros_like(alive);
  for (int64_t t = 0; t < config.horizon; ++t) {
    const auto next = dealt_prediction(model, state, action, random);
    const Tensor reward =
        next.reward.defined() ? next.reward : task.reward(state, action, next.observation);
    value = value + std::pow(discount, static_cast<double>(t)) * alive * reward;
    {
      const torch::NoGradGuard no_grad;
      Tensor over = torch::zeros_like(alive, torch::kBool);
      if (task.terminates()) over = task.terminated(next.observation.detach());
      if (next.end.defined()) over = over | (next.end > DynamicsModel::end_threshold);
      alive = alive * over.logical_not();
    }
    state = next.observation;
    const Tensor noise = random.normal(action.sizes()).to(state.options());
    const Draw draw = policy.draw(parameters, state, noise);
    action = draw.action;
    if (config.soft)
      value = value - std::pow(discount, static_cast<double>(t + 1)) * temperature * alive *
                          draw.log_density;
  }
  const Tensor beyond = std::get<0>(critic.q(state, action).min(0));
  return value + std::pow(discount, static_cast<double>(config.horizon)) * alive * beyond;
}

}  // namespace reverie
