// Classic control: small systems with equations of their own.
#include <reverie/envs/suites/classic_systems.h>
#include <reverie/envs/suites/suites.h>
#include <reverie/envs/task_entry.h>

#include <numbers>

namespace reverie {
namespace {

using std::numbers::pi;

/// Observes cos and sin of the angle and the angular velocity.
class ClassicPendulum : public Task {
 public:
  explicit ClassicPendulum(TaskSpec spec) { spec_ = std::move(spec); }

  static TaskSpec published() {
    return {.name = "classic/pendulum",
            .description =
                "-(angle^2 + 0.1 velocity^2 + 0.001 torque^2), of the state before the "
                "step; angle 0 is upright; never ends early; 0.05 s a step",
            .source = "Gymnasium Pendulum-v1",
            .observation_size = 3,
            .action_low = {-2},
            .action_high = {2},
            .horizon = 200};
  }
  static std::unique_ptr<Simulation> simulation(const EnvConfig& config) {
    refuse_joint_settings(config, published().name);
    return std::make_unique<Pendulum>(config);
  }

  Tensor observe(const Tensor& measurement) const override { return observe_pendulum(measurement); }
  Tensor reward(const Tensor& observation, const Tensor& action, const Tensor&) const override {
    const Tensor angle = torch::atan2(observation.select(1, 1), observation.select(1, 0));
    const Tensor velocity = observation.select(1, 2);
    return -(angle.square() + 0.1 * velocity.square() + 0.001 * squared_norm(action.clamp(-2, 2)));
  }
};

class ClassicCartPole : public Task {
 public:
  explicit ClassicCartPole(TaskSpec spec) { spec_ = std::move(spec); }

  static TaskSpec published() {
    return {
        .name = "classic/cartpole",
        .description =
            "1 per step; ends when the cart is more than 2.4 m off or the pole leans "
            "more than 12 degrees; 0.02 s a step",
        .source = "mbrl-lib's cartpole_continuous, with the dynamics of Gymnasium's CartPole-v1",
        .observation_size = 4,
        .action_low = {-1},
        .action_high = {1},
        .horizon = 200};
  }
  static std::unique_ptr<Simulation> simulation(const EnvConfig& config) {
    refuse_joint_settings(config, published().name);
    return std::make_unique<CartPole>(config, Push::proportional);
  }

  Tensor observe(const Tensor& measurement) const override { return measurement; }
  Tensor reward(const Tensor&, const Tensor&, const Tensor& next) const override {
    return torch::ones({next.size(0)}, next.options());
  }
  bool terminates() const override { return true; }
  Tensor terminated(const Tensor& next) const override {
    return (next.select(1, 0).abs() > 2.4) | (next.select(1, 2).abs() > 12 * pi / 180);
  }
};

/// Observes cosine and sine of both angles, and their velocities.
class ClassicAcrobot : public Task {
 public:
  explicit ClassicAcrobot(TaskSpec spec) { spec_ = std::move(spec); }

  static TaskSpec published() {
    return {.name = "classic/acrobot",
            .description =
                "-1 per step, 0 for the last; ends when the tip is 1 m above the pivot; torque in "
                "+-1; 0.2 s a step",
            .source = "Gymnasium Acrobot-v1, with a continuous torque",
            .observation_size = 6,
            .action_low = {-1},
            .action_high = {1},
            .horizon = 500};
  }
  static std::unique_ptr<Simulation> simulation(const EnvConfig& config) {
    refuse_joint_settings(config, published().name);
    return std::make_unique<Acrobot>(config, Push::proportional);
  }

  Tensor observe(const Tensor& measurement) const override { return observe_acrobot(measurement); }
  Tensor reward(const Tensor&, const Tensor&, const Tensor& next) const override {
    return terminated(next).to(next.scalar_type()) - 1;
  }
  bool terminates() const override { return true; }
  Tensor terminated(const Tensor& next) const override { return acrobot_height(next) > 1; }
};

class ClassicMountainCar : public Task {
 public:
  explicit ClassicMountainCar(TaskSpec spec) { spec_ = std::move(spec); }

  static TaskSpec published() {
    return {.name = "classic/mountain-car",
            .description = "100 on reaching 0.45 with no speed back, - 0.1 action^2; ends there",
            .source = "Gymnasium MountainCarContinuous-v0",
            .observation_size = 2,
            .action_low = {-1},
            .action_high = {1},
            .horizon = 999};
  }
  static std::unique_ptr<Simulation> simulation(const EnvConfig& config) {
    refuse_joint_settings(config, published().name);
    return std::make_unique<MountainCar>(config);
  }

  Tensor observe(const Tensor& measurement) const override { return measurement; }
  Tensor reward(const Tensor&, const Tensor& action, const Tensor& next) const override {
    return 100 * terminated(next).to(next.scalar_type()) - 0.1 * squared_norm(action);
  }
  bool terminates() const override { return true; }
  Tensor terminated(const Tensor& next) const override {
    return (next.select(1, 0) >= 0.45) & (next.select(1, 1) >= 0);
  }
};

class ClassicPointMass : public Task {
 public:
  explicit ClassicPointMass(TaskSpec spec) { spec_ = std::move(spec); }

  static TaskSpec published() {
    return {.name = "classic/point-mass",
            .description =
                "-(distance from the origin^2 + 0.1 speed^2 + 0.01 |force|^2), after the step; "
                "never ends early; 0.05 s a step",
            .source = "this project's",
            .observation_size = 4,
            .action_low = {-1, -1},
            .action_high = {1, 1},
            .horizon = 100};
  }
  static std::unique_ptr<Simulation> simulation(const EnvConfig& config) {
    refuse_joint_settings(config, published().name);
    refuse_changes(config, {"env.gravity_scale"}, published().name);
    return std::make_unique<PointMass>(config);
  }

  Tensor observe(const Tensor& measurement) const override { return measurement; }
  Tensor reward(const Tensor&, const Tensor& action, const Tensor& next) const override {
    return -(squared_norm(next.slice(1, 0, 2)) + 0.1 * squared_norm(next.slice(1, 2)) +
             0.01 * squared_norm(action.clamp(-1, 1)));
  }
};

/// Its best policy is linear and known: see task_test.cpp.
class ClassicLqr : public Task {
 public:
  explicit ClassicLqr(TaskSpec spec) { spec_ = std::move(spec); }

  static TaskSpec published() {
    return {.name = "classic/lqr",
            .description =
                "-(position^2 + velocity^2 + 0.1 force^2), of the state before the step; a double "
                "integrator; never ends early; 0.1 s a step",
            .source = "this project's",
            .observation_size = 2,
            .action_low = {-10},
            .action_high = {10},
            .horizon = 100};
  }
  static std::unique_ptr<Simulation> simulation(const EnvConfig& config) {
    refuse_joint_settings(config, published().name);
    refuse_changes(config,
                   {"env.gravity_scale", "env.gravity_spread", "env.mass_scale", "env.mass_spread"},
                   published().name);
    return std::make_unique<LinearSystem>(config);
  }

  Tensor observe(const Tensor& measurement) const override { return measurement; }
  Tensor reward(const Tensor& observation, const Tensor& action, const Tensor&) const override {
    return -(squared_norm(observation) + 0.1 * squared_norm(action.clamp(-10, 10)));
  }
};

}  // namespace

void refuse_joint_settings(const EnvConfig& config, std::string_view task) {
  refuse_changes(config,
                 {"env.friction_scale", "env.friction_spread", "env.damping_scale",
                  "env.damping_spread", "env.slope", "env.slope_spread", "env.disabled_actuator",
                  "env.crippled_leg", "env.cripple", "env.cripple_among"},
                 task);
}

Tensor observe_pendulum(const Tensor& measurement) {
  const Tensor angle = measurement.select(1, 0);
  return torch::stack({angle.cos(), angle.sin(), measurement.select(1, 1)}, 1);
}

Tensor observe_acrobot(const Tensor& measurement) {
  const Tensor angles = measurement.slice(1, 0, 2), cosines = angles.cos(), sines = angles.sin();
  return torch::stack({cosines.select(1, 0), sines.select(1, 0), cosines.select(1, 1),
                       sines.select(1, 1), measurement.select(1, 2), measurement.select(1, 3)},
                      1);
}

Tensor acrobot_height(const Tensor& observation) {
  const Tensor cosine1 = observation.select(1, 0), sine1 = observation.select(1, 1);
  const Tensor cosine2 = observation.select(1, 2), sine2 = observation.select(1, 3);
  return -(cosine1 + cosine1 * cosine2 - sine1 * sine2);
}

std::vector<TaskEntry> classic_suite() {
  return {task_entry<ClassicPendulum>(),  task_entry<ClassicCartPole>(),
          task_entry<ClassicAcrobot>(),   task_entry<ClassicMountainCar>(),
          task_entry<ClassicPointMass>(), task_entry<ClassicLqr>()};
}

}  // namespace reverie
