// The dual of transition occupancy matching against occupancies known in closed form.
#include <reverie/models/objectives/occupancy_dual.h>
#include <reverie/models/objectives/test_policy_and_critic.h>

#include <gtest/gtest.h>

namespace reverie {
namespace {

constexpr int64_t kStates = 5;
constexpr double kDiscount = 0.8;

/// A ring of states, one-hot, that either action leads around: action 1 forwards, action 0 back. An
/// action is one-hot over pairs of state and action, so that a linear Q is a table.
struct Ring {
  Transitions data;
  Tensor initial, share;  // share [2 kStates] float64: of the data, by pair

  Ring(const std::vector<int64_t>& counts, bool ends) {
    std::vector<int64_t> from, to, pair;
    for (int64_t p = 0; p < 2 * kStates; ++p)
      for (int64_t i = 0; i < counts[p]; ++i) {
        pair.push_back(p);
        from.push_back(p / 2);
        to.push_back((p / 2 + (p % 2 == 1 ? 1 : kStates - 1)) % kStates);
      }
    const auto rows = static_cast<int64_t>(pair.size());
    data.observation = one_hot(torch::tensor(from), kStates);
    data.action = one_hot(torch::tensor(pair), 2 * kStates);
    data.next_observation = one_hot(torch::tensor(to), kStates);
    data.reward = torch::zeros({rows});
    data.terminated = ends ? torch::tensor(pair) == kEnd : torch::zeros({rows}, torch::kBool);
    data.truncated = torch::zeros({rows}, torch::kBool);
    initial = one_hot(torch::tensor({0, 0, 1}), kStates);
    share = torch::tensor(counts).to(torch::kFloat64) / static_cast<double>(rows);
  }

  static constexpr int64_t kEnd = 2 * 4 + 1;  // the pair that ends an episode, where one does
  static Tensor one_hot(const Tensor& index, int64_t size) {
    return torch::one_hot(index, size).to(torch::kFloat32);
  }
  Tensor pairs() const { return data.action.argmax(1); }
};

/// Forwards everywhere but in state 2, whose visits then go between 1 and 2.
int64_t action_in(int64_t state, bool turns) {
  return turns && state == 2 ? 0 : 1;
}
testing::AnyPolicy policy(bool turns) {
  return {kStates, 2 * kStates, [turns](const Tensor& observation, const Tensor&) {
            const Tensor state = observation.argmax(1);
            const Tensor action = turns ? (state != 2).to(torch::kInt64) : torch::ones_like(state);
            return Ring::one_hot(2 * state + action, 2 * kStates);
          }};
}

/// The policy's discounted occupancy of pairs, [2 kStates] float64, by a linear system: what the
/// occupancy of a state is, is the start's and what flows into it.
Tensor occupancy(bool turns, bool ends) {
  const auto options = torch::TensorOptions(torch::kFloat64);
  Tensor flow = torch::zeros({kStates, kStates}, options), start = torch::zeros({kStates}, options);
  start[0] = 2.0 / 3;
  start[1] = 1.0 / 3;
  for (int64_t s = 0; s < kStates; ++s) {
    const int64_t action = action_in(s, turns);
    if (ends && 2 * s + action == Ring::kEnd) continue;
    flow[(s + (action == 1 ? 1 : kStates - 1)) % kStates][s] = kDiscount;
  }
  const Tensor states =
      torch::linalg_solve(torch::eye(kStates, options) - flow, (1 - kDiscount) * start);
  Tensor pairs = torch::zeros({2 * kStates}, options);
  for (int64_t s = 0; s < kStates; ++s) pairs[2 * s + action_in(s, turns)] = states[s];
  return pairs;
}

/// A table, trained to convergence.
DualConfig table() {
  DualConfig config;
  config.hidden = {};
  config.learning_rate = 4e-3;
  config.weight_decay = 0;
  config.steps = 5000;
  return config;
}

Tensor residuals_of(const Ring& ring, const DualConfig& config, const Policy& acting) {
  OccupancyDual dual(kStates, 2 * kStates, config, kDiscount, RandomStream(1, "dual"), torch::kCPU);
  RandomStream random(2, "rewards");
  const Tensor reward = random.normal({2 * kStates}).index_select(0, ring.pairs());
  const Tensor rows = torch::arange(ring.data.size());
  dual.train(ring.data, rows, reward, ring.initial, acting, 256);
  return dual.residuals(ring.data, reward, acting);
}

struct ChiSquare : ::testing::TestWithParam<std::tuple<bool, bool, bool>> {};

TEST_P(ChiSquare, WeightsAreTheRatioOfOccupancies) {
  const auto [turns, ends, clamp] = GetParam();
  const Ring ring({1, 4, 2, 5, 6, 2, 1, 3, 1, 2}, ends);
  DualConfig config = table();
  config.clamp = clamp;
  const auto acting = policy(turns);
  const Tensor residuals = residuals_of(ring, config, acting);
  const OccupancyDual dual(kStates, 2 * kStates, config, kDiscount, {}, torch::kCPU);
  const Tensor expected =
      (occupancy(turns, ends) / ring.share).index_select(0, ring.pairs()).to(torch::kFloat32);
  const Tensor weights = dual.weights(residuals, 100);
  EXPECT_LT((weights - expected).abs().max().item<double>(), 0.1) << weights << expected;
  EXPECT_LT((weights - expected).abs().mean().item<double>(), 0.03);
  EXPECT_TRUE(torch::equal(dual.relative_weights(residuals), weights));
  EXPECT_LE(dual.weights(residuals, 0.5).max().item<double>(), 0.5);
}

INSTANTIATE_TEST_SUITE_P(Rings, ChiSquare,
                         ::testing::Values(std::tuple{false, false, false},
                                           std::tuple{true, true, false},
                                           std::tuple{true, true, true}));

TEST(KullbackLeibler, WeightsAreTheRatioOfOccupancies) {
  // Forward pairs alone: where the policy never goes, the weight tends to 0 without reaching it.
  const Ring ring({0, 4, 0, 1, 0, 5, 0, 3, 0, 2}, false);
  DualConfig config = table();
  config.divergence = Divergence::kl;
  const auto acting = policy(false);
  const Tensor residuals = residuals_of(ring, config, acting);
  const OccupancyDual dual(kStates, 2 * kStates, config, kDiscount, {}, torch::kCPU);
  const Tensor weights = dual.weights(residuals, 100);
  const Tensor expected =
      (occupancy(false, false) / ring.share).index_select(0, ring.pairs()).to(torch::kFloat32);
  // Known up to a factor: the loss does not depend on a constant in Q.
  const Tensor ratio = weights / expected / (weights / expected).mean();
  EXPECT_LT((ratio - 1).abs().max().item<double>(), 0.1) << ratio;
  const Tensor relative = dual.relative_weights(residuals);
  EXPECT_EQ(relative.max().item<double>(), 1);
  EXPECT_TRUE(torch::allclose(relative, weights / weights.max(), 1e-4));
}

}  // namespace
}  // namespace reverie
