// MLPs given by blocks of effective weights (see MlpShape), which the kernels read in place.
#pragma once

#include <reverie/core/random.h>
#include <reverie/nn/mlp_shape.h>

namespace reverie {

/// Returns the weights [networks, e] of new networks, Xavier-uniform (Glorot and Bengio 2010),
/// those of the last layer times `output_scale`; biases and padding are 0.
Tensor draw_weights(const MlpShape& shape, int64_t networks, RandomStream& random,
                    double output_scale = 1);

/// Returns y [K, n, out] of the networks `weights` [K, e] at x [K, n, in], or [n, out] of one, [e],
/// at [n, in]. Differentiable, on any device: the torch counterpart of kernels::MlpPass.
Tensor mlp_forward(const MlpShape& shape, const Tensor& weights, const Tensor& x);

}  // namespace reverie
