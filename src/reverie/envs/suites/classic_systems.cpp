#include <reverie/envs/suites/classic_systems.h>

#include <reverie/envs/mujoco/body.h>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace reverie {

using std::numbers::pi;

namespace {

/// A picture's body with its joints at `position`.
Pose picture(std::string_view file, std::vector<double> position) {
  return {mujoco_body(file), std::move(position)};
}

}  // namespace

Pendulum::Pendulum(const EnvConfig& config, double torque_per_action, SpeedLimit limit)
    : gravity_(10.0 * config.gravity_scale),
      mass_(config.mass_scale),
      strength_(config.gear_scale),
      torque_per_action_(torque_per_action),
      limit_(limit) {}

void Pendulum::reset(RandomStream& random) {
  state_ = {random.uniform(-pi, pi), random.uniform(-1, 1)};
}

void Pendulum::step(std::span<const double> action) {
  constexpr double length = 1.0, top_speed = 8.0;
  auto& [angle, velocity] = state_;
  const double torque =
      strength_ * std::clamp(torque_per_action_ * action[0], -largest_torque, largest_torque);
  const double acceleration =
      3 * gravity_ / (2 * length) * std::sin(angle) + 3.0 / (mass_ * length * length) * torque;
  const double faster = velocity + acceleration * time_step;
  velocity = std::clamp(faster, -top_speed, top_speed);
  angle += (limit_ == SpeedLimit::after_moving ? faster : velocity) * time_step;
}

Pose Pendulum::pose() const {
  return picture("pendulum_picture.xml", {state_[0]});
}

CartPole::CartPole(const EnvConfig& config, Push push)
    : gravity_(9.8 * config.gravity_scale),
      mass_scale_(config.mass_scale),
      strength_(10.0 * config.gear_scale),
      push_(push) {}

void CartPole::reset(RandomStream& random) {
  for (double& x : state_) x = random.uniform(-0.05, 0.05);
}

void CartPole::step(std::span<const double> action) {
  constexpr double half_length = 0.5;
  const double pole_mass = 0.1 * mass_scale_;
  const double total_mass = pole_mass + 1.0 * mass_scale_;
  auto& [x, velocity, angle, spin] = state_;
  const double sine = std::sin(angle);
  const double cosine = std::cos(angle);
  const double full = action[0] > 0 ? 1.0 : -1.0;
  const double force = strength_ * (push_ == Push::full ? full : std::clamp(action[0], -1.0, 1.0));
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

Pose CartPole::pose() const {
  return picture("cartpole_picture.xml", {state_[0], state_[2]});
}

Acrobot::Acrobot(const EnvConfig& config, Push push)
    : gravity_(9.8 * config.gravity_scale),
      mass_(config.mass_scale),
      strength_(config.gear_scale),
      push_(push) {}

void Acrobot::reset(RandomStream& random) {
  for (double& x : state_) x = random.uniform(-0.1, 0.1);
}

// Sutton and Barto, "Reinforcement Learning" (1998), section 11.3, with both links 1 m long, of the
// same mass and of moment of inertia 1 (scaled with the mass), their centres in the middle.
Acrobot::State Acrobot::derivative(const State& state, double torque) const {
  constexpr double length = 1.0, centre = 0.5;
  const double inertia = mass_;
  const auto& [angle1, angle2, speed1, speed2] = state;
  const double sine2 = std::sin(angle2), cosine2 = std::cos(angle2);
  const double d1 = mass_ * centre * centre +
                    mass_ * (length * length + centre * centre + 2 * length * centre * cosine2) +
                    2 * inertia;
  const double d2 = mass_ * (centre * centre + length * centre * cosine2) + inertia;
  const double phi2 = mass_ * centre * gravity_ * std::cos(angle1 + angle2 - pi / 2);
  const double phi1 = -mass_ * length * centre * speed2 * speed2 * sine2 -
                      2 * mass_ * length * centre * speed2 * speed1 * sine2 +
                      (mass_ * centre + mass_ * length) * gravity_ * std::cos(angle1 - pi / 2) +
                      phi2;
  const double acceleration2 =
      (torque + d2 / d1 * phi1 - mass_ * length * centre * speed1 * speed1 * sine2 - phi2) /
      (mass_ * centre * centre + inertia - d2 * d2 / d1);
  return {speed1, speed2, -(d2 * acceleration2 + phi1) / d1, acceleration2};
}

void Acrobot::step(std::span<const double> action) {
  const double a = action[0];
  const double chosen = a < -0.33 ? -1.0 : a < 0.33 ? 0.0 : 1.0;
  const double torque = strength_ * (push_ == Push::full ? chosen : std::clamp(a, -1.0, 1.0));
  const auto at = [&](const State& slope, double by) {
    State moved = state_;
    for (size_t i = 0; i < moved.size(); ++i) moved[i] += by * slope[i];
    return moved;
  };
  const State k1 = derivative(state_, torque);
  const State k2 = derivative(at(k1, time_step / 2), torque);
  const State k3 = derivative(at(k2, time_step / 2), torque);
  const State k4 = derivative(at(k3, time_step), torque);
  for (size_t i = 0; i < state_.size(); ++i)
    state_[i] += time_step / 6 * (k1[i] + 2 * k2[i] + 2 * k3[i] + k4[i]);
  for (size_t i = 0; i < 2; ++i) {
    while (state_[i] > pi) state_[i] -= 2 * pi;
    while (state_[i] < -pi) state_[i] += 2 * pi;
  }
  state_[2] = std::clamp(state_[2], -4 * pi, 4 * pi);
  state_[3] = std::clamp(state_[3], -9 * pi, 9 * pi);
}

Pose Acrobot::pose() const {
  return picture("acrobot_picture.xml", {state_[0], state_[1]});
}

MountainCar::MountainCar(const EnvConfig& config)
    : gravity_(0.0025 * config.gravity_scale),
      power_(0.0015 * config.gear_scale / config.mass_scale) {}

void MountainCar::reset(RandomStream& random) {
  state_ = {random.uniform(-0.6, -0.4), 0.0};
}

void MountainCar::step(std::span<const double> action) {
  constexpr double leftmost = -1.2, rightmost = 0.6, top_speed = 0.07;
  auto& [position, velocity] = state_;
  velocity += power_ * std::clamp(action[0], -1.0, 1.0) - gravity_ * std::cos(3 * position);
  velocity = std::clamp(velocity, -top_speed, top_speed);
  position = std::clamp(position + velocity, leftmost, rightmost);
  if (position == leftmost && velocity < 0) velocity = 0;
}

// The track is sin(3 x), as Gymnasium draws it, at less than half its height.
Pose MountainCar::pose() const {
  constexpr double steepness = 0.45;
  const double x = state_[0];
  return picture("mountain_car_picture.xml",
                 {x, steepness * std::sin(3 * x), -std::atan(3 * steepness * std::cos(3 * x))});
}

PointMass::PointMass(const EnvConfig& config)
    : acceleration_(config.gear_scale / config.mass_scale) {}

void PointMass::reset(RandomStream& random) {
  state_ = {random.uniform(-1, 1), random.uniform(-1, 1), 0.0, 0.0};
}

void PointMass::step(std::span<const double> action) {
  for (size_t i = 0; i < 2; ++i) {
    const double acceleration = acceleration_ * std::clamp(action[i], -1.0, 1.0);
    state_[i] += time_step * state_[2 + i] + time_step * time_step / 2 * acceleration;
    state_[2 + i] += time_step * acceleration;
  }
}

Pose PointMass::pose() const {
  return picture("point_mass_picture.xml", {state_[0], state_[1]});
}

void LinearSystem::reset(RandomStream& random) {
  state_ = {random.uniform(-1, 1), random.uniform(-1, 1)};
}

void LinearSystem::step(std::span<const double> action) {
  auto& [position, velocity] = state_;
  position += time_step * velocity;
  velocity += time_step * strength_ * std::clamp(action[0], -10.0, 10.0);
}

Pose LinearSystem::pose() const {
  return picture("linear_system_picture.xml", {state_[0]});
}

}  // namespace reverie
