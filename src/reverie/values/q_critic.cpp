#include <reverie/values/q_critic.h>

#include <reverie/core/archive.h>
#include <reverie/nn/kernels/choice.h>
#include <reverie/nn/mlp_weights.h>

namespace reverie {
namespace {

MlpShape shape_of(int64_t inputs, const std::vector<int64_t>& hidden) {
  MlpShape shape;
  shape.sizes = hidden;
  shape.sizes.insert(shape.sizes.begin(), inputs);
  shape.sizes.push_back(1);
  return shape;
}

}  // namespace

QCritic::QCritic(int64_t observation_size, int64_t action_size, const CriticConfig& config,
                 RandomStream& random, torch::Device device)
    : target_rate_(config.target_rate),
      shape_(shape_of(observation_size + action_size, config.hidden)),
      weights_(draw_weights(shape_, config.members, random).to(device)),
      target_(weights_.clone()),
      adam_(config.members, shape_.effective_count(), config.learning_rate, 0.9, device) {}

Tensor QCritic::q(const Tensor& observation, const Tensor& action) const {
  const Tensor input = torch::cat({observation, action}, 1).expand({members(), -1, -1});
  return mlp_forward(shape_, weights_, input).squeeze(2);
}

Tensor QCritic::target_q(const Tensor& observation, const Tensor& action) const {
  const torch::NoGradGuard no_grad;
  const Tensor input = torch::cat({observation, action}, 1).expand({members(), -1, -1});
  return mlp_forward(shape_, target_, input).squeeze(2);
}

QCritic::Report QCritic::fit(const Tensor& observation, const Tensor& action, const Tensor& target,
                             bool follow) {
  const int64_t n = observation.size(0);
  require_shape(observation, {n, -1}, "the critic's observations");
  require_shape(action, {n, shape_.input() - observation.size(1)}, "the critic's actions");
  require_shape(target, {n}, "the critic's targets");
  return kernels::serve(weights_) ? fit_kernels(observation, action, target, follow)
                                  : fit_torch(observation, action, target, follow);
}

void QCritic::serialize(Archive& archive) {
  archive("weights", weights_);
  archive("target", target_);
  archive("adam", adam_);
}

}  // namespace reverie
