#include <reverie/nn/kernels/adam.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#ifdef __AVX512F__
#include <immintrin.h>
#endif

namespace reverie::kernels {
namespace {

/// Enough of a row piece's product to outweigh what handing it over costs, few enough that many
/// threads find some. Columns: a whole number of vectors.
constexpr int64_t kRows = 64, kColumns = 64;

/// What of Adam's step is the same for all parameters.
float step_scale(int64_t step, const AdamRates& rates) {
  return rates.learning_rate / (1.0f - static_cast<float>(std::pow(rates.beta1, step)));
}
float step_root(int64_t step, const AdamRates& rates) {
  return 1.0f / std::sqrt(1.0f - static_cast<float>(std::pow(rates.beta2, step)));
}

#ifdef __AVX512F__
/// Sixteen at a time, the root and the quotient by an estimate and a step of Newton's method each:
/// as exact within two units in the last place, and faster than the instructions for them by the
/// time of half a step.
constexpr int64_t kLanes = 16;
inline __m512 quotient(__m512 first, __m512 second, float root, float epsilon) {
  constexpr __mmask16 all = 0xffff;
  constexpr float least = 1.17549435e-38f, most = 3.40282347e38f;  // of 0 there is no inverse root
  const __m512 square = second < least ? _mm512_set1_ps(least) : second;
  __m512 inverse = _mm512_maskz_rsqrt14_ps(all, square);
  inverse += 0.5f * inverse * (1.0f - square * inverse * inverse);
  const __m512 divisor = second * inverse * root + epsilon;
  const __m512 estimate = _mm512_maskz_rcp14_ps(all, divisor);
  // Where the root is infinite, the estimates meet as infinity times 0: the quotient is 0, or NaN.
  return second > most ? first * 0.0f : first * (estimate * (2.0f - divisor * estimate));
}
#endif

/// Updates `count` parameters, and their moments from `offset` on.
void sweep(const AdamBlock& block, int64_t offset, int64_t count, const float* gradient,
           const AdamRates& rates, float scale, float root, float* __restrict parameter) {
  float* __restrict first = block.first_moment + offset;
  float* __restrict second = block.second_moment + offset;
  const float beta1 = rates.beta1, beta2 = rates.beta2, epsilon = rates.epsilon;
  int64_t i = 0;
#ifdef __AVX512F__
  const auto load = [&i](const float* from) {
    __m512 numbers;
    std::memcpy(&numbers, from + i, sizeof numbers);
    return numbers;
  };
  for (; i + kLanes <= count; i += kLanes) {
    const __m512 g = load(gradient);
    const __m512 m = beta1 * load(first) + (1.0f - beta1) * g;
    const __m512 v = beta2 * load(second) + (1.0f - beta2) * g * g;
    const __m512 p = load(parameter) - scale * quotient(m, v, root, epsilon);
    std::memcpy(first + i, &m, sizeof m);
    std::memcpy(second + i, &v, sizeof v);
    std::memcpy(parameter + i, &p, sizeof p);
  }
#endif
  for (; i < count; ++i) {
    const float g = gradient[i];
    first[i] = beta1 * first[i] + (1.0f - beta1) * g;
    second[i] = beta2 * second[i] + (1.0f - beta2) * g * g;
    parameter[i] -= scale * first[i] / (std::sqrt(second[i]) * root + epsilon);
  }
}

/// Where a layer begins in a block of parameters, and in one of effective weights.
struct Offsets {
  int64_t parameters = 0, weights = 0;
};
Offsets offsets_of(const MlpShape& shape, int64_t layer) {
  Offsets at;
  for (int64_t l = 0; l < layer; ++l) {
    at.parameters += (shape.sizes[l] + (shape.weight_normalisation ? 2 : 1)) * shape.sizes[l + 1];
    at.weights += (shape.sizes[l] + 1) * shape.stride(l);
  }
  return at;
}

/// Cuts `count` into pieces of about `size`, as equal as can be.
void cut(int64_t layer, int64_t count, int64_t size, std::vector<WeightPiece>& pieces) {
  const int64_t parts = std::max<int64_t>(1, (count + size / 2) / size);
  for (int64_t part = 0; part < parts; ++part) {
    const int64_t first = count * part / parts;
    pieces.push_back({layer, first, count * (part + 1) / parts - first});
  }
}

/// Lengths of the columns of `directions` [in, out] from `first` on, summed over rows in order.
void lengths(const float* directions, int64_t in, int64_t out, int64_t count, float* length) {
  std::fill_n(length, count, 0.0f);
  for (int64_t i = 0; i < in; ++i)
    for (int64_t j = 0; j < count; ++j)
      length[j] += directions[i * out + j] * directions[i * out + j];
  for (int64_t j = 0; j < count; ++j) length[j] = std::sqrt(length[j]);
}

}  // namespace

void adam_step(const AdamBlock& block, const float* gradient, int64_t count, int64_t step,
               const AdamRates& rates) {
  sweep(block, 0, count, gradient, rates, step_scale(step, rates), step_root(step, rates),
        block.parameters);
}

std::vector<WeightPiece> row_pieces(const MlpShape& shape) {
  std::vector<WeightPiece> pieces;
  for (int64_t l = 0; l < shape.layers(); ++l) cut(l, shape.sizes[l] + 1, kRows, pieces);
  return pieces;
}

std::vector<WeightPiece> column_pieces(const MlpShape& shape) {
  std::vector<WeightPiece> pieces;
  for (int64_t l = 0; l < shape.layers(); ++l)
    for (int64_t first = 0; first < shape.sizes[l + 1]; first += kColumns)
      pieces.push_back({l, first, std::min(kColumns, shape.sizes[l + 1] - first)});
  return pieces;
}

NetworkStep::NetworkStep(const MlpShape& shape, const AdamBlock& block, int64_t step,
                         const AdamRates& rates, float* weights)
    : shape_(shape),
      block_(block),
      rates_(rates),
      scale_(step_scale(step, rates)),
      root_(step_root(step, rates)),
      weights_(weights) {}

void NetworkStep::rows(const WeightPiece& piece, const float* weight_gradient) const {
  const int64_t out = shape_.sizes[piece.layer + 1], stride = shape_.stride(piece.layer);
  const Offsets at = offsets_of(shape_, piece.layer);
  for (int64_t row = piece.first; row < piece.first + piece.count; ++row)
    sweep(block_, at.parameters + row * out, out, weight_gradient + at.weights + row * stride,
          rates_, scale_, root_, weights_ + at.weights + row * stride);
}

// With W = g V / |V|:  dL/dg = dL/dW . V / |V|,  dL/dV = g / |V| (dL/dW - dL/dg V / |V|).
void NetworkStep::columns(const WeightPiece& piece, const float* weight_gradient) const {
  const int64_t in = shape_.sizes[piece.layer], out = shape_.sizes[piece.layer + 1];
  const int64_t stride = shape_.stride(piece.layer), count = piece.count;
  const Offsets at = offsets_of(shape_, piece.layer);
  const int64_t parameters = at.parameters + piece.first, weights = at.weights + piece.first;
  const float* v = block_.parameters + parameters;
  const float* length = v + (in + 1) * out;
  float norm[kColumns], dot[kColumns] = {}, direction[kColumns], along[kColumns], row[kColumns];
  lengths(v, in, out, count, norm);
  for (int64_t i = 0; i < in; ++i)
    for (int64_t j = 0; j < count; ++j)
      dot[j] += v[i * out + j] * weight_gradient[weights + i * stride + j];
  for (int64_t j = 0; j < count; ++j) {
    dot[j] /= norm[j];
    direction[j] = length[j] / norm[j];
    along[j] = dot[j] / norm[j];
  }
  const auto step = [&](int64_t i, const float* gradient) {
    sweep(block_, parameters + i * out, count, gradient, rates_, scale_, root_,
          block_.parameters + parameters + i * out);
  };
  for (int64_t i = 0; i < in; ++i) {
    const float* from = weight_gradient + weights + i * stride;
    for (int64_t j = 0; j < count; ++j)
      row[j] = direction[j] * (from[j] - along[j] * v[i * out + j]);
    step(i, row);
  }
  step(in, weight_gradient + weights + in * stride);
  step(in + 1, dot);

  lengths(v, in, out, count, norm);
  for (int64_t j = 0; j < count; ++j) direction[j] = length[j] / norm[j];
  for (int64_t i = 0; i < in; ++i)
    for (int64_t j = 0; j < count; ++j)
      weights_[weights + i * stride + j] = v[i * out + j] * direction[j];
  std::copy_n(v + in * out, count, weights_ + weights + in * stride);
}

void NetworkStep::all(const float* weight_gradient) const {
  if (shape_.weight_normalisation)
    for (const auto& piece : column_pieces(shape_)) columns(piece, weight_gradient);
  else
    for (const auto& piece : row_pieces(shape_)) rows(piece, weight_gradient);
}

void add_weight_decay(const MlpShape& shape, const WeightPiece& rows, float decay,
                      const float* weights, float* gradient) {
  const int64_t in = shape.sizes[rows.layer], out = shape.sizes[rows.layer + 1];
  const int64_t stride = shape.stride(rows.layer);
  const int64_t end = std::min(rows.first + rows.count, in);  // the last row is the bias
  const int64_t offset = offsets_of(shape, rows.layer).weights;
  for (int64_t row = rows.first; row < end; ++row) {
    const float* from = weights + offset + row * stride;
    float* to = gradient + offset + row * stride;
    for (int64_t j = 0; j < out; ++j) to[j] += decay * from[j];
  }
}

void parameters_of(const MlpShape& shape, const float* weights, float* parameters) {
  for (int64_t l = 0; l < shape.layers(); ++l)
    for (int64_t row = 0; row <= shape.sizes[l]; ++row) {
      std::copy_n(weights, shape.sizes[l + 1], parameters);
      weights += shape.stride(l);
      parameters += shape.sizes[l + 1];
    }
}

void effective_weights(const MlpShape& shape, const float* parameters, float* weights) {
  std::vector<float> scale(static_cast<size_t>(shape.widest()), 1.0f);
  for (int64_t l = 0; l < shape.layers(); ++l) {
    const int64_t in = shape.sizes[l], out = shape.sizes[l + 1], stride = shape.stride(l);
    const float* bias = parameters + in * out;
    if (shape.weight_normalisation) {
      const float* length = bias + out;
      lengths(parameters, in, out, out, scale.data());
      for (int64_t j = 0; j < out; ++j) scale[j] = length[j] / scale[j];
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
