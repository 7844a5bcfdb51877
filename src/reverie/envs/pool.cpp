#include <reverie/envs/pool.h>

#include <reverie/core/archive.h>
#include <reverie/core/error.h>
#include <reverie/core/workers.h>

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace reverie {
namespace {

std::span<double> row(const Tensor& block, int64_t i) {
  const auto width = static_cast<size_t>(block.size(1));
  return {block.data_ptr<double>() + static_cast<size_t>(i) * width, width};
}

}  // namespace

void Episode::serialize(Archive& archive) {
  archive("return", episode_return);
  archive("length", length);
  archive("environment", environment);
}

EnvironmentPool::EnvironmentPool(const TaskEntry& entry, const EnvConfig& config, int64_t count,
                                 RandomStream random)
    : task_(entry.make_task(config)), random_(random) {
  if (count < 1) throw std::invalid_argument("a pool has at least one environment");
  environments_.reserve(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i)
    environments_.emplace_back(task_, entry.make_simulation(config));
  const int64_t width = environments_[0].simulation().measurement_size();
  measurement_ = torch::zeros({count, width}, torch::kFloat64);
  next_measurement_ = torch::zeros({count, width}, torch::kFloat64);
  observation_ = torch::zeros({count, task_->spec().observation_size});
  episodes_.assign(static_cast<size_t>(count), 0);
  returns_.assign(static_cast<size_t>(count), 0.0);
  ended_.assign(static_cast<size_t>(count), 0);
}

void EnvironmentPool::for_each(const std::function<void(int64_t)>& work) {
  // Several environments to a task where there are many: a small system's step costs less than
  // handing it over. Four tasks to a worker even out those that take longer.
  const int64_t chunk = (count() + 4 * worker_count() - 1) / (4 * worker_count());
  parallel_for((count() + chunk - 1) / chunk, [&](int64_t task) {
    const int64_t end = std::min(count(), (task + 1) * chunk);
    for (int64_t i = task * chunk; i < end; ++i) work(i);
  });
}

void EnvironmentPool::restart(int64_t i) {
  const auto index = static_cast<size_t>(i);
  RandomStream random =
      random_.split(static_cast<uint64_t>(i)).split(static_cast<uint64_t>(episodes_[index]));
  ++episodes_[index];
  returns_[index] = 0;
  environments_[index].restart(random);
  environments_[index].measure(row(measurement_, i));
}

Tensor EnvironmentPool::reset() {
  for_each([&](int64_t i) { restart(i); });
  finished_.clear();
  const torch::NoGradGuard no_grad;
  observation_ = task_->observe(measurement_).to(torch::kFloat32);
  return observation_.clone();
}

StepResult EnvironmentPool::step(const Tensor& action) {
  const torch::NoGradGuard no_grad;
  require_shape(action, {count(), task_->spec().action_size()}, "action");
  const Tensor actions = action.detach().to(torch::kCPU, torch::kFloat64).contiguous();
  for_each([&](int64_t i) {
    Environment& environment = environments_[static_cast<size_t>(i)];
    try {
      environment.advance(row(actions, i));
    } catch (const NonFiniteError& error) {
      throw NonFiniteError(fmt::format("{} (environment {})", error.what(), i));
    }
    environment.measure(row(next_measurement_, i));
  });

  const Tensor rewards =
      task_->measured_reward(measurement_, actions, next_measurement_).contiguous();
  StepResult result;
  result.next_observation = task_->observe(next_measurement_).to(torch::kFloat32);
  result.reward = rewards.to(torch::kFloat32);
  result.terminated = task_->measured_terminated(next_measurement_).contiguous();
  result.truncated = torch::zeros({count()}, torch::kBool);

  finished_.clear();
  const double* reward = rewards.data_ptr<double>();
  const bool* terminated = result.terminated.data_ptr<bool>();
  bool* truncated = result.truncated.data_ptr<bool>();
  for (int64_t i = 0; i < count(); ++i) {
    const auto index = static_cast<size_t>(i);
    const int64_t time = environments_[index].time();
    returns_[index] += reward[i];
    truncated[i] = !terminated[i] && time >= task_->spec().horizon;
    ended_[index] = terminated[i] || truncated[i];
    if (ended_[index])
      finished_.push_back({.episode_return = returns_[index], .length = time, .environment = i});
  }

  std::swap(measurement_, next_measurement_);
  observation_ = result.next_observation.clone();
  if (!finished_.empty()) {
    for_each([&](int64_t i) {
      if (ended_[static_cast<size_t>(i)]) restart(i);
    });
    observation_ = task_->observe(measurement_).to(torch::kFloat32);
  }
  return result;
}

void EnvironmentPool::serialize(Archive& archive) {
  int64_t environments = count();
  archive("environments", environments);
  if (environments != count())
    throw std::invalid_argument(
        fmt::format("the saved pool has {} environments, this one {}", environments, count()));
  for (int64_t i = 0; i < count(); ++i)
    archive("environment" + std::to_string(i), environments_[static_cast<size_t>(i)]);
  archive("episodes", episodes_);
  archive("returns", returns_);
  archive("random", random_);
  archive("observation", observation_);
  archive("measurement", measurement_);
  archive("finished", finished_);
}

}  // namespace reverie
