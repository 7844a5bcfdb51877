// For tests of tasks: rows of numbers, and what a task pays for them.
#pragma once

#include <reverie/envs/environment.h>
#include <reverie/envs/suites/registry.h>

#include <utility>
#include <vector>

namespace reverie {

/// One row of float64.
inline Tensor row(const std::vector<double>& values) {
  return torch::tensor(values, torch::kFloat64).unsqueeze(0);
}

/// A row of zeros except for `numbers`; indices below 0 count from the end.
inline Tensor state(int64_t size, const std::vector<std::pair<int64_t, double>>& numbers) {
  Tensor zeros = torch::zeros({1, size}, torch::kFloat64);
  for (const auto& [index, value] : numbers) zeros[0][index < 0 ? size + index : index] = value;
  return zeros;
}

inline std::shared_ptr<const Task> task(std::string_view name) {
  return find_task(name).make_task({});
}

/// An action of the task's size that begins with `first`; the rest is 0.
inline std::vector<double> action_of(const Task& task, std::vector<double> first) {
  first.resize(static_cast<size_t>(task.spec().action_size()));
  return first;
}

/// The reward that a model pays.
inline double reward(const Task& task, const Tensor& observation, const std::vector<double>& action,
                     const Tensor& next) {
  return task.reward(observation, row(action), next).item<double>();
}

/// What a simulation measures now, [1, m].
inline Tensor measured(const Simulation& simulation) {
  Tensor out = torch::empty({1, simulation.measurement_size()}, torch::kFloat64);
  simulation.measure({out.data_ptr<double>(), static_cast<size_t>(out.numel())});
  return out;
}

}  // namespace reverie
