#include <reverie/nn/batched_mlp_torch.h>

namespace reverie {

BatchedMlp::BatchedMlp(MlpShape shape, int64_t count, int64_t rows, torch::Device device, Use use)
    : shape_(std::move(shape)) {
  const auto buffer = [&](int64_t width) {
    return torch::empty({count, rows, width}, torch::TensorOptions().device(device));
  };
  for (int64_t l = 1; l < shape_.layers(); ++l) {
    const int64_t width = shape_.sizes[l];
    Layer layer;
    // Rows begin at multiples of 16 bytes, for loads of four numbers.
    layer.post = buffer((width + 4) / 4 * 4).narrow(2, 0, width + 1);
    layer.post.select(2, width).fill_(1);
    if (use == Use::training) {
      if (shape_.activation == Activation::swish) layer.pre = buffer(width);
      layer.delta = buffer(width);
    }
    layers_.push_back(std::move(layer));
  }
}

Tensor BatchedMlp::hidden(const std::vector<Tensor>& blocks, const Tensor& x) {
  Tensor input = x;
  for (size_t l = 0; l < layers_.size(); ++l) {
    const int64_t width = shape_.sizes[l + 1];
    const auto post = layers_[l].post.narrow(1, 0, x.size(1));
    auto activated = post.narrow(2, 0, width);
    if (layers_[l].pre.defined()) {
      auto pre = layers_[l].pre.narrow(1, 0, x.size(1));
      torch::bmm_out(pre, input, blocks[l]);
      torch::silu_out(activated, pre);
    } else {
      torch::bmm_out(activated, input, blocks[l]);
      switch (shape_.activation) {
        case Activation::relu:
          activated.relu_();
          break;
        case Activation::tanh:
          activated.tanh_();
          break;
        case Activation::swish:
          torch::silu_(activated);
          break;
      }
    }
    input = post;
  }
  return input;
}

void BatchedMlp::backward(const std::vector<Tensor>& blocks, const Tensor& x,
                          const Tensor& output_gradient, const std::vector<Tensor>& gradient) {
  const int64_t n = x.size(1);
  Tensor delta = output_gradient;
  for (size_t l = layers_.size();; --l) {
    const auto input = l == 0 ? x : layers_[l - 1].post.narrow(1, 0, n);
    Tensor block_gradient = gradient[l];
    torch::bmm_out(block_gradient, input.transpose(1, 2), delta);
    if (l == 0) return;
    const int64_t width = shape_.sizes[l];
    const auto& layer = layers_[l - 1];
    auto previous = layer.delta.narrow(1, 0, n);
    torch::bmm_out(previous, delta, blocks[l].narrow(1, 0, width).transpose(1, 2));
    const auto activated = input.narrow(2, 0, width);
    switch (shape_.activation) {
      case Activation::relu:
        at::threshold_backward_out(previous, previous, activated, 0);
        break;
      case Activation::tanh:
        at::tanh_backward_out(previous, previous, activated);
        break;
      case Activation::swish:
        at::silu_backward_out(previous, previous, layer.pre.narrow(1, 0, n));
        break;
    }
    delta = previous;
  }
}

Tensor with_ones(const Tensor& x) {
  auto sizes = x.sizes().vec();
  sizes.back() = 1;
  return torch::cat({x, torch::ones(sizes, x.options())}, -1);
}

}  // namespace reverie
