#include <reverie/envs/pool.h>

#include <reverie/core/archive.h>
#include <reverie/core/error.h>
#include <reverie/envs/task_entry.h>

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace reverie {
namespace {

std::span<double> row(const Tensor& block, int64_t i) {
  const auto width = static_cast<size_t>(block.size(1));
  return {block.data_ptr<double>() + static_cast<size_t>(i) * width, width};
}

/// Does what may fail in environment `i`, and then says in which.
template <class Work>
void naming(int64_t i, const Work& work) {
  try {
    work();
  } catch (const NonFiniteError& error) {
    throw NonFiniteError(fmt::format("{} (environment {})", error.what(), i));
  }
}

/// A division of environments among workers: several to a task where there are many, for a small
/// system's step costs less than handing it over; ever fewer towards the end, so that all workers
/// finish together.
class Chunks {
 public:
  explicit Chunks(int64_t environments) {
    const int64_t workers = worker_count();
    for (int64_t begun = 0; begun < environments;) {
      begins_.push_back(begun);
      begun += std::max<int64_t>(1, (environments - begun) / (2 * workers));
    }
    begins_.push_back(environments);
  }

  int64_t count() const { return static_cast<int64_t>(begins_.size()) - 1; }

  /// The work of a chunk, made of that of an environment.
  template <class Work>
  std::function<void(int64_t)> of(Work work) const {
    return [begins = begins_, work](int64_t chunk) {
      const auto index = static_cast<size_t>(chunk);
      for (int64_t i = begins[index]; i < begins[index + 1]; ++i) work(i);
    };
  }

 private:
  std::vector<int64_t> begins_;
};

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
  action_ = torch::zeros({count, task_->spec().action_size()}, torch::kFloat64);
}

void EnvironmentPool::require_idle() const {
  if (under_way_) throw std::logic_error("a step of the pool is under way: receive it first");
}

void EnvironmentPool::advance(int64_t i) {
  Environment& environment = environments_[static_cast<size_t>(i)];
  naming(i, [&] { environment.advance(row(action_, i)); });
  environment.measure(row(next_measurement_, i));
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
  require_idle();
  const Chunks chunks(count());
  parallel_for(chunks.count(), chunks.of([this](int64_t i) { restart(i); }));
  finished_.clear();
  const torch::NoGradGuard no_grad;
  observation_ = task_->observe(measurement_).to(torch::kFloat32);
  return observation_.clone();
}

void EnvironmentPool::send(const Tensor& action) {
  require_idle();
  require_shape(action, {count(), task_->spec().action_size()}, "action");
  action_.copy_(action.detach());
  const Chunks chunks(count());
  under_way_.emplace(chunks.count(), chunks.of([this](int64_t i) { advance(i); }));
}

StepResult EnvironmentPool::receive() {
  if (!under_way_) throw std::logic_error("nothing was sent to the pool");
  BackgroundWork work = std::move(*under_way_);
  under_way_.reset();
  work.finish();

  const torch::NoGradGuard no_grad;
  const Tensor rewards =
      task_->measured_reward(measurement_, action_, next_measurement_).contiguous();
  StepResult result;
  result.next_observation = task_->observe(next_measurement_).to(torch::kFloat32).contiguous();
  result.reward = torch::empty({count()}, torch::kFloat32);
  result.terminated = task_->measured_terminated(next_measurement_).contiguous();
  result.truncated = torch::empty({count()}, torch::kBool);

  finished_.clear();
  const double* paid = rewards.data_ptr<double>();
  float* reward = result.reward.data_ptr<float>();
  const bool* terminated = result.terminated.data_ptr<bool>();
  bool* truncated = result.truncated.data_ptr<bool>();
  const float* seen = result.next_observation.data_ptr<float>();
  const auto width = static_cast<size_t>(result.next_observation.size(1));
  for (int64_t i = 0; i < count(); ++i) {
    const auto index = static_cast<size_t>(i);
    const int64_t time = environments_[index].time();
    reward[i] = static_cast<float>(paid[i]);
    returns_[index] += paid[i];
    naming(i, [&] { environments_[index].require_numbers(paid[i], {seen + i * width, width}); });
    truncated[i] = !terminated[i] && time >= task_->spec().horizon;
    if (terminated[i] || truncated[i])
      finished_.push_back({.episode_return = returns_[index], .length = time, .environment = i});
  }

  std::swap(measurement_, next_measurement_);
  observation_ = result.next_observation;
  if (!finished_.empty()) {
    parallel_for(static_cast<int64_t>(finished_.size()),
                 [this](int64_t i) { restart(finished_[static_cast<size_t>(i)].environment); });
    observation_ = task_->observe(measurement_).to(torch::kFloat32);
  }
  return result;
}

void EnvironmentPool::serialize(Archive& archive) {
  require_idle();
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
  if (episodes_.size() != environments_.size() || returns_.size() != environments_.size())
    archive.refuse("episodes", "the episodes of other environments");
}

}  // namespace reverie
