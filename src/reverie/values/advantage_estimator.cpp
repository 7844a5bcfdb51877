#include <reverie/values/advantage_estimator.h>

#include <reverie/core/archive.h>

#include <cmath>

namespace reverie {

std::vector<std::string> setting_names(Baseline) {
  return {"linear", "network"};
}

void EstimatorConfig::describe(Settings& settings) {
  AdvantageConfig::describe(settings);
  settings.add("baseline", baseline,
               "what advantages are measured against: linear features fitted to the same "
               "rollouts, or a network that learns from rollout to rollout");
  settings.add("worst", worst,
               "fraction of the rollouts that the policy learns from, those of the lowest return "
               "(EPOpt's epsilon); 1: all",
               between(0.01, 1));
  settings.group("value", value);
}

AdvantageEstimator::AdvantageEstimator(const EstimatorConfig& config, int64_t observation_size,
                                       RandomStream random, torch::Device device)
    : config_(config) {
  config_.check();
  if (config_.baseline == Baseline::network)
    network_.emplace(observation_size + (config_.bootstrap ? 0 : 1), config_.value, random, device);
}

PolicyBatch AdvantageEstimator::operator()(Rollouts rollouts) {
  Tensor estimates;
  if (network_) {
    estimates = by_network(rollouts);
  } else {
    LinearFeatureBaseline baseline;
    estimates = unscaled_advantages(rollouts, config_, baseline);
  }
  if (config_.worst < 1) keep_worst(rollouts, config_.worst);
  return policy_batch(rollouts, normalized(estimates, rollouts.counted));
}

Tensor AdvantageEstimator::inputs(const Tensor& observation, const Tensor& time) const {
  if (config_.bootstrap) return observation;
  return torch::cat({observation, (time / 100).unsqueeze(-1)}, -1);
}

Tensor AdvantageEstimator::by_network(const Rollouts& rollouts) {
  Tensor beyond;
  if (config_.bootstrap)
    beyond = network_->predict(inputs(rollouts.next_observation, rollouts.time));
  const Tensor x = inputs(rollouts.observation, rollouts.time);
  const Tensor estimates = generalized_advantages(rollouts, network_->predict(x), config_.discount,
                                                  config_.gae_lambda, beyond);
  const Tensor returns = discounted_returns(rollouts, config_.discount, beyond);
  Tensor rows = x.flatten(0, 2), targets = returns.flatten();
  if (rollouts.counted.defined()) {
    const Tensor kept = rollouts.counted.flatten().nonzero().squeeze(1);
    rows = rows.index_select(0, kept);
    targets = targets.index_select(0, kept);
  }
  network_->fit(rows, targets);
  return estimates;
}

void AdvantageEstimator::serialize(Archive& archive) {
  if (network_) archive("network", *network_);
}

void keep_worst(Rollouts& rollouts, double fraction) {
  const Tensor returns = first_returns(rollouts);
  const auto kept =
      static_cast<int64_t>(std::ceil(fraction * static_cast<double>(rollouts.rows()) - 1e-9));
  const auto order = [](const Tensor& numbers) {
    return std::get<1>(numbers.sort(/*stable=*/true, /*dim=*/1, /*descending=*/false));
  };
  const Tensor rank = order(order(returns));
  const Tensor chosen = (rank < kept).unsqueeze(2).expand_as(rollouts.terminated);
  rollouts.counted = rollouts.counted.defined() ? rollouts.counted & chosen : chosen.contiguous();
}

}  // namespace reverie
