#include <reverie/models/objectives/vagram.h>

#include <reverie/core/archive.h>
#include <reverie/models/objectives/likelihood.h>

namespace reverie {
namespace {

/// The rows `index` [...] of `from` [N, ...]: [..., ...].
Tensor rows(const Tensor& from, const Tensor& index) {
  std::vector<int64_t> sizes = index.sizes().vec();
  sizes.insert(sizes.end(), from.sizes().begin() + 1, from.sizes().end());
  return from.index_select(0, index.flatten()).view(sizes);
}

/// Vectors [K, n, o], those longer than the quantile of their head's lengths cut to it.
Tensor clipped(const Tensor& vectors, double quantile) {
  const Tensor length = vectors.norm(2, -1, /*keepdim=*/true);
  const auto place = static_cast<int64_t>(quantile * static_cast<double>(length.size(1) - 1));
  const Tensor most = std::get<0>(length.sort(1)).narrow(1, place, 1);
  return vectors * (most / length.clamp_min(1e-12)).clamp_max(1);
}

}  // namespace

std::vector<std::string> setting_names(VagramForm) {
  return {"bounded", "unbounded"};
}

void VagramConfig::describe(Settings& settings) {
  settings.add(
      "form", form,
      "each dimension's squared error, weighted by the value's squared gradient (bounded), "
      "or the square of the error along it (unbounded)");
  settings.add("quantile", quantile,
               "of the lengths of the value's gradients: longer ones are cut to it", between(0, 1));
  settings.add("plain_fits", plain_fits, "first fits to which the plain squared error is added",
               at_least(0));
}

void Vagram::prepare(const FitContext& context) {
  const torch::NoGradGuard no_grad;
  value_.prepare(context, true);
  const Tensor gradients = value_.gradients(context.data.next_observation);
  require_finite(gradients, "the gradients of the value, by which objective.kind = vagram weighs");
  weigh(context, clipped(gradients, config_.quantile));
  ++fits_;
}

/// Gradients are [K, n, o], per unit of the state.
void Vagram::weigh(const FitContext& context, const Tensor& gradients) {
  const Tensor& unit = context.model.target_normaliser().std();
  const int64_t o = context.model.observation_size(), n = gradients.size(1);
  const Tensor slopes = gradients * unit.slice(0, 0, o);
  squares_ = unit.square().expand({n, unit.size(0)}).clone();  // the plain squared error
  Tensor of_state = squares_.narrow(1, 0, o);
  if (fits_ >= config_.plain_fits) of_state.zero_();
  directions_ = Tensor();
  if (config_.form == VagramForm::bounded)
    of_state += static_cast<double>(o) * slopes.square().mean(0);
  else
    directions_ = slopes.transpose(0, 1).contiguous();
}

Tensor Vagram::losses(const Prediction& prediction, const Tensor& target,
                      const Tensor& index) const {
  const Tensor error = prediction.mean - target;
  Tensor each = (rows(squares_, index) * error.square()).sum(-1);
  if (directions_.defined()) {
    const Tensor of_state = error.narrow(-1, 0, directions_.size(2)).unsqueeze(-2);
    each = each + (rows(directions_, index) * of_state).sum(-1).square().mean(-1);
  }
  return each.mean(-1) + variance_loss(prediction, target);
}

void Vagram::serialize(Archive& archive) {
  archive("value", value_);
  archive.count("fits", fits_);
}

}  // namespace reverie
