#include <reverie/improvers/actor_step_kernels.h>

#include <reverie/core/error.h>

#include <cmath>

namespace reverie {
namespace {

const float* rows_of(const Tensor& noise, int64_t first) {
  return noise.defined() ? noise.data_ptr<float>() + first * noise.size(1) : nullptr;
}

/// Writes the actions of rows [first, first + count) behind their observations.
void put_actions(const float* action, int64_t first, int64_t count, int64_t o, int64_t a,
                 std::vector<float>& input) {
  for (int64_t i = first; i < first + count; ++i)
    std::copy_n(action + i * a, a, input.data() + i * (o + a) + o);
}

struct Sums {
  double value = 0, log_density = 0;
};

/// Writes to each judge's `output_gradient` that of the mean of -min_k Q_k.
Sums descend_least(std::vector<std::unique_ptr<kernels::TrainedPass>>& critics, int64_t judges,
                   int64_t first, int64_t count, int64_t n) {
  Sums sums;
  for (int64_t i = first; i < first + count; ++i) {
    int64_t least = 0;
    for (int64_t k = 1; k < judges; ++k)
      if (critics[static_cast<size_t>(k)]->output()[i] <
          critics[static_cast<size_t>(least)]->output()[i])
        least = k;
    for (int64_t k = 0; k < judges; ++k)
      critics[static_cast<size_t>(k)]->output_gradient()[i] =
          k == least ? -1.0f / static_cast<float>(n) : 0.0f;
    sums.value += critics[static_cast<size_t>(least)]->output()[i];
  }
  return sums;
}

}  // namespace

Tensor policy_values_kernels(const MlpShape& network, const Tensor& parameters,
                             const ActionHead& head, PolicyTraining& training, QCritic& critic,
                             const Tensor& observation, const Tensor& noise, double temperature) {
  const int64_t n = observation.size(0), o = observation.size(1), a = head.action_size();
  const Tensor seen = observation.contiguous(),
               drawn = noise.defined() ? noise.contiguous() : noise;
  const float* states = seen.data_ptr<float>();
  auto& policy = *training.passes.begin(network, 1, parameters.data_ptr<float>(), n).front();
  auto& critics = critic.begin(critic.target_weights(), n);
  join_rows(seen, nullptr, a, training.input);
  training.action.resize(static_cast<size_t>(n * a));
  training.log_density.resize(static_cast<size_t>(n));
  Tensor values = torch::empty({critic.members(), n});
  float* value = values.data_ptr<float>();
  const kernels::RowBlocks blocks(n);
  kernels::run_units(critic.shape(), n, blocks.count, [&](int64_t block) {
    const int64_t first = blocks.first(block), count = blocks.size(block);
    policy.forward_rows(states, first, count);
    float* density = temperature == 0 ? nullptr : training.log_density.data() + first;
    head.act(policy.output() + first * head.outputs(), count, rows_of(drawn, first),
             training.action.data() + first * a, density);
    put_actions(training.action.data(), first, count, o, a, training.input);
    for (int64_t k = 0; k < critic.members(); ++k) {
      auto& judge = *critics[static_cast<size_t>(k)];
      judge.forward_rows(training.input.data(), first, count);
      for (int64_t i = first; i < first + count; ++i) {
        value[k * n + i] = judge.output()[i];
        if (density != nullptr)
          value[k * n + i] -= static_cast<float>(temperature) * training.log_density[i];
      }
    }
  });
  return values;
}

ActorReport actor_step_kernels(PolicyNetwork& network, const ActionHead& head,
                               PolicyTraining& training, QCritic& critic, int64_t judges,
                               const Tensor& observation, const Tensor& noise, double temperature) {
  const int64_t n = observation.size(0), o = observation.size(1), a = head.action_size();
  const Tensor seen = observation.contiguous(),
               drawn = noise.defined() ? noise.contiguous() : noise;
  const float* states = seen.data_ptr<float>();
  auto& policy =
      *training.passes.begin(network.shape(), 1, network.parameters().data_ptr<float>(), n).front();
  auto& critics = critic.begin(critic.weights(), n);
  join_rows(seen, nullptr, a, training.input);
  training.action.resize(static_cast<size_t>(n * a));
  training.action_gradient.assign(static_cast<size_t>(n * a), 0);
  training.log_density.resize(static_cast<size_t>(n));
  const kernels::RowBlocks blocks(n);
  std::vector<Sums> sums(static_cast<size_t>(blocks.count));
  kernels::run_units(critic.shape(), n, blocks.count, [&](int64_t block) {
    const int64_t first = blocks.first(block), count = blocks.size(block);
    policy.forward_rows(states, first, count);
    const float* output = policy.output() + first * head.outputs();
    float* density = drawn.defined() ? training.log_density.data() + first : nullptr;
    head.act(output, count, rows_of(drawn, first), training.action.data() + first * a, density);
    put_actions(training.action.data(), first, count, o, a, training.input);
    for (int64_t k = 0; k < judges; ++k)
      critics[static_cast<size_t>(k)]->forward_rows(training.input.data(), first, count);
    Sums own = descend_least(critics, judges, first, count, n);
    float* action_gradient = training.action_gradient.data() + first * a;
    for (int64_t k = 0; k < judges; ++k) {
      critics[static_cast<size_t>(k)]->backward_rows(first, count);
      critics[static_cast<size_t>(k)]->add_input_gradient(first, count, o, a, action_gradient);
    }
    head.backward(output, count, rows_of(drawn, first), action_gradient,
                  static_cast<float>(temperature) / static_cast<float>(n),
                  policy.output_gradient() + first * head.outputs());
    policy.backward_rows(first, count);
    if (density != nullptr)
      for (int64_t i = 0; i < count; ++i) own.log_density += density[i];
    sums[static_cast<size_t>(block)] = own;
  });
  ActorReport report;
  for (const Sums& own : sums) {
    report.value += own.value / static_cast<double>(n);
    report.log_density += own.log_density / static_cast<double>(n);
  }
  if (!std::isfinite(report.value + report.log_density))
    throw NonFiniteError("NaN or infinity in the policy's loss");
  training.adam.begin_step();
  kernels::run_units(critic.shape(), n, policy.pieces(), [&](int64_t piece) {
    policy.step_piece(piece, states, training.adam.block(network.parameters(), 0),
                      training.adam.steps(), training.adam.rates());
  });
  return report;
}

}  // namespace reverie
