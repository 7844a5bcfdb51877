// The CPU kernels against their torch twin, on random shapes.
#include <reverie/core/archive.h>
#include <reverie/core/settings.h>
#include <reverie/nn/ensemble.h>
#include <reverie/nn/kernels/mlp.h>

#include <fmt/ranges.h>
#include <gtest/gtest.h>
#include <torch/optim.h>

namespace reverie {
namespace {

struct Case {
  std::vector<int64_t> sizes;
  Activation activation;
  bool weight_normalisation;
  int64_t rows;
};
void PrintTo(const Case& shape, std::ostream* out) {
  *out << fmt::format("{} {}{}, {} rows", fmt::join(shape.sizes, "-"),
                      setting_name(shape.activation),
                      shape.weight_normalisation ? ", normalised" : "", shape.rows);
}

struct EnsembleTest : testing::TestWithParam<Case> {
  EnsembleTest()
      : shape{GetParam().sizes, GetParam().activation, GetParam().weight_normalisation},
        ensemble(3, shape, random) {}
  RandomStream random{11, "ensemble"};
  MlpShape shape;
  Ensemble ensemble;
  int64_t rows = GetParam().rows;
};

/// Which numbers of a block of effective weights lie between rows.
Tensor padding(const MlpShape& shape) {
  std::vector<Tensor> parts;
  for (int64_t l = 0; l < shape.layers(); ++l) {
    const auto column = torch::arange(shape.stride(l)) >= shape.sizes[l + 1];
    parts.push_back(column.repeat({shape.sizes[l] + 1}));
  }
  return torch::cat(parts);
}

TEST_P(EnsembleTest, ForwardEqualsTheTwin) {
  const auto x = random.normal({3, rows, shape.input()});
  const auto expected = ensemble.forward(x);
  for (const auto use : {kernels::Use::training, kernels::Use::inference}) {
    kernels::MlpPass pass(shape, rows, use);
    kernels::ReadyWeights weights(shape, rows, use, Precision::f32);
    for (int64_t k = 0; k < 3; ++k) {
      weights.read(ensemble.effective()[k].data_ptr<float>());
      const auto* y = pass.forward(weights, x[k].data_ptr<float>(), rows);
      const auto result = torch::from_blob(const_cast<float*>(y), {rows, shape.output()});
      EXPECT_TRUE(torch::allclose(result, expected[k], 1e-4, 1e-5));
    }
  }
}

TEST_P(EnsembleTest, BackwardEqualsAutograd) {
  const auto x = random.normal({3, rows, shape.input()});
  const auto cotangent = random.normal({3, rows, shape.output()});
  auto effective = ensemble.effective().clone().requires_grad_();
  (ensemble.forward(effective, x) * cotangent).sum().backward();
  kernels::MlpPass pass(shape, rows + rows % 2);  // the capacity, or less than it
  kernels::ReadyWeights weights(shape, rows, kernels::Use::training, Precision::f32);
  for (int64_t k = 0; k < 3; ++k) {
    weights.read(ensemble.effective()[k].data_ptr<float>());
    pass.forward(weights, x[k].data_ptr<float>(), rows);
    // Between rows nothing is written; within them whatever stood there goes.
    auto gradient =
        torch::where(padding(shape), 0.0f, torch::full({shape.effective_count()}, 7.0f));
    pass.backward(weights, x[k].data_ptr<float>(), rows, cotangent[k].data_ptr<float>(),
                  gradient.data_ptr<float>());
    const auto scale = effective.grad()[k].abs().max().item<double>();
    EXPECT_TRUE(torch::allclose(gradient, effective.grad()[k], 1e-3, 1e-5 * scale));
  }
}

/// Effective weights by torch from a block of parameters, to differentiate through.
Tensor effective_by_torch(const MlpShape& shape, const Tensor& parameters) {
  std::vector<Tensor> parts;
  int64_t at = 0;
  for (int64_t l = 0; l < shape.layers(); ++l) {
    const int64_t in = shape.sizes[l], out = shape.sizes[l + 1];
    auto weight = parameters.narrow(0, at, in * out).view({in, out});
    const auto bias = parameters.narrow(0, at + in * out, out);
    at += (in + 1) * out;
    if (shape.weight_normalisation) {
      weight = weight / weight.norm(2, 0) * parameters.narrow(0, at, out);
      at += out;
    }
    const auto layer = torch::cat({weight, bias.unsqueeze(0)});
    const auto beyond = torch::zeros({in + 1, shape.stride(l) - out});
    parts.push_back(torch::cat({layer, beyond}, 1).flatten());
  }
  return torch::cat(parts);
}

TEST_P(EnsembleTest, AnAdamStepEqualsTorchs) {
  auto parameters = ensemble.parameters()[1].clone().requires_grad_();
  torch::optim::Adam adam({parameters}, torch::optim::AdamOptions(0.01));
  for (int step = 0; step < 3; ++step) {
    const auto gradient = random.normal({shape.effective_count()});
    adam.zero_grad();
    (effective_by_torch(shape, parameters) * gradient).sum().backward();
    adam.step();
    ensemble.step(1, gradient.data_ptr<float>(), 0.01);
  }
  EXPECT_TRUE(torch::allclose(ensemble.parameters()[1], parameters, 1e-3, 2e-5));
  EXPECT_TRUE(torch::allclose(ensemble.effective()[1],
                              effective_by_torch(shape, parameters.detach()), 1e-3, 2e-5));
}

TEST_P(EnsembleTest, SavesAndLoads) {
  ensemble.step(2, random.normal({shape.effective_count()}).data_ptr<float>(), 0.01);
  Archive out;
  ensemble.serialize(out);
  Ensemble other(3, shape, random);
  auto in = Archive::from_bytes(out.bytes());
  other.serialize(in);
  const auto gradient = random.normal({shape.effective_count()});
  ensemble.step(2, gradient.data_ptr<float>(), 0.01);
  other.step(2, gradient.data_ptr<float>(), 0.01);
  EXPECT_TRUE(torch::equal(ensemble.parameters(), other.parameters()));
  EXPECT_TRUE(torch::equal(ensemble.effective(), other.effective()));
}

INSTANTIATE_TEST_SUITE_P(Shapes, EnsembleTest,
                         testing::Values(Case{{23, 64, 64, 17}, Activation::relu, false, 40},
                                         Case{{23, 64, 70, 17}, Activation::relu, false, 9},
                                         Case{{70, 64, 3}, Activation::swish, true, 33},
                                         Case{{5, 7, 3}, Activation::tanh, false, 1},
                                         Case{{4, 33, 9, 11, 2}, Activation::swish, false, 13},
                                         Case{{23, 64, 17}, Activation::relu, true, 1},
                                         Case{{3, 5, 5, 1}, Activation::swish, true, 57},
                                         Case{{2, 3}, Activation::tanh, true, 9}));

TEST(Ensemble, TruncatedNormalWeights) {
  RandomStream random(4, "weights");
  const MlpShape shape{{100, 400, 3}};
  Ensemble ensemble(2, shape, random, FirstWeights::truncated_normal);
  const auto layers = ensemble.layers(ensemble.parameters());
  for (const auto& [layer, in] : {std::pair{layers[0], 100.0}, {layers[1], 400.0}}) {
    const double deviation = 0.5 / std::sqrt(in);
    EXPECT_LE(layer.weight.abs().max().item<double>(), 2 * deviation * (1 + 1e-6));
    // Cut at two deviations, a normal distribution's variance is 0.7737 of what it was.
    EXPECT_NEAR(layer.weight.std().item<double>(), std::sqrt(0.7737) * deviation, 0.03 * deviation);
    EXPECT_EQ(layer.bias.abs().max().item<double>(), 0);
  }
  EXPECT_FALSE(torch::equal(ensemble.parameters()[0], ensemble.parameters()[1]));
}

TEST(Ensemble, TakesParameters) {
  RandomStream random(4, "weights");
  const MlpShape shape{{3, 70, 2}, Activation::tanh, /*weight_normalisation=*/true};
  Ensemble ensemble(2, shape, random), other(2, shape, random);
  ensemble.set_parameters(1, other.parameters()[0]);
  EXPECT_TRUE(torch::equal(ensemble.parameters()[1], other.parameters()[0]));
  EXPECT_TRUE(torch::equal(ensemble.effective()[1], other.effective()[0]));
  EXPECT_FALSE(torch::equal(ensemble.parameters()[0], other.parameters()[0]));
}

}  // namespace
}  // namespace reverie
