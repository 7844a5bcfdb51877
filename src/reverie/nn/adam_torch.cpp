#include <reverie/nn/adam_torch.h>

namespace reverie {

Tensor adam_factors(const std::vector<int64_t>& done, int64_t steps,
                    const kernels::AdamRates& rates) {
  const auto m = static_cast<int64_t>(done.size());
  auto factors = torch::empty({steps, 2, m, 1});
  float* out = factors.data_ptr<float>();
  for (int64_t step = 1; step <= steps; ++step, out += 2 * m)
    for (int64_t i = 0; i < m; ++i) {
      const auto count = static_cast<double>(done[i] + step);
      const auto correction1 = 1.0f - static_cast<float>(std::pow(rates.beta1, count));
      const auto correction2 = 1.0f - static_cast<float>(std::pow(rates.beta2, count));
      out[i] = rates.learning_rate / correction1 * std::sqrt(correction2);
      out[m + i] = rates.epsilon * std::sqrt(correction2);
    }
  return factors;
}

void AdamRows::step(const Tensor& gradient, const Tensor& factors,
                    const kernels::AdamRates& rates) {
  const torch::NoGradGuard no_grad;
  first_moment.lerp_(gradient, 1.0f - rates.beta1);
  second_moment.mul_(rates.beta2).addcmul_(gradient, gradient, 1.0f - rates.beta2);
  const auto denominator = second_moment.sqrt().add_(factors[1]);
  parameters.addcdiv_(first_moment * factors[0], denominator, -1);
}

AdamRows AdamRows::clone() const {
  return {parameters.clone(), first_moment.clone(), second_moment.clone()};
}

void AdamRows::copy_from(const AdamRows& other) {
  parameters.copy_(other.parameters);
  first_moment.copy_(other.first_moment);
  second_moment.copy_(other.second_moment);
}

Tensor index_of(const std::vector<int64_t>& rows, const Tensor& tensor) {
  bool all = static_cast<int64_t>(rows.size()) == tensor.size(0);
  for (size_t i = 0; i < rows.size(); ++i) all = all && rows[i] == static_cast<int64_t>(i);
  return all ? Tensor() : torch::tensor(rows, torch::kInt64).to(tensor.device());
}

}  // namespace reverie
