#include <reverie/models/objectives/objective_value.h>

#include <reverie/core/archive.h>
#include <reverie/core/error.h>
#include <reverie/core/monitor.h>
#include <reverie/models/objectives/objective.h>
#include <reverie/models/objectives/row_blocks.h>
#include <reverie/policies/policy.h>
#include <reverie/values/critic.h>

namespace reverie {
namespace {

/// The newest rows, at most `count`.
Transitions newest(const Transitions& data, int64_t count) {
  const int64_t first = std::max<int64_t>(data.size() - count, 0);
  const auto part = [&](const Tensor& field) { return field.slice(0, first); };
  return {part(data.observation),      part(data.action),     part(data.reward),
          part(data.next_observation), part(data.terminated), part(data.truncated)};
}

}  // namespace

ObjectiveValue::ObjectiveValue(int64_t observation_size, const EvaluationConfig& config,
                               double discount, RandomStream random, torch::Device device)
    : window_(config.window), own_(observation_size, config, discount, random, device) {}

void ObjectiveValue::prepare(const FitContext& context, bool refit) {
  critic_ = context.critic;
  policy_ = context.policy;
  if (critic_ && !policy_)
    throw UsageError(
        "objective.kind = vagram or model_advantage: the fit has a critic but no policy, so that "
        "its states have no value");
  if (critic_ || (fitted_ && !refit)) return;
  const Transitions data = newest(context.data, window_);
  context.monitor.record("objective/value_error", own_.fit(data, torch::ones_like(data.reward)));
  fitted_ = true;
}

Tensor ObjectiveValue::action(const Tensor& state) const {
  return critic_ ? policy_->act(policy_->parameters(), state, {}) : Tensor();
}

Tensor ObjectiveValue::values(const Tensor& state, const Tensor& action) const {
  return critic_ ? critic_->q(state, action) : own_.value(state).unsqueeze(0);
}

Tensor ObjectiveValue::operator()(const Tensor& state) const {
  return values(state, action(state));
}

Tensor ObjectiveValue::gradients(const Tensor& state) const {
  const auto by_rows = by_row_blocks(
      state.size(0), kEvaluatedRows, state.device(), [&](int64_t first, int64_t count) {
        const torch::AutoGradMode differentiates(true);
        const Tensor leaf = state.narrow(0, first, count).detach().clone().requires_grad_();
        const Tensor heads = values(leaf, critic_ ? action(leaf).detach() : Tensor());
        std::vector<Tensor> each;
        for (int64_t k = 0; k < heads.size(0); ++k)
          each.push_back(
              torch::autograd::grad({heads[k].sum()}, {leaf}, {}, /*retain_graph=*/true)[0]);
        return torch::stack(each, 1);
      });
  return by_rows.transpose(0, 1).contiguous();
}

void ObjectiveValue::serialize(Archive& archive) {
  archive("own", own_);
  archive("fitted", fitted_);
}

}  // namespace reverie
