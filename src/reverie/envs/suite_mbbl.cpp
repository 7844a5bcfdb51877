// The tasks of "Benchmarking Model-Based Reinforcement Learning": rewards of state and action
// alone.
#include <reverie/envs/half_cheetah.h>
#include <reverie/envs/suites.h>

namespace reverie {
namespace {

class MbblHalfCheetah : public HalfCheetahTask {
 public:
  using HalfCheetahTask::HalfCheetahTask;

  static TaskSpec published() {
    return spec_of(
        "mbbl/half-cheetah",
        "forward velocity before the step - 0.1 |action|^2; never ends early; 0.05 s a step",
        "Wang et al., Benchmarking Model-Based Reinforcement Learning (2019), "
        "github.com/WilsonWangTHU/mbbl, gym_cheetah",
        1000);
  }
  static std::unique_ptr<Simulation> simulation(const EnvConfig& config) {
    return half_cheetah_simulation(5, gym_half_cheetah_noise, config);
  }

  Tensor reward(const Tensor& observation, const Tensor& action, const Tensor&) const override {
    return observation.select(1, forward_velocity) - 0.1 * squared_norm(action);
  }
};

}  // namespace

TaskEntry mbbl_half_cheetah() {
  return task_entry<MbblHalfCheetah>();
}

}  // namespace reverie
