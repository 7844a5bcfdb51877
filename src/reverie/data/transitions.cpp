#include <reverie/data/transitions.h>

#include <reverie/core/archive.h>

namespace reverie {
namespace {

/// Each tensor of rollouts with its name, its type, and whether it has a dimension for features.
template <class Some, class F>
void each_field(Some& rollouts, const F& f) {
  f("observation", rollouts.observation, torch::kFloat32, true);
  f("action", rollouts.action, torch::kFloat32, true);
  f("reward", rollouts.reward, torch::kFloat32, false);
  f("next_observation", rollouts.next_observation, torch::kFloat32, true);
  f("terminated", rollouts.terminated, torch::kBool, false);
  f("truncated", rollouts.truncated, torch::kBool, false);
  f("time", rollouts.time, torch::kFloat32, false);
  f("counted", rollouts.counted, torch::kBool, false);
}

/// Whether no episode of a step's row has ended before it: [tasks, rows, horizon] bool.
Tensor in_first_episode(const Rollouts& rollouts) {
  const auto ended = (rollouts.terminated | rollouts.truncated).to(torch::kInt64);
  return (ended.cumsum(2) - ended).eq(0);
}

}  // namespace

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

Transitions first_episodes(const Rollouts& rollouts) {
  Transitions all = transitions(rollouts);
  const Tensor chosen = in_first_episode(rollouts).flatten().nonzero().squeeze(1);
  if (chosen.size(0) == all.size()) return all;
  for (Tensor* field : {&all.observation, &all.action, &all.reward, &all.next_observation,
                        &all.terminated, &all.truncated})
    *field = field->index_select(0, chosen);
  return all;
}

Transitions moved(const Transitions& transitions, torch::Device device) {
  return {transitions.observation.to(device), transitions.action.to(device),
          transitions.reward.to(device),      transitions.next_observation.to(device),
          transitions.terminated.to(device),  transitions.truncated.to(device)};
}

Transitions joined(const Transitions& first, const Transitions& second) {
  const auto both = [](const Tensor& a, const Tensor& b) { return torch::cat({a, b}); };
  return {both(first.observation, second.observation),
          both(first.action, second.action),
          both(first.reward, second.reward),
          both(first.next_observation, second.next_observation),
          both(first.terminated, second.terminated),
          both(first.truncated, second.truncated)};
}

Rollouts moved(const Rollouts& rollouts, torch::Device device) {
  Rollouts result = rollouts;
  each_field(result, [&](const char*, Tensor& field, torch::Dtype, bool) {
    if (field.defined()) field = field.to(device);
  });
  return result;
}

void Rollouts::serialize(Archive& archive) {
  each_field(*this, [&](const char* name, Tensor& field, torch::Dtype type, bool features) {
    if (archive.reading()) field = Tensor();
    archive(name, field);
    if (!archive.reading() || !field.defined()) return;
    if (field.scalar_type() != type || field.dim() != (features ? 4 : 3))
      archive.refuse(name, "no rollouts");
  });
  if (!archive.reading()) return;
  const bool any = reward.defined();
  each_field(*this, [&](const char* name, Tensor& field, torch::Dtype, bool) {
    const bool may_lack = &field == &counted || &field == &next_observation;
    if (field.defined() != any && !(any && may_lack)) archive.refuse(name, "rollouts in part");
    if (field.defined() && field.sizes().slice(0, 3) != reward.sizes())
      archive.refuse(name, "rollouts of several sizes");
  });
}

Tensor first_returns(const Rollouts& rollouts) {
  return (rollouts.reward * in_first_episode(rollouts)).sum(2);
}

}  // namespace reverie
