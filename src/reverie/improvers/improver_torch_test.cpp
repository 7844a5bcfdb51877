// The calculus of policies in floats through torch, against the CPU kernels; and the improvers on
// it.
#include <reverie/improvers/maml.h>
#include <reverie/nn/kernels/test_torch_path.h>
#include <reverie/policies/test_samples.h>

namespace reverie {
namespace {

using namespace testing;

struct CalculusTorch : TorchPath {
  PolicyBatch there(const PolicyBatch& batch) const {
    return {batch.observation.to(device()), batch.action.to(device()), batch.advantage.to(device()),
            batch.count.defined() ? batch.count.to(device()) : Tensor()};
  }
  RandomStream random{31, "calculus-torch"};
};

TEST_P(CalculusTorch, EqualsTheKernels) {
  for (int trial = 0; trial < 8; ++trial) {
    std::vector<int64_t> hidden;
    for (int64_t l = random.below(3); l > 0; --l) hidden.push_back(1 + random.below(40));
    const auto policy = random_policy(hidden, 1 + random.below(20), 1 + random.below(7), random);
    GaussianPolicy moved = policy;
    moved.to(device());
    const int64_t tasks = 1 + random.below(4), p = policy.parameter_count();
    auto batch = random_batch(policy, tasks, 1 + random.below(300), random);
    if (trial % 2 == 1) batch.count = 1 + random.below(batch.rows(), {tasks});
    const auto far = there(batch);
    const auto own = policy.parameters() + 0.1 * random.normal({tasks, p});
    const auto v = random.normal({tasks, p});
    const auto near = [&](const Tensor& found, const Tensor& expected) {
      EXPECT_EQ(found.device(), device());
      EXPECT_LT(relative_error(found.cpu(), expected), 2e-4);
    };
    const auto old = calculus::evaluate(policy, policy.parameters(), batch);
    const auto old_far =
        by_torch([&] { return calculus::evaluate(moved, moved.parameters(), far); });
    near(old_far.mean, old.mean);
    near(old_far.log_prob, old.log_prob);
    for (const auto& at : {policy.parameters(), own}) {
      const auto x = at.to(device()), w = v.to(device());
      near(by_torch([&] { return calculus::score_gradient(moved, x, far); }),
           calculus::score_gradient(policy, at, batch));
      near(by_torch([&] { return calculus::score_hessian_product(moved, x, far, w); }),
           calculus::score_hessian_product(policy, at, batch, v));
      near(by_torch([&] { return calculus::fisher_product(moved, x, far, w); }),
           calculus::fisher_product(policy, at, batch, v));
    }
    const SurrogateTerms terms{0.4, 0.3};
    near(by_torch([&] {
           return calculus::surrogate_gradient(moved, own.to(device()), far, old_far, terms);
         }),
         calculus::surrogate_gradient(policy, own, batch, old, terms));
    const auto expected = calculus::surrogate(policy, own, batch, old, terms);
    const auto found =
        by_torch([&] { return calculus::surrogate(moved, own.to(device()), far, old_far, terms); });
    EXPECT_LT((found.surrogate.cpu() - expected.surrogate).abs().max().item<double>(), 1e-4);
    EXPECT_LT((found.kl.cpu() - expected.kl).abs().max().item<double>(), 1e-4);
    // Exactly none: Adam would make a step of what rounding leaves.
    const auto none = by_torch(
        [&] { return calculus::surrogate(moved, moved.parameters(), far, old_far, terms).kl; });
    EXPECT_LT(none.abs().max().item<double>(), 1e-9);
  }
}

TEST_P(CalculusTorch, MetaGradientAndCurvatureEqualTheKernels) {
  const auto policy = random_policy({16, 16}, 5, 3, random);
  GaussianPolicy moved = policy;
  moved.to(device());
  const auto before = random_batch(policy, 3, 150, random);
  const auto after = random_batch(policy, 3, 150, random);
  const auto v = random.normal({policy.parameter_count()});
  const maml::MetaConfig config{0.05};
  const maml::MetaProblem problem(policy, {before}, after, config);
  by_torch([&] {
    const maml::MetaProblem far(moved, {there(before)}, there(after), config);
    EXPECT_EQ(far.adapted().device(), device());
    EXPECT_LT(relative_error(far.adapted().cpu(), problem.adapted()), 1e-5);
    return 0;
  });
  const auto gradient = problem.gradient(policy.parameters());
  const auto product = problem.fisher()(v);
  by_torch([&] {
    const maml::MetaProblem far(moved, {there(before)}, there(after), config);
    EXPECT_LT(relative_error(far.gradient(moved.parameters()).cpu(), gradient), 2e-4);
    EXPECT_LT(relative_error(far.fisher()(v.to(device())).cpu(), product), 2e-4);
    return 0;
  });
}

TEST_P(CalculusTorch, APolicyLeavesForTorchScriptAndTheArchiveFromAnyDevice) {
  const auto policy = random_policy({8}, 4, 2, random);
  GaussianPolicy moved = policy;
  moved.to(device());
  const TaskSpec task{.name = "a task", .action_low = {-1, -1}, .action_high = {1, 1}};
  EXPECT_EQ(moved.torchscript(task).size(), policy.torchscript(task).size());
  const auto mean = random.normal({4}), std = random.uniform({4}, 0.5, 2);
  moved.absorb_input_normalisation(mean, std);
  EXPECT_EQ(moved.parameters().device(), device());
  const auto x = random.normal({6, 4});
  const auto expected = policy.distribution((x - mean) / std).mean;
  const auto found = by_torch([&] { return moved.distribution(x.to(device())).mean; });
  EXPECT_LT(difference(found, expected), 1e-5);
}

REVERIE_ON_EACH_DEVICE(CalculusTorch);

}  // namespace
}  // namespace reverie
