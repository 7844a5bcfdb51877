// The tasks of the original MB-MPO, on rllab.
#include <reverie/envs/suites.h>

namespace reverie {
namespace {

constexpr char source[] =
    "Clavera et al., Model-Based Reinforcement Learning via Meta-Policy Optimization (2018), "
    "github.com/jonasrothfuss/model_ensemble_meta_learning";

// rllab takes one of the body's own steps per action, and its normalising wrapper clips the action
// on the way to the simulator alone.
TaskDescription rllab_half_cheetah() {
  TaskDescription task = half_cheetah();
  task.name = "rllab/half-cheetah";
  task.source = source;
  task.frame_skip = 1;
  task.horizon = 200;
  task.reset = {ResetNoise::Kind::normal, 0.01, ResetNoise::Kind::normal, 0.1};
  task.reward = {paid_for(position("rootx"), RewardTerm::Moment::rate), action_cost(0.1)};
  task.reward_clip = 1000;
  task.charges_clipped_action = true;
  task.remark = "the action clipped, but not in a model";
  return task;
}

}  // namespace

std::vector<TaskEntry> rllab_suite() {
  return {described_entry(rllab_half_cheetah())};
}

}  // namespace reverie
