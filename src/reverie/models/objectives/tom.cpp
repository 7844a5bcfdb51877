#include <reverie/models/objectives/tom.h>

#include <reverie/core/archive.h>
#include <reverie/core/error.h>
#include <reverie/core/monitor.h>

namespace reverie {
namespace {

/// The states [k, o] in which the data's episodes begin.
Tensor initial_states(const Transitions& data) {
  const Tensor ended = data.terminated | data.truncated;
  const Tensor first = ended.narrow(0, 0, data.size() - 1).nonzero().squeeze(1) + 1;
  if (first.size(0) == 0) return data.observation.narrow(0, 0, 1);
  return data.observation.index_select(0, first);
}

}  // namespace

std::vector<std::string> setting_names(TomReward) {
  return {"binary", "discriminator"};
}

void TomConfig::describe(Settings& settings) {
  settings.add("reward", reward,
               "what tells the policy's transitions from the buffer's: 1 for the newest and 0 for "
               "the others (binary), or the logit of a discriminator that learns it");
  settings.add("policy_rows", policy_rows,
               "newest transitions that count as the policy's own; until it has collected so many, "
               "the fit is unweighted",
               between(1, 1e9));
  settings.add("batch", batch, "rows of a minibatch of the discriminator and of the dual",
               between(1, 1e6));
  settings.add("clip", clip, "largest weight in the fit", between(1e-3, 1e9));
  settings.add("snapshot", snapshot,
               "whether the dual and the fit see as many draws from the data, with replacement, as "
               "it has rows, rather than each row once");
  settings.add("untrained_starts", untrained_starts,
               "whether rollouts start by weight even before the first weighted fit: by that of "
               "networks that have learned nothing");
  settings.add("fresh_discriminator", fresh_discriminator,
               "whether the discriminator begins again at each fit");
  settings.add("fresh_q", fresh_q, "whether the dual's Q begins again at each fit");
  dual.describe(settings);
  discriminator.describe(settings);
}

Tom::Tom(int64_t observation_size, int64_t action_size, const TomConfig& config, Weigh weigh,
         double discount, RandomStream random, torch::Device device)
    : WeightedLikelihood(weigh),
      observation_size_(observation_size),
      action_size_(action_size),
      config_(config),
      discount_(discount),
      random_(random),
      device_(device),
      discriminator_(observation_size, action_size, config.discriminator, random.split(0), device),
      dual_(observation_size, action_size, config.dual, discount, random.split(1), device) {}

void Tom::prepare(const FitContext& context) {
  if (!context.policy)
    throw UsageError(
        "objective.kind = tom weighs transitions by where the policy goes, and this fit has none: "
        "choose another objective.kind");
  const torch::NoGradGuard no_grad;
  const Transitions& data = context.data;
  if (fits_++ > 0) policy_rows_ += context.fresh;
  const bool trains = policy_rows_ >= config_.policy_rows;
  set_weights({});
  start_weights_ = Tensor();
  if (!trains && !config_.untrained_starts) return;

  if (config_.fresh_q)
    dual_ = OccupancyDual(observation_size_, action_size_, config_.dual, discount_,
                          random_.split(static_cast<uint64_t>(1 + fits_)), device_);
  const Tensor pay = reward(context, trains);
  if (trains) {
    const Tensor draws = snapshot(data.size(), data.observation.device());
    const Tensor rows = draws.defined() ? draws : torch::arange(data.size(), pay.device());
    const double loss =
        dual_.train(data, rows, pay, initial_states(data), *context.policy, config_.batch);
    context.monitor.record("tom/dual_loss", loss);
    Tensor weight = dual_.weights(dual_.residuals(data, pay, *context.policy), config_.clip);
    if (draws.defined()) weight = weight * draws.bincount({}, data.size());
    set_weights(weight);
    record(context.monitor);
  }
  start_weights_ = dual_.relative_weights(dual_.residuals(data, pay, *context.policy));
  if (config_.snapshot)
    start_weights_ = start_weights_ * snapshot(data.size(), pay.device()).bincount({}, data.size());
  require_finite(start_weights_, "the weights of the states in which rollouts start");
}

// As many row numbers as there are rows, drawn with replacement; undefined where each counts once.
Tensor Tom::snapshot(int64_t rows, torch::Device device) {
  return config_.snapshot ? random_.below(rows, {rows}, device) : Tensor();
}

Tensor Tom::reward(const FitContext& context, bool trains) {
  const Transitions& data = context.data;
  const int64_t own = std::min(config_.policy_rows, data.size());
  if (config_.reward == TomReward::binary) {
    Tensor newest = torch::zeros({data.size()}, data.observation.options());
    newest.narrow(0, data.size() - own, own).fill_(1);
    return newest;
  }
  if (config_.fresh_discriminator) discriminator_.begin_again();
  if (trains)
    context.monitor.record("tom/discriminator_loss",
                           discriminator_.train(data, own, config_.batch));
  return discriminator_.logits(data);
}

void Tom::record(Monitor& monitor) const {
  if (!weights().defined()) return;
  const Tensor weight = weights().to(torch::kFloat64);  // of mean 1
  const int64_t rows = weight.size(0), own = std::min(config_.policy_rows, rows);
  monitor.record("tom/weight_recent", weight.narrow(0, rows - own, own).mean().item<double>());
  if (rows > own)
    monitor.record("tom/weight_old", weight.narrow(0, 0, rows - own).mean().item<double>());
  monitor.record("tom/effective_rows",
                 static_cast<double>(rows * rows) / weight.square().sum().item<double>());
}

void Tom::serialize(Archive& archive) {
  archive("random", random_);
  archive("discriminator", discriminator_);
  archive("dual", dual_);
  archive.count("fits", fits_);
  archive.count("policy_rows", policy_rows_);
  archive.optional("start_weights", start_weights_, {-1});
}

}  // namespace reverie
