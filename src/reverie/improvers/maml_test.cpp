#include <reverie/core/error.h>
#include <reverie/core/workers.h>
#include <reverie/improvers/maml.h>
#include <reverie/improvers/ppo.h>
#include <reverie/improvers/trpo.h>
#include <reverie/policies/test_samples.h>

#include <gtest/gtest.h>

namespace reverie {
namespace {

using namespace testing;

/// The whole meta-objective in double precision, differentiable by autograd: the twin.
struct Twin {
  const GaussianPolicy& policy;
  std::vector<PolicyBatch> before;
  PolicyBatch after;
  double alpha;

  Tensor adapt(const Tensor& theta) const {
    Tensor at = theta.expand({after.tasks(), theta.size(0)});
    for (const PolicyBatch& batch : before) {
      const Gaussian now = policy.distribution(at.contiguous(), batch.observation);
      const Tensor loss = -(now.log_prob(batch.action) * batch.advantage).mean(1).sum();
      at = at - alpha * torch::autograd::grad({loss}, {at}, {}, true, true)[0];
    }
    return at;
  }
  Gaussian adapted(const Tensor& theta) const {
    return policy.distribution(adapt(theta), after.observation);
  }
  Tensor objective(const Tensor& theta, const Gaussian& old) const {
    const Tensor ratio =
        torch::exp(adapted(theta).log_prob(after.action) - old.log_prob(after.action));
    return (ratio * after.advantage).mean();
  }
  Tensor divergence(const Tensor& theta, const Gaussian& old) const {
    return kl_divergence(old, adapted(theta)).mean();
  }
};

class Maml : public ::testing::TestWithParam<int> {
 protected:
  static constexpr int64_t tasks = 3;
  // Where the second-order term matters. Two steps of 1 would leave ratios beyond any float.
  const double alpha = GetParam() == 1 ? 1.0 : 0.2;

  Maml() : policy(random_policy({7, 5}, 4, 2, random)) {
    for (int i = 0; i < GetParam(); ++i) before.push_back(random_batch(policy, tasks, 40, random));
    after = random_batch(policy, tasks, 61, random);
  }

  Twin twin() const {
    std::vector<PolicyBatch> wide;
    for (const PolicyBatch& batch : before) wide.push_back(to_double(batch));
    return {policy, wide, to_double(after), alpha};
  }
  Tensor theta() const {
    return policy.parameters().to(torch::kFloat64).clone().requires_grad_(true);
  }

  RandomStream random{11, "maml"};
  GaussianPolicy policy;
  std::vector<PolicyBatch> before;
  PolicyBatch after;
};

TEST_P(Maml, AdaptationIsOneStepOfPolicyGradient) {
  const maml::MetaProblem problem(policy, before, after, {alpha});
  EXPECT_LT(relative_error(problem.adapted(), twin().adapt(theta())), 1e-5);
  if (GetParam() == 1) {
    EXPECT_TRUE(torch::equal(problem.adapted(), maml::adapt(policy, before[0], alpha)));
  }
}

TEST_P(Maml, GradientEqualsAutogradAndFiniteDifferencesOfTheWholeObjective) {
  const Twin exact = twin();
  const Tensor at = theta();
  const Gaussian now = exact.adapted(at);
  const Gaussian old{now.mean.detach(), now.log_std.detach()};
  const Tensor by_autograd = torch::autograd::grad({exact.objective(at, old)}, {at})[0];
  const maml::MetaProblem problem(policy, before, after, {alpha});
  const Tensor gradient = problem.gradient(policy.parameters());
  EXPECT_LT(relative_error(gradient, by_autograd), 5e-5);

  const double step = 1e-5;
  Tensor by_differences = torch::empty_like(by_autograd);
  for (int64_t i = 0; i < at.size(0); ++i) {
    const auto value = [&](double change) {
      Tensor moved = at.detach().clone();
      moved[i] += change;
      return exact.objective(moved.requires_grad_(true), old).item<double>();
    };
    by_differences[i] = (value(step) - value(-step)) / (2 * step);
  }
  EXPECT_LT(relative_error(by_autograd, by_differences), 1e-7);
  EXPECT_LT(relative_error(gradient, by_differences), 5e-5);

  // What this test would not see if it were small: the second-order term.
  const maml::MetaProblem first_order(policy, before, after, {alpha, maml::Kind::first_order});
  EXPECT_GT(relative_error(first_order.gradient(policy.parameters()), by_differences), 0.05);
}

TEST_P(Maml, FisherProductIsTheHessianOfTheDivergence) {
  const Twin exact = twin();
  const Tensor at = theta();
  const Gaussian now = exact.adapted(at);
  const Gaussian old{now.mean.detach(), now.log_std.detach()};
  const Tensor v = random.normal({at.size(0)});
  const Tensor slope = torch::autograd::grad({exact.divergence(at, old)}, {at}, {}, true, true)[0];
  const Tensor product = torch::autograd::grad({(slope * v.to(torch::kFloat64)).sum()}, {at})[0];
  const maml::MetaProblem problem(policy, before, after, {alpha});
  EXPECT_LT(relative_error(problem.fisher()(v), product), 5e-5);

  // Without the second derivatives it is near at a small step size only.
  const auto approximation_error = [&](double step) {
    const maml::MetaProblem full(policy, before, after, {step});
    const maml::MetaProblem short_cut(policy, before, after, {step, maml::Kind::maml, false});
    return relative_error(short_cut.fisher()(v), full.fisher()(v));
  };
  EXPECT_LT(approximation_error(1e-3), 2e-2);
  EXPECT_GT(approximation_error(alpha), 0.05);
}

TEST_P(Maml, FisherProductOfAFractionIsThatOfItsRows) {
  const Tensor v = random.normal({policy.parameter_count()});
  const auto every_third = [](const PolicyBatch& batch) {
    const auto rows = torch::arange(0, batch.rows(), 3);
    return PolicyBatch{batch.observation.index_select(1, rows), batch.action.index_select(1, rows),
                       batch.advantage.index_select(1, rows)};
  };
  // The adapted policies are those of all rows, the Fisher matrix that of the chosen ones.
  const maml::MetaConfig config{alpha, maml::Kind::maml, false};
  const maml::MetaProblem whole(policy, before, after, config);
  const maml::MetaProblem some(policy, before, every_third(after), config);
  EXPECT_TRUE(torch::equal(whole.fisher(1.0 / 3)(v), some.fisher()(v)));
  EXPECT_FALSE(torch::equal(whole.fisher(1.0 / 3)(v), whole.fisher()(v)));
}

TEST_P(Maml, AdaptedPoliciesMayBeGiven) {
  maml::InnerSteps known{before, {}};
  for (const PolicyBatch& batch : before)
    known.adapted.push_back(maml::adapt(
        policy, known.adapted.empty() ? policy.parameters() : known.adapted.back(), batch, alpha));
  const maml::MetaProblem made(policy, before, after, {alpha});
  const maml::MetaProblem given(policy, known, after, {alpha});
  EXPECT_TRUE(torch::equal(given.adapted(), made.adapted()));
  EXPECT_TRUE(
      torch::equal(given.gradient(policy.parameters()), made.gradient(policy.parameters())));
}

TEST_P(Maml, ReptileGoesTowardsTheMeanOfTheAdaptedPolicies) {
  const Tensor start = policy.parameters().clone();
  const Tensor end = maml::MetaProblem(policy, before, after, {alpha}).adapted();
  const auto report = maml::reptile(policy, {before, {end}}, 0.25);
  EXPECT_LT(relative_error(policy.parameters(), 0.75 * start + 0.25 * end.mean(0)), 1e-6);
  // The divergence is that of the rollouts' policy from what became of it.
  GaussianPolicy old = policy;
  old.set_parameters(start);
  const Tensor seen = before[0].observation.flatten(0, 1);
  EXPECT_NEAR(
      report.kl,
      kl_divergence(old.distribution(seen), policy.distribution(seen)).mean().item<double>(),
      1e-5 + 1e-4 * report.kl);
  EXPECT_GT(report.kl, 0);
}

TEST_P(Maml, EvaluationAdaptsAgainAtTheTrialParameters) {
  const Twin exact = twin();
  const Gaussian now = exact.adapted(theta());
  const Gaussian old{now.mean.detach(), now.log_std.detach()};
  const maml::MetaProblem problem(policy, before, after, {alpha});
  const Tensor trial = policy.parameters() + 0.03 * random.normal({policy.parameter_count()});
  const Tensor wide = trial.to(torch::kFloat64).requires_grad_(true);
  const PolicyProblem::Value value = problem.evaluate(trial);
  EXPECT_NEAR(value.surrogate, exact.objective(wide, old).item<double>(), 1e-5);
  EXPECT_NEAR(value.kl, exact.divergence(wide, old).item<double>(), 1e-5);
  EXPECT_EQ(problem.evaluate(policy.parameters()).kl, 0.0);
}

TEST_P(Maml, BitsDoNotDependOnTheNumberOfThreads) {
  const auto improve = [&](Improver&& improver) {
    GaussianPolicy copy = policy;
    improver.step(copy, maml::MetaProblem(copy, before, after, {0.1}));
    return copy.parameters();
  };
  const int count = worker_count();
  set_worker_count(1);
  const Tensor trpo = improve(Trpo({})), ppo = improve(Ppo({}));
  set_worker_count(3);
  EXPECT_TRUE(torch::equal(trpo, improve(Trpo({}))));
  EXPECT_TRUE(torch::equal(ppo, improve(Ppo({}))));
  EXPECT_FALSE(torch::equal(trpo, policy.parameters()));
  EXPECT_FALSE(torch::equal(ppo, policy.parameters()));
  set_worker_count(count);
}

TEST_P(Maml, NamesTheTaskThatIsNotFinite) {
  before[0].advantage[1][0] = NAN;
  try {
    maml::adapt(policy, before[0], alpha);
    FAIL() << "no error";
  } catch (const NonFiniteError& error) {
    EXPECT_NE(std::string(error.what()).find("task 1"), std::string::npos) << error.what();
  }
}

INSTANTIATE_TEST_SUITE_P(InnerSteps, Maml, ::testing::Values(1, 2));

}  // namespace
}  // namespace reverie
