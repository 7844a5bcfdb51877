// The networks of an imagination as blocks of `BatchedMlp`, for few operations a step.
#pragma once

#include <reverie/models/dynamics_model.h>
#include <reverie/policies/gaussian_policy.h>

namespace reverie {

/// The layers [K, in + 1, out] of the model's members, from (action, observation, 1) to the
/// predicted change (and reward), both in their own units: the normalisation of inputs and targets
/// is part of the weights, in double precision until they are rounded. Of a Gaussian head the
/// log-variance stays that of the normalised target.
std::vector<Tensor> unnormalised_layers(const DynamicsModel& model);

/// The layers [tasks, in + 1, out] of the policies' means, given their parameters [tasks, p].
std::vector<Tensor> mean_layers(const GaussianPolicy& policy, const Tensor& parameters);

/// Which row of a batch sits where, so that each member has rows of its own: for several steps at
/// once.
struct Seats {
  Tensor row;   ///< [steps, K c] int64: of each seat, c a member; an empty one repeats row 0
  Tensor seat;  ///< [steps, n] int64: of each row
};
/// The seats where row i of each step goes to `member` [steps, n] int64. Waits for the device once,
/// to know the fullest member.
Seats seats_for(const Tensor& member, int64_t members);

}  // namespace reverie
