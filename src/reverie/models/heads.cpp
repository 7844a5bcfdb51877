#include <reverie/models/heads.h>

#include <numbers>

namespace reverie {
namespace {

/// `values` [..., d] with `instead` in column `at`, which may be -1: none.
Tensor with_column(const Tensor& values, int64_t at, const Tensor& instead, int64_t dim) {
  if (at < 0) return values;
  const int64_t behind = values.size(dim) - at - 1;
  return torch::cat({values.narrow(dim, 0, at), instead, values.narrow(dim, at + 1, behind)}, dim);
}

Tensor at_column(const Tensor& values, int64_t at, int64_t dim) {
  return values.narrow(dim, at, 1);
}

}  // namespace

std::vector<std::string> setting_names(Head) {
  return {"deterministic", "gaussian", "mixture"};
}

Prediction Prediction::each(const std::function<Tensor(const Tensor&)>& f) const {
  const auto of = [&](const Tensor& field) { return field.defined() ? f(field) : field; };
  return {of(mean),
          of(log_variance),
          {of(components.mean), of(components.variance), of(components.log_weight)}};
}

Prediction Prediction::member(int64_t i) const {
  return each([i](const Tensor& field) { return field[i]; });
}

int64_t HeadShape::outputs() const {
  const int64_t parts = head == Head::deterministic ? 1 : head == Head::gaussian ? 2 : 3;
  return parts * means();
}

Tensor HeadShape::first_bounds(int64_t members) const {
  if (head == Head::deterministic) return {};
  if (head == Head::mixture) return torch::zeros({members, 1, 1});
  return torch::tensor({-10.0f, 0.5f}).view({1, 2, 1}).repeat({members, 1, targets});
}

Prediction HeadShape::split(const Tensor& raw, const Tensor& bounds) const {
  if (head == Head::deterministic) return {raw, {}};
  if (head == Head::gaussian) return gaussian(raw, bounds);
  Prediction said;
  said.components = mixture(raw, bounds);
  const auto& [mean, variance, log_weight] = said.components;
  const auto weight = log_weight.exp();
  said.mean = (weight * mean).sum(-1);
  const auto spread = variance + (mean - said.mean.unsqueeze(-1)).square();
  said.log_variance = (weight * spread).sum(-1).log();
  return said;
}

Prediction HeadShape::gaussian(const Tensor& raw, const Tensor& bounds) const {
  const auto parts = raw.chunk(2, -1);
  const auto low = bounds.select(-2, 0), high = bounds.select(-2, 1);
  auto log_variance = high - torch::softplus(high - parts[1]);
  log_variance = low + torch::softplus(log_variance - low);
  if (end >= 0)
    log_variance =
        with_column(log_variance, end, torch::zeros_like(at_column(log_variance, end, -1)), -1);
  return {parts[0], log_variance};
}

MixtureComponents HeadShape::mixture(const Tensor& raw, const Tensor& bounds) const {
  const auto parts = raw.unflatten(-1, {3, targets, components});
  const auto mean = parts.select(-3, 0);
  const auto variance = torch::softplus(parts.select(-3, 1)) + torch::softplus(bounds);
  const auto log_weight = torch::log_softmax(parts.select(-3, 2), -1);
  if (end < 0) return {mean, variance, log_weight};
  // The first component's mean, in all of them, makes the likelihood a squared error.
  const auto first = at_column(mean, end, -2).narrow(-1, 0, 1).expand_as(at_column(mean, end, -2));
  const auto ones = torch::ones_like(at_column(variance, end, -2));
  return {with_column(mean, end, first, -2), with_column(variance, end, ones, -2),
          with_column(log_weight, end, torch::log_softmax(ones, -1), -2)};
}

Tensor HeadShape::mean(const Tensor& raw) const {
  if (head != Head::mixture) return raw.narrow(-1, 0, targets);
  const auto parts = raw.unflatten(-1, {3, targets, components});
  const auto weighed = (torch::softmax(parts.select(-3, 2), -1) * parts.select(-3, 0)).sum(-1);
  if (end < 0) return weighed;
  const auto first = at_column(parts.select(-3, 0).select(-1, 0), end, -1);
  return with_column(weighed, end, first, -1);
}

Tensor negative_log_likelihood(const MixtureComponents& components, const Tensor& target) {
  const auto& [mean, variance, log_weight] = components;
  const auto square = (target.unsqueeze(-1) - mean).square() / variance;
  const double constant = std::log(2 * std::numbers::pi);
  return -torch::logsumexp(log_weight - 0.5 * (square + variance.log() + constant), -1);
}

Tensor drawn(const Prediction& prediction, const Tensor& normal, const Tensor& uniform) {
  if (!prediction.components.defined())
    return torch::addcmul(prediction.mean, torch::exp(0.5 * prediction.log_variance), normal);
  const auto& [mean, variance, log_weight] = prediction.components;
  const auto below = log_weight.exp().cumsum(-1) < uniform.unsqueeze(-1);
  const auto chosen = below.sum(-1, /*keepdim=*/true).clamp_max(mean.size(-1) - 1);
  const auto of = [&](const Tensor& field) { return field.gather(-1, chosen).squeeze(-1); };
  return torch::addcmul(of(mean), of(variance).sqrt(), normal);
}

}  // namespace reverie
