// The tasks of RLlib's MB-MPO: Gym's bodies with horizon 200, and a reward that a model can tell.
#include <reverie/envs/suites/suites.h>
#include <reverie/envs/task_entry.h>

namespace reverie {
namespace {

using Moment = RewardTerm::Moment;

constexpr char source[] =
    "Ray RLlib, rllib/algorithms/mbmpo and examples/env/mbmpo_env.py (2020), on OpenAI Gym's v2 "
    "bodies";

TaskDescription rllib_half_cheetah() {
  TaskDescription task = half_cheetah();
  task.name = "rllib/half-cheetah";
  task.source = source;
  task.horizon = 200;
  task.reward = {paid_for(velocity("rootx"), Moment::after), action_cost(0.1)};
  task.reward_clip = 1000;
  return task;
}

TaskDescription rllib_hopper() {
  TaskDescription task = hopper();
  task.name = "rllib/hopper";
  task.source = source;
  task.horizon = 200;
  RewardTerm forward = paid_for(velocity("rootx"), Moment::after);
  forward.clip = 10;  // read off the observation
  task.reward = {forward, bonus(1), action_cost(1e-3)};
  task.reward_clip = 1000;
  return task;
}

}  // namespace

std::vector<TaskEntry> rllib_suite() {
  return {described_entry(rllib_half_cheetah()), described_entry(rllib_hopper())};
}

}  // namespace reverie
