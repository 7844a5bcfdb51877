// The tasks of "Benchmarking Model-Based Reinforcement Learning": rewards of state and action
// alone.
#include <reverie/envs/suites/classic_systems.h>
#include <reverie/envs/suites/suites.h>
#include <reverie/envs/task_entry.h>

#include <fmt/format.h>

namespace reverie {
namespace {

using Kind = Quantity::Kind;
using Moment = RewardTerm::Moment;

std::string source(const char* its_name) {
  return fmt::format(
      "Wang et al., Benchmarking Model-Based Reinforcement Learning (2019), "
      "github.com/WilsonWangTHU/mbbl, {}",
      its_name);
}

TaskDescription named(TaskDescription task, const char* name, const char* its_name) {
  task.name = fmt::format("mbbl/{}", name);
  task.source = source(its_name);
  return task;
}

/// Costs as much as the squared distance of a height from where it should be, before the step.
RewardTerm height_cost(const char* joint, int64_t component, double height) {
  RewardTerm term = paid_for(position(joint, component), Moment::before, -3);
  term.target = height;
  term.number = RewardTerm::Number::squares;
  return term;
}

/// Ends where it is no longer healthy ("-ET" in the paper), and pays the bonus in healthy states
/// only; otherwise never, and always.
TaskDescription ending(TaskDescription task, bool ends) {
  if (ends) {
    for (RewardTerm& term : task.reward)
      if (term.of == RewardTerm::Of::one) term = bonus_while_healthy(term.weight, Moment::before);
  } else {
    task.healthy.clear();
  }
  return task;
}

// Its resets put the root at x = 0 (and y = 0) where Gym's leave noise; nothing observes it.

TaskDescription mbbl_half_cheetah() {
  TaskDescription task = named(half_cheetah(), "half-cheetah", "gym_cheetah");
  task.reward = {paid_for(velocity("rootx"), Moment::before), action_cost(0.1)};
  return task;
}

TaskDescription mbbl_swimmer() {
  TaskDescription task = named(swimmer(), "swimmer-v0", "gym_swimmer");
  task.reward = {paid_for(velocity("slider1"), Moment::before), action_cost(1e-4)};
  return task;
}

/// Paid for how its front end moves on, which it sees: the last of its observations.
TaskDescription mbbl_fixed_swimmer() {
  TaskDescription task = named(swimmer(), "swimmer", "gym_fswimmer");
  task.body = "mbbl_fixed_swimmer.xml";
  task.frame_skip = 4;
  task.reset = uniform_noise(0.1);
  Quantity advance{Kind::site_position, "tip", 0, 1};
  advance.rate = true;
  task.observe.push_back({.of = advance});
  task.reward = {paid_for(advance, Moment::before), action_cost(1e-4)};
  return task;
}

TaskDescription mbbl_ant(bool ends) {
  TaskDescription task = ends ? named(ant(), "ant-et", "gym_fant") : named(ant(), "ant", "gym_ant");
  task.reward = {paid_for(velocity("root", 0), Moment::before), action_cost(0.1),
                 height_cost("root", 2, 0.57), bonus(1)};
  return ending(task, ends);
}

TaskDescription mbbl_hopper(bool ends) {
  TaskDescription task =
      ends ? named(hopper(), "hopper-et", "gym_fhopper") : named(hopper(), "hopper", "gym_hopper");
  task.observe = {{.of = positions(1)}, {.of = velocities()}};
  task.reward = {paid_for(velocity("rootx"), Moment::before), action_cost(0.1),
                 height_cost("rootz", 0, 1.3), bonus(1)};
  task.healthy = {above(position("rootz"), 0.7), within(position("rooty"), -0.2, 0.2)};
  return ending(task, ends);
}

TaskDescription mbbl_walker2d(bool ends) {
  TaskDescription task = ends ? named(walker2d(), "walker2d-et", "gym_fwalker2d")
                              : named(walker2d(), "walker2d", "gym_walker2d");
  task.observe = {{.of = positions(1)}, {.of = velocities()}};
  task.reward = {paid_for(velocity("rootx"), Moment::before), action_cost(0.1),
                 height_cost("rootz", 0, 1.3), bonus(1)};
  return ending(task, ends);
}

/// A humanoid is paid for standing in any case; early termination only ends it.
TaskDescription rewarded_humanoid() {
  TaskDescription task = humanoid();
  task.healthy = {{position("root", 2), 1, 2, /*ends_included=*/true}};
  task.reward = {paid_for(velocity("root", 0), Moment::before, 0.25 / 0.015), action_cost(0.1),
                 bonus_while_healthy(5, Moment::before)};
  return task;
}

TaskDescription mbbl_slim_humanoid(bool ends) {
  TaskDescription task =
      ends ? named(rewarded_humanoid(), "slim-humanoid-et", "gym_slimhumanoid")
           : named(rewarded_humanoid(), "slim-humanoid", "gym_nostopslimhumanoid");
  task.ends_when_unhealthy = ends;
  return task;
}

TaskDescription mbbl_humanoid() {
  TaskDescription task = named(rewarded_humanoid(), "humanoid-et", "gym_humanoid");
  const Quantity forces{Kind::contact_force};
  task.observe.insert(task.observe.end(), {{.of = {Kind::inertia}},
                                           {.of = {Kind::spatial_velocity}},
                                           {.of = {Kind::actuator_force}},
                                           {.of = forces}});
  task.reward.push_back(contact_cost(forces, 5e-7, infinity, 10, Moment::before));
  return task;
}

// The classic tasks end where their count of steps has exceeded `max_length`: 201 steps, and 101 of
// the inverted pendulum.

TaskDescription mbbl_inverted_pendulum() {
  TaskDescription task = named(inverted_pendulum(), "inverted-pendulum", "gym_invertedPendulum");
  task.horizon = 101;
  RewardTerm lean = paid_for(position("hinge"), Moment::before, -1);
  lean.number = RewardTerm::Number::squares;
  task.reward = {lean};
  return task;
}

TaskDescription mbbl_reacher() {
  return named(gym_reacher(4), "reacher", "gym_reacher");
}

/// Observes cosine and sine of the angle and its velocity. As published it pays for hanging down:
/// the angle's cosine is a cost, and 0 is upright.
class MbblPendulum : public Task {
 public:
  explicit MbblPendulum(TaskSpec spec) { spec_ = std::move(spec); }

  static TaskSpec published() {
    return {.name = "mbbl/pendulum",
            .description =
                "-(cos(angle) + 0.1 |sin(angle)| + 0.1 velocity^2 + 0.001 torque^2), before the "
                "step; angle 0 is upright: as published, it pays for hanging down, about 1 a step; "
                "the torque is 2 times the action; the angle moves before the speed is clipped; "
                "never ends early; 0.05 s a step",
            .source = source("gym_pendulum"),
            .observation_size = 3,
            .action_low = {-1},
            .action_high = {1},
            .horizon = 201};
  }
  static std::unique_ptr<Simulation> simulation(const EnvConfig& config) {
    refuse_joint_settings(config, published().name);
    return std::make_unique<Pendulum>(config, Pendulum::largest_torque, SpeedLimit::after_moving);
  }

  Tensor observe(const Tensor& measurement) const override { return observe_pendulum(measurement); }
  Tensor reward(const Tensor& observation, const Tensor& action, const Tensor&) const override {
    const Tensor torque = (2 * action).clamp(-2, 2);
    return -(observation.select(1, 0) + 0.1 * observation.select(1, 1).abs() +
             0.1 * observation.select(1, 2).square() + 0.001 * squared_norm(torque));
  }
};

class MbblAcrobot : public Task {
 public:
  explicit MbblAcrobot(TaskSpec spec) { spec_ = std::move(spec); }

  static TaskSpec published() {
    return {.name = "mbbl/acrobot",
            .description =
                "the tip's height before the step, in links; the torque is -1 below an action of "
                "-0.33, 1 from 0.33 on, 0 between; never ends early; 0.2 s a step",
            .source = source("gym_acrobot"),
            .observation_size = 6,
            .action_low = {-1},
            .action_high = {1},
            .horizon = 201};
  }
  static std::unique_ptr<Simulation> simulation(const EnvConfig& config) {
    refuse_joint_settings(config, published().name);
    return std::make_unique<Acrobot>(config, Push::full);
  }

  Tensor observe(const Tensor& measurement) const override { return observe_acrobot(measurement); }
  Tensor reward(const Tensor& observation, const Tensor&, const Tensor&) const override {
    return acrobot_height(observation);
  }
};

class MbblCartPole : public Task {
 public:
  explicit MbblCartPole(TaskSpec spec) { spec_ = std::move(spec); }

  static TaskSpec published() {
    return {.name = "mbbl/cartpole",
            .description =
                "cos(angle) - 0.01 x^2, before the step; angle 0 is upright; the force is 10 N to "
                "the right where the action is positive, else to the left; never ends early; 0.02 "
                "s a step",
            .source = source("gym_cartpole"),
            .observation_size = 4,
            .action_low = {-1},
            .action_high = {1},
            .horizon = 201};
  }
  static std::unique_ptr<Simulation> simulation(const EnvConfig& config) {
    refuse_joint_settings(config, published().name);
    return std::make_unique<CartPole>(config, Push::full);
  }

  Tensor observe(const Tensor& measurement) const override { return measurement; }
  Tensor reward(const Tensor& observation, const Tensor&, const Tensor&) const override {
    return observation.select(1, 2).cos() - 0.01 * observation.select(1, 0).square();
  }
};

class MbblMountainCar : public Task {
 public:
  explicit MbblMountainCar(TaskSpec spec) { spec_ = std::move(spec); }

  static TaskSpec published() {
    return {.name = "mbbl/mountain-car",
            .description = "the position before the step; never ends early",
            .source = source("gym_mountain"),
            .observation_size = 2,
            .action_low = {-1},
            .action_high = {1},
            .horizon = 201};
  }
  static std::unique_ptr<Simulation> simulation(const EnvConfig& config) {
    refuse_joint_settings(config, published().name);
    return std::make_unique<MountainCar>(config);
  }

  Tensor observe(const Tensor& measurement) const override { return measurement; }
  Tensor reward(const Tensor& observation, const Tensor&, const Tensor&) const override {
    return observation.select(1, 0);
  }
};

}  // namespace

std::vector<TaskEntry> mbbl_suite() {
  return {task_entry<MbblPendulum>(),
          task_entry<MbblAcrobot>(),
          task_entry<MbblCartPole>(),
          task_entry<MbblMountainCar>(),
          described_entry(mbbl_inverted_pendulum()),
          described_entry(mbbl_reacher()),
          described_entry(mbbl_half_cheetah()),
          described_entry(mbbl_swimmer()),
          described_entry(mbbl_fixed_swimmer()),
          described_entry(mbbl_ant(false)),
          described_entry(mbbl_ant(true)),
          described_entry(mbbl_walker2d(false)),
          described_entry(mbbl_walker2d(true)),
          described_entry(mbbl_hopper(false)),
          described_entry(mbbl_hopper(true)),
          described_entry(mbbl_slim_humanoid(false)),
          described_entry(mbbl_slim_humanoid(true)),
          described_entry(mbbl_humanoid())};
}

}  // namespace reverie
