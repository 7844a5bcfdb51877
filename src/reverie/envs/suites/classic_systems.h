// Small systems with equations of their own: their whole state is a few numbers.
#pragma once

#include <reverie/envs/env_config.h>
#include <reverie/envs/simulation.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace reverie {

/// What these systems have in common: the state is also the measurement.
template <size_t size>
class ClassicSystem : public Simulation {
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

/// Whether a step's new velocity is clipped before it moves the position or after.
enum class SpeedLimit { before_moving, after_moving };

/// A rod on a pivot, angle 0 upright. Euler steps with the new velocity, as in Gymnasium; older
/// Gym, which mbbl ran on, clipped it after moving. State: angle (unbounded), its velocity (up to
/// 8 rad/s). The torque is `torque_per_action` times the action, within ±2.
class Pendulum : public ClassicSystem<2> {
 public:
  static constexpr double largest_torque = 2.0;
  static constexpr double time_step = 0.05;

  explicit Pendulum(const EnvConfig& config, double torque_per_action = 1,
                    SpeedLimit limit = SpeedLimit::before_moving);
  void reset(RandomStream& random) override;
  void step(std::span<const double> action) override;
  double seconds_per_step() const override { return time_step; }
  Pose pose() const override;

 private:
  double gravity_, mass_, strength_, torque_per_action_;
  SpeedLimit limit_;
};

/// How a continuous action becomes a force where the original's actions are discrete.
enum class Push { proportional, full };

/// A pole hinged on a cart; plain Euler steps. State: x, its velocity, the pole's angle (0
/// upright), its velocity. The force is 10 N times the action, or its sign (right where positive).
class CartPole : public ClassicSystem<4> {
 public:
  static constexpr double time_step = 0.02;

  CartPole(const EnvConfig& config, Push push);
  void reset(RandomStream& random) override;
  void step(std::span<const double> action) override;
  double seconds_per_step() const override { return time_step; }
  Pose pose() const override;

 private:
  double gravity_, mass_scale_, strength_;
  Push push_;
};

/// Two links, the second's joint driven; a Runge-Kutta step of 0.2 s. State: the angles (0 hanging;
/// within ±pi), their velocities (up to 4 pi and 9 pi). The torque is the action, or -1 below
/// -0.33, 1 from 0.33 on and 0 between (mbbl's).
class Acrobot : public ClassicSystem<4> {
 public:
  static constexpr double time_step = 0.2;

  Acrobot(const EnvConfig& config, Push push);
  void reset(RandomStream& random) override;
  void step(std::span<const double> action) override;
  double seconds_per_step() const override { return time_step; }
  Pose pose() const override;

 private:
  using State = std::array<double, 4>;
  State derivative(const State& state, double torque) const;

  double gravity_, mass_, strength_;
  Push push_;
};

/// A car in a valley, too weak to climb out without a run-up. State: position in [-1.2, 0.6],
/// velocity up to 0.07 per step.
class MountainCar : public ClassicSystem<2> {
 public:
  /// The original counts steps, not seconds: this is the length a video assumes.
  static constexpr double time_step = 1.0 / 30;

  explicit MountainCar(const EnvConfig& config);
  void reset(RandomStream& random) override;
  void step(std::span<const double> action) override;
  double seconds_per_step() const override { return time_step; }
  Pose pose() const override;

 private:
  double gravity_, power_;
};

/// A mass of 1 kg on a plane, pushed by up to 1 N along each axis; 0.05 s steps, the force held.
/// State: x, y, their velocities.
class PointMass : public ClassicSystem<4> {
 public:
  static constexpr double time_step = 0.05;

  explicit PointMass(const EnvConfig& config);
  void reset(RandomStream& random) override;
  void step(std::span<const double> action) override;
  double seconds_per_step() const override { return time_step; }
  Pose pose() const override;

 private:
  double acceleration_;
};

/// A linear system, x' = A x + B u: a double integrator with steps of 0.1 s. State: position,
/// velocity.
class LinearSystem : public ClassicSystem<2> {
 public:
  static constexpr double time_step = 0.1;

  explicit LinearSystem(const EnvConfig& config) : strength_(config.gear_scale) {}
  void reset(RandomStream& random) override;
  void step(std::span<const double> action) override;
  double seconds_per_step() const override { return time_step; }
  Pose pose() const override;

 private:
  double strength_;
};

}  // namespace reverie
