#include <reverie/benchmark/environment_benchmark.h>

#include <reverie/core/workers.h>
#include <reverie/envs/mujoco_simulation.h>
#include <reverie/envs/pool.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <thread>
#include <vector>

namespace reverie::benchmark {
namespace {

constexpr int64_t steps_of_a_round = 50;  // and of an episode

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2),
                   values.end());
  return values[values.size() / 2];
}

/// As many bodies as the pool has, and nothing around them.
class Physics {
 public:
  Physics(const TaskEntry& entry, int64_t count, Tensor controls) : controls_(std::move(controls)) {
    for (int64_t i = 0; i < count; ++i) {
      auto simulation = entry.make_simulation({});
      auto& body = dynamic_cast<MujocoSimulation&>(*simulation);
      RandomStream random = RandomStream(1, "bench").split(static_cast<uint64_t>(i)).split(0);
      body.reset(random);
      model_ = &body.model();
      frames_ = static_cast<int>(std::lround(body.seconds_per_step() / model_->opt.timestep));
      starts_.push_back({{body.data().qpos, body.data().qpos + model_->nq},
                         {body.data().qvel, body.data().qvel + model_->nv}});
      simulations_.push_back(std::move(simulation));
      data_.emplace_back(mj_makeData(model_), mj_deleteData);
    }
  }

  /// A round of bodies first … last - 1.
  void run(size_t first, size_t last) {
    for (size_t i = first; i < last; ++i) {
      mjData* data = data_[i].get();
      mj_resetData(model_, data);
      std::ranges::copy(starts_[i].position, data->qpos);
      std::ranges::copy(starts_[i].velocity, data->qvel);
      mj_forward(model_, data);
    }
    const double* controls = controls_.data_ptr<double>();
    const auto actuators = static_cast<size_t>(model_->nu);
    for (size_t t = 0; t < steps_of_a_round; ++t)
      for (size_t i = first; i < last; ++i) {
        std::copy_n(controls + (t * data_.size() + i) * actuators, actuators, data_[i]->ctrl);
        for (int frame = 0; frame < frames_; ++frame) mj_step(model_, data_[i].get());
      }
  }

  void run(int threads) {
    std::vector<std::thread> others;
    const auto part = [&](int k) {
      return data_.size() * static_cast<size_t>(k) / static_cast<size_t>(threads);
    };
    for (int k = 1; k < threads; ++k)
      others.emplace_back([this, part, k] {
        prepare_thread();
        run(part(k), part(k + 1));
      });
    run(part(0), part(1));
    for (std::thread& other : others) other.join();
  }

 private:
  struct Start {
    std::vector<double> position, velocity;
  };

  Tensor controls_;  ///< [steps, n, a] float64
  const mjModel* model_ = nullptr;
  int frames_ = 0;
  std::vector<std::unique_ptr<Simulation>> simulations_;
  std::vector<std::unique_ptr<mjData, void (*)(mjData*)>> data_;
  std::vector<Start> starts_;
};

}  // namespace

EnvironmentSpeed measure_environment(const std::string& task, int64_t environments, int threads,
                                     int rounds) {
  const TaskEntry& entry = find_task(task);
  const TaskSpec spec = entry.spec();
  RandomStream random(2, "bench");
  const Tensor low = torch::tensor(spec.action_low, torch::kFloat32);
  const Tensor high = torch::tensor(spec.action_high, torch::kFloat32);
  const Tensor actions =
      low +
      (high - low) * random.uniform({steps_of_a_round, environments, spec.action_size()}, 0, 1);
  Physics physics(entry, environments, actions.to(torch::kFloat64));
  EnvConfig config;
  config.horizon = steps_of_a_round;
  EnvironmentPool pool(entry, config, environments, RandomStream(1, "bench"));
  pool.reset();

  const auto steps = static_cast<double>(steps_of_a_round * environments);
  const auto time = [&](auto&& work) {
    const auto begin = std::chrono::steady_clock::now();
    work();
    return steps / seconds_since(begin);
  };
  const auto step_pool = [&] {
    for (int64_t t = 0; t < steps_of_a_round; ++t) pool.step(actions[t]);
  };
  std::vector<double> found[4];
  for (int round = 0; round <= rounds; ++round) {
    size_t which = 0;
    for (const int count : {1, threads}) {
      set_worker_count(count);
      const double speeds[] = {time([&] { physics.run(count); }), time(step_pool)};
      for (const double speed : speeds)
        if (round > 0) found[which++].push_back(speed);  // the first warms up
    }
  }
  return {.task = task,
          .environments = environments,
          .threads = threads,
          .physics_on_one = median(found[0]),
          .pool_on_one = median(found[1]),
          .physics_on_all = median(found[2]),
          .pool_on_all = median(found[3])};
}

}  // namespace reverie::benchmark
