// The critic's step by the CPU kernels.
#include <reverie/core/error.h>
#include <reverie/values/q_critic.h>

#include <cmath>

namespace reverie {

void join_rows(const Tensor& observation, const float* action, int64_t actions,
               std::vector<float>& input) {
  const int64_t n = observation.size(0), o = observation.size(1);
  const Tensor rows = observation.contiguous();
  const float* from = rows.data_ptr<float>();
  input.resize(static_cast<size_t>(n * (o + actions)));
  float* to = input.data();
  for (int64_t i = 0; i < n; ++i, to += o + actions) {
    std::copy_n(from + i * o, o, to);
    if (action != nullptr) std::copy_n(action + i * actions, actions, to + o);
  }
}

QCritic::Report QCritic::fit_kernels(const Tensor& observation, const Tensor& action,
                                     const Tensor& target, bool follow) {
  const int64_t n = observation.size(0), k = members();
  const Tensor actions = action.contiguous(), targets = target.contiguous();
  const float* y = targets.data_ptr<float>();
  join_rows(observation, actions.data_ptr<float>(), action.size(1), input_);
  auto& passes = begin(weights_, n);
  const kernels::RowBlocks blocks(n);
  struct Sums {
    double squares = 0, values = 0;
  };
  std::vector<Sums> sums(static_cast<size_t>(k * blocks.count));
  kernels::run_units(shape_, n, k * blocks.count, [&](int64_t unit) {
    auto& pass = *passes[static_cast<size_t>(unit % k)];
    const int64_t first = blocks.first(unit / k), count = blocks.size(unit / k);
    pass.forward_rows(input_.data(), first, count);
    Sums own;
    for (int64_t i = first; i < first + count; ++i) {
      const float value = pass.output()[i], error = value - y[i];
      own.squares += static_cast<double>(error) * error;
      own.values += value;
      pass.output_gradient()[i] = error / static_cast<float>(n);
    }
    sums[static_cast<size_t>(unit)] = own;
    pass.backward_rows(first, count);
  });
  Report report;
  for (const Sums& own : sums) {
    report.loss += 0.5 * own.squares / static_cast<double>(n * k);
    report.q += own.values / static_cast<double>(n * k);
  }
  if (!std::isfinite(report.loss)) throw NonFiniteError("NaN or infinity in the critic's loss");
  adam_.begin_step();
  const int64_t e = shape_.effective_count();
  kernels::run_units(shape_, n, k * passes.front()->pieces(), [&](int64_t unit) {
    passes[static_cast<size_t>(unit % k)]->step_piece(
        unit / k, input_.data(), adam_.block(weights_, unit % k), adam_.steps(), adam_.rates(),
        follow ? target_.data_ptr<float>() + unit % k * e : nullptr,
        static_cast<float>(target_rate_));
  });
  return report;
}

}  // namespace reverie
