// What every improver must do. A new one adds a line to `all`.
#include <reverie/core/archive.h>
#include <reverie/core/error.h>
#include <reverie/core/workers.h>
#include <reverie/improvers/ppo.h>
#include <reverie/improvers/surrogate.h>
#include <reverie/improvers/test_linear_quadratic.h>
#include <reverie/improvers/trpo.h>
#include <reverie/improvers/vpg.h>
#include <reverie/policies/test_samples.h>

#include <gtest/gtest.h>

namespace reverie {
namespace {

using namespace testing;

struct Entry {
  std::string name;
  std::function<std::unique_ptr<Improver>()> make;
  int64_t steps;  // on the linear-quadratic task
  double within;  // cost reached there, over the optimum

  friend void PrintTo(const Entry& entry, std::ostream* out) { *out << entry.name; }
};

const std::vector<Entry>& all() {
  static const std::vector<Entry> entries = {
      {"vpg",
       [] {
         return std::make_unique<Vpg>(VpgConfig{0.05, true});
       },
       100, 1.10},
      {"vpg_plain",
       [] {
         return std::make_unique<Vpg>(VpgConfig{0.05, false});
       },
       200, 1.30},
      {"trpo", [] { return std::make_unique<Trpo>(TrpoConfig{}); }, 100, 1.02},
      {"ppo", [] { return std::make_unique<Ppo>(PpoConfig{.learning_rate = 0.005}); }, 120, 1.20},
      {"ppo_in_minibatches",
       [] {
         return std::make_unique<Ppo>(PpoConfig{.learning_rate = 0.002, .epochs = 4, .batch = 64});
       },
       120, 1.20},
      {"ppo_within_a_divergence",
       [] { return std::make_unique<Ppo>(PpoConfig{.learning_rate = 0.005, .max_kl = 0.02}); }, 120,
       1.20},
      {"ppo_kl",
       [] {
         return std::make_unique<Ppo>(
             PpoConfig{.learning_rate = 0.005, .kl_coefficient = 0.5, .adaptive_kl = true});
       },
       120, 1.20},
  };
  return entries;
}

class ImproverConformance : public ::testing::TestWithParam<Entry> {
 protected:
  RandomStream random{5, "conformance"};
  GaussianPolicy policy = random_policy({8}, 3, 2, random);
  PolicyBatch batch = random_batch(policy, 2, 300, random);
};

TEST_P(ImproverConformance, ImprovesTheSurrogateAndReportsIt) {
  const SurrogateProblem problem(policy, batch);
  const Tensor before = policy.parameters().clone();
  const auto improver = GetParam().make();
  const ImprovementReport report = improver->step(policy, problem);
  EXPECT_TRUE(report.accepted);
  EXPECT_GT(report.improvement(), 0.0);
  EXPECT_GT(report.kl, 0.0);
  EXPECT_GT(report.gradient_norm, 0.0);
  EXPECT_EQ(report.surrogate_before, problem.evaluate(before).surrogate);
  EXPECT_EQ(report.surrogate_after, problem.evaluate(policy.parameters()).surrogate);
  EXPECT_EQ(report.kl, problem.evaluate(policy.parameters()).kl);
}

TEST_P(ImproverConformance, DoesNothingWithoutAdvantages) {
  batch.advantage.zero_();
  const Tensor before = policy.parameters().clone();
  GetParam().make()->step(policy, SurrogateProblem(policy, batch));
  EXPECT_TRUE(torch::equal(policy.parameters(), before));
}

TEST_P(ImproverConformance, NamesWhatIsNotFiniteAndLeavesThePolicy) {
  batch.advantage[1][7] = NAN;
  const Tensor before = policy.parameters().clone();
  try {
    GetParam().make()->step(policy, SurrogateProblem(policy, batch));
    FAIL() << "no error";
  } catch (const NonFiniteError& error) {
    EXPECT_NE(std::string(error.what()).find("NaN"), std::string::npos) << error.what();
  }
  EXPECT_TRUE(torch::equal(policy.parameters(), before));
}

TEST_P(ImproverConformance, TakesTheSameStepWithAnyNumberOfThreads) {
  const int count = worker_count();
  std::vector<Tensor> results;
  for (const int threads : {1, 3}) {
    set_worker_count(threads);
    GaussianPolicy copy = policy;
    GetParam().make()->step(copy, SurrogateProblem(copy, batch));
    results.push_back(copy.parameters());
  }
  set_worker_count(count);
  EXPECT_TRUE(torch::equal(results[0], results[1]));
}

TEST_P(ImproverConformance, GoesOnFromWhereItWasSaved) {
  const auto improver = GetParam().make(), restored = GetParam().make();
  improver->step(policy, SurrogateProblem(policy, batch));
  Archive archive;
  improver->serialize(archive);
  Archive reader = Archive::from_bytes(archive.bytes());
  restored->serialize(reader);
  GaussianPolicy copy = policy;
  improver->step(policy, SurrogateProblem(policy, batch));
  restored->step(copy, SurrogateProblem(copy, batch));
  EXPECT_TRUE(torch::equal(policy.parameters(), copy.parameters()));
}

TEST_P(ImproverConformance, SolvesALinearQuadraticTask) {
  const LinearQuadratic task;
  PolicyConfig config;
  config.hidden = {};  // the best controller is linear
  config.init_std = 0.5;
  GaussianPolicy linear(2, 1, config, random);
  linear.set_parameters(torch::tensor({0.0f, 0.0f, 0.3f, std::log(0.5f)}));
  EXPECT_GT(task.cost_over_optimum(linear), 2.0);
  const auto improver = GetParam().make();
  for (int64_t step = 0; step < GetParam().steps; ++step)
    improver->step(linear, SurrogateProblem(linear, task.sample(linear, 100, random)));
  const double cost = task.cost_over_optimum(linear);
  RecordProperty("cost_over_optimum", std::to_string(cost));
  EXPECT_GT(cost, 0.999);  // nothing beats the optimum
  EXPECT_LT(cost, GetParam().within);
}

TEST(Ppo, TakesBackAPassThatLeadsTooFar) {
  RandomStream random(6, "ppo");
  GaussianPolicy policy = random_policy({8}, 3, 2, random), free = policy;
  const PolicyBatch batch = random_batch(policy, 2, 300, random);
  PpoConfig within{.learning_rate = 0.005, .epochs = 20};
  const double far = Ppo(within).step(free, SurrogateProblem(free, batch)).kl;
  within.max_kl = far / 3;
  const ImprovementReport report = Ppo(within).step(policy, SurrogateProblem(policy, batch));
  EXPECT_TRUE(report.accepted);
  EXPECT_LE(report.kl, far / 3);
  EXPECT_GT(report.kl, far / 10) << "no further back than needed";
  EXPECT_GT(report.improvement(), 0);
  // Where the first pass leads too far already, nothing is done.
  within.max_kl = 1e-9;
  const Tensor before = policy.parameters().clone();
  EXPECT_FALSE(Ppo(within).step(policy, SurrogateProblem(policy, batch)).accepted);
  EXPECT_TRUE(torch::equal(policy.parameters(), before));
}

INSTANTIATE_TEST_SUITE_P(Improvers, ImproverConformance, ::testing::ValuesIn(all()),
                         [](const ::testing::TestParamInfo<Entry>& entry) {
                           return entry.param.name;
                         });

}  // namespace
}  // namespace reverie
