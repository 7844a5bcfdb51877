#include <reverie/nn/kernels/mlp_block.h>
#include <reverie/nn/kernels/small_gemm.h>

#include <gtest/gtest.h>

namespace reverie {
namespace {

TEST(SmallGemm, EqualsLibtorchInAllFormsAndShapes) {
  for (const auto& [m, n, k] : std::vector<std::array<int64_t, 3>>{{1, 1, 1},
                                                                   {128, 32, 17},
                                                                   {97, 6, 32},
                                                                   {32, 17, 128},
                                                                   {7, 33, 65},
                                                                   {3, 1, 5},
                                                                   {6, 32, 97}}) {
    for (const Op op_a : {Op::plain, Op::transposed}) {
      for (const Op op_b : {Op::plain, Op::transposed}) {
        for (const float beta : {0.0f, 1.0f}) {
          const auto a = op_a == Op::plain ? torch::randn({m, k}) : torch::randn({k, m});
          const auto b = op_b == Op::plain ? torch::randn({k, n}) : torch::randn({n, k});
          auto c = beta == 0.0f ? torch::full({m, n}, NAN) : torch::randn({m, n});
          const auto exact = (beta == 0.0f ? torch::zeros({m, n}) : c).to(torch::kFloat64) +
                             torch::mm((op_a == Op::plain ? a : a.t()).to(torch::kFloat64),
                                       (op_b == Op::plain ? b : b.t()).to(torch::kFloat64));
          small_gemm(op_a, op_b, m, n, k, a.data_ptr<float>(), b.data_ptr<float>(), beta,
                     c.data_ptr<float>());
          EXPECT_LT((c - exact).abs().max().item<double>(), 1e-4) << m << " " << n << " " << k;
        }
      }
    }
  }
}

// f(theta + e v) by autograd in double: the twin of every call of MlpBlock.
torch::Tensor network(const std::vector<int64_t>& sizes, const torch::Tensor& theta,
                      const torch::Tensor& input) {
  torch::Tensor h = input;
  int64_t at = 0;
  for (size_t l = 1; l < sizes.size(); ++l) {
    const int64_t in = sizes[l - 1], out = sizes[l];
    h = torch::linear(h, theta.narrow(0, at, in * out).view({out, in}),
                      theta.narrow(0, at + in * out, out));
    at += (in + 1) * out;
    if (l + 1 < sizes.size()) h = torch::tanh(h);
  }
  return h;
}

TEST(MlpBlock, EqualsAutogradOnRandomShapes) {
  torch::manual_seed(1);
  const auto wide = torch::kFloat64;
  for (const auto& sizes :
       std::vector<std::vector<int64_t>>{{17, 32, 32, 6}, {3, 1}, {5, 7, 2}, {4, 9, 3, 11, 1}}) {
    for (const int64_t rows : {1, 13, 128}) {
      MlpBlock mlp(sizes, 128);
      const auto theta = 0.5 * torch::randn({mlp.parameter_count()}), v = torch::randn_like(theta);
      const auto input = torch::randn({rows, sizes.front()});
      const auto c = torch::randn({rows, sizes.back()}), change = torch::randn_like(c);
      const auto leaf = theta.to(wide).requires_grad_(true);
      const auto output = network(sizes, leaf, input.to(wide));
      // J v by differentiating J^T w with respect to w.
      const auto w = torch::zeros_like(output).requires_grad_(true);
      const auto pulled = torch::autograd::grad({output}, {leaf}, {w}, true, true)[0];
      const auto tangent = torch::autograd::grad({pulled}, {w}, {v.to(wide)}, true, true)[0];
      const auto gradient = torch::autograd::grad({output}, {leaf}, {c.to(wide)}, true, true)[0];
      const auto bent = (gradient * v.to(wide)).sum();
      // A linear network has no second derivative, which autograd reports as undefined.
      auto product = torch::autograd::grad({output}, {leaf}, {change.to(wide)}, true, true)[0];
      if (bent.requires_grad()) {
        const auto second = torch::autograd::grad({bent}, {leaf}, {}, true, false, true)[0];
        if (second.defined()) product = product + second;
      }

      const auto expect = [&](const float* values, const torch::Tensor& exact) {
        const auto got = torch::from_blob(const_cast<float*>(values), exact.sizes());
        EXPECT_LT((got - exact).abs().max().item<double>(),
                  1e-5 * (1.0 + exact.abs().max().item<double>()));
      };
      expect(mlp.forward(theta.data_ptr<float>(), input.data_ptr<float>(), rows), output.detach());
      expect(mlp.tangent(v.data_ptr<float>()), tangent.detach());
      mlp.reverse(c.data_ptr<float>());
      const auto sum = torch::zeros_like(theta);
      mlp.add_gradient();
      mlp.take_gradient(sum.data_ptr<float>());
      expect(sum.data_ptr<float>(), gradient.detach());
      sum.zero_();
      mlp.add_tangent_of_gradient(change.data_ptr<float>());
      mlp.take_gradient(sum.data_ptr<float>());
      expect(sum.data_ptr<float>(), product.detach());
    }
  }
}

}  // namespace
}  // namespace reverie
