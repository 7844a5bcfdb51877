// The multi-step loss against loops and finite differences, alone and in a fit.
#include <reverie/core/workers.h>
#include <reverie/models/fit.h>
#include <reverie/models/objectives/multi_step.h>

#include <gtest/gtest.h>

#include <array>

namespace reverie {
namespace {

constexpr int64_t kRows = 7;

TaskSpec spec_of_two() {
  TaskSpec spec;
  spec.observation_size = 2;
  spec.action_low = {-1};
  spec.action_high = {1};
  return spec;
}

/// Two episodes, of rows 0 to 2 and 3 to 6, and a gap behind row 4.
Transitions broken_data(RandomStream& random) {
  Transitions data;
  data.observation = random.normal({kRows, 2}).to(torch::kFloat64);
  data.action = random.uniform({kRows, 1}, -1, 1).to(torch::kFloat64);
  data.next_observation = data.observation.roll(-1, 0).clone();
  data.next_observation[4] += 1;
  data.reward = torch::zeros({kRows});
  data.terminated = torch::zeros({kRows}, torch::kBool);
  data.truncated = torch::zeros({kRows}, torch::kBool);
  data.terminated[2] = true;
  return data;
}

bool goes_on(int64_t row) {
  return row != 2 && row != 4 && row != kRows - 1;
}

struct MultiStepWalk : ::testing::Test {
  MultiStepWalk() {
    ModelConfig config;
    config.members = 1;
    config.hidden = {4};
    config.clip_margin = -1;
    model = std::make_unique<DynamicsModel>(spec_of_two(), config, random);
    model->set_statistics(data);
  }
  /// A linear model of the normalised change.
  StepModel linear(const Tensor& weights) const {
    return [this, weights](const Tensor& observation, const Tensor& action) {
      const auto mean = torch::cat({observation, action}, -1).matmul(weights);
      return ModelStep{{mean, {}}, observation + model->target_normaliser().denormalise(mean)};
    };
  }
  RandomStream random{4, "multi-step"};
  Transitions data = broken_data(random);
  std::unique_ptr<DynamicsModel> model;
  Monitor monitor;
  Tensor index = torch::arange(kRows).unsqueeze(0);
  Tensor weights = random.normal({3, 2}).to(torch::kFloat64);
};

// A loop over rows and steps, in plain arithmetic.
TEST_F(MultiStepWalk, IsTheLoopOverStepsWhichEndsAndGapsBringBackToTheData) {
  const auto value = [](const Tensor& x, int64_t i, int64_t j) { return x[i][j].item<double>(); };
  const auto& normaliser = model->target_normaliser();
  for (const int64_t steps : {1, 2, 3}) {
    double expected = 0;
    for (int64_t first = 0; first < kRows; ++first) {
      std::array<double, 2> at{};
      for (int64_t i = 0, row = first; i < steps; ++i, row = (row + 1) % kRows) {
        if (i == 0 || !goes_on((row + kRows - 1) % kRows))
          at = {value(data.observation, row, 0), value(data.observation, row, 1)};
        double square = 0;
        std::array<double, 2> moved{};
        for (int64_t j = 0; j < 2; ++j) {
          const auto std = normaliser.std()[j].item<double>();
          const auto mean = normaliser.mean()[j].item<double>();
          const double predicted = at[0] * value(weights, 0, j) + at[1] * value(weights, 1, j) +
                                   value(data.action, row, 0) * value(weights, 2, j);
          moved[j] = predicted * std + mean;
          const double real =
              value(data.next_observation, row, j) - value(data.observation, row, j);
          square += std::pow((moved[j] - real) / std, 2);
        }
        at = {at[0] + moved[0], at[1] + moved[1]};
        expected += std::sqrt(square) / static_cast<double>(steps * kRows);
      }
    }
    MultiStep objective(steps);
    objective.prepare({data, *model, monitor});
    const auto found = objective.walk_losses(linear(weights), index);
    ASSERT_EQ(found.sizes(), torch::IntArrayRef({1}));
    EXPECT_NEAR(found.item<double>(), expected, 1e-5 * expected) << steps;
  }
}

TEST_F(MultiStepWalk, GradientsGoThroughTheWalk) {
  MultiStep objective(3);
  objective.prepare({data, *model, monitor});
  const auto leaf = weights.clone().requires_grad_();
  objective.walk_losses(linear(leaf), index).sum().backward();
  for (int64_t i = 0; i < weights.numel(); ++i) {
    constexpr double step = 1e-6;
    auto up = weights.clone(), down = weights.clone();
    up.flatten()[i] += step;
    down.flatten()[i] -= step;
    const auto loss = [&](const Tensor& at) {
      return objective.walk_losses(linear(at), index).item<double>();
    };
    EXPECT_NEAR(leaf.grad().flatten()[i].item<double>(), (loss(up) - loss(down)) / (2 * step),
                1e-6);
  }
}

TEST(MultiStep, ClosedFormsOfOneStep) {
  const MultiStep objective(1);
  const auto mean = torch::tensor({{1.0, 2.0}, {0.0, 0.0}});
  const auto target = torch::tensor({{0.0, 4.0}, {3.0, 4.0}});
  const auto index = torch::tensor({0, 1});
  const double norms = (std::sqrt(5.0) + 5.0) / 2;
  EXPECT_NEAR(objective.loss({mean, {}}, target, index).item<double>(), norms, 1e-6);
  const auto log_variance = torch::full({2, 2}, 0.5);
  EXPECT_NEAR(objective.loss({mean, log_variance}, target, index).item<double>(),
              norms + (5 + 25) / 4.0 * std::exp(-0.5) + 0.5, 1e-5);
}

/// A system that the model can be good at: s' = s + 0.3 (A s + B a), in episodes of ten steps.
Transitions linear_data(int64_t n, RandomStream& random) {
  Transitions data = broken_data(random);
  data.action = random.uniform({n, 1}, -1, 1);
  data.observation = torch::empty({n, 2});
  data.next_observation = torch::empty({n, 2});
  data.reward = torch::zeros({n});
  data.terminated = torch::zeros({n}, torch::kBool);
  data.truncated = torch::arange(n).remainder(10) == 9;
  const auto turn = torch::tensor({{-0.2f, 1.0f}, {-1.0f, -0.2f}});
  const auto push = torch::tensor({{0.5f, 1.0f}});
  for (int64_t i = 0; i < n; ++i) {
    data.observation[i] = i % 10 == 0 ? random.normal({2}) : data.next_observation[i - 1];
    const auto change = data.observation[i].matmul(turn) + data.action[i].matmul(push);
    data.next_observation[i] = data.observation[i] + 0.3 * change;
  }
  return data;
}

struct MultiStepFit : ::testing::TestWithParam<Head> {
  DynamicsModel fresh(int64_t members) const {
    ModelConfig config;
    config.members = members;
    config.hidden = {8};
    config.activation = Activation::tanh;
    config.head = GetParam();
    RandomStream random(3, "multi-step fit");
    return DynamicsModel(spec_of_two(), config, random);
  }
  FitReport run(DynamicsModel& model, const Transitions& data, const FitConfig& config,
                int64_t epochs) const {
    MultiStep objective(2);
    Monitor monitor;
    return fit(model, data, objective, config, epochs, RandomStream(8, "fit"), monitor);
  }
};

/// Two steps of every row by `predict`, a path that the fit doesn't use.
double two_step_loss(const DynamicsModel& model, const Transitions& data) {
  const torch::NoGradGuard no_grad;
  const int64_t n = data.size();
  const auto targets = model.targets(data);
  const auto first = model.predict(data.observation, data.action).observation[0];
  const auto after = (torch::arange(n) + 1).remainder(n);
  const auto from =
      torch::where(data.truncated.unsqueeze(1), data.observation.index_select(0, after), first);
  const auto missed = [&](const Tensor& start, const Tensor& rows) {
    const auto mean = model.means(start, data.action.index_select(0, rows))[0];
    return (mean - targets.index_select(0, rows)).norm(2, 1).mean().item<double>();
  };
  return (missed(data.observation, torch::arange(n)) + missed(from, after)) / 2;
}

// Adam's first step is the learning rate against the gradient's sign.
TEST_P(MultiStepFit, StepsAgainstTheGradientOfTheWholeWalk) {
  if (GetParam() != Head::deterministic)
    GTEST_SKIP() << "the variance pulls at shared units as well";
  RandomStream random(1, "data");
  const auto data = linear_data(200, random);
  FitConfig config;
  config.batch = 200;
  config.holdout = 0;
  auto model = fresh(1);
  model.set_statistics(data);
  const double loss = two_step_loss(model, data);
  auto parameters = model.ensemble().parameters();
  const auto before = parameters.clone();
  std::vector<double> slopes;
  for (int64_t i = 0; i < before.size(1); ++i) {
    const auto at = [&](double step) {
      parameters.copy_(before);
      parameters[0][i] += step;
      return two_step_loss(model, data);
    };
    slopes.push_back((at(1e-2) - at(-1e-2)) / 2e-2);
  }
  parameters.copy_(before);
  EXPECT_NEAR(run(model, data, config, 1).train_loss, loss, 1e-5);
  const auto moved = (model.ensemble().parameters() - before).squeeze(0);
  int64_t clear = 0;
  for (int64_t i = 0; i < before.size(1); ++i) {
    if (std::abs(slopes[i]) < 0.01) continue;
    EXPECT_LT(moved[i].item<double>() * slopes[i], 0) << i;
    ++clear;
  }
  EXPECT_GT(clear, 10);
}

TEST_P(MultiStepFit, LearnsTheSystemWhateverTheThreads) {
  RandomStream random(1, "data");
  const auto data = linear_data(600, random);
  FitConfig config;
  config.batch = 50;
  config.epoch_rows = 400;
  config.learning_rate = 1e-2;
  std::vector<Tensor> learnt;
  for (const int threads : {1, 3}) {
    set_worker_count(threads);
    auto model = fresh(2);
    model.set_statistics(data);
    const double before = two_step_loss(model, data);
    const auto report = run(model, data, config, 40);
    EXPECT_LT(two_step_loss(model, data), 0.15 * before);
    EXPECT_EQ(report.rows, 2 * 40 * 400);
    learnt.push_back(model.ensemble().parameters());
  }
  set_worker_count(2);
  EXPECT_TRUE(torch::equal(learnt[0], learnt[1]));
}

INSTANTIATE_TEST_SUITE_P(Heads, MultiStepFit,
                         ::testing::Values(Head::deterministic, Head::gaussian, Head::mixture));

}  // namespace
}  // namespace reverie
