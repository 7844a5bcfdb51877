// Transition occupancy matching: a model that is good where the policy goes.
#pragma once

#include <reverie/models/objectives/occupancy_dual.h>
#include <reverie/models/objectives/transition_discriminator.h>
#include <reverie/models/objectives/weighted_likelihood.h>

namespace reverie {

struct FitContext;

/// What tells the policy's transitions from the buffer's, as the dual's reward.
enum class TomReward {
  binary,         ///< 1 for the newest transitions, 0 for the others.
  discriminator,  ///< The logit of a discriminator between these and all.
};
std::vector<std::string> setting_names(TomReward);

struct TomConfig {
  TomReward reward = TomReward::binary;
  int64_t policy_rows = 1000;
  int64_t batch = 256;
  double clip = 10;
  bool snapshot = true;
  bool untrained_starts = true;
  bool fresh_discriminator = true;
  bool fresh_q = false;
  DualConfig dual;
  DiscriminatorConfig discriminator;

  void describe(Settings& settings);
};

/// TOM (Ma et al., L4DC 2023): maximum likelihood on transitions that are weighted by how often the
/// policy comes by them, relative to how often the buffer holds them (see OccupancyDual). Before
/// each fit it trains the discriminator, where there is one, then the dual, and weighs the data.
/// Initial states are those after an ended step; where there is none, the first.
///
/// The defaults are those of the published runs (github.com/kausiksivakumar/TOM), of which the
/// scripts for plain `--method tom` take the binary reward; the paper describes the discriminator.
/// Its other choices, each a setting:
/// - Fits are unweighted until the policy has collected `policy_rows`; rows of the first fit, from
///   random steps, are not the policy's. Rollouts, however, start by the weights of the untrained
///   networks even then (`untrained_starts`).
/// - Weights are cut at `clip` for the fit. The starts' are not, and come of actions drawn anew.
/// - Dual and fit use as many draws, with replacement, as there are rows (`snapshot`): a row that
///   is not drawn has weight 0. So do the starts, on draws of their own.
/// - The discriminator begins again at each fit (`fresh_discriminator`), the dual's Q goes on
///   (`fresh_q`).
/// - The reward is the unbounded logit, and Q is not limited either.
///
/// It differs from them in what ends an episode: a time limit ended one there.
///
/// Records "tom/weight_recent" and "tom/weight_old", the mean weight in the fit of the newest
/// `policy_rows` and of all others, relative to that of all; "tom/effective_rows", (sum w)^2 / sum
/// w^2; "tom/dual_loss" and "tom/discriminator_loss".
class Tom : public WeightedLikelihood {
 public:
  Tom(int64_t observation_size, int64_t action_size, const TomConfig& config, Weigh weigh,
      double discount, RandomStream random, torch::Device device);

  /// Throws UsageError where the context has no policy, NonFiniteError where training diverges.
  void prepare(const FitContext& context) override;
  Tensor start_weights() const override { return start_weights_; }
  void serialize(Archive& archive) override;

 private:
  Tensor snapshot(int64_t rows, torch::Device device);
  Tensor reward(const FitContext& context, bool trains);
  void record(Monitor& monitor) const;

  int64_t observation_size_, action_size_;
  TomConfig config_;
  double discount_;
  RandomStream random_;
  torch::Device device_;
  TransitionDiscriminator discriminator_;
  OccupancyDual dual_;
  int64_t fits_ = 0;
  int64_t policy_rows_ = 0;  ///< collected by the policy so far
  Tensor start_weights_;     ///< [n]
};

}  // namespace reverie
