#include <reverie/data/transitions.h>

namespace reverie {

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
