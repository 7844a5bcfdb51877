#include <reverie/agents/svg.h>

#include <reverie/agents/start_from.h>
#include <reverie/core/archive.h>
#include <reverie/core/error.h>

#include <cmath>

namespace reverie {

void SvgConfig::describe(Settings& settings) {
  settings.add("svg.horizon", horizon,
               "real steps that a gradient flows back through, until the value stands for the "
               "rest: 1 is SVG(1); 0: to the end of the episode, SVG(infinity)",
               between(0, 1e6));
  settings.add("svg.discount", discount, "discount of a step, gamma", between(0, 1));
  settings.add("svg.batch", batch, "replayed stretches that a gradient is the mean of",
               between(1, 1e6));
  settings.add("svg.window", window, "newest real transitions that these come from; 0: all",
               at_least(0));
  settings.add("svg.weight_clip", weight_clip,
               "largest importance weight of a replayed step, the policy's density of its action "
               "over that of who acted; 0: no weights",
               between(0, 1e6));
  settings.add("svg.kl_penalty", kl_penalty,
               "factor of the divergence from the last iteration's policy, beside a value in units "
               "of its spread",
               at_least(0));
  settings.group("svg", ascent);
  settings.add("policy_steps", policy_steps, "gradient steps per iteration", at_least(1));
  settings.group("value", value);
  settings.group("collect", collect);
  settings.group("policy", policy);
  learn.describe(settings);
}

std::string_view SvgConfig::advice(Sign sign) const {
  switch (sign) {
    case Sign::std_collapsed:
      return "raise policy.min_std or svg.kl_penalty, or take smaller steps (svg.learning_rate)";
    case Sign::useless_model:
      return "fit longer (fit.epochs) on more data (collect.random_steps)";
    case Sign::imagined_too_high:
    case Sign::short_episodes:
    case Sign::critic_diverges:
      return {};
  }
  return {};
}

Svg::Svg(const SvgConfig& config, Session& session)
    : config_(config),
      session_(session),
      monitor_(session.monitor()),
      collector_(session, config.collect),
      learner_(session, config.learn),
      policy_(new_policy(session, config.policy)),
      value_(session.task().spec().observation_size, config.value, config.discount,
             session.stream("value"), session.device()),
      ascent_(config.ascent),
      random_(session.stream("svg")),
      acted_(torch::empty({0})) {
  if (config_.horizon == 0) config_.horizon = session.task().spec().horizon;
}

std::vector<Phase> Svg::iteration() {
  return {{"collect", [this] { collect(); }},
          {"fit", [this] { learner_.learn(collector_.memory(), &policy_); }},
          {"improve", [this] { improve(); }}};
}

void Svg::collect() {
  const Replay& memory = collector_.memory();
  if (acted_.size(0) != memory.size())
    throw Error("the saved agent knows of another number of actions than its replay holds");
  const int64_t known = memory.added();
  const bool at_random = collector_.explore();
  if (!at_random) collector_.episodes(*actor());
  const Tensor fresh = densities(memory.newest(memory.added() - known), at_random);
  acted_ = torch::cat({acted_, fresh});
  acted_ = acted_.slice(0, acted_.size(0) - memory.size()).clone();
  if (at_random) normalise_inputs(policy_, config_.policy, memory);
}

Tensor Svg::densities(const Transitions& data, bool at_random) const {
  if (!at_random)
    return policy_.log_prob(policy_.parameters().cpu(), data.observation, data.action);
  const TaskSpec& spec = session_.task().spec();
  double volume = 0;
  for (size_t i = 0; i < spec.action_low.size(); ++i)
    volume += std::log(spec.action_high[i] - spec.action_low[i]);
  return torch::full({data.size()}, -volume);
}

void Svg::improve() {
  const Transitions data = moved(collector_.memory().all(), session_.device());
  const Tensor acted = acted_.to(session_.device());
  evaluate(acted);

  const StateValue value = [this](const Tensor& state) { return value_.value(state); };
  const Tensor values = value(data.observation);
  const ValueGradientOptions options{config_.discount, config_.weight_clip,
                                     std::max(values.std(/*unbiased=*/false).item<double>(), 1e-6),
                                     config_.kl_penalty};
  const Tensor before = policy_.parameters().clone();
  const int64_t rows = config_.window > 0 ? std::min(config_.window, data.size()) : data.size();
  const auto steps = static_cast<double>(config_.policy_steps);
  ValueGradient found;
  double norm = 0, weight = 0, objective = 0;
  for (int64_t step = 1; step <= config_.policy_steps; ++step) {
    const Tensor start = data.size() - 1 - random_.below(rows, {config_.batch});
    const Stretches real = stretches(data, start.to(session_.device()), config_.horizon);
    found = value_gradient(session_.task(), learner_.model(), value, policy_, before, real,
                           acted.index_select(0, real.row.flatten()).view_as(real.row), options);
    norm += ascent_.step(policy_, found.gradient) / steps;
    weight += found.weight / steps;
    objective += found.value / steps;
    monitor_.progress("improve", static_cast<double>(step) / steps);
  }
  monitor_.record("value/mean", values.mean().item<double>());
  monitor_.record("value/replayed", objective);
  monitor_.record("policy/steps", steps);
  monitor_.record("policy/weight", weight);
  monitor_.record("policy/kl", found.kl);
  monitor_.record("policy/gradient_norm", norm);
  monitor_.record("policy/std", mean_std(policy_));
}

void Svg::evaluate(const Tensor& acted) {
  const Transitions newest =
      moved(collector_.memory().newest(config_.value.window), session_.device());
  const int64_t rows = newest.size();
  Tensor weight = torch::ones({rows}, acted.options());
  if (config_.weight_clip > 0)
    weight = (policy_.log_prob(policy_.parameters(), newest.observation, newest.action) -
              acted.narrow(0, acted.size(0) - rows, rows))
                 .clamp_max(std::log(config_.weight_clip))
                 .exp();
  monitor_.record("value/error", value_.fit(newest, weight));
}

void Svg::serialize(Archive& archive) {
  archive("collector", collector_);
  archive("learner", learner_);
  archive("policy", policy_);
  archive("value", value_);
  archive("ascent", ascent_);
  archive("random", random_);
  archive.optional("acted", acted_, {-1});
  if (!acted_.defined()) archive.refuse("acted", "no densities");
}

std::string Svg::start_from(Archive& saved) {
  TakingOver over(saved);
  if (over.policy(policy_, config_.policy)) collector_.know_how_to_act();
  over.model(learner_);
  return over.in_words();
}

}  // namespace reverie
