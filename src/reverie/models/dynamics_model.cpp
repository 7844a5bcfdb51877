#include <reverie/models/dynamics_model.h>

#include <reverie/core/archive.h>
#include <reverie/core/error.h>

#include <algorithm>
#include <numeric>

namespace reverie {
namespace {

HeadShape head_of(const TaskSpec& spec, const ModelConfig& config) {
  HeadShape shape;
  shape.head = config.head;
  shape.targets = spec.observation_size + config.extra_targets();
  shape.components = config.components;
  if (config.learn_end) shape.end = shape.targets - 1;
  return shape;
}

MlpShape network_shape(const TaskSpec& spec, const ModelConfig& config) {
  MlpShape shape{
      {spec.observation_size + spec.action_size()}, config.activation, config.weight_normalisation};
  shape.sizes.insert(shape.sizes.end(), config.hidden.begin(), config.hidden.end());
  shape.sizes.push_back(head_of(spec, config).outputs());
  return shape;
}

/// s' - s or s', and the reward and the end where they are learned: what the networks predict,
/// before normalisation.
Tensor change(const Transitions& data, const ModelConfig& config) {
  const auto moved = config.target == StateTarget::difference
                         ? data.next_observation - data.observation
                         : data.next_observation;
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

std::vector<int64_t> all_of(int64_t members) {
  std::vector<int64_t> all(static_cast<size_t>(members));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

}  // namespace

std::vector<std::string> setting_names(Members) {
  return {"fixed", "step", "episode", "mean", "median"};
}

std::vector<std::string> setting_names(StateTarget) {
  return {"difference", "next_state"};
}

std::vector<std::string> setting_names(VarianceBounds) {
  return {"learned", "fixed"};
}

void ModelConfig::describe(Settings& settings) {
  settings.add("members", members, "networks in the ensemble", between(1, 1000));
  settings.add("hidden", hidden, "units of each hidden layer", between(1, 100'000));
  settings.add("activation", activation, "hidden activation");
  settings.add("weight_normalisation", weight_normalisation,
               "whether weights are trained as direction times length");
  settings.add(
      "init", init,
      "how weights are drawn at first: uniformly (Glorot & Bengio), or from a normal "
      "distribution of deviation 1 / (2 sqrt(inputs)), cut at two deviations (PETS, MBPO)");
  settings.add("head", head,
               "whether the model predicts a mean alone, or also a variance, or a mixture of "
               "Gaussians for each dimension");
  settings.add("components", components, "with head = mixture: Gaussians of a dimension's mixture",
               between(1, 1000));
  settings.add(
      "variance_bounds", variance_bounds,
      "whether the soft bounds of a predicted variance are learned with it, or stay as they "
      "begin");
  settings.add(
      "target", target,
      "what the networks predict of a state: how it differs from the last, or the next one "
      "itself");
  settings.add("normalise_targets", normalise_targets,
               "whether targets are scaled to mean 0 and variance 1, each dimension and the reward "
               "by its own; otherwise the loss is in their own units");
  settings.add("elites", elites,
               "with more members: how many, of the lowest holdout loss, are left in imagination "
               "(with a fixed member all are); 0: all",
               between(0, 1000));
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
      head_(head_of(spec, config)),
      ensemble_(config.members, network_shape(spec, config), random, config.init),
      variance_bounds_(head_.first_bounds(config.members)),
      elites_(all_of(config.members)) {
  if (config.elites > config.members)
    throw UsageError(fmt::format("model.elites = {} are more than model.members = {}; choose fewer",
                                 config.elites, config.members));
}

void DynamicsModel::choose_elites(const std::vector<double>& losses) {
  elites_ = all_of(members());
  if (config_.elites == 0 || losses.empty()) return;
  TORCH_CHECK(losses.size() == elites_.size(), "a loss for each member");
  std::stable_sort(elites_.begin(), elites_.end(), [&](int64_t a, int64_t b) {
    return losses[static_cast<size_t>(a)] < losses[static_cast<size_t>(b)];
  });
  elites_.resize(static_cast<size_t>(config_.elites));
  std::sort(elites_.begin(), elites_.end());
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
  if (!config_.normalise_targets) target_normaliser_.keep_constants_only();
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

Prediction DynamicsModel::heads(const Tensor& raw) const {
  return head(raw, variance_bounds_.defined() ? variance_bounds_.unsqueeze(1) : Tensor());
}

Tensor DynamicsModel::means(const Tensor& observation, const Tensor& action) const {
  auto x = inputs(observation, action);
  if (x.dim() == 2) x = x.unsqueeze(0).expand({members(), -1, -1});
  return head_.mean(ensemble_.forward(x));
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
  auto next = change.narrow(-1, 0, observation_size_);
  if (config_.target == StateTarget::difference) next = observation + next;
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
  if (config_.elites > 0) serialize_elites(archive);
}

void DynamicsModel::serialize_elites(Archive& archive) {
  Tensor is_elite = torch::zeros({members()}, torch::kBool);
  for (const int64_t k : elites_) is_elite[k] = true;
  archive("elites", is_elite);
  if (!archive.reading()) return;
  elites_.clear();
  for (int64_t k = 0; k < members(); ++k)
    if (is_elite[k].item<bool>()) elites_.push_back(k);
  if (elites_.empty()) archive.refuse("elites", "no member");
}

}  // namespace reverie
