// Products against double precision, with what each precision may lose.
#include <reverie/core/error.h>
#include <reverie/core/random.h>
#include <reverie/nn/kernels/mlp.h>
#include <reverie/nn/kernels/precision.h>

#include <gtest/gtest.h>

namespace reverie {
namespace {

struct Case {
  Precision precision;
  int64_t m, n, k;
};

class ProductTest : public testing::TestWithParam<Case> {
 protected:
  /// Relative to the product of the absolute values: what rounding the operands can come to.
  double error(Op op_a, Op op_b) {
    const auto [precision, m, n, k] = GetParam();
    RandomStream random(7, "product");
    const auto a = random.normal({m, k}), b = random.normal({k, n});
    const auto stored = [](const Tensor& matrix, Op op) {
      const auto laid = op == Op::plain ? matrix : matrix.t();
      return torch::cat({laid, torch::full({laid.size(0), 3}, NAN)}, 1).contiguous();  // a stride
    };
    const auto from_a = stored(a, op_a), from_b = stored(b, op_b);
    auto c = torch::full({m, n + 2}, NAN);
    kernels::product(precision, op_a, op_b, m, n, k, from_a.data_ptr<float>(), from_a.size(1),
                     from_b.data_ptr<float>(), from_b.size(1), c.data_ptr<float>(), n + 2);
    EXPECT_TRUE(c.narrow(1, n, 2).isnan().all().item<bool>());
    const auto exact = torch::mm(a.to(torch::kFloat64), b.to(torch::kFloat64));
    const auto scale = torch::mm(a.abs().to(torch::kFloat64), b.abs().to(torch::kFloat64));
    return ((c.narrow(1, 0, n).to(torch::kFloat64) - exact).abs() / scale).max().item<double>();
  }
};

TEST_P(ProductTest, LosesWhatItsPrecisionMayLose) {
  for (const Op op_a : {Op::plain, Op::transposed})
    for (const Op op_b : {Op::plain, Op::transposed}) {
      const double found = error(op_a, op_b);
      if (GetParam().precision == Precision::bf16) {
        EXPECT_LT(found, 1.0 / 256);  // half of 2^-8 for each operand
        EXPECT_GT(found, 1e-5);       // it does round
      } else {
        EXPECT_LT(found, GetParam().precision == Precision::f32 ? 2e-6 : 1.2e-5);
      }
    }
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, ProductTest,
    testing::Values(Case{Precision::f32, 5, 7, 33}, Case{Precision::automatic, 20, 64, 23},
                    Case{Precision::bf16x3, 5, 7, 33}, Case{Precision::bf16x3, 1, 512, 512},
                    Case{Precision::bf16x3, 100, 17, 64}, Case{Precision::bf16, 5, 7, 33},
                    Case{Precision::bf16, 1, 64, 512}, Case{Precision::bf16, 40, 17, 23}));

TEST(Precision, RoundedProductsAreForTheCpu) {
  const torch::Device cuda("cuda:0");
  EXPECT_NO_THROW(kernels::check_device(Precision::bf16, torch::kCPU, "model.precision"));
  EXPECT_NO_THROW(kernels::check_device(Precision::automatic, cuda, "model.precision"));
  EXPECT_THROW(kernels::check_device(Precision::bf16, cuda, "model.precision"), UsageError);
}

TEST(Precision, PassesOfAnMlpAgree) {
  RandomStream random(3, "passes");
  const MlpShape shape{{23, 64, 64, 17}, Activation::relu, false};
  const auto weights = 0.2 * random.normal({shape.effective_count()});
  const auto x = random.normal({50, 23}), cotangent = random.normal({50, 17});
  const auto run = [&](Precision precision) {
    kernels::MlpPass pass(shape, 50, kernels::Use::training, precision);
    auto gradient = torch::zeros({shape.effective_count()});
    const auto* y = pass.forward(weights.data_ptr<float>(), x.data_ptr<float>(), 50);
    const auto output = torch::from_blob(const_cast<float*>(y), {50, 17}).clone();
    pass.backward(weights.data_ptr<float>(), x.data_ptr<float>(), 50, cotangent.data_ptr<float>(),
                  gradient.data_ptr<float>());
    return std::make_pair(output, gradient);
  };
  const auto relative = [](const Tensor& got, const Tensor& expected) {
    return ((got - expected).norm() / expected.norm()).item<double>();
  };
  const auto [output, gradient] = run(Precision::f32);
  const auto [split_output, split_gradient] = run(Precision::bf16x3);
  const auto [half_output, half_gradient] = run(Precision::bf16);
  EXPECT_LT(relative(split_output, output), 2e-5);
  EXPECT_LT(relative(split_gradient, gradient), 1e-3);  // a unit may change sides at 0
  EXPECT_LT(relative(half_output, output), 2e-2);
  EXPECT_LT(relative(half_gradient, gradient), 0.15);
  EXPECT_GT(relative(half_output, output), 1e-4);
}

}  // namespace
}  // namespace reverie
