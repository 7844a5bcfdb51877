#include <reverie/envs/world.h>

#include <reverie/core/archive.h>
#include <reverie/envs/task_entry.h>

#include <utility>

namespace reverie {

World::World(const TaskEntry& entry, const EnvConfig& config, int64_t environments,
             RandomStream random)
    : pool_(entry, config, environments, random),
      probe_(entry.make_task(config), entry.make_simulation(config)) {}

StepResult World::step(const Tensor& action) {
  StepResult result = pool_.step(action);
  steps_ += pool_.count();
  finished_.insert(finished_.end(), pool_.finished().begin(), pool_.finished().end());
  return result;
}

std::vector<Episode> World::take_finished() {
  return std::exchange(finished_, {});
}

Tensor World::initial_observations(int64_t count, RandomStream& random) {
  const torch::NoGradGuard no_grad;
  const int64_t width = probe_.simulation().measurement_size();
  const Tensor measurement = torch::empty({count, width}, torch::kFloat64);
  for (int64_t i = 0; i < count; ++i) {
    probe_.simulation().reset_to_measure(random);
    probe_.measure({measurement.data_ptr<double>() + i * width, static_cast<size_t>(width)});
  }
  return task().observe(measurement).to(torch::kFloat32);
}

void World::serialize(Archive& archive) {
  archive("pool", pool_);
  archive.count("steps", steps_);
  archive("finished", finished_);
}

}  // namespace reverie
