// NaN and infinity through the kernels: what has diverged must show it, as it does with torch.
#include <reverie/core/random.h>
#include <reverie/core/settings.h>
#include <reverie/nn/kernels/mlp.h>

#include <gtest/gtest.h>

#include <limits>

namespace reverie {
namespace {

constexpr int64_t kRows = 21;
constexpr float kInfinity = std::numeric_limits<float>::infinity();

struct Case {
  Activation activation;
  Precision precision;
  bool emulate;
};

class NotFinite : public testing::TestWithParam<Case> {
 protected:
  NotFinite() {
    if (GetParam().emulate) emulation_.emplace();
    RandomStream random(5, "not-finite");
    weights = 0.3 * random.normal({shape.effective_count()});
    x = random.normal({kRows, shape.input()});
    cotangent = random.normal({kRows, shape.output()});
  }

  /// The passes' output, and dL/dweights.
  std::pair<Tensor, Tensor> by_kernels() const {
    kernels::MlpPass pass(shape, kRows, kernels::Use::training, GetParam().precision);
    kernels::ReadyWeights ready(shape, kRows, kernels::Use::training, GetParam().precision);
    ready.read(weights.data_ptr<float>());
    const float* y = pass.forward(ready, x.data_ptr<float>(), kRows);
    auto gradient = torch::zeros_like(weights);
    pass.backward(ready, x.data_ptr<float>(), kRows, cotangent.data_ptr<float>(),
                  gradient.data_ptr<float>());
    return {torch::from_blob(const_cast<float*>(y), {kRows, shape.output()}).clone(), gradient};
  }
  Tensor layer(const Tensor& block, int64_t l) const {
    int64_t at = 0;
    for (int64_t k = 0; k < l; ++k) at += (shape.sizes[k] + 1) * shape.stride(k);
    const int64_t in = shape.sizes[l], stride = shape.stride(l);
    return block.narrow(0, at, (in + 1) * stride).view({in + 1, stride});
  }
  std::pair<Tensor, Tensor> by_torch() const {
    const auto block = weights.clone().requires_grad_();
    auto h = x;
    for (int64_t l = 0; l < shape.layers(); ++l) {
      const int64_t in = shape.sizes[l];
      const auto both = layer(block, l).narrow(1, 0, shape.sizes[l + 1]);
      h = torch::addmm(both[in], h, both.narrow(0, 0, in));
      if (l + 1 == shape.layers()) break;
      h = shape.activation == Activation::relu   ? torch::relu(h)
          : shape.activation == Activation::tanh ? torch::tanh(h)
                                                 : torch::silu(h);
    }
    (h * cotangent).sum().backward();
    return {h.detach(), block.grad()};
  }
  /// What torch finds not finite the kernels do not make finite, and what they have finite is as
  /// torch has it. A rounded infinity may become NaN: it is no sum of two parts.
  void compare(const std::string& what) const {
    const auto [y, gradient] = by_kernels();
    const auto [y_by_torch, gradient_by_torch] = by_torch();
    for (const auto& [got, expected] :
         {std::pair{y, y_by_torch}, std::pair{gradient, gradient_by_torch}}) {
      EXPECT_FALSE((got.isfinite() & expected.isfinite().logical_not()).any().item<bool>()) << what;
      if (GetParam().precision == Precision::f32) {
        const auto same = torch::where(got.isfinite(), got, torch::zeros_like(got));
        const auto wanted = torch::where(got.isfinite(), expected, torch::zeros_like(got));
        EXPECT_TRUE(torch::allclose(same, wanted, 1e-3, 1e-4)) << what;
      }
    }
  }

  std::optional<kernels::EmulateBf16> emulation_;
  const MlpShape shape{{9, 40, 33, 5}, GetParam().activation, false};
  Tensor weights, x, cotangent;
};

TEST_P(NotFinite, NumbersOfTheInputStayVisible) {
  compare("all are finite");
  for (const float value : {NAN, kInfinity, -kInfinity}) {
    x[4][2] = value;
    compare(fmt::format("{} in row 4", value));
    const auto y = by_kernels().first;
    if (std::isnan(value)) {
      EXPECT_TRUE(y[4].isnan().all().item<bool>());
    }
    EXPECT_TRUE(y[3].isfinite().all().item<bool>()) << "another row";
  }
}

TEST_P(NotFinite, WeightsStayVisible) {
  for (const int64_t l : {0, 1, 2})
    for (const int64_t row : {int64_t{3}, shape.sizes[l]}) {  // a weight, a bias
      const auto kept = weights.clone();
      layer(weights, l)[row][1] = NAN;
      compare(fmt::format("layer {}, row {}", l, row));
      EXPECT_TRUE(by_kernels().first.isnan().any(1).all().item<bool>()) << l << " " << row;
      weights = kept;
    }
}

INSTANTIATE_TEST_SUITE_P(
    Passes, NotFinite,
    testing::ValuesIn([] {
      std::vector<Case> cases;
      for (const auto activation : {Activation::relu, Activation::tanh, Activation::swish})
        for (const auto precision : {Precision::f32, Precision::bf16x3, Precision::bf16})
          for (const bool emulate : {false, true})
            if (!emulate || precision != Precision::f32)
              cases.push_back({activation, precision, emulate});
      return cases;
    }()),
    [](const auto& parameter) {
      return fmt::format("{}_{}{}", setting_name(parameter.param.activation),
                         setting_name(parameter.param.precision),
                         parameter.param.emulate ? "_emulated" : "");
    });

// Fifteen numbers are left over by vectors of sixteen: a step by itself.
TEST(NotFiniteStep, OfAVectorIsThatOfASingleNumber) {
  const float values[] = {0.0f,  1e-30f, 1e-20f, 1e-12f, 1e-3f,     1.0f,       -2.5f, 1e4f,
                          1e15f, 1e18f,  1e19f,  2e19f,  -1e25f,    3e38f,      NAN,   kInfinity,
                          -1.0f, -1e-9f, 3e20f,  -1e38f, -kInfinity};
  for (const float value : values) {
    std::vector<float> first(31), second(31), parameters(31, 0.5f), gradient(31, value);
    const kernels::AdamBlock block{parameters.data(), first.data(), second.data()};
    for (int64_t step = 1; step <= 3; ++step) {
      kernels::adam_step(block, gradient.data(), 31, step, {});
      for (const auto* numbers : {&parameters, &first, &second}) {
        const float vector = (*numbers)[5], single = (*numbers)[30];
        EXPECT_EQ(std::isnan(vector), std::isnan(single)) << value << ", step " << step;
        if (std::isfinite(single)) {
          EXPECT_NEAR(vector, single, 1e-6f * std::abs(single)) << value << ", step " << step;
        }
      }
      if (!std::isfinite(value)) {
        EXPECT_TRUE(std::isnan(parameters[5])) << "it has diverged";
      }
    }
  }
}

TEST(ReadyWeights, ThatNobodyHasReadServeNoPass) {
  const MlpShape shape{{3, 8, 2}, Activation::relu, false};
  const MlpShape wider{{3, 9, 2}, Activation::relu, false};
  const auto numbers = torch::zeros({wider.effective_count()}), x = torch::zeros({4, 3});
  kernels::MlpPass pass(shape, 4, kernels::Use::training, Precision::f32);
  const auto forward = [&](kernels::ReadyWeights& ready, bool read) {
    if (read) ready.read(numbers.data_ptr<float>());
    pass.forward(ready, x.data_ptr<float>(), 4);
  };
  const auto make = [](const MlpShape& of, Precision precision) {
    return kernels::ReadyWeights(of, 4, kernels::Use::training, precision);
  };
  auto unread = make(shape, Precision::f32), other = make(wider, Precision::f32);
  auto rounded = make(shape, Precision::bf16);
  EXPECT_THROW(forward(unread, false), std::logic_error);
  EXPECT_THROW(forward(other, true), std::logic_error);
  EXPECT_THROW(forward(rounded, true), std::logic_error);
  EXPECT_NO_THROW(forward(unread, true));
}

}  // namespace
}  // namespace reverie
