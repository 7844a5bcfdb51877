#include <reverie/nn/adam_torch.h>

namespace reverie {

Tensor index_of(const std::vector<int64_t>& rows, const Tensor& tensor) {
  bool all = static_cast<int64_t>(rows.size()) == tensor.size(0);
  for (size_t i = 0; i < rows.size(); ++i) all = all && rows[i] == static_cast<int64_t>(i);
  return all ? Tensor() : torch::tensor(rows, torch::kInt64).to(tensor.device());
}

void RowAdam::step(const std::vector<int64_t>& rows, const Tensor& gradient,
                   const kernels::AdamRates& rates) {
  const torch::NoGradGuard no_grad;
  std::vector<int64_t> sizes(static_cast<size_t>(gradient.dim()), 1);
  sizes[0] = static_cast<int64_t>(rows.size());
  auto scale = torch::empty(sizes), root = torch::empty(sizes);
  for (size_t i = 0; i < rows.size(); ++i) {
    const auto count = static_cast<double>(++steps.data_ptr<int64_t>()[rows[i]]);
    const auto correction1 = 1.0f - static_cast<float>(std::pow(rates.beta1, count));
    const auto correction2 = 1.0f - static_cast<float>(std::pow(rates.beta2, count));
    scale.data_ptr<float>()[i] = rates.learning_rate / correction1;
    root.data_ptr<float>()[i] = 1.0f / std::sqrt(correction2);
  }
  scale = scale.to(gradient.device());
  root = root.to(gradient.device());

  // Where all rows move these are the tensors themselves, changed in place.
  const Tensor index = index_of(rows, parameters);
  Tensor at = pick(parameters, index);
  Tensor first = pick(first_moment, index), second = pick(second_moment, index);
  first.mul_(rates.beta1).add_(gradient, 1.0f - rates.beta1);
  second.mul_(rates.beta2).addcmul_(gradient, gradient, 1.0f - rates.beta2);
  at.sub_(scale * first / (second.sqrt() * root + rates.epsilon));
  if (!index.defined()) return;
  parameters.index_copy_(0, index, at);
  first_moment.index_copy_(0, index, first);
  second_moment.index_copy_(0, index, second);
}

}  // namespace reverie
