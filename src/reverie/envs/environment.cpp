#include <reverie/envs/environment.h>

#include <reverie/core/archive.h>
#include <reverie/core/error.h>

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

namespace reverie {
Environment::Environment(std::shared_ptr<const Task> task, std::unique_ptr<Simulation> simulation)
    : task_(std::move(task)), simulation_(std::move(simulation)) {}

Tensor Environment::measurement() const {
  const int64_t size = simulation_->measurement_size();
  Tensor row = torch::empty({1, size}, torch::kFloat64);
  simulation_->measure({row.data_ptr<double>(), static_cast<size_t>(size)});
  return row;
}

void Environment::restart(RandomStream& random) {
  simulation_->reset(random);
  time_ = 0;
  ended_ = false;
}

Tensor Environment::reset(RandomStream& random) {
  restart(random);
  const torch::NoGradGuard no_grad;
  return task_->observe(measurement()).squeeze(0);
}

void Environment::advance(std::span<const double> action) {
  const auto place = [&] { return fmt::format("at step {} of {}", time_, task_->spec().name); };
  if (ended_)
    throw std::logic_error(
        fmt::format("{}: reset before stepping on: the episode has ended or none "
                    "has begun",
                    task_->spec().name));
  for (const double number : action)
    if (!std::isfinite(number))
      throw NonFiniteError(fmt::format("NaN or infinity in the action {}", place()));
  try {
    simulation_->step(action);
  } catch (const NonFiniteError& error) {
    ended_ = true;
    throw NonFiniteError(fmt::format("{} {}", error.what(), place()));
  }
  ++time_;
  ended_ = time_ >= task_->spec().horizon;
}

StepResult Environment::step(const Tensor& action) {
  const torch::NoGradGuard no_grad;
  const int64_t size = task_->spec().action_size();
  if (action.numel() != size)
    throw std::invalid_argument(fmt::format("an action of {} has {} numbers, not {}",
                                            task_->spec().name, size, action.numel()));
  const Tensor row =
      action.detach().reshape({1, size}).to(torch::kCPU, torch::kFloat64).contiguous();
  const Tensor before = measurement();
  advance({row.data_ptr<double>(), static_cast<size_t>(size)});
  const Tensor after = measurement();

  StepResult result;
  result.next_observation = task_->observe(after);
  result.reward = task_->measured_reward(before, row, after);
  result.terminated = task_->measured_terminated(after);
  const bool terminated = result.terminated.item<bool>();
  result.truncated = torch::full({1}, ended_ && !terminated, torch::kBool);
  ended_ = ended_ || terminated;
  return result;
}

void Environment::serialize(Archive& archive) {
  std::vector<double> state = simulation_->state();
  archive("state", state);
  archive.count("time", time_);
  archive("ended", ended_);
  if (archive.reading()) simulation_->restore(state);
}

}  // namespace reverie
