// The ensemble by torch against the CPU kernels.
#include <reverie/core/archive.h>
#include <reverie/nn/ensemble_training_torch.h>
#include <reverie/nn/kernels/mlp.h>
#include <reverie/nn/kernels/test_torch_path.h>

namespace reverie {
namespace {

using testing::difference;

struct EnsembleTorch : testing::TorchPath {
  /// A shape of one to three hidden layers, and a number of rows.
  void draw() {
    shape = MlpShape{
        {2 + random.below(20)}, static_cast<Activation>(random.below(3)), random.below(2) == 0};
    for (int64_t l = 1 + random.below(3); l > 0; --l) shape.sizes.push_back(2 + random.below(70));
    shape.sizes.push_back(1 + random.below(20));
    rows = 1 + random.below(60);
  }
  Ensemble ensemble() {
    RandomStream same(4, "ensemble");
    return Ensemble(3, shape, same);
  }
  RandomStream random{12, "ensemble-torch"};
  MlpShape shape;
  int64_t rows = 0;
};

TEST_P(EnsembleTorch, ForwardEqualsTheKernels) {
  for (int trial = 0; trial < 12; ++trial) {
    draw();
    auto here = ensemble(), there = ensemble();
    there.to(device());
    const auto x = random.normal({3, rows, shape.input()});
    const auto y = there.forward(x.to(device()));
    kernels::MlpPass pass(shape, rows);
    kernels::ReadyWeights weights(shape, rows, kernels::Use::training, Precision::f32);
    for (int64_t k = 0; k < 3; ++k) {
      weights.read(here.effective()[k].data_ptr<float>());
      const auto* out = pass.forward(weights, x[k].data_ptr<float>(), rows);
      const auto expected = torch::from_blob(const_cast<float*>(out), {rows, shape.output()});
      EXPECT_LT(difference(y[k], expected), 1e-5);
    }
  }
}

TEST_P(EnsembleTorch, StepsOfSomeMembersEqualTheKernels) {
  const std::vector<int64_t> some = {0, 2};
  for (int trial = 0; trial < 12; ++trial) {
    draw();
    auto here = ensemble(), there = ensemble();
    there.to(device());
    const auto start = here.parameters().clone();
    kernels::MlpPass pass(shape, rows);
    kernels::ReadyWeights weights(shape, rows, kernels::Use::training, Precision::f32);
    for (int step = 0; step < 4; ++step) {
      const auto x = random.normal({3, rows, shape.input()});
      const auto cotangent = random.normal({3, rows, shape.output()});
      // All of them once, so that the members' counts of steps differ.
      const auto members = step == 1 ? std::vector<int64_t>{0, 1, 2} : some;
      auto parameters = there.parameters().detach().clone().requires_grad_();
      const auto y = there.forward(there.layers(parameters), x.to(device()));
      (y * cotangent.to(device())).sum().backward();
      const auto chosen = torch::tensor(members, torch::kInt64).to(device());
      there.step(members, parameters.grad().index_select(0, chosen), 0.01);
      for (const int64_t k : members) {
        auto gradient = torch::empty({shape.effective_count()});
        weights.read(here.effective()[k].data_ptr<float>());
        pass.forward(weights, x[k].data_ptr<float>(), rows);
        pass.backward(weights, x[k].data_ptr<float>(), rows, cotangent[k].data_ptr<float>(),
                      gradient.data_ptr<float>());
        here.step(k, gradient.data_ptr<float>(), 0.01);
      }
    }
    // Adam makes whole steps of gradients that are all rounding: of all but those.
    const auto error = (there.parameters().cpu() - here.parameters()).abs();
    EXPECT_LT(error.mean().item<double>(), 1e-5);
    EXPECT_LT((error > 1e-4).to(torch::kFloat32).mean().item<double>(), 0.01);
    EXPECT_FALSE(torch::equal(there.parameters().cpu()[1], start[1]));
    if (!device().is_cpu()) continue;
    EXPECT_LT(difference(there.effective(), here.effective()), 0.05) << "it must be refreshed";
  }
}

TEST_P(EnsembleTorch, TrainingByHandIsThatByAutograd) {
  for (int trial = 0; trial < 20; ++trial) {
    draw();
    auto members = std::vector<int64_t>{0, 1, 2};
    if (trial % 2 == 0) members.erase(members.begin() + 1);
    const auto m = static_cast<int64_t>(members.size());
    auto by_hand = ensemble(), by_autograd = ensemble();
    by_hand.to(device());
    by_autograd.to(device());
    const auto chosen = torch::tensor(members, torch::kInt64).to(device());
    EnsembleTraining training(by_hand, members, rows + 3);
    for (int step = 0; step < 4; ++step) {
      const int64_t n = step == 2 ? 1 : rows;  // buffers are of more rows than there are
      const auto x = random.normal({m, n, shape.input()}).to(device());
      const auto cotangent = random.normal({m, n, shape.output()}).to(device());
      const auto leaf =
          by_autograd.parameters().index_select(0, chosen).detach().clone().requires_grad_();
      const auto expected = by_autograd.forward(by_autograd.layers(leaf), x);
      (expected * cotangent).sum().backward();
      by_autograd.step(members, leaf.grad(), 0.01);

      const torch::NoGradGuard no_grad;
      const auto found = training.forward(with_ones(x));
      EXPECT_LT(difference(found, expected), 1e-4);
      training.step(with_ones(x), cotangent, training.factors(1, 0.01)[0]);
      training.put_back(1);
    }
    // As above: Adam makes whole steps of gradients that are all rounding.
    const auto error = (by_hand.parameters() - by_autograd.parameters()).abs();
    EXPECT_LT(error.mean().item<double>(), 1e-5);
    EXPECT_LT((error > 1e-4).to(torch::kFloat32).mean().item<double>(), 0.01);
    EXPECT_EQ(by_hand.steps({0, 1, 2}), by_autograd.steps({0, 1, 2}));
  }
}

TEST(AdamFactors, AreAdamsCorrections) {
  kernels::AdamRates rates;
  rates.learning_rate = 0.02f;
  const auto factors = adam_factors({0, 7}, 3, rates).to(torch::kFloat64);
  for (int64_t step = 0; step < 3; ++step)
    for (int64_t row = 0; row < 2; ++row) {
      const double count = static_cast<double>((row == 0 ? 0 : 7) + step + 1);
      const double root = std::sqrt(1 - std::pow(0.999, count));
      EXPECT_NEAR(factors[step][0][row].item<double>(), 0.02 * root / (1 - std::pow(0.9, count)),
                  1e-5);
      EXPECT_NEAR(factors[step][1][row].item<double>(), 1e-8 * root, 1e-12);
    }
}

TEST_P(EnsembleTorch, MembersLeftOutStayAsTheyWere) {
  draw();
  auto there = ensemble();
  there.to(device());
  const auto start = there.parameters().clone();
  there.step({1}, torch::ones_like(start).narrow(0, 0, 1), 0.1);
  EXPECT_TRUE(torch::equal(there.parameters()[0], start[0]));
  EXPECT_TRUE(torch::equal(there.parameters()[2], start[2]));
  EXPECT_LT(difference(there.parameters()[1], start[1] - 0.1), 1e-5);  // Adam's first step
}

TEST_P(EnsembleTorch, SavedOnOneDeviceItLoadsOnAnother) {
  draw();
  auto there = ensemble();
  there.to(device());
  there.step({0, 1, 2}, torch::ones_like(there.parameters()), 0.01);
  Archive out;
  there.serialize(out);
  Ensemble here(3, shape, random);
  auto in = Archive::from_bytes(out.bytes());
  here.serialize(in);
  EXPECT_TRUE(here.parameters().is_cpu());
  EXPECT_TRUE(torch::equal(here.parameters(), there.parameters().cpu()));
  Ensemble back(3, shape, random);
  back.to(device());
  auto again = Archive::from_bytes(out.bytes());
  back.serialize(again);
  EXPECT_EQ(back.device(), device());
  back.step({0, 1, 2}, torch::ones_like(there.parameters()), 0.01);
  there.step({0, 1, 2}, torch::ones_like(there.parameters()), 0.01);
  EXPECT_TRUE(torch::equal(back.parameters(), there.parameters()));
  const auto x = random.normal({3, 5, shape.input()});
  EXPECT_LT(difference(back.forward(x.to(device())), there.forward(x.to(device()))), 1e-6);
}

REVERIE_ON_EACH_DEVICE(EnsembleTorch);

}  // namespace
}  // namespace reverie
