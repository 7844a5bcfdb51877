// The model advantage against closed forms.
#include <reverie/models/objectives/model_advantage.h>

#include <reverie/core/error.h>
#include <reverie/core/monitor.h>
#include <reverie/models/fit.h>
#include <reverie/models/objectives/test_policy_and_critic.h>

#include <gtest/gtest.h>

namespace reverie {
namespace {

constexpr int64_t kRows = 200, kSize = 2;

struct ModelAdvantageTest : ::testing::Test {
  ModelAdvantageTest() : model(make()) {
    data.observation = random.normal({kRows, kSize});
    data.action = random.uniform({kRows, 1}, -1, 1);
    data.next_observation = data.observation * torch::tensor({0.8f, -0.4f}) + data.action;
    data.reward = random.normal({kRows});
    data.terminated = data.truncated = torch::zeros({kRows}, torch::kBool);
    model.set_statistics(data);
    target = model.targets(data);
    mean = target + 0.3 * random.normal({kRows, kSize});
  }
  static DynamicsModel make() {
    TaskSpec spec;
    spec.observation_size = kSize;
    spec.action_low = {-1};
    spec.action_high = {1};
    ModelConfig config;
    config.members = 1;
    config.hidden = {32};
    RandomStream random(1, "model");
    return {spec, config, random};
  }
  static ModelAdvantage make(const ModelAdvantageConfig& config) {
    EvaluationConfig value;
    value.hidden = {8};
    value.epochs = 2;
    return {config, ObjectiveValue(kSize, value, 0.9, RandomStream(3, "v"), torch::kCPU)};
  }
  double loss(const ModelAdvantage& objective) const {
    return objective.loss({mean, {}}, target, torch::arange(kRows)).item<double>();
  }
  Tensor error(int64_t dimension) const {
    return ((mean - target) * model.target_normaliser().std()).select(1, dimension);
  }
  RandomStream random{5, "advantage"};
  DynamicsModel model;
  Transitions data;
  Monitor monitor;
  Tensor target, mean;
  testing::AnyPolicy policy{kSize, 1, [](const Tensor& observation, const Tensor&) {
                              return observation.narrow(1, 0, 1);
                            }};
  /// V(s) = s_1, by two heads whose mean it is and which say nothing of the action.
  testing::AnyCritic second{[](const Tensor& state, const Tensor&) {
    return torch::stack({0.5 * state.select(1, 1), 1.5 * state.select(1, 1)});
  }};
};

TEST_F(ModelAdvantageTest, OfAValueThatIsADimensionItIsTheErrorThere) {
  auto l1 = make({AdvantageNorm::l1, 0.1}), l2 = make({AdvantageNorm::l2, 0.1});
  for (auto* objective : {&l1, &l2}) objective->prepare({data, model, monitor, &policy, &second});
  EXPECT_NEAR(loss(l1), 0.1 * error(1).abs().mean().item<double>(), 1e-5);
  EXPECT_NEAR(loss(l2), 0.1 * error(1).square().mean().item<double>(), 1e-5);
}

TEST_F(ModelAdvantageTest, PlainAddsTheSquaredError) {
  auto alone = make({AdvantageNorm::l1, 0.1}), both = make({AdvantageNorm::l1, 0.1, 1, 0.5});
  for (auto* objective : {&alone, &both})
    objective->prepare({data, model, monitor, &policy, &second});
  const double square = (mean - target).square().mean().item<double>();
  EXPECT_NEAR(loss(both) - loss(alone), 0.5 * square, 1e-5);
}

TEST_F(ModelAdvantageTest, AFitLearnsWhatTheValueSees) {
  auto objective = make({AdvantageNorm::l2, 1.0});
  FitConfig config;
  config.batch = 20;
  config.learning_rate = 1e-2;
  const auto errors = [&] {
    return (model.means(data.observation, data.action)[0] - target).square().mean(0);
  };
  const Tensor before = errors();
  fit(model, data, objective, config, 60, RandomStream(1, "fit"), monitor, &policy, &second);
  const Tensor after = errors();
  EXPECT_LT(after[1].item<double>(), 0.05 * before[1].item<double>());
  EXPECT_GT(after[0].item<double>(), 0.3 * before[0].item<double>()) << "V says nothing of it";
}

TEST_F(ModelAdvantageTest, ItsOwnValueIsRefittedEverySoManyFits) {
  ModelAdvantageConfig config;
  config.value_every = 2;
  auto objective = make(config);
  std::vector<double> losses;
  for (int64_t i = 0; i < 4; ++i) {
    objective.prepare({data, model, monitor});
    losses.push_back(loss(objective));
  }
  EXPECT_GT(losses[0], 0);
  EXPECT_EQ(losses[0], losses[1]);
  EXPECT_NE(losses[1], losses[2]);
  EXPECT_EQ(losses[2], losses[3]);
}

TEST_F(ModelAdvantageTest, ACriticNeedsAPolicy) {
  auto objective = make({});
  EXPECT_THROW(objective.prepare({data, model, monitor, nullptr, &second}), UsageError);
}

}  // namespace
}  // namespace reverie
