#include <reverie/models/objectives/model_advantage.h>

#include <reverie/core/archive.h>
#include <reverie/models/objectives/likelihood.h>

namespace reverie {

std::vector<std::string> setting_names(AdvantageNorm) {
  return {"l1", "l2"};
}

void ModelAdvantageConfig::describe(Settings& settings) {
  settings.add("norm", norm, "the error of the value: its size (l1) or its square (l2)");
  settings.add("factor", factor,
               "of it in the loss, beside the squared error of what else is learned", at_least(0));
  settings.add("value_every", value_every,
               "fits between two of the objective's own value, where the agent has no critic",
               at_least(1));
  settings.add("plain", plain, "factor of the next state's squared error in the loss", at_least(0));
}

void ModelAdvantage::prepare(const FitContext& context) {
  const torch::NoGradGuard no_grad;
  value_.prepare(context, fits_ % config_.value_every == 0);
  observation_ = context.data.observation;
  model_ = &context.model;
  const Tensor ones = torch::ones_like(model_->target_normaliser().std());
  squares_ = ones / static_cast<double>(ones.size(0));
  squares_.slice(0, 0, observation_.size(1)) *= config_.plain;
  ++fits_;
}

/// V [...] at the states that normalised predictions [..., d] lead to from states [..., o].
Tensor ModelAdvantage::value_after(const Tensor& observation, const Tensor& prediction) const {
  const int64_t o = observation.size(-1);
  const Tensor next =
      model_->next_observation(observation, model_->target_normaliser().denormalise(prediction));
  return value_(next.reshape({-1, o})).mean(0).view(next.sizes().slice(0, next.dim() - 1));
}

Tensor ModelAdvantage::losses(const Prediction& prediction, const Tensor& target,
                              const Tensor& index) const {
  std::vector<int64_t> sizes = index.sizes().vec();
  sizes.push_back(observation_.size(1));
  const Tensor from = observation_.index_select(0, index.flatten()).view(sizes);
  const Tensor missed = value_after(from, prediction.mean) - value_after(from, target).detach();
  const Tensor size = config_.norm == AdvantageNorm::l1 ? missed.abs() : missed.square();
  const Tensor plain = (squares_ * (prediction.mean - target).square()).sum(-1);
  return (config_.factor * size + plain).mean(-1) + variance_loss(prediction, target);
}

void ModelAdvantage::serialize(Archive& archive) {
  archive("value", value_);
  archive.count("fits", fits_);
}

}  // namespace reverie
