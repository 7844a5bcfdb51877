#include <reverie/imagination/dream_layers_torch.h>

namespace reverie {

std::vector<Tensor> unnormalised_layers(const DynamicsModel& model) {
  const int64_t o = model.observation_size(), a = model.action_size();
  const auto precise = [](const Tensor& x) { return x.to(torch::kFloat64); };
  const auto shift = precise(
      torch::cat({model.action_normaliser().mean(), model.observation_normaliser().mean()}));
  const auto scale =
      precise(torch::cat({model.action_normaliser().std(), model.observation_normaliser().std()}));
  const auto& ensemble = model.ensemble();
  std::vector<Tensor> blocks;
  for (const auto& layer : ensemble.layers(ensemble.parameters())) {
    auto weight = precise(layer.weight), bias = precise(layer.bias);
    if (blocks.empty()) {  // the networks' own order is (observation, action)
      weight = torch::cat({weight.narrow(1, o, a), weight.narrow(1, 0, o)}, 1) / scale.unsqueeze(1);
      bias = bias - torch::matmul(shift, weight).unsqueeze(1);
    }
    blocks.push_back(torch::cat({weight, bias}, 1));
  }
  const int64_t means = model.head_shape().means(), each = means / model.target_size();
  auto target = blocks.back().narrow(2, 0, means);
  target.mul_(precise(model.target_normaliser().std()).repeat_interleave(each));
  target.select(1, target.size(1) - 1)
      .add_(precise(model.target_normaliser().mean()).repeat_interleave(each));
  for (Tensor& block : blocks) block = block.to(torch::kFloat32);
  return blocks;
}

Seats seats_for(const Tensor& member, int64_t members) {
  const int64_t steps = member.size(0), n = member.size(1);
  const auto of_step = torch::arange(n, member.options());
  const auto order = (member * n + of_step).argsort(1, false);  // by member, then by row
  const auto sorted = member.gather(1, order);
  const auto counts =
      torch::zeros({steps, members}, member.options())
          .scatter_add_(1, member, torch::ones({1, 1}, member.options()).expand({steps, n}));
  const int64_t capacity = counts.max().item<int64_t>();
  const auto first = counts.cumsum(1) - counts;  // in the sorted order, of each member
  const auto place = sorted * capacity + of_step - first.gather(1, sorted);
  return {torch::zeros({steps, members * capacity}, member.options()).scatter_(1, place, order),
          torch::empty_like(member).scatter_(1, order, place)};
}

}  // namespace reverie
