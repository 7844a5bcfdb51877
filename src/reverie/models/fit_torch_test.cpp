// The fit by torch against the CPU kernels': the same data, splits and minibatches.
#include <reverie/core/archive.h>
#include <reverie/core/captured_work.h>
#include <reverie/core/error.h>
#include <reverie/core/test_operators.h>
#include <reverie/core/workers.h>
#include <reverie/models/fit.h>
#include <reverie/models/fit_schedule.h>
#include <reverie/models/objectives/likelihood.h>
#include <reverie/nn/kernels/mlp.h>
#include <reverie/nn/kernels/test_torch_path.h>

namespace reverie {
namespace {

using testing::difference;

TaskSpec small_spec() {
  TaskSpec spec;
  spec.observation_size = 3;
  spec.action_low = {-1, -0.5};
  spec.action_high = {1, 0.5};
  spec.horizon = 10;
  return spec;
}

Transitions some_data(int64_t n, double noise, RandomStream& random) {
  Transitions data;
  data.observation = random.normal({n, 3});
  data.action = random.uniform({n, 2}, -1, 1);
  const auto s = data.observation;
  const auto change = torch::stack(
      {0.5 * s.select(1, 1), torch::sin(s.select(1, 0)), s.select(1, 2) * data.action.select(1, 0)},
      1);
  data.next_observation = s + change + noise * random.normal({n, 3});
  data.reward = s.select(1, 0) + data.action.select(1, 1);
  data.terminated = torch::zeros({n}, torch::kBool);
  data.truncated = torch::zeros({n}, torch::kBool);
  return data;
}

struct Fitted {
  DynamicsModel model;
  FitReport report;
};

struct FitTorch : testing::TorchPath {
  FitTorch() {
    model_config.members = 3;
    model_config.hidden = {24, 16};
    fit_config.batch = 64;
  }
  DynamicsModel fresh() const {
    RandomStream random(3, "fit-torch");
    return DynamicsModel(small_spec(), model_config, random);
  }
  FitReport run(DynamicsModel& model, const Transitions& data, int64_t epochs) const {
    Likelihood likelihood;
    Monitor monitor;
    return fit(model, data, likelihood, fit_config, epochs, RandomStream(8, "fit"), monitor);
  }
  Fitted by_kernels(const Transitions& data, int64_t epochs) const {
    Fitted fitted{fresh(), {}};
    fitted.report = run(fitted.model, data, epochs);
    return fitted;
  }
  Fitted by_torch(const Transitions& data, int64_t epochs) const {
    Fitted fitted{fresh(), {}};
    fitted.model.to(device());
    fitted.report = TorchPath::by_torch([&] { return run(fitted.model, data, epochs); });
    return fitted;
  }
  ModelConfig model_config;
  FitConfig fit_config;
};

TEST_P(FitTorch, TheSameLossesAsTheKernels) {
  RandomStream random(1, "data");
  const auto data = some_data(310, 0.1, random);
  for (const auto activation : {Activation::relu, Activation::tanh, Activation::swish})
    for (const bool weight_normalisation : {false, true})
      for (const auto head : {Head::deterministic, Head::gaussian, Head::mixture}) {
        model_config.activation = activation;
        model_config.weight_normalisation = weight_normalisation;
        model_config.head = head;
        model_config.learn_reward = head != Head::deterministic;
        fit_config.end_factor = weight_normalisation ? 0.3 : 1.0;  // so that both are seen
        const auto expected = by_kernels(data, 6), found = by_torch(data, 6);
        const auto tolerance = [](double loss) { return 2e-3 * (0.1 + std::abs(loss)); };
        EXPECT_NEAR(found.report.train_loss, expected.report.train_loss,
                    tolerance(expected.report.train_loss));
        EXPECT_NEAR(found.report.holdout_loss, expected.report.holdout_loss,
                    tolerance(expected.report.holdout_loss));
        EXPECT_EQ(found.report.epochs, expected.report.epochs);
        EXPECT_EQ(found.report.rows, expected.report.rows);
        EXPECT_LT(difference(found.model.target_normaliser().std(),
                             expected.model.target_normaliser().std()),
                  1e-5);
        if (head != Head::deterministic) {
          EXPECT_LT(difference(found.model.variance_bounds(), expected.model.variance_bounds()),
                    1e-3);
        }
        const auto there =
            found.model.predict(data.observation.to(device()), data.action.to(device()));
        const auto here = expected.model.predict(data.observation, data.action);
        EXPECT_LT(difference(there.observation, here.observation), 0.02);
      }
}

TEST_P(FitTorch, MembersStopOnTheirOwnAsWithTheKernels) {
  RandomStream random(5, "data");
  const auto data = some_data(60, 3.0, random);  // nothing to learn: the loss must rise soon
  model_config.hidden = {16};
  model_config.activation = Activation::tanh;
  fit_config.batch = 16;
  fit_config.learning_rate = 1e-2;
  fit_config.persistence = 0.5;
  const auto expected = by_kernels(data, 300), found = by_torch(data, 300);
  EXPECT_LT(expected.report.epochs, 250);
  EXPECT_NEAR(found.report.epochs, expected.report.epochs, 0.1 * expected.report.epochs);
  EXPECT_NEAR(found.report.holdout_loss, expected.report.holdout_loss,
              0.05 * expected.report.holdout_loss);
}

TEST_P(FitTorch, WithoutHoldoutAllEpochsAreRun) {
  RandomStream random(6, "data");
  const auto data = some_data(70, 0.1, random);
  fit_config.holdout = 0;
  fit_config.persistence = 0.9;
  const auto found = by_torch(data, 4);
  EXPECT_EQ(found.report.epochs, 4);
  EXPECT_EQ(found.report.rows, 3 * 4 * 70);
  EXPECT_EQ(found.report.holdout_loss, 0);
}

TEST_P(FitTorch, ASecondFitGoesOnFromTheFirst) {
  RandomStream random(7, "data");
  const auto data = some_data(200, 0.05, random);
  auto model = fresh();
  model.to(device());
  double first = 0, second = 0;
  TorchPath::by_torch([&] {
    first = run(model, data, 5).train_loss;
    second = run(model, data, 5).train_loss;
    return 0;
  });
  EXPECT_LT(second, first);
  // What the kernels compute with has followed.
  if (!device().is_cpu()) return;
  const auto x = model.inputs(data.observation, data.action);
  const auto y = model.ensemble().forward(x.unsqueeze(0).expand({3, -1, -1}));
  const auto& shape = model.ensemble().shape();
  kernels::MlpPass pass(shape, 200);
  kernels::ReadyWeights weights(shape, 200, kernels::Use::training, Precision::f32);
  weights.read(model.ensemble().effective()[1].data_ptr<float>());
  const float* out = pass.forward(weights, x.data_ptr<float>(), 200);
  EXPECT_LT(difference(y[1], torch::from_blob(const_cast<float*>(out), {200, 3})), 1e-5);
}

TEST_P(FitTorch, StopsBeforeTheBatchWhereTheLossIsNotFinite) {
  RandomStream random(6, "data");
  auto data = some_data(100, 0, random);
  data.next_observation[17][1] = std::nan("");  // and with it the statistics: the first batch
  auto model = fresh();
  model.to(device());
  const auto before = model.ensemble().parameters().clone();
  try {
    TorchPath::by_torch([&] { return run(model, data, 3); });
    FAIL();
  } catch (const NonFiniteError& error) {
    EXPECT_NE(std::string(error.what()).find("member 0, epoch 1"), std::string::npos);
    EXPECT_FALSE(error.evidence().empty());
  }
  EXPECT_TRUE(torch::equal(model.ensemble().parameters(), before));
}

/// Has no value for the row 17 of the data.
struct Gap : Likelihood {
  Tensor loss(const Prediction& prediction, const Tensor& target,
              const Tensor& index) const override {
    const auto value = Likelihood::loss(prediction, target, index);
    const auto gap = (index == 17).any().to(value.device());
    return torch::where(gap, torch::full_like(value, std::nan("")), value);
  }
  double loss_and_gradient(const Tensor& mean, const Tensor& target, const Tensor& index,
                           Tensor& gradient) const override {
    return Objective::loss_and_gradient(mean, target, index, gradient);
  }
  double head_loss_and_gradient(const HeadShape& head, const Tensor& raw, const Tensor& bounds,
                                const Tensor& target, const Tensor& index, Tensor& gradient,
                                Tensor* bounds_gradient) const override {
    return Objective::head_loss_and_gradient(head, raw, bounds, target, index, gradient,
                                             bounds_gradient);
  }
  Tensor losses(const Prediction& prediction, const Tensor& target,
                const Tensor& index) const override {
    return Objective::losses(prediction, target, index);
  }
  Tensor losses_and_gradient(const Tensor& mean, const Tensor& target, const Tensor& index,
                             Tensor& gradient) const override {
    return Objective::losses_and_gradient(mean, target, index, gradient);
  }
};

TEST_P(FitTorch, ALossThatIsNotFiniteIsFoundWithinAnEpochOrTheHoldout) {
  RandomStream random(9, "data");
  const auto data = some_data(150, 0.1, random);
  model_config.members = 1;
  fit_config.batch = 8;
  int in_training = 0, in_holdout = 0;
  for (const auto head : {Head::deterministic, Head::gaussian, Head::mixture})
    for (uint64_t seed = 0; seed < 12; ++seed) {
      model_config.head = head;
      auto here = fresh(), there = fresh();
      there.to(device());
      const auto evidence = [&](DynamicsModel& model) {
        Gap gap;
        Monitor monitor;
        try {
          fit(model, data, gap, fit_config, 3, RandomStream(seed, "gap"), monitor);
        } catch (const NonFiniteError& error) {
          auto archive = Archive::from_bytes(error.evidence());
          Tensor inputs, targets;
          archive("inputs", inputs);
          archive("targets", targets);
          return std::tuple{std::string(error.what()), inputs, targets};
        }
        ADD_FAILURE() << "no error";
        return std::tuple{std::string(), Tensor(), Tensor()};
      };
      const auto expected = evidence(here);
      const auto found = TorchPath::by_torch([&] { return evidence(there); });
      EXPECT_EQ(std::get<0>(found), std::get<0>(expected));  // the member and the epoch
      EXPECT_LT(difference(std::get<1>(found), std::get<1>(expected)), 1e-5);
      EXPECT_LT(difference(std::get<2>(found), std::get<2>(expected)), 1e-5);
      // The weights are those before that batch.
      EXPECT_LT(difference(there.ensemble().parameters(), here.ensemble().parameters()), 1e-3);
      EXPECT_EQ(there.ensemble().steps({0}), here.ensemble().steps({0}));
      ++(std::get<0>(found).find("epoch 1") != std::string::npos ? in_training : in_holdout);
    }
  EXPECT_GT(in_training, 0);
  EXPECT_GT(in_holdout, 0);
}

TEST_P(FitTorch, StepsOverFixedMemoryAreTheSame) {
  RandomStream random(1, "data");
  const auto data = some_data(90, 3.0, random);  // with a last batch that is smaller
  fit_config.persistence = 0.3;                  // members that stop
  fit_config.learning_rate = 1e-2;
  fit_config.batch = 16;
  for (const bool weight_normalisation : {false, true})
    for (const auto head : {Head::deterministic, Head::gaussian, Head::mixture}) {
      model_config.weight_normalisation = weight_normalisation;
      model_config.head = head;
      const auto expected = by_torch(data, 30);
      cuda_graphs::use(device().is_cuda() && cuda_graphs::built());
      const cuda_graphs::Emulate emulate;
      const auto found = by_torch(data, 30);
      cuda_graphs::use(false);
      EXPECT_LT(found.report.epochs, 30) << "some are to stop";
      EXPECT_EQ(found.report.epochs, expected.report.epochs);
      EXPECT_EQ(found.report.train_loss, expected.report.train_loss);
      EXPECT_TRUE(torch::equal(found.model.ensemble().parameters(),
                               expected.model.ensemble().parameters()));
    }
}

TEST_P(FitTorch, AMinibatchAsksForFewOperationsAndNoneWaits) {
  fit_config.holdout = 0;
  fit_config.batch = 20;
  const auto asked = [&](int64_t batches, int64_t epochs) {
    RandomStream random(1, "data");
    const auto data = some_data(20 * batches, 0.1, random);
    const testing::OperatorLog log;
    by_torch(data, epochs);
    return std::array{log.count(), log.count("aten::_local_scalar_dense"),
                      log.count("aten::nonzero"), log.count("aten::_to_copy")};
  };
  std::string figures;
  for (const auto head : {Head::deterministic, Head::gaussian, Head::mixture}) {
    model_config.head = head;
    const auto few = asked(5, 2), many = asked(15, 2);
    for (size_t i = 1; i < few.size(); ++i)
      EXPECT_EQ(many[i], few[i]) << "a minibatch waits, or copies";
    const auto of_a_batch = static_cast<double>(many[0] - few[0]) / 20;
    figures += fmt::format("{} ", of_a_batch);
    const int most = head == Head::deterministic ? 28 : head == Head::gaussian ? 80 : 150;
    EXPECT_LE(of_a_batch, most);  // see docs/speed.md
    EXPECT_EQ(asked(5, 4)[1] - few[1], 2) << "an epoch is to wait once";
  }
  RecordProperty("operations_of_a_minibatch", figures);
}

REVERIE_ON_EACH_DEVICE(FitTorch);

TEST(FitSchedule, SplitsShufflesAndStops) {
  FitConfig config;
  config.holdout = 0.25;
  FitSchedule whole(config, 40, 3, RandomStream(1, "schedule"));
  EXPECT_EQ(whole.holdout().size(0), 10);
  const auto first = whole.shuffle().clone();
  const auto rows = std::get<0>(torch::cat({first, whole.holdout()}).sort());
  EXPECT_TRUE(torch::equal(rows, torch::arange(40)));
  EXPECT_FALSE(whole.wants_holdout());  // without early stopping at the end only
  whole.end_epoch(1, 0);
  EXPECT_FALSE(torch::equal(whole.shuffle(), first));
  whole.end_epoch(1, 0);
  EXPECT_TRUE(whole.wants_holdout());
  whole.end_epoch(1, 0.5);
  EXPECT_TRUE(whole.finished());
  EXPECT_EQ(whole.holdout_loss(), 0.5);

  // The step size falls by equal amounts; an only epoch has the first one's.
  config.end_factor = 0.1;
  FitSchedule falling(config, 40, 3, RandomStream(1, "schedule"));
  for (const double rate : {1e-3, 0.55e-3, 0.1e-3}) {
    EXPECT_NEAR(falling.learning_rate(), rate, 1e-12);
    falling.end_epoch(1, 0);
  }
  EXPECT_EQ(FitSchedule(config, 40, 1, RandomStream(1, "schedule")).learning_rate(), 1e-3);

  // r = 1.5 v, then r <- r / 2 + v / 2: with v = 1, 1, 4 it is 1.25, 1.125 and rises to 2.6.
  config.persistence = 0.5;
  FitSchedule early(config, 40, 100, RandomStream(1, "schedule"));
  for (const double loss : {1.0, 1.0, 4.0}) {
    EXPECT_FALSE(early.finished());
    early.end_epoch(1, loss);
  }
  EXPECT_TRUE(early.finished());
  EXPECT_EQ(early.epoch(), 3);
}

}  // namespace
}  // namespace reverie
