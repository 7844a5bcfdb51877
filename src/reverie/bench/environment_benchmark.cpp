#include <reverie/bench/environment_benchmark.h>

#include <reverie/bench/timing.h>
#include <reverie/core/workers.h>
#include <reverie/envs/mujoco/simulation.h>
#include <reverie/envs/pool.h>
#include <reverie/envs/suites/registry.h>
#include <reverie/envs/task_entry.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace reverie::benchmark {
namespace {

constexpr int64_t recorded_steps = 100;
constexpr int64_t steps_of_a_block = 5;

/// As many bodies as the pool has, and nothing around them.
class Physics {
 public:
  /// `controls` [steps, n, a]; `ends` [steps, n]: after which steps a body is put back to its
  /// start, for one that has fallen steps at another speed.
  Physics(const TaskEntry& entry, const Tensor& controls, Tensor ends)
      : controls_(controls.to(torch::kFloat64)), ends_(std::move(ends)) {
    const auto simulation = entry.make_simulation({});
    auto& body = dynamic_cast<MujocoSimulation&>(*simulation);
    model_ = body.pose().body;
    frames_ = static_cast<int>(std::lround(body.seconds_per_step() / model_->opt.timestep));
    for (int64_t i = 0; i < controls.size(1); ++i) {
      RandomStream random = RandomStream(1, "bench").split(static_cast<uint64_t>(i)).split(0);
      body.reset(random);
      starts_.push_back({{body.data().qpos, body.data().qpos + model_->nq},
                         {body.data().qvel, body.data().qvel + model_->nv}});
      data_.emplace_back(mj_makeData(model_.get()), mj_deleteData);
    }
  }

  /// Whether the next step is the first of the recorded ones, before which all begin anew.
  bool begins() const { return row() == 0; }
  int64_t row() const { return time_ % controls_.size(0); }

  void begin() {
    for (size_t i = 0; i < data_.size(); ++i) begin(i);
  }

  /// One step of all bodies, on as many threads as there are workers.
  void step() {
    const int64_t now = row();
    ++time_;
    const auto actuators = static_cast<size_t>(model_->nu);
    const double* controls = controls_[now].data_ptr<double>();
    const bool* ends = ends_[now].data_ptr<bool>();
    const auto part = [&](int64_t k) {
      return data_.size() * static_cast<size_t>(k) / static_cast<size_t>(worker_count());
    };
    parallel_for(worker_count(), [&](int64_t k) {
      for (size_t i = part(k); i < part(k + 1); ++i) {
        std::copy_n(controls + i * actuators, actuators, data_[i]->ctrl);
        for (int frame = 0; frame < frames_; ++frame) mj_step(model_.get(), data_[i].get());
        if (ends[i]) begin(i);
      }
    });
  }

 private:
  void begin(size_t i) {
    mjData* data = data_[i].get();
    mj_resetData(model_.get(), data);
    std::ranges::copy(starts_[i].position, data->qpos);
    std::ranges::copy(starts_[i].velocity, data->qvel);
    mj_forward(model_.get(), data);
  }

  struct Start {
    std::vector<double> position, velocity;
  };

  Tensor controls_, ends_;
  int64_t time_ = 0;
  std::shared_ptr<const mjModel> model_;
  int frames_ = 0;
  std::vector<std::unique_ptr<mjData, void (*)(mjData*)>> data_;
  std::vector<Start> starts_;
};

}  // namespace

EnvironmentSpeed measure_environment(const std::string& task, int64_t environments, int threads,
                                     int blocks) {
  const TaskEntry& entry = find_task(task);
  const TaskSpec spec = entry.spec();
  RandomStream random(2, "bench");
  const Tensor low = spec.lowest_action(), high = spec.highest_action();
  const Tensor actions =
      low + (high - low) * random.uniform({recorded_steps, environments, spec.action_size()}, 0, 1);
  EnvironmentPool pool(entry, {}, environments, RandomStream(1, "bench"));
  pool.reset();
  std::vector<Tensor> ends;
  for (int64_t t = 0; t < recorded_steps; ++t) {
    const StepResult result = pool.step(actions[t]);
    ends.push_back(result.terminated | result.truncated);
  }
  Physics physics(entry, actions, torch::stack(ends));

  const auto steps = static_cast<double>(steps_of_a_block * environments);
  std::vector<double> physics_on_one, pool_on_one, physics_on_all, pool_on_all, overhead, scaling;
  for (int block = 0; block < blocks; ++block) {
    // All take turns in a few hundredths of a second: a machine's speed drifts.
    std::array<double, 4> seconds{};
    size_t which = 0;
    for (const int count : {1, threads}) {
      set_worker_count(count);
      for (int64_t t = 0; t < steps_of_a_block; ++t) {
        const Tensor action = actions[physics.row()];
        // Untimed, on both sides.
        if (physics.begins()) {
          physics.begin();
          pool.reset();
        }
        seconds[which] += seconds_of([&] { physics.step(); });
        seconds[which + 1] += seconds_of([&] { pool.step(action); });
      }
      which += 2;
    }
    physics_on_one.push_back(steps / seconds[0]);
    pool_on_one.push_back(steps / seconds[1]);
    physics_on_all.push_back(steps / seconds[2]);
    pool_on_all.push_back(steps / seconds[3]);
    overhead.push_back(1 - seconds[0] / seconds[1]);
    scaling.push_back(seconds[1] / seconds[3]);
  }
  return {.task = task,
          .environments = environments,
          .threads = threads,
          .physics_on_one = median(physics_on_one),
          .pool_on_one = median(pool_on_one),
          .physics_on_all = median(physics_on_all),
          .pool_on_all = median(pool_on_all),
          .overhead = median(overhead),
          .scaling = median(scaling)};
}

}  // namespace reverie::benchmark
