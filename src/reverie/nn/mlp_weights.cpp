#include <reverie/nn/mlp_weights.h>

#include <cmath>

namespace reverie {
namespace {

Tensor activate(Activation activation, const Tensor& x) {
  switch (activation) {
    case Activation::relu:
      return torch::relu(x);
    case Activation::tanh:
      return torch::tanh(x);
    case Activation::swish:
      return torch::silu(x);
  }
  return x;
}

}  // namespace

Tensor draw_weights(const MlpShape& shape, int64_t networks, RandomStream& random,
                    double output_scale) {
  Tensor weights = torch::zeros({networks, shape.effective_count()});
  for (int64_t k = 0; k < networks; ++k) {
    int64_t at = 0;
    for (int64_t l = 0; l < shape.layers(); ++l) {
      const int64_t in = shape.sizes[l], out = shape.sizes[l + 1], stride = shape.stride(l);
      const double scale = l + 1 == shape.layers() ? output_scale : 1.0;
      const double bound = scale * std::sqrt(6.0 / static_cast<double>(in + out));
      weights[k]
          .narrow(0, at, in * stride)
          .view({in, stride})
          .narrow(1, 0, out)
          .copy_(random.uniform({in, out}, -bound, bound));
      at += (in + 1) * stride;
    }
  }
  return weights;
}

Tensor mlp_forward(const MlpShape& shape, const Tensor& weights, const Tensor& x) {
  const bool one = weights.dim() == 1;
  Tensor hidden = x;
  int64_t at = 0;
  for (int64_t l = 0; l < shape.layers(); ++l) {
    const int64_t in = shape.sizes[l], out = shape.sizes[l + 1], stride = shape.stride(l);
    const Tensor layer = weights.narrow(-1, at, (in + 1) * stride)
                             .unflatten(-1, {in + 1, stride})
                             .narrow(-1, 0, out);
    at += (in + 1) * stride;
    if (l > 0) hidden = activate(shape.activation, hidden);
    hidden = one ? torch::addmm(layer[in], hidden, layer.narrow(0, 0, in))
                 : torch::baddbmm(layer.narrow(1, in, 1), hidden, layer.narrow(1, 0, in));
  }
  return hidden;
}

}  // namespace reverie
