#include <reverie/improvers/sac.h>

#include <reverie/core/archive.h>
#include <reverie/core/error.h>

#include <cmath>

namespace reverie {

Temperature::Temperature(const TemperatureConfig& config, int64_t action_size)
    : config_(config),
      target_(config.target_entropy * static_cast<double>(action_size)),
      log_(std::log(config.start)) {}

double Temperature::value() const {
  return std::exp(log_);
}

void Temperature::update(double log_density) {
  if (!config_.learned) return;
  constexpr double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
  const double gradient = -(log_density + target_);
  const auto step = static_cast<double>(++steps_);
  first_ = beta1 * first_ + (1 - beta1) * gradient;
  second_ = beta2 * second_ + (1 - beta2) * gradient * gradient;
  log_ -= config_.learning_rate * first_ / (1 - std::pow(beta1, step)) /
          (std::sqrt(second_ / (1 - std::pow(beta2, step))) + epsilon);
  if (!std::isfinite(value())) throw NonFiniteError("NaN or infinity in the temperature");
}

void Temperature::serialize(Archive& archive) {
  archive("log", log_);
  archive("first_moment", first_);
  archive("second_moment", second_);
  archive.count("steps", steps_);
}

void SacConfig::describe(Settings& settings) {
  settings.group("policy", policy);
  settings.group("critic", critic);
  settings.add("sac.learning_rate", learning_rate, "Adam's step size for the policy", at_least(0));
  settings.add("sac.discount", discount, "discount of a step, gamma", between(0, 1));
  settings.group("sac", temperature);
}

Sac::Sac(const TaskSpec& spec, const SacConfig& config, RandomStream random, torch::Device device)
    : random_(random),
      device_(device),
      policy_(spec, config.policy, random_),
      critic_(spec.observation_size, spec.action_size(), config.critic, random_, device),
      training_(policy_.network(), config.learning_rate, device),
      temperature_(config.temperature, spec.action_size()),
      target_([this, discount = config.discount](const Transitions& batch) {
        return td_target(*this, batch, discount);
      }) {
  policy_.to(device);
}

Tensor Sac::values(const Tensor& observation) {
  const Tensor noise = standard_noise(random_, observation.size(0), policy_.action_size(), device_);
  return policy_values(policy_.network().shape(), policy_.parameters(), policy_.head(), training_,
                       critic_, observation, noise, temperature_.value());
}

void Sac::update(const Transitions& batch) {
  const torch::NoGradGuard no_grad;
  const Transitions here = moved(batch, device_);
  const QCritic::Report fit =
      critic_.fit(here.observation, here.action, target_(here), /*follow=*/true);
  const double temperature = temperature_.value();
  const Tensor noise = standard_noise(random_, here.size(), policy_.action_size(), device_);
  const auto worth = [&](const Tensor& parameters, const Draw& drawn) {
    return worth_(parameters, here.observation, drawn);
  };
  const ActorReport step =
      worth_ ? actor_step_along(policy_.network(), policy_.head(), training_, here.observation,
                                noise, temperature, worth)
             : actor_step(policy_.network(), policy_.head(), training_, critic_, critic_.members(),
                          here.observation, noise, temperature);
  temperature_.update(step.log_density);
  figures_.add("critic/loss", fit.loss);
  figures_.add("critic/q", fit.q);
  figures_.add("policy/entropy", -step.log_density);
  figures_.add("sac/temperature", temperature);
}

void Sac::serialize(Archive& archive) {
  archive("random", random_);
  archive("policy", policy_);
  archive("policy_adam", training_.adam);
  archive("critic", critic_);
  archive("temperature", temperature_);
}

}  // namespace reverie
