// The model of an imagination as `BatchedMlp` blocks, for few operations per step.
#pragma once

#include <reverie/models/dynamics_model.h>

namespace reverie {

/// Returns the layers [K, in + 1, out] of the model's members, from (action, observation, 1) to the
/// prediction, both in their own units: the normalisation of inputs and targets is folded into the
/// weights, in double precision before rounding. Variances remain those of the normalised target.
std::vector<Tensor> unnormalised_layers(const DynamicsModel& model);

/// An arrangement of a batch that gives each member its own block of seats, for several steps at
/// once.
struct Seats {
  Tensor row;   ///< [steps, K c] int64: each seat's row, c seats a member; empty seats: row 0
  Tensor seat;  ///< [steps, n] int64: each row's seat
};
/// Returns the seats for the rows' members at each step, `member` [steps, n] int64. Waits for the
/// device once, to find the fullest member.
Seats seats_for(const Tensor& member, int64_t members);

}  // namespace reverie
