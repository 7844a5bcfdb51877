// Targets for a critic that look some imagined steps ahead.
#pragma once

#include <reverie/core/settings.h>
#include <reverie/imagination/imagination.h>
#include <reverie/improvers/actor_critic.h>

namespace reverie {

/// What a critic is fitted to. T_h is the reward, h imagined steps of the policy, then the value.
enum class TargetKind {
  td,     ///< T_0: no imagined step.
  mve,    ///< T_H (Feinberg et al., "Model-based value expansion", 2018).
  steve,  ///< All T_h, weighed by 1 / their variance over models and critics (Buckman et al. 2018).
  lambda,  ///< All T_h, weighed by (1 - lambda) lambda^h and the last by lambda^H.
};
std::vector<std::string> setting_names(TargetKind);

struct TargetConfig {
  TargetKind kind = TargetKind::td;
  int64_t horizon = 3;
  double lambda = 0.95;

  void describe(Settings& settings);
};

/// What M models and K critics expect of n transitions, over H imagined steps from each successor
/// s_0 = s'.
struct Expansion {
  Tensor reward;   ///< [M, n, H]: of the step from s_t
  Tensor reached;  ///< [M, n, H + 1]: 1 where the episode had not ended before s_h, otherwise 0
  Tensor value;    ///< [M, K, n, H + 1]: of s_h
};

/// Returns T_h = r + sum_{t < h} gamma^(t+1) r_t + gamma^(h+1) V_k(s_h) for transitions with
/// `reward` [n]: [M, K, n, H + 1]. What lies beyond an end is left out and, as in MAAC's code, so
/// is the entropy of the imagined actions before s_h, for a learner whose V has the entropy in it.
Tensor candidate_targets(const Tensor& reward, const Expansion& expansion, double discount);

/// Combines candidates to targets [n] by the kind: with mve and lambda the mean over models of the
/// smallest critic's; with steve these weighed by 1 / (variance over models and critics + 1e-8).
/// Unlike MAAC's code (iclavera/meta-mb, maac.py), whose T_0 varies with the critics not at all and
/// so gets all the weight.
Tensor combined(const Tensor& candidates, const TargetConfig& config);

/// Returns the target function of such a kind for `learner`, whose policy acts in `imagination`
/// (with steve in each of `models` models; otherwise a random one moves each row at each step).
/// Both must outlive it.
ActorCritic::Target expanded_target(ActorCritic& learner, Imagination& imagination,
                                    const TargetConfig& config, double discount, int64_t models);

}  // namespace reverie
