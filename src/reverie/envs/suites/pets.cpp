// The tasks of PETS: rewards that a planner can tell from observations.
#include <reverie/envs/suites/suites.h>
#include <reverie/envs/task_entry.h>

namespace reverie {
namespace {

constexpr char source[] =
    "Chua et al., Deep Reinforcement Learning in a Handful of Trials (PETS, 2018), "
    "github.com/kchua/handful-of-trials, dmbrl/env/";

using Kind = Quantity::Kind;
using Moment = RewardTerm::Moment;

TaskDescription named(const char* name, const char* its_file) {
  TaskDescription task;
  task.name = std::string("pets/") + name;
  task.source = source + std::string(its_file);
  return task;
}

/// A task whose reward is a function of observations that has no terms: the same for simulator and
/// models.
class PaidByObservation : public DescribedTask {
 public:
  using DescribedTask::DescribedTask;
  Tensor measured_reward(const Tensor& measurement, const Tensor& action,
                         const Tensor& next) const override {
    return Task::measured_reward(measurement, action, next);
  }
};

TaskDescription pets_cartpole() {
  TaskDescription task = named("cartpole", "cartpole.py");
  task.body = "pets_cartpole.xml";
  task.frame_skip = 2;
  task.horizon = 200;
  task.reset = {ResetNoise::Kind::normal, 0.1, ResetNoise::Kind::normal, 0.1};
  task.observe = {{.of = positions()}, {.of = velocities()}};
  task.reward_in_words = "exp(-|the pole's end - (0, 0.6)|^2 / 0.36) - 0.01 |action|^2";
  task.model_has_its_own = true;
  return task;
}

class PetsCartPole : public PaidByObservation {
 public:
  using PaidByObservation::PaidByObservation;
  Tensor reward(const Tensor&, const Tensor& action, const Tensor& next) const override {
    constexpr double length = 0.6;  // of the pole, m; it hangs at angle 0
    const Tensor x = next.select(1, 0) - length * next.select(1, 1).sin();
    const Tensor height = -length * next.select(1, 1).cos();
    const Tensor distance = x.square() + (height - length).square();
    return (-distance / (length * length)).exp() - 0.01 * squared_norm(action);
  }
};

/// Its velocity stands first, taken from two positions.
TaskDescription pets_half_cheetah() {
  TaskDescription task = named("half-cheetah", "half_cheetah.py");
  task.body = "half_cheetah.xml";
  task.frame_skip = 5;
  task.reset = {ResetNoise::Kind::normal, 0.001, ResetNoise::Kind::normal, 0.001};
  Quantity speed = position("rootx");
  speed.rate = true;
  task.observe = {{.of = speed}, {.of = positions(1)}, {.of = velocities()}};
  task.reward = {paid_for(speed, Moment::after), action_cost(0.1)};
  return task;
}

/// Charged for where things are before the step. The tip is the centre of mass of both fingers'.
TaskDescription pets_pusher() {
  TaskDescription task = named("pusher", "pusher.py");
  task.body = "pets_pusher.xml";
  task.frame_skip = 4;
  task.horizon = 150;
  task.reset = {ResetNoise::Kind::uniform, 0, ResetNoise::Kind::uniform, 0.005};
  task.arrange = [](RandomStream& random, std::span<double> position, std::span<double> velocity) {
    position[7] = -0.25 + 0.025 * random.normal();  // the object's y, then its x
    position[8] = 0.15 + 0.025 * random.normal();
    for (size_t i = 7; i < 11; ++i) velocity[i] = 0;
  };
  const Quantity tip{Kind::center_of_mass, "tips_arm"}, object{Kind::center_of_mass, "object"};
  task.observe = {{.of = positions(0, 7)}, {.of = velocities(0, 7)}, {.of = tip}, {.of = object}};
  RewardTerm near = paid_for(object, Moment::before, -0.5);
  near.minus = tip;
  near.number = RewardTerm::Number::absolutes;
  task.reward = {near};
  const double goal[] = {0.45, -0.05, -0.323};  // the body's own
  for (int64_t i = 0; i < 3; ++i) {
    RewardTerm far = paid_for({Kind::center_of_mass, "object", i, 1}, Moment::before, -1.25);
    far.target = goal[i];
    far.number = RewardTerm::Number::absolutes;
    task.reward.push_back(far);
  }
  task.reward.push_back(action_cost(0.1));
  return task;
}

TaskDescription pets_reacher3d() {
  TaskDescription task = named("reacher3d", "reacher.py");
  task.body = "pets_reacher3d.xml";
  task.frame_skip = 2;
  task.horizon = 150;
  task.arrange = [](RandomStream& random, std::span<double> position, std::span<double>) {
    for (size_t i = 7; i < 10; ++i) position[i] += 0.1 * random.normal();
  };
  task.observe = {{.of = positions()}, {.of = velocities(0, 7)}};
  task.reward_in_words = "-|the hand, told from the angles, - the goal|^2 - 0.01 |action|^2";
  task.model_has_its_own = true;
  return task;
}

class PetsReacher3d : public PaidByObservation {
 public:
  using PaidByObservation::PaidByObservation;
  Tensor reward(const Tensor&, const Tensor& action, const Tensor& next) const override {
    return -squared_norm(hand(next) - next.slice(1, 7, 10)) - 0.01 * squared_norm(action);
  }

 private:
  /// Where the hand is, [n, 3]: the original's formula, whose forearm and hand bend about axes of
  /// its own making, not the body's.
  static Tensor hand(const Tensor& seen) {
    const auto angle = [&](int64_t joint) { return seen.slice(1, joint, joint + 1); };
    const Tensor pan = angle(0), lift = angle(1);
    const Tensor zero = torch::zeros_like(pan);
    Tensor along = torch::cat({lift.cos() * pan.cos(), lift.cos() * pan.sin(), -lift.sin()}, 1);
    Tensor across = torch::cat({-pan.sin(), pan.cos(), zero}, 1);
    Tensor end = torch::cat({0.1 * pan.cos(), 0.1 * pan.sin() - 0.188, zero}, 1) + 0.4 * along;

    struct Link {
      double length;
      int64_t hinge, roll;  ///< Joints.
    };
    for (const Link& link : {Link{0.321, 3, 2}, Link{0.16828, 5, 4}}) {
      const Tensor hinge = angle(link.hinge), roll = angle(link.roll);
      const Tensor next = hinge.cos() * along + hinge.sin() * roll.sin() * across -
                          hinge.sin() * roll.cos() * torch::cross(along, across, 1);
      const Tensor normal = torch::cross(next, along, 1);
      // A link straight on has no normal: the last one's stays. (Masked before the division, too,
      // or the gradient would be NaN there.)
      const Tensor squared = normal.square().sum(1, true);
      const Tensor straight = squared < 1e-60;
      across =
          torch::where(straight, across,
                       normal / torch::where(straight, torch::ones_like(squared), squared).sqrt());
      along = next;
      end = end + link.length * along;
    }
    return end;
  }
};

}  // namespace

std::vector<TaskEntry> pets_suite() {
  return {described_entry<PetsCartPole>(pets_cartpole()), described_entry(pets_half_cheetah()),
          described_entry(pets_pusher()), described_entry<PetsReacher3d>(pets_reacher3d())};
}

}  // namespace reverie
