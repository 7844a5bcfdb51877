#include <reverie/core/error.h>
#include <reverie/envs/mujoco/body.h>
#include <reverie/envs/variations/distractors.h>
#include <reverie/envs/variations/varied_layout.h>
#include <reverie/envs/variations/varied_system.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace reverie {
namespace {

/// A factor on the body, and how far from it a reset may draw.
struct Factor {
  double EnvConfig::*scale;
  double EnvConfig::*spread;
};
constexpr Factor factors[] = {{&EnvConfig::mass_scale, &EnvConfig::mass_spread},
                              {&EnvConfig::friction_scale, &EnvConfig::friction_spread},
                              {&EnvConfig::damping_scale, &EnvConfig::damping_spread},
                              {&EnvConfig::gravity_scale, &EnvConfig::gravity_spread},
                              {&EnvConfig::gear_scale, &EnvConfig::gear_spread}};

/// The varied system. Everything random about an episode follows from one number that its reset
/// draws: `episode_`.
class VariedSimulation : public Simulation {
 public:
  using Make = std::function<std::unique_ptr<Simulation>(const EnvConfig&)>;

  /// `task`: as published.
  VariedSimulation(Make make, const EnvConfig& config, std::shared_ptr<const Task> task)
      : make_(std::move(make)),
        config_(config),
        task_(std::move(task)),
        inner_(make_(config)),
        layout_(config, inner_->measurement_size(), task_->spec()),
        body_(static_cast<size_t>(layout_.body.count)),
        earlier_(static_cast<size_t>(layout_.earlier.count)),
        action_noise_(static_cast<size_t>(layout_.action_noise.count)),
        observation_noise_(static_cast<size_t>(layout_.observation_noise.count)),
        distractors_(config),
        candidates_(candidates()) {
    require_ranges();
  }

  void reset(RandomStream& random) override { begin(random, /*with_its_body=*/true); }

  void reset_to_measure(RandomStream& random) override {
    const mjModel* body = inner_->body();
    const bool shows_body = body && layout_.body.count > body->nq + body->nv;
    begin(random, shows_body);
  }

  void step(std::span<const double> action) override {
    ++time_;
    RandomStream noise = noise_now();
    std::vector<double> applied(action.begin(), action.end());
    for (size_t i = 0; i < action_noise_.size(); ++i) {
      action_noise_[i] = noise.uniform(-config_.action_noise, config_.action_noise);
      applied[i] += action_noise_[i];
    }
    repeat(applied);
    draw_observation_noise(noise);
    distractors_.step(noise);
  }

  int64_t measurement_size() const override { return layout_.size(); }
  void measure(std::span<double> out) const override {
    auto to = out.begin();
    for (const auto* part : parts()) to = std::ranges::copy(*part, to).out;
  }

  const mjModel_* body() const override { return inner_->body(); }
  Pose pose() const override { return inner_->pose(); }
  double seconds_per_step() const override {
    return static_cast<double>(config_.action_repeat) * inner_->seconds_per_step();
  }

  std::vector<double> state() const override {
    std::vector<double> state = {static_cast<double>(episode_), static_cast<double>(time_)};
    for (const auto* part : parts()) state.insert(state.end(), part->begin(), part->end());
    const std::vector<double> inner = inner_->state();
    state.insert(state.end(), inner.begin(), inner.end());
    return state;
  }
  void restore(std::span<const double> state) override {
    const auto own = static_cast<size_t>(2 + layout_.size());
    if (state.size() < own) throw std::invalid_argument("the saved state is of another variation");
    if (!(state[0] >= 0 && state[0] < 0x1p32 && state[1] >= 0 && state[1] < 0x1p52))
      throw std::invalid_argument("the saved state is of no episode");
    episode_ = static_cast<uint32_t>(state[0]);
    time_ = static_cast<int64_t>(state[1]);
    auto from = state.begin() + 2;
    for (auto* part : parts())
      for (double& value : *part) value = *from++;
    make_body();
    inner_->restore(state.subspan(own));
  }

 private:
  /// What is measured, in the order of VariedLayout.
  std::array<std::vector<double>*, 5> parts() {
    return {&body_, &earlier_, &action_noise_, &observation_noise_, &distractors_.values()};
  }
  std::array<const std::vector<double>*, 5> parts() const {
    return {&body_, &earlier_, &action_noise_, &observation_noise_, &distractors_.values()};
  }

  void begin(RandomStream& random, bool with_its_body) {
    episode_ = random.bits();
    time_ = 0;
    if (with_its_body) make_body();
    inner_->reset(random);
    inner_->measure(body_);
    hold_from(0);
    std::ranges::fill(action_noise_, 0.0);
    RandomStream noise = noise_now();
    draw_observation_noise(noise);
    distractors_.reset(noise);
  }

  /// The task's steps of one action. The episode may end in one of them: VariedTask finds out
  /// which.
  void repeat(std::span<const double> action) {
    for (size_t i = 0; i < earlier_.size(); i += body_.size()) {
      if (!advance(action)) return hold_from(i);
      std::ranges::copy(body_, earlier_.begin() + static_cast<std::ptrdiff_t>(i));
    }
    advance(action);
  }

  /// A step of the task; false where it diverged, but after the end of the episode.
  bool advance(std::span<const double> action) {
    try {
      inner_->step(action);
    } catch (const NonFiniteError&) {
      if (!ended()) throw;
      return false;
    }
    inner_->measure(body_);
    return true;
  }

  /// Whether the state last measured ended the episode.
  bool ended() const {
    const torch::NoGradGuard no_grad;
    const Tensor row = torch::tensor(body_, torch::kFloat64).unsqueeze(0);
    return task_->terminates() && task_->measured_terminated(row).item<bool>();
  }

  /// The state last measured stays, from this stretch of `earlier_` on.
  void hold_from(size_t i) {
    for (; i < earlier_.size(); i += body_.size())
      std::ranges::copy(body_, earlier_.begin() + static_cast<std::ptrdiff_t>(i));
  }

  RandomStream noise_now() const {
    return RandomStream(episode_, "noise").split(static_cast<uint64_t>(time_));
  }

  void draw_observation_noise(RandomStream& random) {
    for (double& value : observation_noise_)
      value = random.uniform(-config_.observation_noise, config_.observation_noise);
  }

  /// The numbers that `env.cripple` draws from.
  std::vector<int64_t> candidates() const {
    if (config_.cripple == Crippled::nothing) return {};
    const mjModel& body = *inner_->body();
    const auto count = config_.cripple == Crippled::actuator
                           ? int64_t{actuator_count(body)}
                           : static_cast<int64_t>(limbs(body).size());
    const std::string what = setting_name(config_.cripple);
    if (count == 0)
      throw UsageError(fmt::format("env.cripple is {}; {} has none", what, task_->spec().name));
    std::vector<int64_t> all = config_.cripple_among;
    if (all.empty())
      for (int64_t i = 0; i < count; ++i) all.push_back(i);
    for (const int64_t i : all)
      if (i < 0 || i >= count)
        throw UsageError(fmt::format("env.cripple_among has {}; {} has {}s 0 to {}", i,
                                     task_->spec().name, what, count - 1));
    return all;
  }

  /// What is drawn must be what could be set.
  void require_ranges() const {
    const auto extreme = [&](double power) {
      EnvConfig config = config_;
      for (const Factor& one : factors) config.*one.scale *= std::pow(config.*one.spread, power);
      config.slope += power * config.slope_spread;
      return config;
    };
    for (const double power : {-1.0, 1.0}) try {
        check_ranges(extreme(power));
      } catch (const UsageError& error) {
        throw UsageError(fmt::format("with its spread, {}", error.what()));
      }
  }

  void make_body() {
    if (!draws_bodies(config_)) return;
    RandomStream random(episode_, "body");
    EnvConfig drawn = config_;
    // In scale / spread … scale * spread, evenly in logarithm.
    for (const Factor& one : factors)
      if (const double spread = config_.*one.spread; spread > 1)
        drawn.*one.scale *= std::exp(random.uniform(-1, 1) * std::log(spread));
    drawn.slope += config_.slope_spread * random.uniform(-1, 1);
    if (!candidates_.empty()) {
      const auto which =
          candidates_[static_cast<size_t>(random.below(static_cast<int64_t>(candidates_.size())))];
      if (config_.cripple == Crippled::leg)
        drawn.crippled_leg = which;
      else
        drawn.disabled_actuator = which;
    }
    inner_ = make_(drawn);
  }

  Make make_;
  EnvConfig config_;
  std::shared_ptr<const Task> task_;
  std::unique_ptr<Simulation> inner_;
  VariedLayout layout_;
  std::vector<double> body_, earlier_, action_noise_, observation_noise_;
  Distractors distractors_;
  std::vector<int64_t> candidates_;
  uint32_t episode_ = 0;
  int64_t time_ = 0;
};

}  // namespace

bool draws_bodies(const EnvConfig& config) {
  return std::ranges::any_of(factors, [&](const Factor& one) { return config.*one.spread > 1; }) ||
         config.slope_spread > 0 || config.cripple != Crippled::nothing;
}

std::unique_ptr<Simulation> varied_simulation(
    std::function<std::unique_ptr<Simulation>(const EnvConfig&)> make, const EnvConfig& config,
    std::shared_ptr<const Task> task) {
  return std::make_unique<VariedSimulation>(std::move(make), config, std::move(task));
}

}  // namespace reverie
