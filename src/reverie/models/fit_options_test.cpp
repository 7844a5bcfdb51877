// What a fit may be asked for beside a number of epochs: weight decay, bootstrapped rows, stopping
// by the best epoch and going back to it, elites.
#include <reverie/core/error.h>
#include <reverie/models/fit.h>
#include <reverie/models/fit_schedule.h>
#include <reverie/models/objectives/likelihood.h>
#include <reverie/models/objectives/multi_step.h>
#include <reverie/models/test_small_system.h>
#include <reverie/nn/kernels/adam.h>
#include <reverie/nn/kernels/test_torch_path.h>

#include <gmock/gmock.h>

namespace reverie {
namespace {

using testing::difference;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

using testing::some_data;
using testing::spec_of_two;

/// Asks nothing of the model: what moves is the weights' decay.
struct Indifferent : Objective {
  Tensor loss(const Prediction& prediction, const Tensor&, const Tensor&) const override {
    return 0 * prediction.mean.sum();
  }
  double loss_and_gradient(const Tensor&, const Tensor&, const Tensor&,
                           Tensor& gradient) const override {
    gradient.zero_();
    return 0;
  }
  Tensor losses(const Prediction& prediction, const Tensor&, const Tensor&) const override {
    return 0 * prediction.mean.sum({1, 2});
  }
  Tensor losses_and_gradient(const Tensor& mean, const Tensor&, const Tensor&,
                             Tensor& gradient) const override {
    gradient.zero_();
    return torch::zeros({mean.size(0)}, mean.options());
  }
};

struct Fitted {
  DynamicsModel model;
  FitReport report;
};

struct FitOptions : testing::TorchPath {
  FitOptions() {
    model_config.members = 3;
    model_config.hidden = {16, 12};
    fit_config.batch = 32;
  }
  DynamicsModel fresh() const {
    RandomStream random(3, "fit-options");
    return DynamicsModel(spec_of_two(), model_config, random);
  }
  FitReport run(DynamicsModel& model, int64_t epochs) {
    Monitor monitor;
    return fit(model, data, *objective, fit_config, epochs, RandomStream(8, "fit"), monitor);
  }
  Fitted by_kernels(int64_t epochs) {
    Fitted fitted{fresh(), {}};
    fitted.report = run(fitted.model, epochs);
    return fitted;
  }
  Fitted by_torch(int64_t epochs) {
    Fitted fitted{fresh(), {}};
    fitted.model.to(device());
    fitted.report = TorchPath::by_torch([&] { return run(fitted.model, epochs); });
    return fitted;
  }
  /// The rows that the fit of member `k` does not train on.
  Tensor holdout_of(int64_t k) const {
    const RandomStream random(8, "fit");
    return FitSchedule(fit_config, data.size(), 1, random.split(static_cast<uint64_t>(k)), {},
                       split_stream(fit_config, random))
        .holdout();
  }
  /// The squared error of each member on its holdout.
  std::vector<double> holdout_errors(const DynamicsModel& there) const {
    DynamicsModel model = there;
    model.to(torch::kCPU);
    std::vector<double> errors;
    for (int64_t k = 0; k < model.members(); ++k) {
      const auto missed = (model.means(data.observation, data.action)[k] - model.targets(data));
      errors.push_back(missed.index_select(0, holdout_of(k)).square().mean().item<double>());
    }
    return errors;
  }
  RandomStream random{1, "data"};
  Transitions data = some_data(300, 0.1, random);
  std::unique_ptr<Objective> objective = std::make_unique<Likelihood>();
  ModelConfig model_config;
  FitConfig fit_config;
};

TEST_P(FitOptions, WeightDecayPullsTheWeightsOfItsLayersAlone) {
  objective = std::make_unique<Indifferent>();
  fit_config.weight_decay = {0, 1e-2, 0};
  auto before = fresh();
  const auto first = before.ensemble().layers(before.ensemble().parameters());
  for (const auto& fitted : {by_kernels(5), by_torch(5)}) {
    const auto& ensemble = fitted.model.ensemble();
    const auto layers = ensemble.layers(ensemble.parameters().cpu());
    for (const size_t l : {size_t{0}, size_t{2}})
      EXPECT_TRUE(torch::equal(layers[l].weight, first[l].weight)) << l;
    for (const auto& layer : layers) EXPECT_EQ(layer.bias.abs().max().item<double>(), 0);
    // Adam takes steps of the learning rate's size: 8 of them an epoch, towards zero.
    const auto was = first[1].weight.abs(), is = layers[1].weight.abs();
    EXPECT_TRUE((was - is > 0.02).logical_or(was < 0.05).all().item<bool>());
    EXPECT_EQ(fitted.report.train_loss, 0) << "the term is no part of the loss reported";
  }
}

TEST_P(FitOptions, WeightDecayIsTheSameByKernelsByTorchAndThroughWalks) {
  for (const bool weight_normalisation : {false, true}) {
    model_config.weight_normalisation = weight_normalisation;
    fit_config.weight_decay = {0.1, 0, 0.05};
    const auto expected = by_kernels(4), found = by_torch(4);
    EXPECT_LT(
        difference(found.model.ensemble().parameters(), expected.model.ensemble().parameters()),
        5e-3);
    fit_config.weight_decay = {};
    EXPECT_GT(difference(by_kernels(4).model.ensemble().parameters(),
                         expected.model.ensemble().parameters()),
              2e-2);
  }
  // One number is that of all layers.
  fit_config.weight_decay = {1e-3};
  const auto one = by_kernels(1);
  fit_config.weight_decay = {1e-3, 1e-3, 1e-3};
  EXPECT_TRUE(
      torch::equal(one.model.ensemble().parameters(), by_kernels(1).model.ensemble().parameters()));
  // Walks that lead nowhere leave the decay alone to act, as the others do.
  struct NoWalk : MultiStep {
    NoWalk() : MultiStep(2) {}
    Tensor walk_losses(const StepModel& step, const Tensor& index) const override {
      return 0 * MultiStep::walk_losses(step, index);
    }
  };
  model_config.weight_normalisation = false;
  objective = std::make_unique<NoWalk>();
  const auto walked = by_torch(3);
  objective = std::make_unique<Indifferent>();
  EXPECT_LT(
      difference(walked.model.ensemble().parameters(), by_torch(3).model.ensemble().parameters()),
      1e-5);
}

TEST(WeightDecay, IsTheGradientOfHalfTheSquare) {
  const MlpShape shape{{3, 4, 2}};
  RandomStream random(5, "decay");
  const auto weights = random.normal({shape.effective_count()});
  auto gradient = torch::zeros_like(weights);
  for (const auto& piece : kernels::row_pieces(shape))
    kernels::add_weight_decay(shape, piece, piece.layer == 0 ? 0.5f : 2.0f,
                              weights.data_ptr<float>(), gradient.data_ptr<float>());
  const int64_t second = 4 * shape.stride(0);
  for (int64_t row = 0; row < 5; ++row)
    for (int64_t j = 0; j < 2; ++j) {
      const int64_t i = second + row * shape.stride(1) + j;
      const float expected = row < 4 ? 2.0f * weights[i].item<float>() : 0.0f;  // the bias last
      EXPECT_EQ(gradient[i].item<float>(), expected);
    }
  EXPECT_EQ(gradient[1].item<float>(), 0.5f * weights[1].item<float>());
  EXPECT_EQ(gradient[3 * shape.stride(0)].item<float>(), 0);
}

TEST(WeightDecay, MustBeOfEachLayer) {
  FitConfig config;
  config.weight_decay = {1e-4, 1e-4};
  try {
    config.decay_of(3);
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), HasSubstr("fit.weight_decay says 2 numbers, but the model has 3"));
  }
}

TEST(Bootstrap, DrawsRowsOnceFromOneSplitAndShufflesThem) {
  FitConfig config;
  config.bootstrap = true;
  config.holdout = 0.25;
  config.most_holdout = 60;
  const RandomStream random(1, "bootstrap");
  std::vector<Tensor> rows;
  for (uint64_t k = 0; k < 3; ++k) {
    FitSchedule schedule(config, 400, 10, random.split(k), {}, split_stream(config, random));
    ASSERT_EQ(schedule.holdout().size(0), 60) << "not a quarter";
    const Tensor first = schedule.shuffle().clone(), second = schedule.shuffle();
    ASSERT_EQ(first.size(0), 340);
    EXPECT_FALSE(torch::equal(first, second));
    EXPECT_TRUE(torch::equal(std::get<0>(first.sort()), std::get<0>(second.sort())));
    const auto chosen = torch::bincount(first, {}, 400);
    EXPECT_EQ(chosen.index_select(0, schedule.holdout()).sum().item<int64_t>(), 0);
    // A row is left out with probability 1/e.
    EXPECT_NEAR((chosen > 0).sum().item<double>(), 340 * (1 - std::exp(-1.0)), 30);
    rows.push_back(chosen);
    rows.push_back(schedule.holdout());
  }
  EXPECT_TRUE(torch::equal(rows[1], rows[3]) && torch::equal(rows[1], rows[5]));
  EXPECT_FALSE(torch::equal(rows[0], rows[2]));
}

TEST_P(FitOptions, BootstrappedFitsAreTheSameByTorch) {
  fit_config.bootstrap = true;
  fit_config.most_holdout = 20;
  fit_config.holdout_loss = HoldoutLoss::squared_error;
  for (const Head head : {Head::deterministic, Head::gaussian, Head::mixture}) {
    model_config.head = head;
    const auto expected = by_kernels(3), found = by_torch(3);
    EXPECT_LT(
        difference(found.model.ensemble().parameters(), expected.model.ensemble().parameters()),
        5e-3);
    const auto errors = holdout_errors(expected.model), others = holdout_errors(found.model);
    for (size_t k = 0; k < 3; ++k) {
      EXPECT_NEAR(expected.report.holdout_losses[k], errors[k], 1e-4 * errors[k]);
      EXPECT_NEAR(found.report.holdout_losses[k], others[k], 1e-4 * others[k]);
    }
  }
}

TEST(StopByTheBest, EndsAfterMoreEpochsThanItsPatience) {
  FitConfig config;
  config.stop = EarlyStop::best;
  config.patience = 2;
  config.improvement = 0.1;
  // 9.5 and 9.1 are within a tenth of 10, 8.9 is not; then three epochs without one a tenth below.
  const std::vector<double> losses{10, 9.5, 9.1, 8.9, 8.5, 8.3, 8.2, 1};
  for (const bool restore : {false, true}) {
    config.restore_best = restore;
    FitSchedule schedule(config, 50, 100, RandomStream(1, "best"));
    std::vector<int64_t> best;
    for (const double loss : losses) {
      ASSERT_TRUE(schedule.wants_holdout());
      schedule.end_epoch(1, loss);
      if (schedule.improved()) best.push_back(schedule.epoch());
      if (schedule.finished()) break;
    }
    EXPECT_EQ(schedule.epoch(), 7);
    EXPECT_THAT(best, ElementsAre(1, 4));
    EXPECT_EQ(schedule.holdout_loss(), restore ? 8.9 : 8.2);
  }
  // Below zero a better loss is a larger number.
  config.patience = 1;
  FitSchedule negative(config, 50, 100, RandomStream(1, "best"));
  for (const double loss : {0.5, -1.0, -1.05, -1.2, -1.25, -1.3}) negative.end_epoch(1, loss);
  EXPECT_TRUE(negative.finished());
  EXPECT_EQ(negative.epoch(), 6);
}

TEST_P(FitOptions, GoesBackToTheBestEpochsWeights) {
  // Nothing to learn: the first epochs are the best, and the last far worse.
  data = some_data(60, 3.0, random);
  fit_config.batch = 16;
  fit_config.learning_rate = 1e-2;
  fit_config.stop = EarlyStop::best;
  for (const Head head : {Head::deterministic, Head::gaussian, Head::mixture}) {
    model_config.head = head;
    fit_config.holdout_loss =
        head == Head::deterministic ? HoldoutLoss::objective : HoldoutLoss::squared_error;
    for (const bool torch_path : {false, true}) {
      const auto fitted = [&] { return torch_path ? by_torch(200) : by_kernels(200); };
      fit_config.restore_best = false;
      const auto last = fitted();
      fit_config.restore_best = true;
      const auto best = fitted();
      EXPECT_LT(best.report.epochs, 100);
      EXPECT_EQ(best.report.epochs, last.report.epochs);
      EXPECT_LT(best.report.holdout_loss, last.report.holdout_loss);
      const auto errors = holdout_errors(best.model);
      for (int64_t k = 0; k < 3; ++k) {
        const double error = errors[static_cast<size_t>(k)];
        EXPECT_NEAR(best.report.holdout_losses[static_cast<size_t>(k)], error, 1e-4 * error);
        EXPECT_EQ(best.model.ensemble().steps({k}), last.model.ensemble().steps({k}));
      }
      EXPECT_FALSE(
          torch::equal(best.model.ensemble().parameters(), last.model.ensemble().parameters()));
    }
  }
}

TEST_P(FitOptions, ElitesAreTheMembersOfTheLowestHoldoutLoss) {
  model_config.members = 4;
  model_config.elites = 2;
  fit_config.bootstrap = true;
  for (const auto& fitted : {by_kernels(2), by_torch(2)}) {
    std::vector<double> losses = fitted.report.holdout_losses;
    ASSERT_EQ(losses.size(), 4);
    const auto elites = fitted.model.elites();
    ASSERT_EQ(elites.size(), 2);
    std::sort(losses.begin(), losses.end());
    for (const int64_t k : elites)
      EXPECT_LE(fitted.report.holdout_losses[static_cast<size_t>(k)], losses[1]);
  }
  fit_config.holdout = 0;
  EXPECT_EQ(by_kernels(1).model.elites().size(), 4) << "without a holdout all are";
}

// The bounds' pull is 0.01 down for the upper, up for the lower: with no other loss Adam takes
// steps of its learning rate that way.
TEST_P(FitOptions, VarianceBoundsAreLearnedOrStay) {
  objective = std::make_unique<Indifferent>();
  model_config.head = Head::gaussian;
  fit_config.holdout = 0;
  fit_config.batch = 300;
  const auto first = fresh().variance_bounds();
  for (const auto& fitted : {by_kernels(1), by_torch(1)}) {
    const auto moved = fitted.model.variance_bounds().cpu() - first;
    EXPECT_LT(difference(moved.select(1, 0), torch::full({3, 2}, 1e-3)), 1e-3);
    EXPECT_LT(difference(moved.select(1, 1), torch::full({3, 2}, -1e-3)), 1e-3);
  }
  model_config.variance_bounds = VarianceBounds::fixed;
  objective = std::make_unique<Likelihood>();
  for (const Head head : {Head::gaussian, Head::mixture}) {
    model_config.head = head;
    const auto unmoved = fresh();
    for (const auto& fitted : {by_kernels(2), by_torch(2)}) {
      EXPECT_TRUE(torch::equal(fitted.model.variance_bounds().cpu(), unmoved.variance_bounds()));
      EXPECT_GT(difference(fitted.model.ensemble().parameters(), unmoved.ensemble().parameters()),
                1e-3);
    }
  }
}

REVERIE_ON_EACH_DEVICE(FitOptions);

}  // namespace
}  // namespace reverie
