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
  /// C = op(A) op(B) of rounded matrices, the operands stored so that the sums are over A's rows or
  /// columns, B's rows or columns; C's rows from 1 on in two calls, as threads share them.
  Tensor multiplied(const Tensor& a, const Tensor& b, kernels::Sums of_a, kernels::Sums of_b,
                    bool packed) {
    using namespace kernels;
    const auto make = [&](Side side, Sums sums, const Tensor& matrix) {
      const auto wide = torch::cat({matrix, torch::full({matrix.size(0), 3}, NAN)}, 1);  // a stride
      RoundedMatrix rounded(GetParam().precision, side, sums, matrix.size(0) + 2, matrix.size(1));
      rounded.set_rows(matrix.size(0));
      const int64_t half = matrix.size(0) / 2;
      const float* from = wide.contiguous().data_ptr<float>();
      rounded.write(half, matrix.size(0) - half, from + half * wide.size(1), wide.size(1));
      rounded.write(0, half, from, wide.size(1));
      return rounded;
    };
    const int64_t m = a.size(0), n = b.size(1);
    const auto left = make(Side::left, of_a, of_a == Sums::rows ? a.t() : a);
    auto right = make(Side::right, of_b, of_b == Sums::rows ? b : b.t());
    if (packed) right.pack(m);
    auto c = torch::full({m, n + 2}, NAN);
    for (const auto& [first, count] : {std::pair{int64_t{0}, m / 3}, {m / 3, m - m / 3}})
      if (count > 0)
        product(left, first, count, right, c.data_ptr<float>() + first * (n + 2), n + 2);
    EXPECT_TRUE(c.narrow(1, n, 2).isnan().all().item<bool>());
    return c.narrow(1, 0, n);
  }
};

TEST_P(ProductTest, LosesWhatItsPrecisionMayLose) {
  using kernels::Sums;
  const auto [precision, m, n, k] = GetParam();
  RandomStream random(7, "product");
  const auto a = random.normal({m, k}), b = random.normal({k, n});
  const auto exact = torch::mm(a.to(torch::kFloat64), b.to(torch::kFloat64));
  // What rounding the operands can come to.
  const auto scale = torch::mm(a.abs().to(torch::kFloat64), b.abs().to(torch::kFloat64));
  for (const bool emulate : {false, true}) {
    const auto emulation = emulate ? std::make_unique<kernels::EmulateBf16>() : nullptr;
    for (const Sums of_a : {Sums::rows, Sums::columns})
      for (const Sums of_b : {Sums::rows, Sums::columns})
        for (const bool packed : {false, true}) {
          const auto found = multiplied(a, b, of_a, of_b, packed);
          const double error =
              ((found.to(torch::kFloat64) - exact).abs() / scale).max().item<double>();
          if (precision == Precision::bf16) {
            EXPECT_LT(error, 1.0 / 256);  // half of 2^-8 for each operand
            EXPECT_GT(error, 1e-5);       // it does round
          } else {
            EXPECT_LT(error, 1.2e-5);
          }
        }
  }
}

TEST_P(ProductTest, TheUnitAndItsEmulationAgree) {
  using kernels::Sums;
  const auto [precision, m, n, k] = GetParam();
  RandomStream random(8, "product");
  const auto a = random.normal({m, k}), b = random.normal({k, n});
  const auto here = multiplied(a, b, Sums::columns, Sums::rows, true);
  const kernels::EmulateBf16 emulation;
  const auto there = multiplied(a, b, Sums::columns, Sums::rows, true);
  const auto scale = torch::mm(a.abs(), b.abs());  // the sums' order differs
  EXPECT_LT(((here - there).abs() / scale).max().item<double>(), 2e-6);
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, ProductTest,
    testing::Values(Case{Precision::bf16x3, 20, 64, 23}, Case{Precision::bf16x3, 5, 7, 33},
                    Case{Precision::bf16x3, 1, 512, 512}, Case{Precision::bf16x3, 100, 17, 64},
                    Case{Precision::bf16, 5, 7, 33}, Case{Precision::bf16, 1, 64, 512},
                    Case{Precision::bf16, 40, 17, 23}));

TEST(Precision, WhatIsAssumedEndsWithItsScope) {
  const auto fastest = [] {
    return kernels::resolved(Precision::automatic, kernels::Use::training);
  };
  const kernels::AssumeFastest outer(Precision::bf16x3);
  {
    const kernels::AssumeFastest inner(Precision::f32);
    EXPECT_EQ(fastest(), Precision::f32);
  }
  EXPECT_EQ(fastest(), Precision::bf16x3);
}

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
    kernels::MlpPass pass(shape, 60, kernels::Use::training, precision);
    kernels::ReadyWeights ready(shape, 60, kernels::Use::training, precision);
    ready.read(weights.data_ptr<float>());
    auto gradient = torch::zeros({shape.effective_count()});
    const auto* y = pass.forward(ready, x.data_ptr<float>(), 50);
    const auto output = torch::from_blob(const_cast<float*>(y), {50, 17}).clone();
    pass.backward(ready, x.data_ptr<float>(), 50, cotangent.data_ptr<float>(),
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
