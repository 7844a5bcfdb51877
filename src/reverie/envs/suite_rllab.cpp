// The tasks of the original MB-MPO, on rllab.
#include <reverie/envs/suites.h>

namespace reverie {
namespace {

constexpr char source[] =
    "Clavera et al., Model-Based Reinforcement Learning via Meta-Policy Optimization (2018), "
    "github.com/jonasrothfuss/model_ensemble_meta_learning";

using Moment = RewardTerm::Moment;

/// A task of rllab's: its normalising wrapper clips the action on the way to the simulator alone.
/// Its rewards are clipped to ±1000, some only in the world, some only in a model: in the world
/// none gets there.
TaskDescription named(TaskDescription task, const char* name) {
  task.name = name;
  task.source = source;
  task.horizon = 200;
  task.reset = {ResetNoise::Kind::normal, 0.01, ResetNoise::Kind::normal, 0.1};
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
// them: 0.016 s a step.
TaskDescription rllab_hopper() {
  TaskDescription task = named(hopper(), "rllab/hopper");
  task.timestep = 0.004;
  task.reward = {paid_for(position("rootx"), Moment::rate), bonus(1), action_cost(1e-3)};
  task.reward_clip = 1000;
  return task;
}

TaskDescription rllab_walker2d() {
  TaskDescription task = named(walker2d(), "rllab/walker2d");
  task.timestep = 0.004;
  task.reward = {paid_for(position("rootx"), Moment::rate), bonus(1), action_cost(1e-3)};
  return task;
}

TaskDescription rllab_ant() {
  TaskDescription task = named(ant(), "rllab/ant");
  task.frame_skip = 2;
  task.reward = {paid_for(velocity("root", 0), Moment::after), bonus(1), action_cost(0.005)};
  task.reward_clip = 1000;
  return task;
}

}  // namespace

std::vector<TaskEntry> rllab_suite() {
  return {described_entry(rllab_half_cheetah()), described_entry(rllab_swimmer()),
          described_entry(rllab_hopper()), described_entry(rllab_walker2d()),
          described_entry(rllab_ant())};
}

}  // namespace reverie
