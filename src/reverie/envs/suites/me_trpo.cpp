// The tasks of ME-TRPO: rllab's bodies, most of which show where their centre of mass is and goes.
#include <reverie/envs/suites/suites.h>
#include <reverie/envs/task_entry.h>

namespace reverie {
namespace {

constexpr char source[] =
    "Kurutach et al., Model-Ensemble Trust-Region Policy Optimization (2018), "
    "github.com/thanard/me-trpo, envs/";

using Kind = Quantity::Kind;
using Moment = RewardTerm::Moment;

Quantity center(int64_t first = 0, int64_t count = 0) {
  return {Kind::center_of_mass, "torso", first, count};
}
Quantity center_velocity(int64_t first = 0, int64_t count = 0) {
  return {Kind::center_velocity, "torso", first, count};
}

/// -weight |action|², the action clipped to ±1: policies of rllab's give more, but both its
/// simulator and its models take it so.
RewardTerm clipped_action_cost(double weight) {
  RewardTerm cost = action_cost(weight);
  cost.clip = 1;
  return cost;
}

TaskDescription named(const char* name, const char* its_file) {
  TaskDescription task;
  task.name = std::string("me-trpo/") + name;
  task.source = source + std::string(its_file);
  task.reset = {ResetNoise::Kind::normal, 0.01, ResetNoise::Kind::normal, 0.1};
  task.forward_after_step = true;
  return task;
}

/// Swimmer and snake: the centre's x and y, the angles, then their velocities.
TaskDescription crawler(const char* name, const char* its_file, const char* body) {
  TaskDescription task = named(name, its_file);
  task.body = body;
  task.frame_skip = 50;
  task.horizon = 200;
  task.observe = {{.of = center(0, 2)},
                  {.of = positions(2)},
                  {.of = center_velocity(0, 2)},
                  {.of = velocities(2)}};
  task.reward = {paid_for(center_velocity(0, 1), Moment::after), clipped_action_cost(0.005)};
  return task;
}

TaskDescription half_cheetah_by_center() {
  TaskDescription task = named("half-cheetah", "com_half_cheetah_env.py");
  task.body = "half_cheetah.xml";
  task.horizon = 100;
  task.observe = {{.of = center(0, 1)},          {.of = center(2, 1)},
                  {.of = positions(2)},          {.of = center_velocity(0, 1)},
                  {.of = center_velocity(2, 1)}, {.of = velocities(2)}};
  task.reward = {paid_for(center_velocity(0, 1), Moment::after), clipped_action_cost(0.05)};
  task.reward_clip = 10;
  return task;
}

/// Costs what |component| is beyond `limit`, for each component.
RewardTerm excess(Quantity quantity, double weight, double limit) {
  RewardTerm term = paid_for(std::move(quantity), Moment::after, -weight);
  term.number = RewardTerm::Number::absolutes;
  term.margin = limit;
  return term;
}

/// Never ends: falling costs instead.
TaskDescription hopper_by_center() {
  TaskDescription task = named("hopper", "com_hopper_env.py");
  task.body = "rllab_hopper.xml";
  task.horizon = 100;
  task.observe = {{.of = center(2, 1)},
                  {.of = positions(2)},
                  {.of = center_velocity(0, 1)},
                  {.of = center_velocity(2, 1)},
                  {.of = velocities(2)}};
  RewardTerm low = paid_for(center(2, 1), Moment::after, -10);
  low.target = 0.45;
  low.number = RewardTerm::Number::shortfall;
  task.reward = {paid_for(center_velocity(0, 1), Moment::after),
                 clipped_action_cost(0.005),
                 low,
                 excess(position("rooty"), 10, 0.2),
                 excess(positions(3), 1, 100),
                 excess(center_velocity(0, 1), 1, 100),
                 excess(center_velocity(2, 1), 1, 100),
                 excess(velocities(2), 1, 100)};
  return task;
}

TaskDescription ant_by_center() {
  TaskDescription task = named("ant", "com_ant_env.py");
  task.body = "rllab_ant.xml";
  task.horizon = 100;
  task.arrange = stand_as_rllabs_ant;
  task.observe = {
      {.of = center()}, {.of = positions(3)}, {.of = center_velocity()}, {.of = velocities(3)}};
  task.reward = {paid_for(center_velocity(0, 1), Moment::after), clipped_action_cost(0.005),
                 bonus(0.05)};
  task.healthy = {{center(2, 1), 0.2, 1, /*ends_included=*/true}};
  return task;
}

/// Lying on its back, it is to stand up.
TaskDescription humanoid_stand_up(const char* name, const char* its_file, const char* body,
                                  int frame_skip) {
  TaskDescription task = named(name, its_file);
  task.body = body;
  task.frame_skip = frame_skip;
  task.horizon = 100;
  const Quantity head{Kind::geom_position, "head"};
  task.observe = {{.of = positions(3)}, {.of = velocities()}, {.of = head}};
  RewardTerm height = paid_for({Kind::geom_position, "head", 2, 1}, Moment::after, -1);
  height.target = 1.5;
  height.number = RewardTerm::Number::squares;
  task.reward = {height, clipped_action_cost(1e-5)};
  return task;
}

}  // namespace

std::vector<TaskEntry> me_trpo_suite() {
  return {described_entry(crawler("swimmer", "com_swimmer_env.py", "rllab_swimmer.xml")),
          described_entry(crawler("snake", "com_snake_env.py", "rllab_snake.xml")),
          described_entry(half_cheetah_by_center()),
          described_entry(hopper_by_center()),
          described_entry(ant_by_center()),
          described_entry(
              humanoid_stand_up("humanoid", "com_humanoid_env.py", "rllab_humanoid.xml", 4)),
          described_entry(humanoid_stand_up("simple-humanoid", "com_simple_humanoid_env.py",
                                            "rllab_simple_humanoid.xml", 1))};
}

}  // namespace reverie
