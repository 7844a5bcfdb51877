#include <reverie/agents/mb_mpo.h>

#include <reverie/core/archive.h>
#include <reverie/core/error.h>
#include <reverie/data/episodes.h>
#include <reverie/data/rollout.h>

#include <chrono>

namespace reverie {
namespace {

/// More would be made one by one until the memory is full.
constexpr int64_t kMostEnvironments = 100'000;

std::unique_ptr<Improver> make_improver(const MbMpoConfig& config) {
  if (config.outer == OuterStep::ppo) return std::make_unique<Ppo>(config.ppo);
  return std::make_unique<Trpo>(config.trpo);
}

/// What the meta-steps of an iteration came to.
struct MetaStepTally {
  double steps = 0, kl = 0, accepted = 0, imagined_before = 0, imagined_after = 0;
  double episode_length = 0;

  void add(const ImprovementReport& report, const Rollouts& before, const Rollouts& after) {
    ++steps;
    kl += report.kl;
    accepted += report.accepted ? 1 : 0;
    imagined_before = first_returns(before).mean().item<double>();  // the last step's are kept
    imagined_after = first_returns(after).mean().item<double>();
    episode_length = mean_episode_length(after);
  }
  void record(Monitor& monitor) const {
    monitor.record("policy/kl", kl / steps);
    monitor.record("policy/accepted", accepted / steps);
    monitor.record("return/imagined_before", imagined_before);
    monitor.record("return/imagined", imagined_after);
    monitor.record("imagination/episode_length", episode_length);
  }
};

/// The fraction of actions that reach an end of the actuators' range, or beyond.
double saturated(const Tensor& action, const TaskSpec& spec) {
  const auto low = torch::tensor(spec.action_low).to(torch::kFloat32);
  const auto high = torch::tensor(spec.action_high).to(torch::kFloat32);
  return ((action <= low) | (action >= high)).to(torch::kFloat32).mean().item<double>();
}

}  // namespace

MbMpo::MbMpo(const MbMpoConfig& config, const AgentContext& context)
    : config_(config),
      task_(context.task),
      device_(context.device),
      monitor_(context.monitor),
      collect_random_(context.seed, "mb-mpo/collect"),
      fit_random_(context.seed, "mb-mpo/fit"),
      start_random_(context.seed, "mb-mpo/starts"),
      imagine_random_(context.seed, "mb-mpo/imagine"),
      policy_([&] {
        RandomStream random(context.seed, "mb-mpo/policy");
        const auto& spec = context.task.spec();
        return GaussianPolicy(spec.observation_size, spec.action_size(), config.policy, random);
      }()),
      model_([&] {
        RandomStream random(context.seed, "mb-mpo/model");
        return DynamicsModel(context.task.spec(), config.model, random);
      }()),
      objective_(make_objective(config.objective)),
      improver_(make_improver(config)) {
  config_.fit.check_device(device_);
  config_.advantage.check();
  policy_.to(device_);
  model_.to(device_);
  if (config_.imagined_horizon == 0) config_.imagined_horizon = task_.spec().horizon;
  if (config_.real_horizon == 0) config_.real_horizon = task_.spec().horizon;
  if (config_.collecting_tasks == 0) config_.collecting_tasks = config_.tasks;
  if (config_.model.members > config_.tasks)
    throw UsageError(
        fmt::format("'model.members' takes at most the number of tasks ({}), not {}: "
                    "each member is some task's world",
                    config_.tasks, config_.model.members));
  if (config_.collecting_tasks > config_.tasks)
    throw UsageError(fmt::format(
        "'collecting_tasks' takes at most the number of tasks ({}), or 0 for all, not {}",
        config_.tasks, config_.collecting_tasks));
  if (environments() > kMostEnvironments)
    throw UsageError(
        fmt::format("{} collecting tasks of {} real rollouts each make {} environments: at most {} "
                    "go; set 'collecting_tasks' or 'real_rollouts' lower",
                    config_.collecting_tasks, config_.real_rollouts, environments(),
                    kMostEnvironments));
}

int64_t MbMpo::environments() const {
  return config_.collecting_tasks * config_.real_rollouts;
}

void MbMpo::collect(World& world, Replay& replay) {
  const bool first = replay.size() == 0 && config_.random_steps > 0;
  Rollouts rollouts;
  do {  // of the random steps, the last rollouts' return is recorded
    rollouts = first && !policy_given_ ? explore_at_random(world) : explore_with_policies(world);
    const auto gathered = transitions(rollouts);
    if (fits_ > 0)  // where the policies go now, before a fit has seen it
      monitor_.record("model/new_data_error", model_.squared_error(moved(gathered, device_)));
    replay.add(gathered);
  } while (first && world.steps() < config_.random_steps);
  const auto returns = first_returns(rollouts);
  monitor_.record("return/real", returns.mean().item<double>());
  monitor_.record("return/real_std", returns.std(/*unbiased=*/false).item<double>());
  monitor_.record("episode/length", mean_episode_length(rollouts));
  if (!first || policy_given_)
    monitor_.record("policy/saturated", saturated(rollouts.action, task_.spec()));
  else
    monitor_.record("collect/random_actions", 1);

  if (first && !policy_given_ && config_.normalise_observations) {
    Normaliser statistics(policy_.observation_size());
    statistics.fit(replay.all().observation);
    policy_.absorb_input_normalisation(statistics.mean(), statistics.std());
  }
}

void MbMpo::fit(const Replay& replay) {
  const auto data = config_.fit.window > 0 ? replay.newest(config_.fit.window) : replay.all();
  remember_starts(data, /*from_the_first=*/data.size() == replay.added());
  const int64_t epochs = fits_ == 0 ? config_.fit.first_epochs : config_.fit.epochs;
  const auto random = fit_random_.split(static_cast<uint64_t>(fits_++));
  const auto report =
      reverie::fit(model_, data, *objective_, config_.fit, epochs, random, monitor_);
  monitor_.record("model/train_loss", report.train_loss);
  if (config_.fit.holdout > 0) monitor_.record("model/holdout_loss", report.holdout_loss);
  monitor_.record("model/epochs", report.epochs);
  monitor_.record("model/rows_fitted", static_cast<double>(report.rows));
}

void MbMpo::improve(World& world) {
  imagine_seconds_ = 0;
  MetaStepTally tally;
  for (int64_t step = 0; step < config_.meta_steps; ++step) {
    const auto before = practise(meta_policies(), draw_starts(world));
    adapted_ = maml::adapt(policy_, before.batch, config_.maml.inner_learning_rate);
    const auto after = practise(adapted_, draw_starts(world));
    const maml::MetaProblem problem(policy_, before.batch, adapted_, after.batch, config_.maml);
    tally.add(improver_->step(policy_, problem), before.rollouts, after.rollouts);
    monitor_.progress("improve", tally.steps / static_cast<double>(config_.meta_steps));
  }
  tally.record(monitor_);
  const auto log_std =
      policy_.parameters().slice(0, -policy_.action_size()).clamp_min(policy_.min_log_std());
  monitor_.record("policy/std", log_std.exp().mean().item<double>());
  monitor_.record("time/imagine", imagine_seconds_);
}

Tensor MbMpo::meta_policies() const {
  return policy_.parameters().expand({config_.tasks, -1});
}

void MbMpo::remember_starts(const Transitions& data, bool from_the_first) {
  if (config_.starts == StartStates::buffer) start_states_ = data.observation;
  if (config_.starts != StartStates::initial) return;
  // Episodes lie one after the other: a step that follows an ended one is an initial state.
  const auto ended = data.terminated | data.truncated;
  const auto initial = torch::cat({torch::full({1}, from_the_first), ended.slice(0, 0, -1)});
  start_states_ = data.observation.index({initial});
}

MbMpo::Practice MbMpo::practise(const Tensor& parameters, const Tensor& from) {
  const auto starts = from.to(device_);
  const auto began = std::chrono::steady_clock::now();
  ImagineOptions options;
  options.horizon = config_.imagined_horizon;
  options.episode_limit = task_.spec().horizon;
  Practice practice;
  practice.rollouts = imagine(task_, model_, policy_, parameters, starts, starts.flatten(0, 1),
                              options, imagine_random_.split(static_cast<uint64_t>(practices_++)));
  imagined_steps_ += practice.rollouts.reward.numel();
  imagine_seconds_ +=
      std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  LinearFeatureBaseline baseline;
  practice.batch =
      policy_batch(practice.rollouts, advantages(practice.rollouts, config_.advantage, baseline));
  return practice;
}

Tensor MbMpo::draw_starts(World& world) {
  const int64_t count = config_.tasks * config_.imagined_rollouts;
  Tensor starts;
  const bool nothing_stored = !start_states_.defined() || start_states_.size(0) == 0;
  if (config_.starts == StartStates::reset || nothing_stored) {
    starts = world.initial_observations(count, start_random_);
  } else {
    starts = start_states_.index_select(0, start_random_.below(start_states_.size(0), {count}));
    if (config_.starts == StartStates::buffer) {
      const auto fresh = start_random_.uniform({count}, 0, 1) < config_.reset_probability;
      const auto chosen = fresh.nonzero().squeeze(1);
      if (chosen.size(0) > 0)
        starts.index_copy_(0, chosen, world.initial_observations(chosen.size(0), start_random_));
    }
  }
  return starts.view({config_.tasks, config_.imagined_rollouts, policy_.observation_size()});
}

Rollouts MbMpo::explore_at_random(World& world) {
  const auto& spec = task_.spec();
  const auto low = torch::tensor(spec.action_low).to(torch::kFloat32);
  const auto high = torch::tensor(spec.action_high).to(torch::kFloat32);
  const int64_t missing = config_.random_steps - world.steps();
  const int64_t steps = std::clamp<int64_t>(missing / environments(), 1, config_.real_horizon);
  return roll_out(world, steps, [&](const Tensor& observation) {
    return low +
           (high - low) * collect_random_.uniform({observation.size(0), spec.action_size()}, 0, 1);
  });
}

Rollouts MbMpo::explore_with_policies(World& world) {
  const bool use_adapted = config_.explore_adapted && adapted_.defined();
  // The world is on the CPU, and so small a network acts faster there than states can travel.
  const auto policies = (use_adapted ? adapted_ : meta_policies()).to(torch::kCPU);
  // A random choice of the tasks where not all of them collect.
  const auto chosen = std::get<0>(
      collect_random_.permutation(config_.tasks).narrow(0, 0, config_.collecting_tasks).sort());
  const auto parameters = use_adapted ? policies.index_select(0, chosen)
                                      : policies.narrow(0, 0, config_.collecting_tasks);
  return roll_out(world, config_.real_horizon, [&](const Tensor& observation) {
    const auto by_task =
        observation.view({config_.collecting_tasks, config_.real_rollouts, observation.size(1)});
    return policy_.distribution(parameters, by_task).sample(collect_random_).flatten(0, 1);
  });
}

void MbMpo::serialize(Archive& archive) {
  archive("collect_random", collect_random_);
  archive("fit_random", fit_random_);
  archive("start_random", start_random_);
  archive("imagine_random", imagine_random_);
  archive("policy", policy_);
  archive("model", model_);
  archive("improver", *improver_);
  archive.optional("adapted", adapted_, {config_.tasks, policy_.parameter_count()});
  if (adapted_.defined()) adapted_ = adapted_.to(device_);  // read where none was: on the CPU
  archive.optional("start_states", start_states_, {-1, policy_.observation_size()});
  archive.since_later_version("policy_given", policy_given_);
  archive.count("fits", fits_);
  archive.count("practices", practices_);
  archive.count("imagined_steps", imagined_steps_);
}

std::string MbMpo::start_from(Archive& saved) {
  std::string taken, left;
  // Each is read into one of its own first: one that fits in part must not be taken in part.
  const auto attempt = [&](const char* name, const auto& take) {
    try {
      take();
      taken += fmt::format("{}{}", taken.empty() ? "" : " and ", name);
    } catch (const Error& error) {
      left += fmt::format("{}{}: {}", left.empty() ? "" : "; ", name, error.what());
    }
  };
  RandomStream random;
  attempt("policy", [&] {
    const auto& sizes = policy_.sizes();
    GaussianPolicy policy(sizes.front(), sizes.back(), config_.policy, random);
    saved("agent/policy", policy);
    policy_.set_parameters(policy.parameters().to(device_));  // the floor of its std is our own
    policy_given_ = true;
  });
  attempt("model", [&] {
    DynamicsModel model(task_.spec(), config_.model, random);
    saved("agent/model", model);
    model.to(device_);
    model_ = std::move(model);
  });
  if (taken.empty()) throw UsageError(fmt::format("nothing of it fits these settings: {}", left));
  return taken + " taken" + (left.empty() ? "" : fmt::format(", not the {}", left));
}

}  // namespace reverie
