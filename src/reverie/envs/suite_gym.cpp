// Gym's and Gymnasium's own tasks.
#include <reverie/envs/half_cheetah.h>
#include <reverie/envs/suites.h>

namespace reverie {
namespace {

constexpr double control_step = 0.05;  // seconds: five of the body's own steps

class GymHalfCheetah : public HalfCheetahTask {
 public:
  using HalfCheetahTask::HalfCheetahTask;

  static TaskSpec published() {
    return spec_of("gym/half-cheetah",
                   "(change of x) / 0.05 s - 0.1 |action|^2; in a model forward velocity after the "
                   "step - 0.1 |action|^2; never ends early; 0.05 s a step",
                   "Gymnasium HalfCheetah-v5 (the same as Gym's v2 to v4)", 1000);
  }
  static std::unique_ptr<Simulation> simulation(const EnvConfig& config) {
    return half_cheetah_simulation(5, gym_half_cheetah_noise, config);
  }

  bool reward_is_exact() const override { return false; }
  Tensor reward(const Tensor&, const Tensor& action, const Tensor& next) const override {
    return next.select(1, forward_velocity) - 0.1 * squared_norm(action);
  }
  Tensor measured_reward(const Tensor& measurement, const Tensor& action,
                         const Tensor& next) const override {
    const Tensor distance = next.select(1, position) - measurement.select(1, position);
    return distance / control_step - 0.1 * squared_norm(action);
  }
};

}  // namespace

TaskEntry gym_half_cheetah() {
  return task_entry<GymHalfCheetah>();
}

}  // namespace reverie
