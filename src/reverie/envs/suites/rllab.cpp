// The tasks of the original MB-MPO, on rllab.
#include <reverie/envs/suites/suites.h>
#include <reverie/envs/task_entry.h>

namespace reverie {
namespace {

constexpr char source[] =
    "Clavera et al., Model-Based Reinforcement Learning via Meta-Policy Optimization (2018), "
    "github.com/jonasrothfuss/model_ensemble_meta_learning";

using Moment = RewardTerm::Moment;

/// A task of rllab's: its normalising wrapper takes actions of -1 to 1 for the actuators' ranges,
/// and clips them on the way to the simulator alone.
/// Its rewards are clipped to ±1000, some only in the world, some only in a model: in the world
/// none gets there.
TaskDescription named(TaskDescription task, const char* name) {
  task.name = name;
  task.source = source;
  task.horizon = 200;
  task.reset = {ResetNoise::Kind::normal, 0.01, ResetNoise::Kind::normal, 0.1};
  task.normalised_actions = true;
  task.charges_clipped_action = true;
  task.remark = "the action clipped, but not in a model";
  return task;
}

// Without a word in the body's file rllab takes one of its own steps per action.
TaskDescription rllab_half_cheetah() {
  TaskDescription task = named(half_cheetah(), "rllab/half-cheetah");
  task.frame_skip = 1;
  task.reward = {paid_for(position("rootx"), Moment::rate), action_cost(0.1)};
  task.reward_clip = 1000;
  return task;
}

TaskDescription rllab_swimmer() {
  TaskDescription task = named(swimmer(), "rllab/swimmer");
  task.frame_skip = 1;
  task.reward = {paid_for(position("slider1"), Moment::rate), action_cost(1e-4)};
  task.reward_clip = 1000;
  return task;
}

// Timestep and frame skip as vendor/mujoco_models/hopper.xml and gym_mujoco/hopper_env.py have
// them as released (before August 2018: 4 frames), and the walker's likewise: 0.02 s a step.
TaskDescription rllab_hopper() {
  TaskDescription task = named(hopper(), "rllab/hopper");
  task.timestep = 0.004;
  task.frame_skip = 5;
  task.reward = {paid_for(position("rootx"), Moment::rate), bonus(1), action_cost(1e-3)};
  task.reward_clip = 1000;
  return task;
}

TaskDescription rllab_walker2d() {
  TaskDescription task = named(walker2d(), "rllab/walker2d");
  task.timestep = 0.004;
  task.frame_skip = 5;
  task.reward = {paid_for(position("rootx"), Moment::rate), bonus(1), action_cost(1e-3)};
  return task;
}

TaskDescription rllab_ant() {
  TaskDescription task = named(ant(), "rllab/ant");
  task.frame_skip = 2;
  task.arrange = stand_as_rllabs_ant;
  task.reward = {paid_for(velocity("root", 0), Moment::after), bonus(1), action_cost(0.005)};
  task.reward_clip = 1000;
  return task;
}

/// Where the original divides a model's action by the range's half, 0.4, though it is in units of
/// that already, this charges the action in units of the range in both.
TaskDescription rllab_humanoid() {
  TaskDescription task = named(humanoid(), "rllab/humanoid");
  task.body = "rllab_walking_humanoid.xml";
  task.forward_after_step = true;  // as rllab steps; it shows in the velocities of bodies alone
  task.observe.push_back({.of = {Quantity::Kind::spatial_velocity}});
  const auto sideways = [](int64_t axis) {
    RewardTerm term = paid_for(velocity("root", axis), Moment::after, -0.005);
    term.number = RewardTerm::Number::squares;
    return term;
  };
  RewardTerm impact = contact_cost({Quantity::Kind::contact_force}, 0.5e-5, 1, infinity);
  impact.models_leave_it_out = true;
  task.reward = {paid_for(velocity("root", 0), Moment::after),
                 bonus(0.2),
                 action_cost(0.0005 / (0.4 * 0.4)),
                 impact,
                 sideways(1),
                 sideways(2)};
  task.healthy = {{position("root", 2), 0.8, 2, /*ends_included=*/true}};
  return task;
}

}  // namespace

void stand_as_rllabs_ant(RandomStream&, std::span<double> position, std::span<double>) {
  position[2] += 0.55 - 0.75;
  const double ankles[] = {1, -1, -1, 1};
  for (size_t leg = 0; leg < 4; ++leg) position[8 + 2 * leg] += ankles[leg];
}

std::vector<TaskEntry> rllab_suite() {
  return {described_entry(rllab_half_cheetah()), described_entry(rllab_swimmer()),
          described_entry(rllab_hopper()),       described_entry(rllab_walker2d()),
          described_entry(rllab_ant()),          described_entry(rllab_humanoid())};
}

}  // namespace reverie
