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
    const bool own = task_->spec().name.ends_with(".toml");  // a robot's, whose file can be changed
    throw NonFiniteError(fmt::format(
        "{} {}{}", error.what(), place(),
        own ? ": in its MJCF halve <option timestep> (and double frame_skip: a control step stays "
              "as long), weaken gains and gears, or add damping or armature; or let an episode end "
              "there: ends_when_diverged = true in its TOML file"
            : ""));
  }
  ++time_;
  ended_ = time_ >= task_->spec().horizon;
}

void Environment::require_numbers(double reward, std::span<const float> observation) const {
  // Nothing adds up with NaN or infinity.
  float sum = 0;
  for (const float number : observation) sum += 0 * number;
  const bool sound = sum == 0;
  if (sound && std::isfinite(static_cast<float>(reward))) return;
  const std::string what = sound ? fmt::format("the reward is {:g}", reward)
                                 : std::string("an observation is NaN or infinite");
  throw NonFiniteError(fmt::format("{}, beyond what a 32-bit number holds, at step {} of {}", what,
                                   time_ - 1, task_->spec().name));
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
  const Tensor seen = result.next_observation.to(torch::kFloat32).contiguous();
  require_numbers(result.reward.item<double>(),
                  {seen.data_ptr<float>(), static_cast<size_t>(seen.numel())});
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
