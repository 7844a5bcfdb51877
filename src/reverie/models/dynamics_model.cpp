#include <reverie/models/dynamics_model.h>

#include <reverie/core/archive.h>

namespace reverie {
namespace {

MlpShape network_shape(const TaskSpec& spec, const ModelConfig& config) {
  const int64_t target = spec.observation_size + config.extra_targets();
  MlpShape shape{
      {spec.observation_size + spec.action_size()}, config.activation, config.weight_normalisation};
  shape.sizes.insert(shape.sizes.end(), config.hidden.begin(), config.hidden.end());
  shape.sizes.push_back(config.head == Head::gaussian ? 2 * target : target);
  return shape;
}

/// s' - s, and the reward and the end where they are learned: what the networks predict, before
/// normalisation.
Tensor change(const Transitions& data, const ModelConfig& config) {
  const auto moved = data.next_observation - data.observation;
  if (config.extra_targets() == 0) return moved;
  std::vector<Tensor> parts{moved};
  if (config.learn_reward) parts.push_back(data.reward.unsqueeze(1));
  if (config.learn_end) parts.push_back(data.terminated.unsqueeze(1).to(moved.scalar_type()));
  return torch::cat(parts, 1);
}

/// The action as the networks see it.
Tensor seen(const Tensor& action, const ModelConfig& config, const Tensor& low,
            const Tensor& high) {
  return config.clip_action ? torch::minimum(torch::maximum(action, low), high) : action;
}

}  // namespace

std::vector<std::string> setting_names(Members) {
  return {"fixed", "step", "episode", "mean", "median"};
}

std::vector<std::string> setting_names(Head) {
  return {"deterministic", "gaussian"};
}

void ModelConfig::describe(Settings& settings) {
  settings.add("members", members, "networks in the ensemble", between(1, 1000));
  settings.add("hidden", hidden, "units of each hidden layer", between(1, 100'000));
  settings.add("activation", activation, "hidden activation");
  settings.add("weight_normalisation", weight_normalisation,
               "whether weights are trained as direction times length");
  settings.add("head", head, "whether the model also predicts a variance");
  settings.add("learn_reward", learn_reward,
               "whether the model predicts the reward; otherwise the task's formula is used");
  settings.add("learn_end", learn_end,
               "whether the model also predicts the end of an episode, beside what the task's "
               "formula tells of it from observations");
  settings.add("clip_action", clip_action,
               "whether the model sees actions clipped to the actuators' range, as the world does");
  settings.add("clip_margin", clip_margin,
               "imagined states stay within the range seen in the data, widened by this fraction; "
               "negative: unbounded",
               between(-1, 1e6));
  settings.add(
      "precision", precision,
      "of the matrix products of imagination; auto: f32, or bf16x3 where it was measured faster "
      "when the program was built "
      "(reverie info says which), recorded as that by a run; bf16 and bf16x3 are emulated on CPUs "
      "without AMX or AVX512_BF16, and refused on a GPU");
}

DynamicsModel::DynamicsModel(const TaskSpec& spec, const ModelConfig& config, RandomStream& random)
    : config_(config),
      observation_size_(spec.observation_size),
      action_size_(spec.action_size()),
      action_low_(spec.lowest_action()),
      action_high_(spec.highest_action()),
      observation_normaliser_(observation_size_),
      action_normaliser_(action_size_),
      target_normaliser_(observation_size_ + config.extra_targets()),
      lowest_state_(torch::full({observation_size_}, -std::numeric_limits<float>::infinity())),
      highest_state_(torch::full({observation_size_}, std::numeric_limits<float>::infinity())),
      ensemble_(config.members, network_shape(spec, config), random) {
  if (config.head == Head::gaussian)  // Chua et al.: -10 and 0.5
    variance_bounds_ =
        torch::tensor({-10.0f, 0.5f}).view({1, 2, 1}).repeat({config.members, 1, target_size()});
}

void DynamicsModel::to(torch::Device device) {
  kernels::check_device(config_.precision, device, "model.precision");
  for (Tensor* tensor : {&action_low_, &action_high_, &lowest_state_, &highest_state_})
    *tensor = tensor->to(device);
  for (Normaliser* part : {&observation_normaliser_, &action_normaliser_, &target_normaliser_})
    part->to(device);
  if (variance_bounds_.defined()) variance_bounds_ = variance_bounds_.to(device);
  ensemble_.to(device);
}

void DynamicsModel::set_statistics(const Transitions& data) {
  observation_normaliser_.fit(data.observation);
  action_normaliser_.fit(seen(data.action, config_, action_low_, action_high_));
  target_normaliser_.fit(change(data, config_), Normaliser::Constant::is_its_mean);
  if (config_.clip_margin < 0) return;
  const auto low = torch::minimum(data.observation, data.next_observation).amin(0);
  const auto high = torch::maximum(data.observation, data.next_observation).amax(0);
  const auto margin = (high - low) * config_.clip_margin;
  // What never changes was where a few episodes had it: the next may have it anywhere.
  const auto still = (data.next_observation == data.observation).all(0);
  constexpr float infinity = std::numeric_limits<float>::infinity();
  lowest_state_ = torch::where(still, torch::full_like(low, -infinity), low - margin);
  highest_state_ = torch::where(still, torch::full_like(high, infinity), high + margin);
}

Tensor DynamicsModel::inputs(const Tensor& observation, const Tensor& action) const {
  const auto seen_action = seen(action, config_, action_low_, action_high_);
  return torch::cat(
      {observation_normaliser_.normalise(observation), action_normaliser_.normalise(seen_action)},
      -1);
}

Tensor DynamicsModel::targets(const Transitions& data) const {
  return target_normaliser_.normalise_safely(change(data, config_));
}

Prediction DynamicsModel::head(const Tensor& raw, const Tensor& bounds) const {
  if (config_.head == Head::deterministic) return {raw, {}};
  const auto parts = raw.chunk(2, -1);
  const auto low = bounds.select(-2, 0), high = bounds.select(-2, 1);
  auto log_variance = high - torch::softplus(high - parts[1]);
  log_variance = low + torch::softplus(log_variance - low);
  // An end is fitted by its square error: where it may vary, likelihood takes few of the pains over
  // the rare 1s, and in time none (Seitzer et al., "On the pitfalls of heteroscedastic uncertainty
  // estimation", 2022).
  if (config_.learn_end)
    log_variance = torch::cat({log_variance.narrow(-1, 0, end_column()),
                               torch::zeros_like(log_variance.narrow(-1, end_column(), 1))},
                              -1);
  return {parts[0], log_variance};
}

Prediction DynamicsModel::heads(const Tensor& raw) const {
  return head(raw, variance_bounds_.defined() ? variance_bounds_.unsqueeze(1) : Tensor());
}

Tensor DynamicsModel::means(const Tensor& observation, const Tensor& action) const {
  auto x = inputs(observation, action);
  if (x.dim() == 2) x = x.unsqueeze(0).expand({members(), -1, -1});
  return ensemble_.forward(x).narrow(-1, 0, target_size());
}

DynamicsModel::Successor DynamicsModel::predict(const Tensor& observation,
                                                const Tensor& action) const {
  const auto change = target_normaliser_.denormalise(means(observation, action));
  Successor result;
  result.observation = next_observation(observation, change);
  if (config_.learn_reward) result.reward = change.select(-1, reward_column());
  if (config_.learn_end) result.end = change.select(-1, end_column());
  return result;
}

Tensor DynamicsModel::next_observation(const Tensor& observation, const Tensor& change) const {
  const auto next = observation + change.narrow(-1, 0, observation_size_);
  return torch::minimum(torch::maximum(next, lowest_state_), highest_state_);
}

double DynamicsModel::squared_error(const Transitions& data) const {
  const torch::NoGradGuard no_grad;
  const auto missed = means(data.observation, data.action) - targets(data);
  return missed.square().mean().item<double>();
}

void DynamicsModel::serialize(Archive& archive) {
  archive("observation_normaliser", observation_normaliser_);
  archive("action_normaliser", action_normaliser_);
  archive("target_normaliser", target_normaliser_);
  archive("lowest_state", lowest_state_);
  archive("highest_state", highest_state_);
  archive("ensemble", ensemble_);
  Tensor bounds = variance_bounds_;
  archive("variance_bounds", bounds);
  if (bounds.defined() != variance_bounds_.defined())
    archive.refuse("variance_bounds", "the bounds of another head");
  variance_bounds_ = bounds;
}

}  // namespace reverie
