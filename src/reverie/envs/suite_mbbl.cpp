// The tasks of "Benchmarking Model-Based Reinforcement Learning": rewards of state and action
// alone.
#include <reverie/envs/suites.h>

#include <fmt/format.h>

namespace reverie {
namespace {

using Moment = RewardTerm::Moment;

std::string source(const char* its_name) {
  return fmt::format(
      "Wang et al., Benchmarking Model-Based Reinforcement Learning (2019), "
      "github.com/WilsonWangTHU/mbbl, {}",
      its_name);
}

TaskDescription mbbl_half_cheetah() {
  TaskDescription task = half_cheetah();
  task.name = "mbbl/half-cheetah";
  task.source = source("gym_cheetah");
  task.reward = {paid_for(velocity("rootx"), Moment::before), action_cost(0.1)};
  return task;
}

}  // namespace

std::vector<TaskEntry> mbbl_suite() {
  return {described_entry(mbbl_half_cheetah())};
}

}  // namespace reverie
