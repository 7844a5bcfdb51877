#include <reverie/agents/me_trpo.h>

#include <reverie/agents/policy_steps.h>
#include <reverie/collect/rollout.h>
#include <reverie/core/archive.h>
#include <reverie/policies/noisy_actor.h>

namespace reverie {

std::vector<std::string> setting_names(Stop) {
  return {"vote", "real", "none"};
}

void MeTrpoConfig::describe(Settings& settings) {
  settings.add("most_steps", most_steps, "policy improvements per iteration, at most", at_least(1));
  settings.add("stop", stop,
               "what ends them before: the models' vote, the real task as an oracle (its steps are "
               "not counted), or nothing");
  settings.add("vote_every", vote_every, "policy improvements between two votes", at_least(1));
  settings.add("votes", votes,
               "fraction of the models that must see an improvement since the last one that was "
               "kept",
               between(0, 1));
  settings.add("vote_rollouts", vote_rollouts, "rollouts in each model that it votes by",
               between(1, 1e5));
  settings.add("patience", patience,
               "improvements without one that is kept, after which the iteration ends and the best "
               "policy is restored",
               at_least(1));
  settings.add("reset_std", reset_std,
               "standard deviation that the policy begins each iteration with; 0: what it has",
               between(0, 100));
  settings.add(
      "parameter_noise", parameter_noise,
      "noise on the parameters that collect, drawn for each episode: this times their last "
      "change is its standard deviation",
      between(0, 100));
  settings.add(
      "action_noise", action_noise,
      "noise on the mean actions that collect: this times a uniform factor, drawn at each step, is "
      "its standard deviation; 0: actions have the policy's own noise",
      between(0, 100));
  gradient.describe(settings);
  DynaConfig::describe(settings);
  settings.add("imagine.members", members,
               "which of the models moves an imagined state: one drawn at each step, or at each "
               "episode; the mean or the median of all; or (fixed) always the first");
}

MeTrpo::MeTrpo(const MeTrpoConfig& config, Session& session)
    : Dyna(config, session, 1, config.members),
      config_(config),
      gradient_(session, config.gradient),
      judge_random_(session.stream("judge")),
      noise_random_(session.stream("parameter_noise")) {}

std::unique_ptr<Actor> MeTrpo::explorer() {
  if (config_.action_noise == 0 && config_.parameter_noise == 0) return actor();
  const Tensor spread =
      last_change_.defined() ? config_.parameter_noise * last_change_.abs().cpu() : Tensor();
  return noisy_actor(policy_, session_.task().spec(), spread, config_.action_noise, noise_random_);
}

void MeTrpo::improve() {
  const Tensor before = policy_.parameters().clone();
  if (config_.reset_std > 0) reset_std(policy_, config_.reset_std);
  PolicySteps steps(monitor_);
  Tensor best = policy_.parameters().clone(), best_returns = judged();
  int64_t kept_at = 0;
  for (int64_t step = 1; step <= config_.most_steps && step - kept_at <= config_.patience; ++step) {
    const bool last = step == config_.most_steps || step - kept_at == config_.patience;
    const Tensor from = starts_.draw(1, config_.imagine.rollouts);
    const Rollouts dreamt = imagination_.roll_out(policy_, from);
    steps.add(gradient_.improve(policy_, paid(dreamt)), dreamt);
    monitor_.progress("improve",
                      static_cast<double>(step) / static_cast<double>(config_.most_steps));
    if (config_.stop == Stop::none) {
      kept_at = step;
    } else if (step % config_.vote_every == 0 || last) {
      const Tensor returns = judged();
      if ((returns > best_returns).to(torch::kFloat32).mean().item<double>() >= config_.votes) {
        best = policy_.parameters().clone();
        best_returns = returns;
        kept_at = step;
        steps.mark();
      }
    }
  }
  if (config_.stop != Stop::none) {
    policy_.set_parameters(best);
    steps.go_back();
  }
  last_change_ = policy_.parameters() - before;
  steps.record(policy_);
  monitor_.record("policy/kept_at_step", static_cast<double>(kept_at));
}

Tensor MeTrpo::judged() {
  switch (config_.stop) {
    case Stop::vote:
      return judged_by_models();
    case Stop::real:
      return judged_by_the_world();
    case Stop::none:
      break;
  }
  return torch::zeros({1});
}

// Always from the same states, and without noise, so that a difference is the policy's: as the
// authors' code has it, one set of validation states for a whole run.
Tensor MeTrpo::judged_by_models() {
  RandomStream random = judge_random_;
  const int64_t models = model().members(), rollouts = config_.vote_rollouts;
  const Tensor from = session_.world().initial_observations(rollouts, random).to(session_.device());
  const Rollouts seen = imagination_.roll_out_each(
      policy_, from.unsqueeze(0).expand({models, rollouts, from.size(1)}).contiguous());
  return first_returns(seen).mean(1);
}

Tensor MeTrpo::judged_by_the_world() {
  RandomStream unused;
  const auto world = session_.another_world(config_.vote_rollouts, judge_random_);
  const Rollouts seen =
      roll_out(*world, session_.task().spec().horizon, *actor(), Mode::exploit, unused);
  return first_returns(seen).mean(1);
}

void MeTrpo::serialize(Archive& archive) {
  Dyna::serialize(archive);
  archive("gradient", gradient_);
  archive("noise_random", noise_random_);
  archive.optional("last_change", last_change_, {policy_.parameter_count()});
}

}  // namespace reverie
