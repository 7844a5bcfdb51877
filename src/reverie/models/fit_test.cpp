#include <reverie/core/error.h>
#include <reverie/core/workers.h>
#include <reverie/models/fit.h>
#include <reverie/models/fit_schedule.h>
#include <reverie/models/objectives/likelihood.h>

#include <gtest/gtest.h>

namespace reverie {
namespace {

TaskSpec small_spec() {
  TaskSpec spec;
  spec.observation_size = 2;
  spec.action_low = {-1};
  spec.action_high = {1};
  spec.horizon = 10;
  return spec;
}

/// s' = s + [0.5 s1, -0.3 s0 + 0.2 a] + noise: a linear system.
Transitions linear_data(int64_t n, double noise, RandomStream& random) {
  Transitions data;
  data.observation = random.normal({n, 2});
  data.action = random.uniform({n, 1}, -1, 1);
  const auto s0 = data.observation.select(1, 0), s1 = data.observation.select(1, 1);
  const auto change = torch::stack({0.5 * s1, -0.3 * s0 + 0.2 * data.action.select(1, 0)}, 1);
  data.next_observation = data.observation + change + noise * random.normal({n, 2});
  data.reward = s0;
  data.terminated = torch::zeros({n}, torch::kBool);
  data.truncated = torch::zeros({n}, torch::kBool);
  return data;
}

struct Fitted {
  Fitted(const ModelConfig& config, const Transitions& data, const FitConfig& fit_config,
         int64_t epochs)
      : Fitted(config, data, fit_config, epochs, *std::make_unique<Likelihood>()) {}
  Fitted(ModelConfig config, const Transitions& data, const FitConfig& fit_config, int64_t epochs,
         Objective& objective) {
    config.clip_margin = -1;
    RandomStream random(3, "fit-test");
    model = std::make_unique<DynamicsModel>(small_spec(), config, random);
    Monitor monitor;
    report = fit(*model, data, objective, fit_config, epochs, random.split(1), monitor);
  }
  std::unique_ptr<DynamicsModel> model;
  FitReport report;
};

ModelConfig small_model() {
  ModelConfig config;
  config.members = 3;
  config.hidden = {32};
  return config;
}

TEST(Fit, LearnsALinearSystem) {
  RandomStream random(1, "data");
  const auto data = linear_data(2000, 0, random);
  for (const bool weight_normalisation : {false, true}) {
    auto config = small_model();
    config.weight_normalisation = weight_normalisation;
    config.learn_reward = true;
    FitConfig fit_config;
    fit_config.batch = 100;
    const Fitted fitted(config, data, fit_config, 120);
    EXPECT_LT(fitted.report.holdout_loss, 2e-3);
    const auto fresh = linear_data(100, 0, random);
    const auto next = fitted.model->predict(fresh.observation, fresh.action);
    const auto error = (next.observation - fresh.next_observation.unsqueeze(0)).abs().mean();
    EXPECT_LT(error.item<double>(), 0.03);
    EXPECT_LT((next.reward - fresh.reward.unsqueeze(0)).abs().mean().item<double>(), 0.1);

    const auto missed = torch::cat(
        {next.observation - fresh.next_observation, (next.reward - fresh.reward).unsqueeze(-1)},
        -1);
    const auto change =
        torch::cat({data.next_observation - data.observation, data.reward.unsqueeze(1)}, 1);
    const auto relative = missed.square().flatten(0, 1).mean(0) / change.var(0, /*unbiased=*/false);
    const auto expected = relative.mean().item<double>();
    EXPECT_NEAR(fitted.model->squared_error(fresh), expected, 1e-3 * expected);
  }
}

TEST(Fit, AGaussianHeadFindsTheNoise) {
  RandomStream random(2, "data");
  const auto data = linear_data(4000, 0.1, random);
  auto config = small_model();
  config.head = Head::gaussian;
  FitConfig fit_config;
  fit_config.batch = 200;
  const Fitted fitted(config, data, fit_config, 40);
  const auto x =
      fitted.model->inputs(data.observation, data.action).unsqueeze(0).expand({3, -1, -1});
  const auto raw = fitted.model->ensemble().forward(x);
  const auto prediction = fitted.model->head(raw, fitted.model->variance_bounds().unsqueeze(1));
  const auto std =
      torch::exp(0.5 * prediction.log_variance).mean(1) * fitted.model->target_normaliser().std();
  EXPECT_TRUE(torch::allclose(std, torch::full_like(std, 0.1), 0.15));
}

// More threads than members help with minibatches, and more than there are pieces of them wait.
TEST(Fit, TheSameBitsForAnyNumberOfThreads) {
  RandomStream random(4, "data");
  const auto data = linear_data(700, 0.05, random);
  auto normalised = small_model(), gaussian = small_model(), mixture = small_model();
  normalised.weight_normalisation = true;
  gaussian.head = Head::gaussian;
  gaussian.activation = Activation::swish;
  mixture.head = Head::mixture;
  for (auto config : {small_model(), normalised, gaussian, mixture}) {
    config.hidden = {140, 70};
    for (const auto precision : {Precision::f32, Precision::bf16x3}) {
      const int64_t batch = precision == Precision::f32 ? 250 : 64;
      std::vector<Tensor> results;
      for (const int threads : {1, 2, 3, 5, 8, 16}) {
        set_worker_count(threads);
        FitConfig fit_config;
        fit_config.batch = batch;
        fit_config.precision = precision;
        fit_config.persistence = 0.9;
        results.push_back(Fitted(config, data, fit_config, 4).model->ensemble().parameters());
        EXPECT_TRUE(torch::equal(results.front(), results.back())) << threads << " threads";
      }
    }
  }
  set_worker_count(2);
}

TEST(Fit, StopsEarlyWhenTheRollingAverageRises) {
  RandomStream random(5, "data");
  // Nothing to learn and many parameters: the holdout loss must rise soon.
  const auto data = linear_data(60, 3.0, random);
  FitConfig fit_config;
  fit_config.batch = 16;
  fit_config.learning_rate = 1e-2;
  fit_config.persistence = 0.5;
  const Fitted early(small_model(), data, fit_config, 500);
  EXPECT_LT(early.report.epochs, 250);
  fit_config.persistence = 0.0;
  EXPECT_EQ(Fitted(small_model(), data, fit_config, 50).report.epochs, 50);
}

TEST(Fit, AnObjectiveNeedsNoClosedForm) {
  struct Plain : Objective {
    Tensor loss(const Prediction& prediction, const Tensor& target, const Tensor&) const override {
      return (prediction.mean - target).pow(2).mean();
    }
  };
  RandomStream random(8, "data");
  const auto data = linear_data(300, 0.1, random);
  Plain plain;
  Likelihood likelihood;
  const auto expected = Fitted(small_model(), data, FitConfig(), 4, likelihood);
  const auto found = Fitted(small_model(), data, FitConfig(), 4, plain);
  EXPECT_TRUE(torch::allclose(found.model->ensemble().parameters(),
                              expected.model->ensemble().parameters(), 1e-3, 1e-4));
  EXPECT_NEAR(found.report.holdout_loss, expected.report.holdout_loss,
              1e-3 * expected.report.holdout_loss);
}

TEST(Fit, TheStepSizeFallsToWhatIsAskedOfTheLastEpoch) {
  RandomStream random(7, "data");
  const auto data = linear_data(300, 0.1, random);
  FitConfig falling, constant;
  falling.end_factor = 0;
  const auto parameters = [&](const FitConfig& config, int64_t epochs) {
    return Fitted(small_model(), data, config, epochs).model->ensemble().parameters();
  };
  // A last epoch of steps of size 0 changes nothing, and an only epoch has the first one's size.
  EXPECT_TRUE(torch::equal(parameters(falling, 2), parameters(constant, 1)));
  EXPECT_TRUE(torch::equal(parameters(falling, 1), parameters(constant, 1)));
  EXPECT_FALSE(torch::equal(parameters(falling, 3), parameters(constant, 2)));
}

TEST(Fit, AnEpochMayBeSomeOfTheRowsOthersEachTime) {
  FitConfig config;
  config.epoch_rows = 12;
  config.holdout = 0.2;
  FitSchedule schedule(config, 50, 10, RandomStream(1, "epoch rows"));
  auto seen = torch::zeros({50});
  for (int epoch = 0; epoch < 10; ++epoch) {
    const Tensor rows = schedule.shuffle();
    ASSERT_EQ(rows.size(0), 12);
    auto once = torch::zeros({50});
    once.index_add_(0, rows, torch::ones({12}));
    EXPECT_EQ(once.max().item<float>(), 1);
    seen += once;
  }
  EXPECT_EQ(seen.index_select(0, schedule.holdout()).sum().item<float>(), 0);
  EXPECT_GT((seen > 0).sum().item<int64_t>(), 30);  // of 40; a row is missed with chance 0.03
  config.epoch_rows = 1000;
  EXPECT_EQ(FitSchedule(config, 50, 10, RandomStream(1, "epoch rows")).shuffle().size(0), 40);
}

TEST(FitSchedule, DrawsRowsAsOftenAsTheObjectiveSays) {
  FitConfig config;
  config.holdout = 0.5;
  const Tensor weights = torch::arange(40, torch::kFloat64);
  FitSchedule schedule(config, 40, 500, RandomStream(4, "sampling"), weights);
  const Tensor holdout = std::get<0>(torch::unique_dim(schedule.holdout(), 0));
  Tensor counts = torch::zeros({40}, torch::kFloat64);
  for (int64_t epoch = 0; epoch < 500; ++epoch)
    counts += torch::bincount(schedule.shuffle(), {}, 40).to(torch::kFloat64);
  EXPECT_EQ(counts.index_select(0, holdout).sum().item<double>(), 0) << "no row in both splits";
  const Tensor train = (counts > 0).nonzero().squeeze(1);
  const Tensor expected = 500 * 20 * weights / weights.index_select(0, train).sum();
  EXPECT_LT((counts - expected).index_select(0, train).abs().max().item<double>(),
            5 * std::sqrt(expected.max().item<double>()));
}

TEST(Fit, RoundedProductsAreRefusedOffTheCpu) {
  const torch::Device cuda("cuda:0");  // named only: none is needed
  FitConfig fit_config;
  EXPECT_NO_THROW(fit_config.check_device(cuda));
  fit_config.precision = Precision::bf16x3;
  EXPECT_NO_THROW(fit_config.check_device(torch::kCPU));
  EXPECT_THROW(fit_config.check_device(cuda), UsageError);
  auto config = small_model();
  config.precision = Precision::bf16;
  RandomStream random(3, "device");
  DynamicsModel model(small_spec(), config, random);
  EXPECT_THROW(model.to(cuda), UsageError);
}

TEST(Fit, StopsWithTheBatchWhereTheLossIsNotFinite) {
  RandomStream random(6, "data");
  auto data = linear_data(100, 0, random);
  data.next_observation[17][1] = std::nan("");
  try {
    const Fitted fitted(small_model(), data, FitConfig(), 3);
    FAIL();
  } catch (const NonFiniteError& error) {
    EXPECT_NE(std::string(error.what()).find("member"), std::string::npos);
    EXPECT_FALSE(error.evidence().empty());
  }
}

}  // namespace
}  // namespace reverie
