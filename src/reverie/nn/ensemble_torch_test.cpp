// The ensemble by torch against the CPU kernels.
#include <reverie/core/archive.h>
#include <reverie/nn/ensemble.h>
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
    for (int64_t k = 0; k < 3; ++k) {
      const auto* out =
          pass.forward(here.effective()[k].data_ptr<float>(), x[k].data_ptr<float>(), rows);
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
        const float* weights = here.effective()[k].data_ptr<float>();
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
