#include <reverie/data/replay.h>

#include <reverie/core/archive.h>
#include <reverie/core/error.h>

#include <algorithm>
#include <cstring>

namespace reverie {
namespace {

/// Applies `f(destination field, source field)` to each field of two sets of transitions.
template <class Some, class F>
void for_each_field(Some& a, const Transitions& b, F&& f) {
  f(a.observation, b.observation);
  f(a.action, b.action);
  f(a.reward, b.reward);
  f(a.next_observation, b.next_observation);
  f(a.terminated, b.terminated);
  f(a.truncated, b.truncated);
}

/// Rows to begin with.
constexpr int64_t kFirstRows = 1024;

Transitions empty_rows(int64_t rows, int64_t observation_size, int64_t action_size) {
  Transitions store;
  store.observation = torch::zeros({rows, observation_size});
  store.action = torch::zeros({rows, action_size});
  store.reward = torch::zeros({rows});
  store.next_observation = torch::zeros({rows, observation_size});
  store.terminated = torch::zeros({rows}, torch::kBool);
  store.truncated = torch::zeros({rows}, torch::kBool);
  return store;
}

int64_t row_bytes(int64_t observation_size, int64_t action_size) {
  return 4 * (2 * observation_size + action_size + 1) + 2;
}

}  // namespace

Replay::Replay(int64_t capacity, int64_t observation_size, int64_t action_size, std::string name)
    : name_(std::move(name)),
      capacity_(capacity),
      observation_size_(observation_size),
      action_size_(action_size) {
  TORCH_CHECK(capacity > 0, "Replay needs a positive capacity");
  store_ = empty_rows(0, observation_size, action_size);
}

// Doubled, so that what is copied comes to no more than what is added.
void Replay::make_room(int64_t rows) {
  const int64_t held = store_.size();
  if (rows <= held) return;
  const Transitions before = std::move(store_);
  store_ = empty_rows(std::min(capacity_, std::max({rows, 2 * held, kFirstRows})),
                      observation_size_, action_size_);
  for_each_field(store_, before, [&](Tensor& destination, const Tensor& source) {
    destination.narrow(0, 0, held).copy_(source);
  });
}

void Replay::add(const Transitions& transitions) {
  require_finite(transitions.observation, "observations given to the replay");
  require_finite(transitions.action, "actions given to the replay");
  require_finite(transitions.reward, "rewards given to the replay");
  require_finite(transitions.next_observation, "next observations given to the replay");
  // Only the newest `capacity` of what comes can stay.
  const int64_t count = transitions.size();
  const int64_t skipped = std::max<int64_t>(0, count - capacity_);
  make_room(std::min(capacity_, added_ + count));
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

Tensor Replay::places(const Tensor& index) const {
  const int64_t oldest = added_ > capacity_ ? added_ % capacity_ : 0;
  return (index + oldest).remainder(capacity_);
}

Tensor Replay::observations(const Tensor& index) const {
  return store_.observation.index_select(0, places(index));
}

Tensor Replay::ended() const {
  const Tensor place = places(torch::arange(size()));
  return (store_.terminated | store_.truncated).index_select(0, place);
}

Tensor Replay::initial() const {
  const Tensor before = ended();
  return torch::cat({torch::full({1}, added_ == size()), before.slice(0, 0, -1)})
      .slice(0, 0, size())
      .nonzero()
      .squeeze(1);
}

Transitions Replay::gather(const Tensor& index) const {
  const Tensor place = places(index);
  Transitions result;
  for_each_field(result, store_, [&](Tensor& destination, const Tensor& source) {
    destination = source.index_select(0, place);
  });
  return result;
}

int64_t Replay::segment_rows() const {
  constexpr int64_t bytes = 4 << 20;
  int64_t rows = 1;
  while (2 * rows * row_bytes(observation_size_, action_size_) <= bytes) rows *= 2;
  return rows;
}

std::string Replay::encoded(int64_t first, int64_t end) const {
  std::string bytes;
  bytes.reserve(static_cast<size_t>((end - first) * row_bytes(observation_size_, action_size_)));
  const Transitions rows = gather(torch::arange(first, end) - (added_ - size()));
  for_each_field(rows, rows, [&](const Tensor& field, const Tensor&) {
    bytes.append(static_cast<const char*>(field.data_ptr()), field.nbytes());
  });
  return bytes;
}

void Replay::decode(int64_t first, int64_t end, std::string_view bytes) {
  const int64_t count = end - first;
  if (static_cast<int64_t>(bytes.size()) != count * row_bytes(observation_size_, action_size_))
    throw Error(fmt::format("the saved transitions {} to {} are of another size", first, end));
  if (count == 0) return;  // tensors without rows have no memory to copy to
  Transitions rows = empty_rows(count, observation_size_, action_size_);
  for_each_field(rows, rows, [&](const Tensor& field, const Tensor&) {
    std::memcpy(field.data_ptr(), bytes.data(), field.nbytes());
    bytes.remove_prefix(field.nbytes());
  });
  const Tensor place = torch::arange(first, end).remainder(capacity_);
  for_each_field(store_, rows, [&](Tensor& destination, const Tensor& source) {
    destination.index_copy_(0, place, source);
  });
}

void Replay::serialize(Archive& archive) {
  int64_t capacity = capacity_;
  archive("capacity", capacity);
  if (capacity != capacity_)
    throw Error(fmt::format("the saved replay holds {} transitions, the settings say {}", capacity,
                            capacity_));
  archive.count("added", added_);
  if (archive.reading()) make_room(size());
  const int64_t oldest = added_ - size(), rows = segment_rows();
  int64_t first_whole = (oldest + rows - 1) / rows, end_whole = added_ / rows;
  if (!archive.beside() || first_whole >= end_whole) first_whole = end_whole = added_ / rows + 1;
  const auto within = [&](std::string_view name, int64_t first, int64_t end) {
    std::string bytes;
    if (!archive.reading() && first < end) bytes = encoded(first, end);
    archive(name, bytes);
    if (archive.reading()) decode(first, end, bytes);
  };
  within("before", oldest, std::min(first_whole * rows, added_));
  for (int64_t k = first_whole; k < end_whole; ++k)
    archive.side_file(
        fmt::format("segment/{:08}", k), fmt::format("{}-{:08}.seg", name_, k),
        [&] { return encoded(k * rows, (k + 1) * rows); },
        [&](std::string_view bytes) { decode(k * rows, (k + 1) * rows, bytes); });
  within("after", std::min(std::max(end_whole * rows, oldest), added_), added_);
}

}  // namespace reverie
