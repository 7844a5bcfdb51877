#include <reverie/core/archive.h>
#include <reverie/core/error.h>
#include <reverie/data/replay.h>

namespace reverie {
namespace {

/// Applies `f(destination field, source field)` to each field of two sets of transitions.
template <class F>
void for_each_field(Transitions& a, const Transitions& b, F&& f) {
  f(a.observation, b.observation);
  f(a.action, b.action);
  f(a.reward, b.reward);
  f(a.next_observation, b.next_observation);
  f(a.terminated, b.terminated);
  f(a.truncated, b.truncated);
}

}  // namespace

Replay::Replay(int64_t capacity, int64_t observation_size, int64_t action_size)
    : capacity_(capacity) {
  TORCH_CHECK(capacity > 0, "Replay needs a positive capacity");
  store_.observation = torch::zeros({capacity, observation_size});
  store_.action = torch::zeros({capacity, action_size});
  store_.reward = torch::zeros({capacity});
  store_.next_observation = torch::zeros({capacity, observation_size});
  store_.terminated = torch::zeros({capacity}, torch::kBool);
  store_.truncated = torch::zeros({capacity}, torch::kBool);
}

void Replay::add(const Transitions& transitions) {
  require_finite(transitions.observation, "observations given to the replay");
  require_finite(transitions.action, "actions given to the replay");
  require_finite(transitions.reward, "rewards given to the replay");
  require_finite(transitions.next_observation, "next observations given to the replay");
  // Only the newest `capacity` of what comes can stay.
  const int64_t count = transitions.size();
  const int64_t skipped = std::max<int64_t>(0, count - capacity_);
  for (int64_t from = skipped; from < count;) {
    const int64_t to = (added_ + from) % capacity_;
    const int64_t run = std::min(count - from, capacity_ - to);
    for_each_field(store_, transitions, [&](Tensor& destination, const Tensor& source) {
      destination.narrow(0, to, run).copy_(source.narrow(0, from, run));
    });
    from += run;
  }
  added_ += count;
}

Transitions Replay::newest(int64_t count) const {
  count = std::min(count, size());
  return gather(torch::arange(size() - count, size()));
}

Transitions Replay::gather(const Tensor& index) const {
  const int64_t oldest = added_ > capacity_ ? added_ % capacity_ : 0;
  const auto place = (index + oldest).remainder(capacity_);
  Transitions result;
  for_each_field(result, store_, [&](Tensor& destination, const Tensor& source) {
    destination = source.index_select(0, place);
  });
  return result;
}

void Replay::serialize(Archive& archive) {
  int64_t capacity = capacity_;
  archive("capacity", capacity);
  if (capacity != capacity_)
    throw Error(fmt::format("the saved replay holds {} transitions, the settings say {}", capacity,
                            capacity_));
  archive.count("added", added_);
  // Only the part in use: a checkpoint early in a run is small.
  const int64_t used = size();
  const auto field = [&](std::string_view name, Tensor& tensor) {
    auto part = tensor.narrow(0, 0, used);
    archive(name, part);
    if (archive.reading()) tensor.narrow(0, 0, used).copy_(part);
  };
  field("observation", store_.observation);
  field("action", store_.action);
  field("reward", store_.reward);
  field("next_observation", store_.next_observation);
  field("terminated", store_.terminated);
  field("truncated", store_.truncated);
}

}  // namespace reverie
