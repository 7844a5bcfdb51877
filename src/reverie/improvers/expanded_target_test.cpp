#include <reverie/improvers/expanded_target.h>

#include <reverie/envs/suites/registry.h>
#include <reverie/policies/gaussian_policy.h>

#include <gtest/gtest.h>

#include <cmath>

namespace reverie {
namespace {

constexpr double kDiscount = 0.9;
constexpr int64_t kModels = 3, kCritics = 2, kRows = 4, kSteps = 2;

struct ExpandedTargetTest : ::testing::Test {
  RandomStream random{3, "expanded"};
  Tensor reward = random.normal({kRows}).to(torch::kFloat64);
  Expansion expansion{random.normal({kModels, kRows, kSteps}).to(torch::kFloat64),
                      torch::ones({kModels, kRows, kSteps + 1}, torch::kFloat64),
                      random.normal({kModels, kCritics, kRows, kSteps + 1}).to(torch::kFloat64)};

  Tensor target(TargetKind kind, double lambda = 0.5) {
    return combined(candidate_targets(reward, expansion, kDiscount), {kind, kSteps, lambda});
  }
};

TEST_F(ExpandedTargetTest, CandidatesAreTheReturnsOfEachLengthUpToAnEnd) {
  expansion.reached[1][2][1] = 0;  // the first imagined step ended it
  expansion.reached[1][2][2] = 0;
  const Tensor candidates = candidate_targets(reward, expansion, kDiscount);
  for (int64_t m = 0; m < kModels; ++m)
    for (int64_t k = 0; k < kCritics; ++k)
      for (int64_t i = 0; i < kRows; ++i)
        for (int64_t h = 0; h <= kSteps; ++h) {
          double expected = reward[i].item<double>();
          const bool ends = m == 1 && i == 2;
          for (int64_t t = 0; t < h && !(ends && t > 0); ++t)
            expected += std::pow(kDiscount, t + 1) * expansion.reward[m][i][t].item<double>();
          if (!(ends && h > 0))
            expected += std::pow(kDiscount, h + 1) * expansion.value[m][k][i][h].item<double>();
          EXPECT_NEAR(candidates[m][k][i][h].item<double>(), expected, 1e-12);
        }
}

TEST_F(ExpandedTargetTest, MveIsTheReturnOfAllStepsAndTdOfNone) {
  const Tensor candidates = std::get<0>(candidate_targets(reward, expansion, kDiscount).min(1));
  EXPECT_TRUE(torch::allclose(target(TargetKind::mve), candidates.mean(0).select(1, kSteps)));
  EXPECT_TRUE(torch::allclose(target(TargetKind::td), candidates.mean(0).select(1, 0)));
}

TEST_F(ExpandedTargetTest, LambdaGoesFromNoStepToAll) {
  EXPECT_TRUE(torch::allclose(target(TargetKind::lambda, 0), target(TargetKind::td)));
  EXPECT_TRUE(torch::allclose(target(TargetKind::lambda, 1), target(TargetKind::mve)));
  const Tensor each = std::get<0>(candidate_targets(reward, expansion, kDiscount).min(1)).mean(0);
  const Tensor weights = torch::tensor({0.5, 0.25, 0.25}, torch::kFloat64);
  EXPECT_TRUE(torch::allclose(target(TargetKind::lambda), each.matmul(weights)));
}

TEST_F(ExpandedTargetTest, SteveTrustsWhatVariesLittle) {
  // Every length equally uncertain: the mean of all.
  const Tensor spread = torch::tensor({-1.0, 0.0, 1.0}, torch::kFloat64).view({kModels, 1, 1, 1});
  const Tensor lengths = random.normal({1, 1, kRows, kSteps + 1}).to(torch::kFloat64);
  Tensor candidates = (lengths + spread).expand({kModels, kCritics, kRows, kSteps + 1}).clone();
  const TargetConfig steve{TargetKind::steve, kSteps, 0};
  EXPECT_TRUE(torch::allclose(combined(candidates, steve), lengths[0][0].mean(1)));
  // One length certain: that one.
  candidates.select(3, 1).copy_(lengths.select(3, 1).expand({kModels, kCritics, kRows}));
  EXPECT_TRUE(torch::allclose(combined(candidates, steve), lengths[0][0].select(1, 1), 0, 1e-6));
}

/// Acts almost without noise; a state's value is its first number or, by a second critic, one less.
struct Simple : ActorCritic, Critic {
  explicit Simple(const TaskSpec& spec)
      : acting(spec.observation_size, spec.action_size(), PolicyConfig{{4}, 1e-6}, random) {}
  void update(const Transitions&) override {}
  const Policy& policy() const override { return acting; }
  const Critic& critic() const override { return *this; }
  Tensor q(const Tensor& observation, const Tensor&) const override {
    const Tensor first = observation.select(1, 0);
    return torch::stack({first, first - 1});
  }
  Tensor values(const Tensor& observation) override { return q(observation, {}); }
  void set_target(Target) override {}
  void record(Monitor&) override {}
  void serialize(Archive&) override {}

  RandomStream random{1, "simple"};
  GaussianPolicy acting;
};

// Against the model's own predictions, step by step.
TEST(ExpandedTarget, LooksAheadInTheModel) {
  Monitor monitor;
  Session session(find_task("classic/point-mass"), {}, "test", 1, torch::kCPU, monitor);
  const TaskSpec& spec = session.task().spec();
  RandomStream random(2, "model");
  ModelConfig small;
  small.members = 2;
  small.hidden = {8};
  small.clip_margin = -1;
  DynamicsModel model(spec, small, random);
  const auto states = [&] { return random.normal({40, spec.observation_size}); };
  Transitions batch{
      states(), random.normal({40, spec.action_size()}), random.normal({40}),
      states(), torch::zeros({40}, torch::kBool),        torch::zeros({40}, torch::kBool)};
  model.set_statistics(batch);
  batch.terminated[3] = true;
  batch.next_observation[3].fill_(NAN);  // an end need not be imagined from
  Simple learner(spec);
  Imagination imagination(session, model, {}, Members::step);

  // What each model says of two steps.
  const Tensor going = batch.terminated.logical_not();
  Tensor expected[2];
  for (int64_t k = 0; k < 2; ++k) {
    Tensor state = torch::where(going.unsqueeze(1), batch.next_observation, batch.observation);
    Tensor sum = batch.reward.clone();
    for (int64_t t = 0; t < 2; ++t) {
      const Tensor action = learner.acting.act(learner.acting.parameters(), state, {});
      const Tensor next = model.predict(state, action).observation[k];
      sum += std::pow(kDiscount, t + 1) * going * session.task().reward(state, action, next);
      state = next;
    }
    expected[k] = sum + std::pow(kDiscount, 3) * going * (state.select(1, 0) - 1);
  }
  const TargetConfig both{TargetKind::steve, 2, 0}, one{TargetKind::mve, 2, 0};
  const Tensor steve = expanded_target(learner, imagination, both, kDiscount, 2)(batch);
  EXPECT_TRUE(steve.isfinite().all().item<bool>());
  EXPECT_NEAR(steve[3].item<double>(), batch.reward[3].item<double>(), 1e-5);
  // A random model moves each row at each step: some rows by one of them alone.
  const Tensor mve = expanded_target(learner, imagination, one, kDiscount, 2)(batch);
  EXPECT_NEAR(mve[3].item<double>(), batch.reward[3].item<double>(), 1e-5);
  for (int64_t k = 0; k < 2; ++k)
    EXPECT_GE(((mve - expected[k]).abs() < 1e-3).sum().item<int64_t>(), 4) << "model " << k;
}

}  // namespace
}  // namespace reverie
