// The tasks of RLlib's MB-MPO: Gym's bodies with horizon 200, and a reward that a model can tell.
#include <reverie/envs/half_cheetah.h>
#include <reverie/envs/suites.h>

namespace reverie {
namespace {

constexpr char source[] =
    "Ray RLlib, rllib/algorithms/mbmpo and examples/env/mbmpo_env.py (2020), on OpenAI Gym's v2 "
    "bodies";

class RllibHalfCheetah : public HalfCheetahTask {
 public:
  using HalfCheetahTask::HalfCheetahTask;

  static TaskSpec published() {
    return spec_of(
        "rllib/half-cheetah",
        "forward velocity after the step - 0.1 |action|^2, clipped to +-1000; never ends "
        "early; 0.05 s a step",
        source, 200);
  }
  static std::unique_ptr<Simulation> simulation(const EnvConfig& config) {
    return half_cheetah_simulation(5, gym_half_cheetah_noise, config);
  }

  Tensor reward(const Tensor&, const Tensor& action, const Tensor& next) const override {
    return (next.select(1, forward_velocity) - 0.1 * squared_norm(action)).clamp(-1000, 1000);
  }
};

/// Observes z, pitch, hip, knee and ankle (rad), then the six velocities, clipped to ±10.
class RllibHopper : public Task {
 public:
  explicit RllibHopper(TaskSpec spec) { spec_ = std::move(spec); }

  static TaskSpec published() {
    return {.name = "rllib/hopper",
            .description =
                "forward velocity after the step + 1 - 0.001 |action|^2, clipped to +-1000; ends "
                "when the torso is not above 0.7 m, leans 0.2 rad or more, or any other coordinate "
                "or velocity reaches 100; 0.008 s a step",
            .source = source,
            .observation_size = 11,
            .action_low = {-1, -1, -1},
            .action_high = {1, 1, 1},
            .horizon = 200};
  }
  static std::unique_ptr<Simulation> simulation(const EnvConfig& config) {
    constexpr ResetNoise noise{ResetNoise::Kind::uniform, 0.005, ResetNoise::Kind::uniform, 0.005};
    return std::make_unique<MujocoSimulation>("hopper.xml", 4, noise, config);
  }

  Tensor observe(const Tensor& measurement) const override {
    return torch::cat({measurement.slice(1, 1, 6), measurement.slice(1, 6).clamp(-10, 10)}, 1);
  }
  Tensor reward(const Tensor&, const Tensor& action, const Tensor& next) const override {
    return (next.select(1, 5) + 1.0 - 0.001 * squared_norm(action)).clamp(-1000, 1000);
  }
  bool terminates() const override { return true; }
  Tensor terminated(const Tensor& next) const override { return unhealthy(next); }
  Tensor measured_terminated(const Tensor& next) const override {
    return unhealthy(next.slice(1, 1));
  }

 private:
  // Rows of z, pitch, joints and velocities, clipped or not. Written so that NaN is unhealthy.
  static Tensor unhealthy(const Tensor& state) {
    const Tensor healthy = (state.slice(1, 1).abs() < 100).all(1) & (state.select(1, 0) > 0.7) &
                           (state.select(1, 1).abs() < 0.2);
    return healthy.logical_not();
  }
};

}  // namespace

TaskEntry rllib_half_cheetah() {
  return task_entry<RllibHalfCheetah>();
}
TaskEntry rllib_hopper() {
  return task_entry<RllibHopper>();
}

}  // namespace reverie
