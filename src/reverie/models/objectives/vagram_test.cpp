// Value-gradient weights against closed forms and finite differences.
#include <reverie/models/objectives/vagram.h>

#include <reverie/core/monitor.h>
#include <reverie/models/objectives/test_policy_and_critic.h>

#include <gtest/gtest.h>

namespace reverie {
namespace {

constexpr int64_t kRows = 40, kSize = 3;

struct VagramTest : ::testing::Test {
  VagramTest() : model(make()) {
    data.observation = random.normal({kRows, kSize});
    data.action = random.normal({kRows, 1});
    data.next_observation =
        data.observation + random.normal({kRows, kSize}) * torch::tensor({0.5f, 1.0f, 3.0f});
    data.reward = 2 * random.normal({kRows});
    data.terminated = data.truncated = torch::zeros({kRows}, torch::kBool);
    model.set_statistics(data);
    target = model.targets(data);
    mean = target + 0.3 * random.normal({kRows, kSize + 1});
  }
  static DynamicsModel make() {
    TaskSpec spec;
    spec.observation_size = kSize;
    spec.action_low = {-1};
    spec.action_high = {1};
    ModelConfig config;
    config.members = 1;
    config.hidden = {2};
    config.learn_reward = true;
    RandomStream random(1, "model");
    return {spec, config, random};
  }
  /// An objective after `fits` fits with the critic.
  Vagram prepared(VagramConfig config, const Critic* critic, int64_t fits = 2) {
    EvaluationConfig value;
    value.hidden = {4};
    value.epochs = 1;
    Vagram objective(config, ObjectiveValue(kSize, value, 0.9, RandomStream(3, "v"), torch::kCPU));
    for (int64_t i = 0; i < fits; ++i)
      objective.prepare({data, model, monitor, critic ? &policy : nullptr, critic});
    return objective;
  }
  double loss(const Vagram& objective) const {
    return objective.loss({mean, {}}, target, all).item<double>();
  }
  /// Errors [kRows, kSize + 1] in units of the task.
  Tensor errors() const { return (mean - target) * model.target_normaliser().std(); }
  double reward_loss() const { return errors().select(1, kSize).square().mean().item<double>(); }

  RandomStream random{5, "vagram"};
  DynamicsModel model;
  Transitions data;
  Monitor monitor;
  Tensor target, mean, all = torch::arange(kRows);
  testing::AnyPolicy policy{kSize, 1, [](const Tensor& observation, const Tensor&) {
                              return observation.narrow(1, 0, 1).tanh();
                            }};
  testing::AnyCritic curved{[](const Tensor& state, const Tensor& action) {
    const Tensor x = state.select(1, 0), y = state.select(1, 1), z = state.select(1, 2);
    const Tensor a = action.select(1, 0);
    return torch::stack({x * y + z.sin() + a * y, 2 * x - z.square() * a});
  }};
};

TEST_F(VagramTest, OfAValueThatIsADimensionItIsTheSquaredErrorThere) {
  for (int64_t i = 0; i < kSize; ++i) {
    const testing::AnyCritic critic([i](const Tensor& state, const Tensor&) {
      return torch::stack({state.select(1, i), state.select(1, i)});
    });
    const double square = errors().select(1, i).square().mean().item<double>();
    EXPECT_NEAR(loss(prepared({}, &critic)), kSize * square + reward_loss(), 1e-4);
    EXPECT_NEAR(loss(prepared({VagramForm::unbounded}, &critic)), square + reward_loss(), 1e-4);
  }
}

TEST_F(VagramTest, WeightsAreSquaredDerivativesOfTheValue) {
  const Vagram objective = prepared({VagramForm::bounded, 1.0}, &curved);
  const Tensor action = policy.act({}, data.next_observation, {});  // held fixed
  constexpr double step = 1e-2;
  for (int64_t i = 0; i < kSize; ++i) {
    Tensor up = data.next_observation.clone(), down = up.clone();
    up.select(1, i) += step;
    down.select(1, i) -= step;
    const Tensor slope = (curved.q(up, action) - curved.q(down, action)) / (2 * step);  // [2, n]
    const double unit = model.target_normaliser().std()[i].item<double>();
    for (const int64_t row : {0, 7, 31}) {
      Tensor at = target.narrow(0, row, 1).clone();
      at[0][i] += 1;
      const double found =
          objective.loss({at, {}}, target.narrow(0, row, 1), torch::tensor({row})).item<double>();
      const double square = slope.select(1, row).square().mean().item<double>();
      EXPECT_NEAR(found, kSize * square * unit * unit, 2e-3 * (1 + found)) << row << " " << i;
    }
  }
}

TEST_F(VagramTest, TheBoundIsOne) {
  const Vagram bounded = prepared({VagramForm::bounded}, &curved);
  const Vagram unbounded = prepared({VagramForm::unbounded}, &curved);
  for (int64_t row = 0; row < kRows; ++row) {
    const auto of = [&](const Vagram& objective) {
      return objective
          .loss({mean.narrow(0, row, 1), {}}, target.narrow(0, row, 1), torch::tensor({row}))
          .item<double>();
    };
    EXPECT_GE(of(bounded) * (1 + 1e-5), of(unbounded)) << row;
  }
}

TEST_F(VagramTest, LongGradientsAreCutToTheQuantile) {
  // Row i's gradient is (x_i, 0, 0), of which the 38th smallest of 40 is at 0.95.
  const testing::AnyCritic critic([](const Tensor& state, const Tensor&) {
    return 0.5 * state.select(1, 0).square().unsqueeze(0);
  });
  const Vagram objective = prepared({}, &critic);
  const Tensor length = data.next_observation.select(1, 0).abs();
  const Tensor most = std::get<0>(length.sort())[37];
  const Tensor expected = kSize * (length.minimum(most) * errors().select(1, 0)).square();
  EXPECT_NEAR(loss(objective), expected.mean().item<double>() + reward_loss(), 1e-4);
}

TEST_F(VagramTest, TheFirstFitAddsThePlainError) {
  const double plain = errors().slice(1, 0, kSize).square().sum(1).mean().item<double>();
  for (const auto form : {VagramForm::bounded, VagramForm::unbounded})
    EXPECT_NEAR(loss(prepared({form}, &curved, 1)) - loss(prepared({form}, &curved, 2)), plain,
                1e-4 * plain);
}

TEST_F(VagramTest, WithoutACriticItLearnsAValueOfItsOwn) {
  data.reward = data.next_observation.select(1, 1).contiguous();
  const Vagram objective = prepared({}, nullptr);
  const double found = loss(objective);
  EXPECT_TRUE(std::isfinite(found));
  EXPECT_GT(found, reward_loss());
}

}  // namespace
}  // namespace reverie
