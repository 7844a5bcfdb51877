// Gymnasium's own tasks, as its version 5 has them, or 4 (`env.version`); and MBPO's variants that
// observe less. In a model, where x is not known, the forward velocity stands in for x's change.
#include <reverie/envs/suites/suites.h>

#include <reverie/core/error.h>
#include <reverie/envs/task_entry.h>

#include <fmt/format.h>

#include <cmath>

namespace reverie {
namespace {

using Kind = Quantity::Kind;
using Moment = RewardTerm::Moment;

TaskDescription named(TaskDescription task, const char* name, const char* gymnasiums) {
  task.name = fmt::format("gym/{}", name);
  task.source = fmt::format("Gymnasium {}", gymnasiums);
  return task;
}

/// Version 5 pays the bonus for being healthy in healthy states alone; version 4 always, since an
/// unhealthy one ends the episode.
RewardTerm healthy_bonus(double each_step, int64_t version) {
  return version == 4 ? bonus(each_step) : bonus_while_healthy(each_step, Moment::after);
}

TaskDescription gym_half_cheetah(int64_t) {
  TaskDescription task = named(half_cheetah(), "half-cheetah", "HalfCheetah");
  task.reward = {paid_for(position("rootx"), Moment::rate), action_cost(0.1)};
  return task;
}

TaskDescription gym_hopper(int64_t version) {
  TaskDescription task = named(hopper(), "hopper", "Hopper");
  task.reward = {paid_for(position("rootx"), Moment::rate), healthy_bonus(1, version),
                 action_cost(1e-3)};
  return task;
}

TaskDescription gym_walker2d(int64_t version) {
  TaskDescription task = named(walker2d(), "walker2d", "Walker2d");
  if (version == 5) task.body = "walker2d_v5.xml";
  task.reward = {paid_for(position("rootx"), Moment::rate), healthy_bonus(1, version),
                 action_cost(1e-3)};
  return task;
}

TaskDescription gym_swimmer(int64_t) {
  TaskDescription task = named(swimmer(), "swimmer", "Swimmer");
  task.reward = {paid_for(position("slider1"), Moment::rate), action_cost(1e-4)};
  return task;
}

/// The contact forces on all bodies but the world, whose own come first and are always zero.
const Quantity contact_forces{Kind::contact_force, {}, 6};

TaskDescription rewarded_ant(int64_t version) {
  TaskDescription task = ant();
  RewardTerm forward = paid_for(body_position("torso", 0, 1), Moment::rate);
  forward.stand_in = velocity("root", 0);
  task.reward = {forward, healthy_bonus(1, version), action_cost(0.5)};
  return task;
}

TaskDescription gym_ant(int64_t version) {
  TaskDescription task = named(rewarded_ant(version), "ant", "Ant");
  if (version == 4) return task;
  task.observe.push_back({.of = contact_forces, .clip = 1});
  task.reward.push_back(contact_cost(contact_forces, 5e-4, 1, infinity));
  return task;
}

TaskDescription ant_truncated() {
  TaskDescription task = named(rewarded_ant(4), "ant-truncated", "");
  task.source = "Janner et al., When to Trust Your Model (MBPO, 2019), AntTruncatedObs; also TOM's";
  task.reward.push_back(contact_cost(contact_forces, 5e-4, 1, infinity));
  return task;
}

TaskDescription rewarded_humanoid(int64_t version) {
  TaskDescription task = humanoid();
  RewardTerm forward = paid_for({Kind::center_of_mass, {}, 0, 1}, Moment::rate, 1.25);
  forward.stand_in = velocity("root", 0);
  task.reward = {forward, healthy_bonus(5, version), action_cost(0.1)};
  return task;
}

TaskDescription gym_humanoid(int64_t version) {
  TaskDescription task = named(rewarded_humanoid(version), "humanoid", "Humanoid");
  // Version 5 leaves out what is always zero: the world's, and forces on the free joint.
  const bool all = version == 4;
  task.observe.push_back({.of = {Kind::inertia, {}, all ? 0 : 10}});
  task.observe.push_back({.of = {Kind::spatial_velocity, {}, all ? 0 : 6}});
  task.observe.push_back({.of = {Kind::actuator_force, {}, all ? 0 : 6}});
  task.observe.push_back({.of = {Kind::contact_force, {}, all ? 0 : contact_forces.first}});
  if (all) return task;
  task.reward.push_back(contact_cost(contact_forces, 5e-7, infinity, 10));
  return task;
}

TaskDescription humanoid_truncated() {
  TaskDescription task = named(rewarded_humanoid(4), "humanoid-truncated", "");
  task.source =
      "Janner et al., When to Trust Your Model (MBPO, 2019), HumanoidTruncatedObs; also TOM's";
  task.reward.push_back(contact_cost(contact_forces, 5e-7, infinity, 10));
  return task;
}

/// Draws a point of the square of ±`reach` that `accept`s.
template <class Accept>
std::pair<double, double> draw_point(RandomStream& random, double left, double right, double reach,
                                     const Accept& accept) {
  for (;;) {
    const double x = random.uniform(left, right), y = random.uniform(-reach, reach);
    if (accept(x, y)) return {x, y};
  }
}

TaskDescription gym_pusher(int64_t version) {
  TaskDescription task = named({}, "pusher", "Pusher");
  if (version == 4 && mj_version() >= 300)  // as Gymnasium refuses it, issue 950
    throw UsageError(
        "gym/pusher has version 5 alone in MuJoCo 3 and later, whose contacts of its "
        "light object are others");
  task.body = version == 4 ? "pusher.xml" : "pusher_v5.xml";
  task.frame_skip = 5;
  task.horizon = 100;
  task.reset = {ResetNoise::Kind::uniform, 0, ResetNoise::Kind::uniform, 0.005};
  task.arrange = [](RandomStream& random, std::span<double> position, std::span<double> velocity) {
    const auto [x, y] = draw_point(
        random, -0.3, 0, 0.2, [](double left, double up) { return std::hypot(left, up) > 0.17; });
    position[7] = x;
    position[8] = y;
    position[9] = position[10] = 0;
    for (size_t i = 7; i < 11; ++i) velocity[i] = 0;
  };
  const Quantity tip = body_position("tips_arm"), object = body_position("object");
  const Quantity goal = body_position("goal");
  task.observe = {
      {.of = positions(0, 7)}, {.of = velocities(0, 7)}, {.of = tip}, {.of = object}, {.of = goal}};
  const auto distance = [&](const Quantity& to, double weight) {
    RewardTerm term = paid_for(object, version == 4 ? Moment::before : Moment::after, weight);
    term.minus = to;
    term.number = RewardTerm::Number::norm;
    return term;
  };
  task.reward = {distance(goal, -1), action_cost(0.1), distance(tip, -0.5)};
  return task;
}

TaskDescription gym_inverted_pendulum(int64_t version) {
  TaskDescription task = named(inverted_pendulum(), "inverted-pendulum", "InvertedPendulum");
  task.reward = {healthy_bonus(1, version)};
  task.healthy = {{position("hinge"), -0.2, 0.2, /*ends_included=*/true}};
  return task;
}

TaskDescription gym_inverted_double_pendulum(int64_t version) {
  TaskDescription task = named({}, "inverted-double-pendulum", "InvertedDoublePendulum");
  task.body = "inverted_double_pendulum.xml";
  task.frame_skip = 5;
  task.reset = {ResetNoise::Kind::uniform, 0.1, ResetNoise::Kind::normal, 0.1};
  using Function = ObservedPart::Function;
  task.observe = {{.of = positions(0, 1)},
                  {.of = positions(1), .function = Function::sine},
                  {.of = positions(1), .function = Function::cosine},
                  {.of = velocities(), .clip = 10},
                  {.of = {Kind::constraint_force, {}, 0, version == 4 ? 3 : 1}, .clip = 10}};
  const auto squared = [](Quantity quantity, double weight, double target = 0) {
    RewardTerm term = paid_for(std::move(quantity), Moment::after, weight);
    term.target = target;
    term.number = RewardTerm::Number::squares;
    return term;
  };
  const Quantity tip_x{Kind::site_position, "tip", 0, 1}, tip_z{Kind::site_position, "tip", 2, 1};
  task.reward = {healthy_bonus(10, version), squared(tip_x, -0.01), squared(tip_z, -1, 2),
                 squared(velocity("hinge"), -1e-3), squared(velocity("hinge2"), -5e-3)};
  task.healthy = {above(tip_z, 1)};
  task.model_has_its_own = true;
  task.remark = "a model tells the tip's place from the angles";
  return task;
}

/// Tells where the tip is from what is observed: x, two sines, two cosines, velocities. The
/// simulator's own is that of a hundredth of a second before.
class InvertedDoublePendulum : public DescribedTask {
 public:
  using DescribedTask::DescribedTask;

  bool reward_is_exact() const override { return false; }
  bool end_is_exact() const override { return false; }
  Tensor reward(const Tensor&, const Tensor&, const Tensor& next) const override {
    const auto [x, height] = tip(next);
    const RewardTerm& bonus = description().reward[0];
    Tensor paid = torch::full_like(height, bonus.weight);
    if (bonus.while_healthy) paid = paid * (height > 1);
    return paid - 0.01 * x.square() - (height - 2).square() - 1e-3 * next.select(1, 6).square() -
           5e-3 * next.select(1, 7).square();
  }
  Tensor terminated(const Tensor& next) const override {
    return (tip(next).second > 1).logical_not();  // NaN ends it
  }

 private:
  static std::pair<Tensor, Tensor> tip(const Tensor& seen) {
    constexpr double link = 0.6;  // m
    const Tensor x = seen.select(1, 0), sine1 = seen.select(1, 1), sine2 = seen.select(1, 2);
    const Tensor cosine1 = seen.select(1, 3), cosine2 = seen.select(1, 4);
    return {x + link * (sine1 + sine1 * cosine2 + cosine1 * sine2),
            link * (cosine1 + cosine1 * cosine2 - sine1 * sine2)};
  }
};

/// The entry of a task that has versions 4 and 5.
template <class TaskClass = DescribedTask>
TaskEntry versioned(TaskDescription (*describe)(int64_t version)) {
  return described_entry<TaskClass>(describe(5).name, [describe](const EnvConfig& config) {
    const int64_t version = config.version == 0 ? 5 : config.version;
    TaskDescription task = describe(version);
    if (version < 4)
      throw UsageError(fmt::format("env.version is {}; {} has versions 4 and 5 (0: the newest)",
                                   version, task.name));
    task.source += fmt::format("-v{}", version);
    return task;
  });
}

}  // namespace

TaskDescription half_cheetah() {
  return {.body = "half_cheetah.xml",
          .frame_skip = 5,
          .reset = {ResetNoise::Kind::uniform, 0.1, ResetNoise::Kind::normal, 0.1},
          .observe = {{.of = positions(1)}, {.of = velocities()}}};
}

TaskDescription hopper() {
  return {.body = "hopper.xml",
          .frame_skip = 4,
          .reset = uniform_noise(5e-3),
          .observe = {{.of = positions(1)}, {.of = velocities(), .clip = 10}},
          .healthy = {above(position("rootz"), 0.7), within(position("rooty"), -0.2, 0.2),
                      within(positions(2), -100, 100), within(velocities(), -100, 100)}};
}

TaskDescription gym_reacher(int64_t version) {
  TaskDescription task = named({}, "reacher", "Reacher");
  task.body = "reacher.xml";
  task.frame_skip = 2;
  task.horizon = 50;
  task.reset = {ResetNoise::Kind::uniform, 0.1, ResetNoise::Kind::uniform, 0.005};
  task.arrange = [](RandomStream& random, std::span<double> position, std::span<double> velocity) {
    const auto [x, y] = draw_point(
        random, -0.2, 0.2, 0.2, [](double left, double up) { return std::hypot(left, up) < 0.2; });
    position[2] = x;
    position[3] = y;
    velocity[2] = velocity[3] = 0;
  };
  using Function = ObservedPart::Function;
  const int64_t dimensions = version == 4 ? 3 : 2;  // both are as high as the other
  const Quantity tip = body_position("fingertip", 0, dimensions);
  const Quantity target = body_position("target", 0, dimensions);
  task.observe = {{.of = positions(0, 2), .function = Function::cosine},
                  {.of = positions(0, 2), .function = Function::sine},
                  {.of = positions(2)},
                  {.of = velocities(0, 2)},
                  {.of = tip, .minus = target}};
  RewardTerm distance = paid_for(tip, version == 4 ? Moment::before : Moment::after, -1);
  distance.minus = target;
  distance.number = RewardTerm::Number::norm;
  task.reward = {distance, action_cost(1)};
  return task;
}

TaskDescription walker2d() {
  return {.body = "walker2d.xml",
          .frame_skip = 4,
          .reset = uniform_noise(5e-3),
          .observe = {{.of = positions(1)}, {.of = velocities(), .clip = 10}},
          .healthy = {within(position("rootz"), 0.8, 2), within(position("rooty"), -1, 1)}};
}

TaskDescription swimmer() {
  return {.body = "swimmer.xml",
          .frame_skip = 4,
          .reset = uniform_noise(0.1),
          .observe = {{.of = positions(2)}, {.of = velocities()}}};
}

TaskDescription ant() {
  return {.body = "ant.xml",
          .frame_skip = 5,
          .reset = {ResetNoise::Kind::uniform, 0.1, ResetNoise::Kind::normal, 0.1},
          .observe = {{.of = positions(2)}, {.of = velocities()}},
          .healthy = {{position("root", 2), 0.2, 1.0, /*ends_included=*/true}}};
}

TaskDescription humanoid() {
  return {.body = "humanoid.xml",
          .frame_skip = 5,
          .reset = uniform_noise(0.01),
          .observe = {{.of = positions(2)}, {.of = velocities()}},
          .healthy = {within(position("root", 2), 1, 2)}};
}

TaskDescription inverted_pendulum() {
  return {.body = "inverted_pendulum.xml",
          .frame_skip = 2,
          .reset = uniform_noise(0.01),
          .observe = {{.of = positions()}, {.of = velocities()}}};
}

RewardTerm contact_cost(const Quantity& forces, double weight, double clip, double most,
                        RewardTerm::Moment at) {
  return {.weight = -weight,
          .of = RewardTerm::Of::quantity,
          .quantity = forces,
          .at = at,
          .clip = clip,
          .number = RewardTerm::Number::squares,
          .most = most / weight};
}

std::vector<TaskEntry> gym_suite() {
  return {versioned(gym_half_cheetah),
          versioned(gym_hopper),
          versioned(gym_walker2d),
          versioned(gym_ant),
          versioned(gym_humanoid),
          versioned(gym_swimmer),
          versioned(gym_reacher),
          versioned(gym_pusher),
          versioned(gym_inverted_pendulum),
          versioned<InvertedDoublePendulum>(gym_inverted_double_pendulum),
          described_entry(ant_truncated()),
          described_entry(humanoid_truncated())};
}

}  // namespace reverie
