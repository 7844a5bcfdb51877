#include <reverie/core/workers.h>
#include <reverie/policies/policy_calculus.h>
#include <reverie/policies/policy_calculus_torch.h>
#include <reverie/policies/test_samples.h>

#include <fmt/ranges.h>
#include <gtest/gtest.h>

namespace reverie {
namespace {

using namespace testing;

// Every function of the calculus against its autograd twin in double precision. The shapes: one
// row, odd widths, no to three hidden layers, rows that fill no block, one block, and several
// units; tasks with fewer rows than there is room for.
struct Shape {
  std::vector<int64_t> hidden;
  int64_t observations, actions, tasks, rows;
  std::vector<int64_t> count = {};
};
void PrintTo(const Shape& shape, std::ostream* out) {
  *out << fmt::format("hidden [{}], {} to {}, {} tasks of {} rows [{}]",
                      fmt::join(shape.hidden, ", "), shape.observations, shape.actions, shape.tasks,
                      shape.rows, fmt::join(shape.count, ", "));
}

class PolicyCalculus : public ::testing::TestWithParam<Shape> {
 protected:
  PolicyCalculus() {
    const Shape& shape = GetParam();
    policy = std::make_unique<GaussianPolicy>(
        random_policy(shape.hidden, shape.observations, shape.actions, random));
    batch = random_batch(*policy, shape.tasks, shape.rows, random);
    if (!shape.count.empty()) batch.count = torch::tensor(shape.count);
    const int64_t p = policy->parameter_count();
    shared = policy->parameters();
    separate = shared + 0.1 * random.normal({shape.tasks, p});
    v = random.normal({shape.tasks, p});
  }

  RandomStream random{7, "calculus"};
  std::unique_ptr<GaussianPolicy> policy;
  PolicyBatch batch;
  Tensor shared, separate, v;
};

TEST_P(PolicyCalculus, ScoreGradientEqualsAutograd) {
  for (const Tensor& at : {shared, separate}) {
    const Tensor exact =
        calculus::autograd::score_gradient(*policy, at.to(torch::kFloat64), to_double(batch));
    EXPECT_LT(relative_error(calculus::score_gradient(*policy, at, batch), exact), 2e-5);
  }
}

TEST_P(PolicyCalculus, ScoreHessianProductEqualsAutograd) {
  for (const Tensor& at : {shared, separate}) {
    const Tensor exact = calculus::autograd::score_hessian_product(
        *policy, at.to(torch::kFloat64), to_double(batch), v.to(torch::kFloat64));
    EXPECT_LT(relative_error(calculus::score_hessian_product(*policy, at, batch, v), exact), 2e-5);
  }
}

TEST_P(PolicyCalculus, FisherProductEqualsAutograd) {
  for (const Tensor& at : {shared, separate}) {
    const Tensor exact = calculus::autograd::fisher_product(
        *policy, at.to(torch::kFloat64), to_double(batch), v.to(torch::kFloat64));
    EXPECT_LT(relative_error(calculus::fisher_product(*policy, at, batch, v), exact), 2e-5);
  }
}

TEST_P(PolicyCalculus, SurrogateEqualsAutograd) {
  const OldPolicy old = calculus::evaluate(*policy, shared, batch);
  for (const SurrogateTerms& terms :
       {SurrogateTerms{}, SurrogateTerms{0.2, 0.0}, SurrogateTerms{0.5, 0.3}}) {
    const Tensor exact_gradient = calculus::autograd::surrogate_gradient(
        *policy, separate.to(torch::kFloat64), to_double(batch), to_double(old), terms);
    EXPECT_LT(relative_error(calculus::surrogate_gradient(*policy, separate, batch, old, terms),
                             exact_gradient),
              5e-5);
    const SurrogateMeans exact = calculus::autograd::surrogate(
        *policy, separate.to(torch::kFloat64), to_double(batch), to_double(old), terms);
    const SurrogateMeans means = calculus::surrogate(*policy, separate, batch, old, terms);
    EXPECT_LT((means.surrogate - exact.surrogate).abs().max().item<double>(), 2e-5);
    EXPECT_LT((means.kl - exact.kl).abs().max().item<double>(), 2e-5);
  }
}

TEST_P(PolicyCalculus, OldPolicyHasNoDivergenceFromItself) {
  const OldPolicy old = calculus::evaluate(*policy, separate, batch);
  const OldPolicy twin =
      calculus::autograd::evaluate(*policy, separate.to(torch::kFloat64), to_double(batch));
  EXPECT_LT(relative_error(old.mean, twin.mean), 1e-5);
  EXPECT_LT(relative_error(old.log_prob, twin.log_prob), 1e-5);
  EXPECT_LT(relative_error(old.log_std, twin.log_std), 1e-6);
  const SurrogateMeans means = calculus::surrogate(*policy, separate, batch, old);
  EXPECT_EQ(means.kl.abs().max().item<double>(), 0.0);
  for (int64_t task = 0; task < batch.tasks(); ++task)
    EXPECT_NEAR(means.surrogate[task].item<double>(),
                rows_of_task(batch, task).advantage.mean().item<double>(), 1e-6);
}

TEST_P(PolicyCalculus, BitsDoNotDependOnTheNumberOfThreads) {
  const auto all = [&] {
    const OldPolicy old = calculus::evaluate(*policy, shared, batch);
    return std::vector<Tensor>{old.mean,
                               old.log_prob,
                               calculus::score_gradient(*policy, separate, batch),
                               calculus::score_hessian_product(*policy, separate, batch, v),
                               calculus::fisher_product(*policy, separate, batch, v),
                               calculus::surrogate_gradient(*policy, separate, batch, old),
                               calculus::surrogate(*policy, separate, batch, old).kl};
  };
  const int before = worker_count();
  set_worker_count(1);
  const std::vector<Tensor> one = all();
  for (const int threads : {2, 3}) {
    set_worker_count(threads);
    const std::vector<Tensor> many = all();
    for (size_t i = 0; i < one.size(); ++i) EXPECT_TRUE(torch::equal(one[i], many[i])) << i;
  }
  set_worker_count(before);
}

INSTANTIATE_TEST_SUITE_P(Shapes, PolicyCalculus,
                         ::testing::Values(Shape{{32, 32}, 17, 6, 3, 700}, Shape{{5}, 3, 1, 2, 1},
                                           Shape{{7, 13, 3}, 2, 5, 1, 257}, Shape{{}, 4, 2, 2, 256},
                                           Shape{{64, 64}, 27, 8, 1, 2100},
                                           Shape{{8}, 3, 2, 3, 1500, {1500, 300, 1}}));

// Rows that only fill up enter nothing: every function equals that of each task's rows alone, and
// the derivatives are those that finite differences find of those rows' surrogate and divergence.
TEST(PolicyCalculusCounts, EveryTaskIsItsOwnRowsAlone) {
  RandomStream random(4, "counts");
  const GaussianPolicy policy = random_policy({6}, 3, 2, random);
  PolicyBatch batch = random_batch(policy, 3, 60, random);
  batch.count = torch::tensor({60, 17, 5});
  // Whatever stands there, also where the ratio overflows.
  for (int64_t task = 1; task < 3; ++task) {
    batch.advantage[task].slice(0, batch.count[task].item<int64_t>()).fill_(1e6);
    batch.action[task].slice(0, batch.count[task].item<int64_t>()).fill_(1e3);
  }
  const Tensor at = policy.parameters(), trial = at + 0.1 * random.normal(at.sizes());
  const Tensor v = random.normal(at.sizes());
  const OldPolicy old = calculus::evaluate(policy, at, batch);
  const SurrogateTerms terms{0.3, 0.4};
  using Twin = bool;
  for (const Twin twin : {false, true}) {
    const auto gradient = (twin ? calculus::autograd::surrogate_gradient
                                : calculus::surrogate_gradient)(policy, trial, batch, old, terms);
    const auto values = (twin ? calculus::autograd::surrogate : calculus::surrogate)(
        policy, trial, batch, old, terms);
    const auto score =
        (twin ? calculus::autograd::score_gradient : calculus::score_gradient)(policy, at, batch);
    const auto bent = (twin ? calculus::autograd::score_hessian_product
                            : calculus::score_hessian_product)(policy, at, batch, v);
    const auto fisher = (twin ? calculus::autograd::fisher_product : calculus::fisher_product)(
        policy, at, batch, v);
    for (int64_t task = 0; task < 3; ++task) {
      const PolicyBatch own = to_double(rows_of_task(batch, task));
      const Tensor wide = at.to(torch::kFloat64);
      const OldPolicy before = calculus::autograd::evaluate(policy, wide, own);
      const auto near = [&](const Tensor& found, const Tensor& exact) {
        EXPECT_LT(relative_error(found[task], exact.reshape(-1)), 5e-5) << twin << " task " << task;
      };
      near(score, calculus::autograd::score_gradient(policy, wide, own));
      near(bent,
           calculus::autograd::score_hessian_product(policy, wide, own, v.to(torch::kFloat64)));
      // By differences of what is written out here.
      const auto objective = [&](const Tensor& parameters) {
        const Gaussian now = policy.distribution(parameters.unsqueeze(0), own.observation);
        const Tensor ratio = (now.log_prob(own.action) - before.log_prob).exp();
        const Tensor held = ratio.clamp(0.7, 1.3) * own.advantage;
        const Tensor kl =
            kl_divergence(Gaussian{before.mean, before.log_std.unsqueeze(1)}, now).mean();
        return std::pair{torch::minimum(ratio * own.advantage, held).mean().item<double>(),
                         kl.item<double>()};
      };
      const Tensor from = trial.to(torch::kFloat64);
      EXPECT_NEAR(values.surrogate[task].item<double>(), objective(from).first, 1e-5);
      EXPECT_NEAR(values.kl[task].item<double>(), objective(from).second, 1e-5);
      Tensor differences = torch::empty_like(from);
      for (int64_t i = 0; i < from.size(0); ++i) {
        const auto value = [&](double by) {
          Tensor moved = from.clone();
          moved[i] += by;
          const auto [surrogate, kl] = objective(moved);
          return surrogate - terms.kl_coefficient * kl;
        };
        differences[i] = (value(1e-6) - value(-1e-6)) / 2e-6;
      }
      EXPECT_LT(relative_error(gradient[task], differences), 2e-4) << twin << " task " << task;
      const double h = 1e-3;
      const double curvature =
          (objective(wide + h * v).second + objective(wide - h * v).second) / (h * h);
      EXPECT_NEAR((fisher[task] * v).sum().item<double>() / curvature, 1.0, 1e-3);
    }
  }
}

TEST(PolicyCalculusCounts, ABatchHoldsTheCountedStepsInTheirOrder) {
  RandomStream random(5, "counts");
  Rollouts rollouts = random_rollouts(3, 4, 30, 3, random);
  const Tensor advantage = random.normal({3, 4, 30});
  rollouts.counted = random.uniform({3, 4, 30}, 0, 1) < 0.7;
  const PolicyBatch batch = policy_batch(rollouts, advantage);
  const PolicyBatch third = thinned(batch, 1.0 / 3), together = joined(batch);
  std::vector<Tensor> all;
  for (int64_t task = 0; task < 3; ++task) {
    const Tensor kept = rollouts.counted[task].flatten();
    const PolicyBatch own = rows_of_task(batch, task);
    const auto chosen = [&](const Tensor& field) {
      return field[task].flatten(0, 1).index({kept});
    };
    EXPECT_TRUE(torch::equal(own.observation[0], chosen(rollouts.observation)));
    EXPECT_TRUE(torch::equal(own.action[0], chosen(rollouts.action)));
    EXPECT_TRUE(torch::equal(own.advantage[0], chosen(advantage)));
    EXPECT_TRUE(torch::equal(rows_of_task(third, task).advantage,
                             own.advantage.slice(1, 0, torch::nullopt, 3)));
    all.push_back(own.observation[0]);
  }
  EXPECT_FALSE(together.count.defined());
  EXPECT_TRUE(torch::equal(together.observation[0], torch::cat(all)));
  rollouts.counted = Tensor();
  EXPECT_FALSE(policy_batch(rollouts, advantage).count.defined());
}

// Below the floor the standard deviation is constant: no derivative goes through it.
TEST(PolicyCalculusFloor, HoldsTheDeviationConstant) {
  RandomStream random(3, "floor");
  PolicyConfig config;
  config.hidden = {8};
  config.min_std = 0.5;
  GaussianPolicy policy(3, 2, config, random);
  Tensor at = policy.parameters().clone();
  at.narrow(0, policy.parameter_count() - 2, 1).fill_(-2.0);  // one below, one above
  policy.set_parameters(at);
  const PolicyBatch batch = random_batch(policy, 1, 50, random);
  const Tensor v = random.normal({policy.parameter_count()});
  const Tensor wide = at.to(torch::kFloat64);
  const OldPolicy old = calculus::evaluate(policy, at, batch);
  const auto near = [](const Tensor& a, const Tensor& b) { return relative_error(a, b) < 2e-5; };
  EXPECT_FLOAT_EQ(old.log_std[0][0].item<float>(), std::log(0.5f));
  EXPECT_TRUE(near(calculus::score_gradient(policy, at, batch),
                   calculus::autograd::score_gradient(policy, wide, to_double(batch))));
  EXPECT_TRUE(near(calculus::score_hessian_product(policy, at, batch, v),
                   calculus::autograd::score_hessian_product(policy, wide, to_double(batch), v)));
  EXPECT_TRUE(near(calculus::fisher_product(policy, at, batch, v),
                   calculus::autograd::fisher_product(policy, wide, to_double(batch), v)));
  EXPECT_TRUE(
      near(calculus::surrogate_gradient(policy, at, batch, old),
           calculus::autograd::surrogate_gradient(policy, wide, to_double(batch), to_double(old))));
}

}  // namespace
}  // namespace reverie
