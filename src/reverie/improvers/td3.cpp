#include <reverie/improvers/td3.h>

#include <reverie/core/archive.h>

namespace reverie {

void Td3Config::describe(Settings& settings) {
  settings.group("policy", policy);
  settings.group("critic", critic);
  settings.add("td3.learning_rate", learning_rate, "Adam's step size for the policy", at_least(0));
  settings.add("td3.discount", discount, "discount of a step, gamma", between(0, 1));
  settings.add("td3.exploration", exploration,
               "standard deviation of the noise of real actions, in half ranges of the actions",
               between(0, 10));
  settings.add("td3.smoothing", smoothing,
               "standard deviation of the noise of targets' actions, in half ranges; 0: none",
               between(0, 10));
  settings.add("td3.smoothing_limit", smoothing_limit, "limit of that noise, in half ranges",
               between(0, 10));
  settings.add("td3.policy_delay", policy_delay,
               "updates of the critic for each step of the policy and of the slow copies",
               between(1, 1e6));
}

Td3::Td3(const TaskSpec& spec, const Td3Config& config, RandomStream random, torch::Device device)
    : config_(config),
      random_(random),
      device_(device),
      policy_(spec, config.policy, config.exploration, random_),
      smoothing_(spec, config.smoothing, config.smoothing_limit),
      critic_(spec.observation_size, spec.action_size(), config.critic, random_, device),
      training_(policy_.network(), config.learning_rate, device),
      target_(
          [this](const Transitions& batch) { return td_target(*this, batch, config_.discount); }) {
  policy_.to(device);
  target_policy_ = policy_.parameters().clone();
}

Tensor Td3::values(const Tensor& observation) {
  Tensor noise;
  if (config_.smoothing > 0)
    noise = standard_noise(random_, observation.size(0), policy_.action_size(), device_);
  return policy_values(policy_.network().shape(), target_policy_, smoothing_, training_, critic_,
                       observation, noise, /*temperature=*/0);
}

void Td3::update(const Transitions& batch) {
  const torch::NoGradGuard no_grad;
  const Transitions here = moved(batch, device_);
  const bool due = ++updates_ % config_.policy_delay == 0;
  const QCritic::Report fit = critic_.fit(here.observation, here.action, target_(here), due);
  figures_.add("critic/loss", fit.loss);
  figures_.add("critic/q", fit.q);
  if (!due) return;
  actor_step(policy_.network(), policy_.head(), training_, critic_, /*judges=*/1, here.observation,
             /*noise=*/{}, /*temperature=*/0);
  target_policy_.lerp_(policy_.parameters(), config_.critic.target_rate);
}

void Td3::serialize(Archive& archive) {
  archive("random", random_);
  archive("policy", policy_);
  archive("target_policy", target_policy_);
  archive("policy_adam", training_.adam);
  archive("critic", critic_);
  archive.count("updates", updates_);
}

}  // namespace reverie
