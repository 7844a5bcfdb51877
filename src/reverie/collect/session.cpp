#include <reverie/collect/session.h>

#include <reverie/core/archive.h>
#include <reverie/core/error.h>
#include <reverie/envs/task_entry.h>

#include <fmt/core.h>

namespace reverie {
namespace {

/// More would be made one by one until the memory is full.
constexpr int64_t kMostEnvironments = 100'000;

}  // namespace

Session::Session(const TaskEntry& entry, const EnvConfig& env, std::string method, uint64_t seed,
                 torch::Device device, Monitor& monitor)
    : entry_(entry),
      env_(env),
      method_(std::move(method)),
      seed_(seed),
      device_(device),
      monitor_(monitor),
      task_(entry.make_task(env)) {}

void Session::open_world(int64_t environments) {
  TORCH_CHECK(environments_ == 0, "a session has one world");
  if (environments > kMostEnvironments)
    throw UsageError(
        fmt::format("real rollouts side by side make {} environments: at most {} go; "
                    "set 'collect.rollouts' lower",
                    environments, kMostEnvironments));
  environments_ = environments;
}

World& Session::world() {
  TORCH_CHECK(environments_ > 0, "open_world comes first");
  if (!world_)
    world_ = std::make_unique<World>(entry_, env_, environments_, RandomStream(seed_, "world"));
  return *world_;
}

std::unique_ptr<World> Session::another_world(int64_t environments, RandomStream random) const {
  return std::make_unique<World>(entry_, env_, environments, random);
}

Replay& Session::replay(std::string_view name, int64_t capacity) {
  const auto [found, made] = replays_.try_emplace(std::string(name));
  if (made)
    found->second = std::make_unique<Replay>(capacity, task_->spec().observation_size,
                                             task_->spec().action_size(), std::string(name));
  return *found->second;
}

void Session::count_imagined(int64_t steps, double seconds) {
  imagined_steps_ += steps;
  imagine_seconds_ += seconds;
}

void Session::serialize(Archive& archive) {
  if (environments_ > 0) archive("world", world());
  for (auto& [name, replay] : replays_) archive("replay/" + name, *replay);
  archive.count("imagined_steps", imagined_steps_);
}

}  // namespace reverie
