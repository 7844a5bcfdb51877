// The tasks of the original MB-MPO, on rllab.
#include <reverie/envs/half_cheetah.h>
#include <reverie/envs/suites.h>

namespace reverie {
namespace {

constexpr double timestep = 0.01;  // seconds; rllab takes one of the body's own steps per action

/// The real reward reads x, and the action as the actuators get it; the one that a model pays reads
/// the velocity, and the action as the policy gave it: rllab's normalising wrapper clips on the way
/// to the simulator alone.
class RllabHalfCheetah : public HalfCheetahTask {
 public:
  using HalfCheetahTask::HalfCheetahTask;

  static TaskSpec published() {
    return spec_of(
        "rllab/half-cheetah",
        "(change of x) / 0.01 s - 0.1 |clipped action|^2, clipped to +-1000; in a model "
        "forward velocity after the step - 0.1 |action|^2; never ends early; 0.01 s a step",
        "Clavera et al., Model-Based Reinforcement Learning via Meta-Policy Optimization "
        "(2018), github.com/jonasrothfuss/model_ensemble_meta_learning",
        200);
  }
  static std::unique_ptr<Simulation> simulation(const EnvConfig& config) {
    constexpr ResetNoise noise{ResetNoise::Kind::normal, 0.01, ResetNoise::Kind::normal, 0.1};
    return half_cheetah_simulation(1, noise, config);
  }

  bool reward_is_exact() const override { return false; }
  Tensor reward(const Tensor&, const Tensor& action, const Tensor& next) const override {
    return (next.select(1, forward_velocity) - 0.1 * squared_norm(action)).clamp(-1000, 1000);
  }
  Tensor measured_reward(const Tensor& measurement, const Tensor& action,
                         const Tensor& next) const override {
    const Tensor velocity = (next.select(1, position) - measurement.select(1, position)) / timestep;
    return (velocity - 0.1 * squared_norm(action.clamp(-1, 1))).clamp(-1000, 1000);
  }
};

}  // namespace

TaskEntry rllab_half_cheetah() {
  return task_entry<RllabHalfCheetah>();
}

}  // namespace reverie
