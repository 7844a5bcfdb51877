// How far apart the members of an ensemble are, and whether that tells how wrong they are.
#pragma once

#include <reverie/models/dynamics_model.h>

namespace reverie {

/// The spread of the members' predicted means of what follows on `observation` [n, o] and `action`
/// [n, a]: the root of the mean over the target's dimensions of the variance over members, in units
/// of the targets' deviation (Pathak et al., "Self-supervised exploration via disagreement", 2019,
/// reward by the variance over an ensemble). [n], without a gradient. 0 for a single member. Blocks
/// of rows run on the worker threads; the numbers do not depend on how many.
Tensor disagreement(const DynamicsModel& model, const Tensor& observation, const Tensor& action);

/// How the model does on transitions that it has not been fitted to.
struct NewData {
  double error = 0;             ///< DynamicsModel::squared_error
  double disagreement = 0;      ///< Mean of the above.
  double rank_correlation = 0;  ///< Of disagreement with the error of the members' mean.
};
NewData judge(const DynamicsModel& model, const Transitions& data);

/// Spearman's: the correlation of the ranks of `a` and of `b` [n], ties by mean rank. 0 where one
/// of them does not vary.
double rank_correlation(const Tensor& a, const Tensor& b);

}  // namespace reverie
