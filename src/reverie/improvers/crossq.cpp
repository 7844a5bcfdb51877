#include <reverie/improvers/crossq.h>

#include <reverie/core/archive.h>
#include <reverie/core/error.h>
#include <reverie/nn/mlp_weights.h>

#include <cmath>

namespace reverie {
namespace {

MlpShape critic_shape(const TaskSpec& spec, const std::vector<int64_t>& hidden) {
  MlpShape shape;
  shape.sizes = hidden;
  shape.sizes.insert(shape.sizes.begin(), spec.observation_size + spec.action_size());
  shape.sizes.push_back(1);
  return shape;
}

double finite(const Tensor& loss, const char* what) {
  const double value = loss.item<double>();
  if (!std::isfinite(value)) throw NonFiniteError(fmt::format("NaN or infinity in {}", what));
  return value;
}

}  // namespace

void CrossQConfig::describe(Settings& settings) {
  settings.group("policy", policy);
  settings.add("critic.members", members,
               "Q networks, of which the smallest value counts: against overestimation",
               between(1, 100));
  settings.add("critic.hidden", hidden, "units of each hidden relu layer", at_least(1));
  settings.add("crossq.learning_rate", learning_rate, "Adam's step size for policy and critics",
               at_least(0));
  settings.add("crossq.beta1", beta1, "decay of Adam's first moment", between(0, 0.999));
  settings.add("crossq.discount", discount, "discount of a step, gamma", between(0, 1));
  settings.add("crossq.policy_delay", policy_delay,
               "updates of the critics for each step of policy and temperature", between(1, 1e6));
  settings.add("crossq.warm_up", warm_up,
               "training passes of a network in which a batch is normalised by its own statistics "
               "alone; afterwards by what these and the running ones agree on, within a ratio of 3 "
               "and a shift of 5 (batch renormalisation)",
               at_least(0));
  settings.group("crossq", temperature);
}

Tensor FoldedCritic::q(const Tensor& observation, const Tensor& action) const {
  const Tensor input = torch::cat({observation, action}, 1).expand({weights.size(0), -1, -1});
  return mlp_forward(shape, weights, input).squeeze(2);
}

CrossQ::CrossQ(const TaskSpec& spec, const CrossQConfig& config, RandomStream random,
               torch::Device device)
    : config_(config),
      random_(random),
      device_(device),
      policy_(spec, config.policy, random_),
      policy_network_(1, policy_.network().shape(), config.warm_up, random_,
                      config.policy.output_scale, device),
      critics_(config.members, critic_shape(spec, config.hidden), config.warm_up, random_, 1,
               device),
      policy_adam_(1, policy_network_.parameters().size(1), config.learning_rate, config.beta1,
                   device),
      critic_adam_(config.members, critics_.parameters().size(1), config.learning_rate,
                   config.beta1, device),
      temperature_(config.temperature, spec.action_size()) {
  policy_.to(device);
  critic_.shape = critics_.shape();
  fold();
}

void CrossQ::fold() {
  policy_.set_parameters(policy_network_.folded()[0]);
  critic_.weights = critics_.folded();
}

/// Actions and densities, of outputs [n, 2 a].
Draw CrossQ::draw(const Tensor& outputs) {
  return policy_.head().act(
      outputs, standard_noise(random_, outputs.size(0), policy_.action_size(), device_));
}

Tensor CrossQ::values(const Tensor& observation) {
  const torch::NoGradGuard no_grad;
  const Draw next = draw(policy_.network().forward(policy_.parameters(), observation));
  return critic_.q(observation, next.action) - temperature_.value() * next.log_density;
}

void CrossQ::set_target(Target) {
  throw UsageError("crossq takes its targets from the batch its critics are trained on: no others");
}

void CrossQ::update(const Transitions& batch) {
  const Transitions here = moved(batch, device_);
  step_critics(here);
  if (++updates_ % config_.policy_delay == 0) step_policy(here.observation);
}

void CrossQ::step_critics(const Transitions& batch) {
  const int64_t n = batch.size(), k = config_.members;
  Draw next;
  {
    const torch::NoGradGuard no_grad;
    next = draw(policy_.network().forward(policy_.parameters(), batch.next_observation));
  }
  const torch::AutoGradMode differentiates(true);
  const Tensor parameters = critics_.parameters().detach().requires_grad_();
  const Tensor both = torch::cat({torch::cat({batch.observation, batch.action}, 1),
                                  torch::cat({batch.next_observation, next.action}, 1)});
  const Tensor q = critics_.train(parameters, both.expand({k, -1, -1})).squeeze(2);
  const Tensor now = q.narrow(1, 0, n);
  const Tensor beyond =
      std::get<0>(q.narrow(1, n, n).detach().min(0)) - temperature_.value() * next.log_density;
  const Tensor target =
      torch::where(batch.terminated, batch.reward, batch.reward + config_.discount * beyond);
  const Tensor losses = 0.5 * (now - target).square().mean(1);
  const Tensor gradient = torch::autograd::grad({losses.sum()}, {parameters})[0];
  const torch::NoGradGuard no_grad;
  figures_.add("critic/loss", finite(losses.mean(), "the critic's loss"));
  figures_.add("critic/q", now.mean().item<double>());
  critic_adam_.step(critics_.parameters(), gradient);
}

void CrossQ::step_policy(const Tensor& observation) {
  critic_.weights = critics_.folded();
  const double temperature = temperature_.value();
  const torch::AutoGradMode differentiates(true);
  const Tensor parameters = policy_network_.parameters().detach().requires_grad_();
  const Draw now = draw(policy_network_.train(parameters, observation.unsqueeze(0))[0]);
  const Tensor value = std::get<0>(critic_.q(observation, now.action).min(0));
  const Tensor loss = (temperature * now.log_density - value).mean();
  const Tensor gradient = torch::autograd::grad({loss}, {parameters})[0];
  const torch::NoGradGuard no_grad;
  finite(loss, "the policy's loss");
  policy_adam_.step(policy_network_.parameters(), gradient);
  policy_.set_parameters(policy_network_.folded()[0]);
  const double log_density = now.log_density.mean().item<double>();
  temperature_.update(log_density);
  figures_.add("policy/entropy", -log_density);
  figures_.add("sac/temperature", temperature);
}

void CrossQ::serialize(Archive& archive) {
  archive("random", random_);
  archive("policy_network", policy_network_);
  archive("policy_adam", policy_adam_);
  archive("critics", critics_);
  archive("critic_adam", critic_adam_);
  archive("temperature", temperature_);
  archive.count("updates", updates_);
  // The critics' folded weights are those at the policy's last step.
  archive("policy", policy_);
  archive("folded_critics", critic_.weights);
}

}  // namespace reverie
