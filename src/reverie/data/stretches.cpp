#include <reverie/data/stretches.h>

namespace reverie {

Stretches Stretches::narrow(int64_t first, int64_t count) const {
  const auto part = [&](const Tensor& tensor) { return tensor.narrow(1, first, count); };
  return {part(row),    part(observation), part(action), part(next_observation),
          part(inside), part(goes_on)};
}

Stretches stretches(const Transitions& data, const Tensor& start, int64_t steps) {
  const Tensor ended = data.terminated | data.truncated;
  Tensor at = start, lasts = torch::ones_like(start, torch::kBool);
  std::vector<Tensor> rows, inside, goes_on;
  for (int64_t t = 0; t < steps; ++t) {
    const Tensor ends = ended.index_select(0, at) | (at + 1 == data.size());
    const Tensor last = t + 1 == steps ? lasts : lasts & ends;
    rows.push_back(at);
    inside.push_back(lasts);
    goes_on.push_back(last & data.terminated.index_select(0, at).logical_not());
    lasts = lasts & ends.logical_not();
    at = torch::where(lasts, at + 1, at);
  }
  const Tensor row = torch::stack(rows), flat = row.flatten();
  const auto gathered = [&](const Tensor& field) {
    return field.index_select(0, flat).view({steps, start.size(0), -1});
  };
  return {row,
          gathered(data.observation),
          gathered(data.action),
          gathered(data.next_observation),
          torch::stack(inside).to(torch::kFloat32),
          torch::stack(goes_on).to(torch::kFloat32)};
}

}  // namespace reverie
