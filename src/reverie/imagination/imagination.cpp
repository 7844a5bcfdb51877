#include <reverie/imagination/imagination.h>

#include <reverie/core/archive.h>

#include <chrono>

namespace reverie {

Imagination::Imagination(Session& session, const DynamicsModel& model, const ImagineConfig& config,
                         Members members)
    : session_(session), model_(model), random_(session.stream("imagine")) {
  options_.episode_limit = session.task().spec().horizon;
  options_.horizon = config.horizon > 0 ? config.horizon : options_.episode_limit;
  options_.members = members;
}

Rollouts Imagination::roll_out(const Policy& policy, const Tensor& parameters,
                               const Tensor& starts) {
  return counted(policy, parameters, starts, options_);
}

Rollouts Imagination::roll_out(const Policy& policy, const Tensor& starts, Members members) {
  ImagineOptions options = options_;
  options.members = members;
  return counted(policy, policy.parameters().unsqueeze(0), starts, options);
}

Rollouts Imagination::roll_out_each(const Policy& policy, const Tensor& starts) {
  ImagineOptions options = options_;
  options.members = Members::fixed;
  options.mode = Mode::exploit;
  return counted(policy, policy.parameters().expand({model_.members(), -1}), starts, options);
}

Rollouts Imagination::branch(const Policy& policy, const Tensor& starts, int64_t horizon,
                             Members members) {
  ImagineOptions options = options_;
  options.horizon = options.episode_limit = horizon;
  options.members = members;
  return counted(policy, policy.parameters().expand({starts.size(0), -1}), starts, options);
}

Rollouts Imagination::counted(const Policy& policy, const Tensor& parameters, const Tensor& starts,
                              const ImagineOptions& options) {
  const auto began = std::chrono::steady_clock::now();
  Rollouts rollouts =
      imagine(session_.task(), model_, policy, parameters, starts, starts.flatten(0, 1), options,
              random_.split(static_cast<uint64_t>(calls_++)));
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - began;
  session_.count_imagined(rollouts.reward.numel(), taken.count());
  return rollouts;
}

PathwiseGradient Imagination::gradient(const Policy& policy, const Tensor& starts,
                                       PathwiseOptions options) {
  const auto began = std::chrono::steady_clock::now();
  options.horizon = options_.horizon;
  PathwiseGradient result =
      pathwise_gradient(session_.task(), model_, policy, policy.parameters(), starts, options,
                        random_.split(static_cast<uint64_t>(calls_++)));
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - began;
  session_.count_imagined(model_.members() * starts.size(0) * options.horizon, taken.count());
  return result;
}

void Imagination::serialize(Archive& archive) {
  archive("random", random_);
  archive.count("calls", calls_);
}

}  // namespace reverie
