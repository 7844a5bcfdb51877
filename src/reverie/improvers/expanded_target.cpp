#include <reverie/improvers/expanded_target.h>

#include <cmath>

namespace reverie {

std::vector<std::string> setting_names(TargetKind) {
  return {"td", "mve", "steve", "lambda"};
}

void TargetConfig::describe(Settings& settings) {
  settings.add("kind", kind,
               "what the critic is fitted to: the reward and the next state's value (td), or what "
               "imagined steps of the policy bring and the value after the last (mve), after each, "
               "weighed by how certain it is (steve), or weighed by a power of lambda (lambda)");
  settings.add("horizon", horizon, "imagined steps of mve, steve and lambda", between(1, 100));
  settings.add("lambda", lambda, "of kind = lambda: how much less a longer target counts",
               between(0, 1));
}

Tensor candidate_targets(const Tensor& reward, const Expansion& expansion, double discount) {
  const int64_t horizon = expansion.reward.size(2);
  Tensor paid = reward;  // [M, n] from the first imagined step on
  std::vector<Tensor> candidates;
  for (int64_t h = 0; h <= horizon; ++h) {
    // Not products: beyond an end nothing need be finite.
    const Tensor over = expansion.reached.select(2, h) == 0;
    const double factor = std::pow(discount, static_cast<double>(h + 1));
    const Tensor value = expansion.value.select(3, h);
    candidates.push_back(paid.unsqueeze(-2) + factor * value.masked_fill(over.unsqueeze(1), 0));
    if (h < horizon) paid = paid + factor * expansion.reward.select(2, h).masked_fill(over, 0);
  }
  return torch::stack(candidates, 3);
}

Tensor combined(const Tensor& candidates, const TargetConfig& config) {
  const Tensor each = std::get<0>(candidates.min(1)).mean(0);  // [n, H + 1]
  const int64_t horizon = each.size(1) - 1;
  switch (config.kind) {
    case TargetKind::td:
      return each.select(1, 0);
    case TargetKind::mve:
      return each.select(1, horizon);
    case TargetKind::steve: {
      const Tensor weight = 1 / (candidates.flatten(0, 1).var(0, /*unbiased=*/false) + 1e-8);
      return (weight * each).sum(1) / weight.sum(1);
    }
    case TargetKind::lambda: {
      Tensor weight = torch::full({horizon + 1}, config.lambda, each.options());
      weight = weight.pow(torch::arange(horizon + 1, each.options()));
      weight.slice(0, 0, horizon).mul_(1 - config.lambda);
      return (weight * each).sum(1);
    }
  }
  return {};
}

ActorCritic::Target expanded_target(ActorCritic& learner, Imagination& imagination,
                                    const TargetConfig& config, double discount, int64_t models) {
  return [=, &learner, &imagination](const Transitions& batch) {
    const bool each = config.kind == TargetKind::steve;
    // From an end there is nothing to imagine; the row needs a state all the same.
    const Tensor from = torch::where(batch.terminated.unsqueeze(1), batch.observation,
                                     batch.next_observation)
                            .unsqueeze(0);  // [1, n, o]
    const int64_t groups = each ? models : 1, n = from.size(1), o = from.size(2);
    const Rollouts ahead =
        imagination.branch(learner.policy(), from.expand({groups, n, o}).contiguous(),
                           config.horizon, each ? Members::fixed : Members::step);
    Expansion expansion;
    expansion.reward = ahead.reward;
    const Tensor going = batch.terminated.logical_not().expand({groups, n}).unsqueeze(2);
    const Tensor goes_on = (going & ahead.terminated.logical_not()).to(torch::kInt64);
    expansion.reached =
        torch::cat({going.to(ahead.reward), goes_on.cumprod(2).to(ahead.reward)}, 2);
    const Tensor states =
        torch::cat({from.expand({groups, n, o}).unsqueeze(2), ahead.next_observation}, 2);
    expansion.value = learner.values(states.flatten(0, 2))
                          .view({-1, groups, n, config.horizon + 1})
                          .transpose(0, 1);
    return combined(candidate_targets(batch.reward, expansion, discount), config);
  };
}

}  // namespace reverie
