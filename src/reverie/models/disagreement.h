// How much the members of an ensemble disagree, and how well that predicts their error.
#pragma once

#include <reverie/models/dynamics_model.h>

namespace reverie {

/// Returns [n] the spread of the members' predicted means at `observation` [n, o] and `action` [n,
/// a]: the square root of the variance over members averaged over target dimensions, in units of
/// the targets' standard deviation (Pathak et al., "Self-supervised exploration via disagreement",
/// 2019, reward by the variance over an ensemble). No gradient; 0 for a single member. Blocks of
/// rows run on the worker threads; the result does not depend on the number of threads.
Tensor disagreement(const DynamicsModel& model, const Tensor& observation, const Tensor& action);

/// The model's performance on transitions it has not been fitted to.
struct NewData {
  double error = 0;             ///< DynamicsModel::squared_error
  double disagreement = 0;      ///< Mean of `reverie::disagreement`.
  double rank_correlation = 0;  ///< Of disagreement and the error of the members' mean.
};
NewData judge(const DynamicsModel& model, const Transitions& data);

/// Returns Spearman's rank correlation of `a` and `b` [n], ties sharing their mean rank; 0 where
/// either does not vary.
double rank_correlation(const Tensor& a, const Tensor& b);

}  // namespace reverie
