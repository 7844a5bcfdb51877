#include <reverie/data/transitions.h>

namespace reverie {

void leave_out_unfinished(Rollouts& rollouts, int64_t limit) {
  const int64_t last = rollouts.horizon() - 1;
  const auto time = rollouts.time.select(2, last);  // [tasks, rows]
  const auto cut = rollouts.terminated.select(2, last).logical_not() & (time + 1 < limit);
  const auto begins = last - time;  // the step at which a row's last episode began
  const auto unfinished = cut & (begins > 0);
  if (!unfinished.any().item<bool>()) return;
  const auto before = torch::arange(last + 1, time.options()) < begins.unsqueeze(2);
  rollouts.counted = before | unfinished.logical_not().unsqueeze(2);
}

Transitions transitions(const Rollouts& rollouts) {
  return {rollouts.observation.flatten(0, 2), rollouts.action.flatten(0, 2),
          rollouts.reward.flatten(0, 2),      rollouts.next_observation.flatten(0, 2),
          rollouts.terminated.flatten(0, 2),  rollouts.truncated.flatten(0, 2)};
}

Transitions moved(const Transitions& transitions, torch::Device device) {
  return {transitions.observation.to(device), transitions.action.to(device),
          transitions.reward.to(device),      transitions.next_observation.to(device),
          transitions.terminated.to(device),  transitions.truncated.to(device)};
}

Tensor first_returns(const Rollouts& rollouts) {
  const auto ended = (rollouts.terminated | rollouts.truncated).to(torch::kInt64);
  // Steps before which no episode of the row has ended.
  const auto counts = (ended.cumsum(2) - ended).eq(0);
  return (rollouts.reward * counts).sum(2);
}

}  // namespace reverie
