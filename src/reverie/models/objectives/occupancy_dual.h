// How often a policy comes by each transition of a buffer, against how often the buffer holds it.
#pragma once

#include <reverie/core/random.h>
#include <reverie/core/settings.h>
#include <reverie/data/transitions.h>
#include <reverie/nn/ensemble.h>

namespace reverie {

class Archive;
class Policy;

/// Of the policy's occupancy from the buffer's, D_f: f(x) = (x - 1)^2 / 2, or x log x.
enum class Divergence { chi_square, kl };
std::vector<std::string> setting_names(Divergence);

struct DualConfig {
  Divergence divergence = Divergence::chi_square;
  std::vector<int64_t> hidden = {256, 256};
  double learning_rate = 3e-4;
  double weight_decay = 1e-4;
  int64_t steps = 1000;
  bool clamp = false;

  void describe(Settings& settings);
};

/// The dual of transition occupancy matching (Ma et al., "TOM: learning policy-aware models for
/// model-based reinforcement learning via transition occupancy matching", L4DC 2023, equations 16
/// and 17). Over the transitions D of a buffer, with rewards R(s, a, s') of one's choice and the
/// residual
///
///     e(s, a, s') = R(s, a, s') + gamma Q(s', a') - Q(s, a),   a' ~ pi,
///
/// without the second term where s' ends the episode, it minimises over the network Q
///
///     (1 - gamma) E[Q(s0, a0)] + E_D[f*(e)]        chi-square, f*(x) = x^2 / 2 + x
///     (1 - gamma) E[Q(s0, a0)] + log E_D[exp(e)]   KL
///
/// over initial states s0 and a0 ~ pi. At the minimum the weight w = f*'(e), max(e + 1, 0) or
/// exp(e), is the ratio of the occupancy of transitions that maximises E[R] - D_f under the policy,
/// to the buffer's; where the buffer's dynamics are deterministic it is the policy's own
/// occupancy, whatever R is. (KL weights are those of occupancies that sum to 1: where episodes
/// end, theirs do not, and the weights of the transitions that end one tend to 0.)
///
/// As published (github.com/kausiksivakumar/TOM, smodice_pytorch.py): one action is drawn for each
/// state, the gradient flows through Q(s', a') too, there is no target network, weights decay as an
/// L2 loss, inputs are as recorded, and the network goes on from fit to fit. For the chi-square
/// divergence the published f* has no constraint w >= 0, so that residuals below -1 pull on Q;
/// `clamp` takes the constrained one, f*(x) = -1/2 there.
class OccupancyDual {
 public:
  OccupancyDual(int64_t observation_size, int64_t action_size, const DualConfig& config,
                double discount, RandomStream random, torch::Device device);

  /// Takes `steps` steps on minibatches of `batch` rows of the numbers `rows` [m] into `data`, and
  /// as many initial states of `initial` [k, o], all with replacement (all initial states, where
  /// they are fewer). `reward` [n]. Returns the mean loss of the last tenth. Throws NonFiniteError.
  double train(const Transitions& data, const Tensor& rows, const Tensor& reward,
               const Tensor& initial, const Policy& policy, int64_t batch);

  /// Returns the residuals e [n], with one drawn action each, without a gradient.
  Tensor residuals(const Transitions& data, const Tensor& reward, const Policy& policy);

  /// The weights f*'(e) [n], cut at `most`.
  Tensor weights(const Tensor& residuals, double most) const;
  /// The same up to a factor, and not cut: for the KL divergence, of at most 1.
  Tensor relative_weights(const Tensor& residuals) const;

  void serialize(Archive& archive);

 private:
  std::pair<Tensor, Tensor> conjugate(const Tensor& residuals) const;

  DualConfig config_;
  double discount_;
  RandomStream random_;
  Ensemble network_;  ///< of one member: Q(s, a)
};

}  // namespace reverie
