// Classic control: small systems with equations of their own.
#include <reverie/envs/suites.h>

#include <cmath>
#include <numbers>
#include <stdexcept>

namespace reverie {
namespace {

using std::numbers::pi;

/// A system whose whole state is a few numbers, which are also its measurement.
template <size_t size>
class AnalyticSimulation : public Simulation {
 public:
  int64_t measurement_size() const override { return size; }
  void measure(std::span<double> out) const override { std::ranges::copy(state_, out.begin()); }
  std::vector<double> state() const override { return {state_.begin(), state_.end()}; }
  void restore(std::span<const double> state) override {
    if (state.size() != size) throw std::invalid_argument("the saved state is of another system");
    std::ranges::copy(state, state_.begin());
  }

 protected:
  std::array<double, size> state_{};
};

/// The settings that say something about friction, joints or several actuators.
void refuse_joint_settings(const EnvConfig& config, std::string_view task) {
  refuse_changes(config, {"env.friction_scale", "env.damping_scale", "env.disabled_actuator"},
                 task);
}

/// A rod on a pivot, angle 0 upright; Euler steps with the new velocity, as Gymnasium takes them.
class PendulumSimulation : public AnalyticSimulation<2> {
 public:
  explicit PendulumSimulation(const EnvConfig& config)
      : gravity_(10.0 * config.gravity_scale),
        mass_(config.mass_scale),
        strength_(config.gear_scale) {}

  void reset(RandomStream& random) override {
    state_ = {random.uniform(-pi, pi), random.uniform(-1, 1)};
  }
  void step(std::span<const double> action) override {
    constexpr double length = 1.0;
    constexpr double time_step = 0.05;
    constexpr double top_speed = 8.0;
    auto& [angle, velocity] = state_;
    const double torque = strength_ * std::clamp(action[0], -2.0, 2.0);
    const double acceleration =
        3 * gravity_ / (2 * length) * std::sin(angle) + 3.0 / (mass_ * length * length) * torque;
    velocity = std::clamp(velocity + acceleration * time_step, -top_speed, top_speed);
    angle += velocity * time_step;
  }

 private:
  double gravity_;
  double mass_;
  double strength_;
};

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
    return std::make_unique<PendulumSimulation>(config);
  }

  Tensor observe(const Tensor& measurement) const override {
    const Tensor angle = measurement.select(1, 0);
    return torch::stack({angle.cos(), angle.sin(), measurement.select(1, 1)}, 1);
  }
  Tensor reward(const Tensor& observation, const Tensor& action, const Tensor&) const override {
    const Tensor angle = torch::atan2(observation.select(1, 1), observation.select(1, 0));
    const Tensor velocity = observation.select(1, 2);
    return -(angle.square() + 0.1 * velocity.square() + 0.001 * squared_norm(action.clamp(-2, 2)));
  }
};

/// A pole hinged on a cart; plain Euler steps. State: x, its velocity, the pole's angle (0
/// upright), its velocity.
class CartPoleSimulation : public AnalyticSimulation<4> {
 public:
  explicit CartPoleSimulation(const EnvConfig& config)
      : gravity_(9.8 * config.gravity_scale),
        mass_scale_(config.mass_scale),
        strength_(10.0 * config.gear_scale) {}

  void reset(RandomStream& random) override {
    for (double& x : state_) x = random.uniform(-0.05, 0.05);
  }
  void step(std::span<const double> action) override {
    constexpr double half_length = 0.5;
    constexpr double time_step = 0.02;
    const double pole_mass = 0.1 * mass_scale_;
    const double total_mass = pole_mass + 1.0 * mass_scale_;
    auto& [x, velocity, angle, spin] = state_;
    const double sine = std::sin(angle);
    const double cosine = std::cos(angle);
    const double force = strength_ * std::clamp(action[0], -1.0, 1.0);
    // R. V. Florian, "Correct equations for the dynamics of the cart-pole system" (2007).
    const double push = (force + pole_mass * half_length * spin * spin * sine) / total_mass;
    const double angular_acceleration =
        (gravity_ * sine - cosine * push) /
        (half_length * (4.0 / 3.0 - pole_mass * cosine * cosine / total_mass));
    const double acceleration =
        push - pole_mass * half_length * angular_acceleration * cosine / total_mass;
    x += time_step * velocity;
    velocity += time_step * acceleration;
    angle += time_step * spin;
    spin += time_step * angular_acceleration;
  }

 private:
  double gravity_;
  double mass_scale_;
  double strength_;
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
    return std::make_unique<CartPoleSimulation>(config);
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

}  // namespace

std::vector<TaskEntry> classic_suite() {
  return {task_entry<ClassicPendulum>(), task_entry<ClassicCartPole>()};
}

}  // namespace reverie
