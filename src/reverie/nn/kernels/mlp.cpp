#include <reverie/nn/kernels/mlp.h>
#include <reverie/nn/kernels/small_gemm.h>
#include <reverie/nn/kernels/tanh.h>

namespace reverie::kernels {
namespace {

/// 1 / (1 + exp(-z)) through tanh, which vectorises.
inline float sigmoid(float z) {
  return 0.5f + 0.5f * fast_tanh(0.5f * z);
}

/// Adds the bias to each row of z [rows, width] and applies the activation. `pre` keeps z where its
/// derivative needs it.
void bias_and_activate(Activation activation, bool last, const float* bias, int64_t rows,
                       int64_t width, float* z, float* pre) {
  for (int64_t i = 0; i < rows; ++i) {
    float* row = z + i * width;
    if (last) {
      for (int64_t j = 0; j < width; ++j) row[j] += bias[j];
    } else if (activation == Activation::relu) {
      for (int64_t j = 0; j < width; ++j) row[j] = std::max(row[j] + bias[j], 0.0f);
    } else if (activation == Activation::tanh) {
      for (int64_t j = 0; j < width; ++j) row[j] = fast_tanh(row[j] + bias[j]);
    } else {
      float* kept = pre + i * width;
      for (int64_t j = 0; j < width; ++j) {
        kept[j] = row[j] + bias[j];
        row[j] = kept[j] * sigmoid(kept[j]);
      }
    }
  }
}

/// delta *= activation'(z), from the activation's value (and z, for swish).
void through_activation(Activation activation, int64_t count, const float* post, const float* pre,
                        float* delta) {
  if (activation == Activation::relu) {
    for (int64_t i = 0; i < count; ++i) delta[i] = post[i] > 0.0f ? delta[i] : 0.0f;
  } else if (activation == Activation::tanh) {
    for (int64_t i = 0; i < count; ++i) delta[i] *= 1.0f - post[i] * post[i];
  } else {
    for (int64_t i = 0; i < count; ++i) {
      const float s = sigmoid(pre[i]);
      delta[i] *= s + pre[i] * s * (1.0f - s);
    }
  }
}

}  // namespace

MlpPass::MlpPass(const MlpShape& shape, int64_t capacity) : shape_(shape) {
  for (int64_t l = 0; l < shape.layers(); ++l) {
    const auto numbers = static_cast<size_t>(capacity * shape.sizes[l + 1]);
    const bool keeps_pre = shape.activation == Activation::swish && l + 1 < shape.layers();
    pre_.emplace_back(keeps_pre ? numbers : 0);
    post_.emplace_back(numbers);
  }
  delta_.resize(static_cast<size_t>(capacity * shape.widest()));
  next_delta_.resize(delta_.size());
}

const float* MlpPass::forward(const float* weights, const float* x, int64_t rows) {
  const float* input = x;
  for (int64_t l = 0; l < shape_.layers(); ++l) {
    const int64_t in = shape_.sizes[l], out = shape_.sizes[l + 1];
    float* output = post_[l].data();
    small_gemm(Op::plain, Op::plain, rows, out, in, input, weights, 0.0f, output);
    bias_and_activate(shape_.activation, l + 1 == shape_.layers(), weights + in * out, rows, out,
                      output, pre_[l].data());
    weights += (in + 1) * out;
    input = output;
  }
  return input;
}

void MlpPass::backward(const float* weights, const float* x, int64_t rows,
                       const float* output_gradient, float* gradient) {
  const float* delta = output_gradient;
  int64_t offset = shape_.effective_count();
  for (int64_t l = shape_.layers() - 1; l >= 0; --l) {
    const int64_t in = shape_.sizes[l], out = shape_.sizes[l + 1];
    offset -= (in + 1) * out;
    const float* input = l == 0 ? x : post_[l - 1].data();
    float* weight_gradient = gradient + offset;
    small_gemm(Op::transposed, Op::plain, in, out, rows, input, delta, 0.0f, weight_gradient);
    float* bias_gradient = weight_gradient + in * out;
    std::fill_n(bias_gradient, out, 0.0f);
    for (int64_t i = 0; i < rows; ++i)
      for (int64_t j = 0; j < out; ++j) bias_gradient[j] += delta[i * out + j];
    if (l == 0) break;
    float* previous = next_delta_.data();
    small_gemm(Op::plain, Op::transposed, rows, in, out, delta, weights + offset, 0.0f, previous);
    through_activation(shape_.activation, rows * in, post_[l - 1].data(), pre_[l - 1].data(),
                       previous);
    std::swap(delta_, next_delta_);
    delta = delta_.data();
  }
}

void adam_step(float* parameters, float* first_moment, float* second_moment, const float* gradient,
               int64_t count, int64_t step, const AdamRates& rates) {
  const float correction1 = 1.0f - static_cast<float>(std::pow(rates.beta1, step));
  const float correction2 = 1.0f - static_cast<float>(std::pow(rates.beta2, step));
  const float scale = rates.learning_rate / correction1;
  const float root = 1.0f / std::sqrt(correction2);
  for (int64_t i = 0; i < count; ++i) {
    const float g = gradient[i];
    first_moment[i] = rates.beta1 * first_moment[i] + (1.0f - rates.beta1) * g;
    second_moment[i] = rates.beta2 * second_moment[i] + (1.0f - rates.beta2) * g * g;
    parameters[i] -= scale * first_moment[i] / (std::sqrt(second_moment[i]) * root + rates.epsilon);
  }
}

// Squared column lengths of V are summed over rows in order: the same bits every time.
void effective_weights(const MlpShape& shape, const float* parameters, float* weights) {
  if (!shape.weight_normalisation) {
    std::copy_n(parameters, shape.effective_count(), weights);
    return;
  }
  std::vector<float> scale(static_cast<size_t>(shape.widest()));
  for (int64_t l = 0; l < shape.layers(); ++l) {
    const int64_t in = shape.sizes[l], out = shape.sizes[l + 1];
    const float* bias = parameters + in * out;
    const float* length = bias + out;
    std::fill(scale.begin(), scale.end(), 0.0f);
    for (int64_t i = 0; i < in; ++i)
      for (int64_t j = 0; j < out; ++j)
        scale[j] += parameters[i * out + j] * parameters[i * out + j];
    for (int64_t j = 0; j < out; ++j) scale[j] = length[j] / std::sqrt(scale[j]);
    for (int64_t i = 0; i < in; ++i)
      for (int64_t j = 0; j < out; ++j) weights[i * out + j] = parameters[i * out + j] * scale[j];
    std::copy_n(bias, out, weights + in * out);
    parameters += (in + 2) * out;
    weights += (in + 1) * out;
  }
}

void parameter_gradient(const MlpShape& shape, const float* parameters,
                        const float* weight_gradient, float* gradient) {
  if (!shape.weight_normalisation) {
    std::copy_n(weight_gradient, shape.effective_count(), gradient);
    return;
  }
  const auto widest = static_cast<size_t>(shape.widest());
  std::vector<float> square(widest), dot(widest), direction(widest), along(widest);
  for (int64_t l = 0; l < shape.layers(); ++l) {
    const int64_t in = shape.sizes[l], out = shape.sizes[l + 1];
    const float* length = parameters + (in + 1) * out;
    std::fill(square.begin(), square.end(), 0.0f);
    std::fill(dot.begin(), dot.end(), 0.0f);
    for (int64_t i = 0; i < in; ++i)
      for (int64_t j = 0; j < out; ++j) {
        const float v = parameters[i * out + j];
        square[j] += v * v;
        dot[j] += v * weight_gradient[i * out + j];
      }
    // W = g V / |V|:  dL/dg = dL/dW . V / |V|,  dL/dV = g / |V| (dL/dW - dL/dg V / |V|).
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
            direction[j] * (weight_gradient[i * out + j] - along[j] * parameters[i * out + j]);
    std::copy_n(weight_gradient + in * out, out, gradient + in * out);
    parameters += (in + 2) * out;
    gradient += (in + 2) * out;
    weight_gradient += (in + 1) * out;
  }
}

}  // namespace reverie::kernels
