#include <reverie/core/elementary.h>
#include <reverie/nn/kernels/mlp.h>
#include <reverie/nn/kernels/small_gemm.h>

#include <algorithm>
#include <cmath>

namespace reverie::kernels {
namespace {

inline float sigmoid(float z) {
  return 1.0f / (1.0f + fast_exp(-z));
}

inline float swish(float z) {
  return z / (1.0f + fast_exp(-z));
}

/// Adds the bias to each row of z [rows, width] and applies the activation. `pre` keeps z where its
/// derivative needs it; null: it won't.
void bias_and_activate(Activation activation, bool last, const float* bias, int64_t rows,
                       int64_t width, int64_t stride, float* z, float* pre) {
  for (int64_t i = 0; i < rows; ++i) {
    float* row = z + i * stride;
    if (last) {
      for (int64_t j = 0; j < width; ++j) row[j] += bias[j];
    } else if (activation == Activation::relu) {
      for (int64_t j = 0; j < width; ++j) row[j] = std::max(row[j] + bias[j], 0.0f);
    } else if (activation == Activation::tanh) {
      for (int64_t j = 0; j < width; ++j) row[j] = fast_tanh(row[j] + bias[j]);
    } else if (pre == nullptr) {
      for (int64_t j = 0; j < width; ++j) {
        const float x = row[j] + bias[j];
        row[j] = swish(x);
      }
    } else {
      float* kept = pre + i * stride;
      for (int64_t j = 0; j < width; ++j) {
        kept[j] = row[j] + bias[j];
        row[j] = swish(kept[j]);
      }
    }
  }
}

/// delta *= activation'(z) for one row, from the activation's value (and z, for swish).
void through_activation(Activation activation, int64_t width, const float* post, const float* pre,
                        float* delta) {
  if (activation == Activation::relu) {
    for (int64_t j = 0; j < width; ++j) delta[j] = post[j] > 0.0f ? delta[j] : 0.0f;
  } else if (activation == Activation::tanh) {
    for (int64_t j = 0; j < width; ++j) delta[j] *= 1.0f - post[j] * post[j];
  } else {
    for (int64_t j = 0; j < width; ++j) {
      const float s = sigmoid(pre[j]);
      delta[j] *= s + pre[j] * s * (1.0f - s);
    }
  }
}

/// What of Adam's step is the same for all parameters.
class AdamStep {
 public:
  AdamStep(int64_t step, const AdamRates& rates)
      : rates_(rates),
        scale_(rates.learning_rate / (1.0f - static_cast<float>(std::pow(rates.beta1, step)))),
        root_(1.0f / std::sqrt(1.0f - static_cast<float>(std::pow(rates.beta2, step)))) {}

  /// Updates parameters and moments from `offset` on; may copy the new parameters to `copy`.
  template <bool copies>
  void run(const AdamBlock& block, int64_t offset, int64_t count, const float* gradient,
           float* __restrict copy) const {
    float* __restrict parameter = block.parameters + offset;
    float* __restrict first = block.first_moment + offset;
    float* __restrict second = block.second_moment + offset;
    for (int64_t i = 0; i < count; ++i) {
      const float g = gradient[i];
      first[i] = rates_.beta1 * first[i] + (1.0f - rates_.beta1) * g;
      second[i] = rates_.beta2 * second[i] + (1.0f - rates_.beta2) * g * g;
      parameter[i] -= scale_ * first[i] / (std::sqrt(second[i]) * root_ + rates_.epsilon);
      if constexpr (copies) copy[i] = parameter[i];
    }
  }

 private:
  AdamRates rates_;
  float scale_, root_;
};

/// With weight normalisation, dL/dparameters from dL/dweights.
/// W = g V / |V|:  dL/dg = dL/dW . V / |V|,  dL/dV = g / |V| (dL/dW - dL/dg V / |V|).
/// Squared lengths are summed over rows in order: the same bits every time.
void through_normalisation(const MlpShape& shape, const float* parameters,
                           const float* weight_gradient, float* gradient) {
  const auto widest = static_cast<size_t>(shape.widest());
  std::vector<float> square(widest), dot(widest), direction(widest), along(widest);
  for (int64_t l = 0; l < shape.layers(); ++l) {
    const int64_t in = shape.sizes[l], out = shape.sizes[l + 1], stride = shape.stride(l);
    const float* length = parameters + (in + 1) * out;
    std::fill(square.begin(), square.end(), 0.0f);
    std::fill(dot.begin(), dot.end(), 0.0f);
    for (int64_t i = 0; i < in; ++i)
      for (int64_t j = 0; j < out; ++j) {
        const float v = parameters[i * out + j];
        square[j] += v * v;
        dot[j] += v * weight_gradient[i * stride + j];
      }
    float* length_gradient = gradient + (in + 1) * out;
    for (int64_t j = 0; j < out; ++j) {
      const float norm = std::sqrt(square[j]);
      length_gradient[j] = dot[j] / norm;
      direction[j] = length[j] / norm;
      along[j] = length_gradient[j] / norm;
    }
    for (int64_t i = 0; i < in; ++i)
      for (int64_t j = 0; j < out; ++j)
        gradient[i * out + j] =
            direction[j] * (weight_gradient[i * stride + j] - along[j] * parameters[i * out + j]);
    std::copy_n(weight_gradient + in * stride, out, gradient + in * out);
    parameters += (in + 2) * out;
    gradient += (in + 2) * out;
    weight_gradient += (in + 1) * stride;
  }
}

}  // namespace

MlpPass::MlpPass(const MlpShape& shape, int64_t capacity, Use use, Precision precision)
    : shape_(shape), precision_(precision) {
  int64_t widest = 0;  // a wider layer may have the shorter stride
  for (int64_t l = 0; l < shape.layers(); ++l) widest = std::max(widest, output_stride(l));
  const auto buffer = [capacity](int64_t stride) {
    return std::make_unique_for_overwrite<float[]>(static_cast<size_t>(capacity * stride));
  };
  pre_.assign(static_cast<size_t>(shape.layers()), nullptr);
  if (use == Use::inference) {
    // No layer is needed once the next is known: two buffers in turn, which stay in cache.
    for (int i = 0; i < 2; ++i) memory_.push_back(buffer(widest));
    for (int64_t l = 0; l < shape.layers(); ++l) post_.push_back(memory_[l % 2].get());
    return;
  }
  for (int64_t l = 0; l < shape.layers(); ++l) {
    memory_.push_back(buffer(output_stride(l)));
    post_.push_back(memory_.back().get());
    if (shape.activation != Activation::swish || l + 1 == shape.layers()) continue;
    memory_.push_back(buffer(output_stride(l)));
    pre_[l] = memory_.back().get();
  }
  delta_ = buffer(widest);
  next_delta_ = buffer(widest);
}

const float* MlpPass::forward(const float* weights, const float* x, int64_t rows) {
  const float* input = x;
  int64_t input_stride = shape_.input();
  for (int64_t l = 0; l < shape_.layers(); ++l) {
    const int64_t in = shape_.sizes[l], out = shape_.sizes[l + 1], stride = shape_.stride(l);
    float* output = post_[l];
    product(precision_, Op::plain, Op::plain, rows, out, in, input, input_stride, weights, stride,
            output, output_stride(l));
    bias_and_activate(shape_.activation, l + 1 == shape_.layers(), weights + in * stride, rows, out,
                      output_stride(l), output, pre_[l]);
    weights += (in + 1) * stride;
    input = output;
    input_stride = output_stride(l);
  }
  return input;
}

void MlpPass::backward(const float* weights, const float* x, int64_t rows,
                       const float* output_gradient, float* gradient) {
  TORCH_CHECK(delta_ != nullptr, "backward needs a pass for training");
  const float* delta = output_gradient;
  int64_t offset = shape_.effective_count();
  for (int64_t l = shape_.layers() - 1; l >= 0; --l) {
    const int64_t in = shape_.sizes[l], out = shape_.sizes[l + 1], stride = shape_.stride(l);
    offset -= (in + 1) * stride;
    const float* input = l == 0 ? x : post_[l - 1];
    const int64_t input_stride = l == 0 ? in : output_stride(l - 1);
    float* weight_gradient = gradient + offset;
    product(precision_, Op::transposed, Op::plain, in, out, rows, input, input_stride, delta,
            output_stride(l), weight_gradient, stride);
    float* bias_gradient = weight_gradient + in * stride;
    std::fill_n(bias_gradient, out, 0.0f);
    for (int64_t i = 0; i < rows; ++i)
      for (int64_t j = 0; j < out; ++j) bias_gradient[j] += delta[i * output_stride(l) + j];
    if (l == 0) break;
    float* previous = next_delta_.get();
    product(precision_, Op::plain, Op::transposed, rows, in, out, delta, output_stride(l),
            weights + offset, stride, previous, input_stride);
    for (int64_t i = 0; i < rows; ++i) {
      const int64_t row = i * input_stride;
      through_activation(shape_.activation, in, post_[l - 1] + row,
                         pre_[l - 1] == nullptr ? nullptr : pre_[l - 1] + row, previous + row);
    }
    std::swap(delta_, next_delta_);
    delta = delta_.get();
  }
}

void adam_step(const AdamBlock& block, const float* gradient, int64_t count, int64_t step,
               const AdamRates& rates) {
  AdamStep(step, rates).run<false>(block, 0, count, gradient, nullptr);
}

void adam_step(const MlpShape& shape, const AdamBlock& block, const float* weight_gradient,
               int64_t step, const AdamRates& rates, float* weights) {
  if (shape.weight_normalisation) {
    std::vector<float> gradient(static_cast<size_t>(shape.parameter_count()));
    through_normalisation(shape, block.parameters, weight_gradient, gradient.data());
    adam_step(block, gradient.data(), shape.parameter_count(), step, rates);
    effective_weights(shape, block.parameters, weights);
    return;
  }
  const AdamStep adam(step, rates);
  int64_t offset = 0;
  for (int64_t l = 0; l < shape.layers(); ++l)
    for (int64_t row = 0; row <= shape.sizes[l]; ++row) {
      adam.run<true>(block, offset, shape.sizes[l + 1], weight_gradient, weights);
      offset += shape.sizes[l + 1];
      weight_gradient += shape.stride(l);
      weights += shape.stride(l);
    }
}

void effective_weights(const MlpShape& shape, const float* parameters, float* weights) {
  std::vector<float> scale(static_cast<size_t>(shape.widest()), 1.0f);
  for (int64_t l = 0; l < shape.layers(); ++l) {
    const int64_t in = shape.sizes[l], out = shape.sizes[l + 1], stride = shape.stride(l);
    const float* bias = parameters + in * out;
    if (shape.weight_normalisation) {
      const float* length = bias + out;
      std::fill(scale.begin(), scale.end(), 0.0f);
      for (int64_t i = 0; i < in; ++i)
        for (int64_t j = 0; j < out; ++j)
          scale[j] += parameters[i * out + j] * parameters[i * out + j];
      for (int64_t j = 0; j < out; ++j) scale[j] = length[j] / std::sqrt(scale[j]);
    }
    for (int64_t i = 0; i < in; ++i)
      for (int64_t j = 0; j < out; ++j)
        weights[i * stride + j] = parameters[i * out + j] * scale[j];
    std::copy_n(bias, out, weights + in * stride);
    parameters += (in + (shape.weight_normalisation ? 2 : 1)) * out;
    weights += (in + 1) * stride;
  }
}

}  // namespace reverie::kernels
