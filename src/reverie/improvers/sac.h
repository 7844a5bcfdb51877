// SAC: soft actor-critic.
#pragma once

#include <reverie/core/settings.h>
#include <reverie/improvers/actor_critic.h>
#include <reverie/improvers/actor_step.h>
#include <reverie/policies/squashed_gaussian.h>

namespace reverie {

/// How much a nat of entropy is worth beside the reward, learned so that the policy keeps a target
/// entropy.
struct TemperatureConfig {
  double start = 1;
  bool learned = true;
  double target_entropy = -1;
  double learning_rate = 3e-4;

  void describe(Settings& settings) {
    settings.add(
        "temperature", start,
        "the reward that a nat of the policy's entropy is worth, at the start or, if it is "
        "not learned, throughout",
        between(1e-8, 1e6));
    settings.add("learn_temperature", learned,
                 "whether the temperature is adjusted so that the entropy is the target's");
    settings.add("target_entropy", target_entropy,
                 "entropy in nats that the policy should keep, for each dimension of the actions "
                 "(normalised to -1 to 1)");
    settings.add("temperature_rate", learning_rate,
                 "Adam's step size for the log of the temperature", at_least(0));
  }
};

/// The temperature alpha of SAC, by Adam on its logarithm.
class Temperature {
 public:
  Temperature(const TemperatureConfig& config, int64_t action_size);

  double value() const;
  /// One step down -log(alpha) (log pi + target entropy), the mean over a batch of log pi given.
  void update(double log_density);

  void serialize(Archive& archive);

 private:
  TemperatureConfig config_;
  double target_;
  double log_, first_ = 0, second_ = 0;
  int64_t steps_ = 0;
};

struct SacConfig {
  PolicyNetworkConfig policy;
  CriticConfig critic;
  TemperatureConfig temperature;
  double learning_rate = 3e-4;
  double discount = 0.99;

  /// Under "policy", "critic" and "sac".
  void describe(Settings& settings);
};

/// Haarnoja et al., "Soft actor-critic algorithms and applications" (2018): the critic is fitted to
/// r + gamma (min_k Q'_k(s', a') - alpha log pi(a' | s')), the policy ascends min_k Q_k(s, a) -
/// alpha log pi(a | s) through its actions, and alpha keeps the entropy at its target.
class Sac : public ActorCritic {
 public:
  Sac(const TaskSpec& spec, const SacConfig& config, RandomStream random, torch::Device device);
  Sac(const Sac&) = delete;

  void update(const Transitions& batch) override;
  const SquashedGaussianPolicy& policy() const override { return policy_; }
  const QCritic& critic() const override { return critic_; }
  double temperature() const { return temperature_.value(); }
  Tensor values(const Tensor& observation) override;
  void set_target(Target target) override { target_ = std::move(target); }
  /// The policy ascends another worth of its actions at a batch's observations [n, o] from now on.
  using Worth =
      std::function<Tensor(const Tensor& parameters, const Tensor& observation, const Draw& drawn)>;
  void set_worth(Worth worth) { worth_ = std::move(worth); }
  void record(Monitor& monitor) override { figures_.record(monitor); }
  void serialize(Archive& archive) override;

 private:
  RandomStream random_;
  torch::Device device_;
  SquashedGaussianPolicy policy_;
  QCritic critic_;
  PolicyTraining training_;
  Temperature temperature_;
  Target target_;
  Worth worth_;  ///< Undefined: the smallest critic's value.
  UpdateFigures figures_;
};

}  // namespace reverie
