#include <reverie/models/disagreement.h>

#include <reverie/core/workers.h>

#include <algorithm>

namespace reverie {
namespace {

constexpr int64_t kBlockRows = 512;

/// [n] from [K, n, d]
Tensor spread_of(const Tensor& means) {
  return means.var(/*dim=*/0, /*unbiased=*/false).mean(-1).sqrt();
}

Tensor ranks(const Tensor& values) {
  const Tensor plain = values.to(torch::kCPU, torch::kFloat64).contiguous();
  const double* x = plain.data_ptr<double>();
  std::vector<int64_t> order(static_cast<size_t>(plain.numel()));
  for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int64_t>(i);
  std::sort(order.begin(), order.end(), [x](int64_t a, int64_t b) { return x[a] < x[b]; });
  Tensor result = torch::empty_like(plain);
  double* rank = result.data_ptr<double>();
  for (size_t begin = 0; begin < order.size();) {
    size_t end = begin + 1;
    while (end < order.size() && x[order[end]] == x[order[begin]]) ++end;
    const double mean = 0.5 * static_cast<double>(begin + end - 1);
    for (size_t i = begin; i < end; ++i) rank[order[i]] = mean;
    begin = end;
  }
  return result;
}

}  // namespace

Tensor disagreement(const DynamicsModel& model, const Tensor& observation, const Tensor& action) {
  const torch::NoGradGuard no_grad;
  const int64_t rows = observation.size(0);
  if (!observation.is_cpu()) return spread_of(model.means(observation, action));
  Tensor result = torch::empty({rows}, observation.options());
  parallel_for((rows + kBlockRows - 1) / kBlockRows, [&](int64_t block) {
    const torch::NoGradGuard no_grad_here;  // a guard is of one thread
    const int64_t first = block * kBlockRows, count = std::min(kBlockRows, rows - first);
    result.narrow(0, first, count)
        .copy_(spread_of(
            model.means(observation.narrow(0, first, count), action.narrow(0, first, count))));
  });
  return result;
}

NewData judge(const DynamicsModel& model, const Transitions& data) {
  const torch::NoGradGuard no_grad;
  const Tensor means = model.means(data.observation, data.action);
  const Tensor targets = model.targets(data);
  NewData result;
  result.error = (means - targets).square().mean().item<double>();
  if (model.members() == 1) return result;
  const Tensor spread = spread_of(means);
  const Tensor missed = (means.mean(0) - targets).square().mean(-1);
  result.disagreement = spread.mean().item<double>();
  result.rank_correlation = rank_correlation(spread, missed);
  return result;
}

double rank_correlation(const Tensor& a, const Tensor& b) {
  if (!(a.isfinite().all() & b.isfinite().all()).item<bool>()) return 0;  // such have no ranks
  const auto centred = [](const Tensor& values) {
    const Tensor rank = ranks(values);
    return rank - rank.mean();
  };
  const Tensor x = centred(a), y = centred(b);
  const double scale = (x.norm() * y.norm()).item<double>();
  return scale > 0 ? (x * y).sum().item<double>() / scale : 0;
}

}  // namespace reverie
