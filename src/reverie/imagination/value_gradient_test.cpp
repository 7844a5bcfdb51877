// The stochastic value gradient against finite differences of its objective, written out here once
// more, and against what is known of a linear system with a quadratic cost.
#include <reverie/core/workers.h>
#include <reverie/imagination/test_line_task.h>
#include <reverie/imagination/value_gradient.h>
#include <reverie/nn/adam_torch.h>

#include <gtest/gtest.h>

namespace reverie {
namespace {

using testing::LineTask;

Tensor quadratic_value(const Tensor& state) {
  return (0.3 * state.square() + torch::sin(state)).sum(1);
}

/// A learned model of random weights, and episodes of 4 steps that have nothing to do with it.
struct ValueGradientTest : ::testing::Test {
  ValueGradientTest() {
    ModelConfig config;
    config.members = 2;
    config.hidden = {12};
    config.activation = Activation::tanh;  // smooth, for finite differences
    config.clip_action = false;
    config.clip_margin = -1;
    RandomStream random(1, "value-gradient-test");
    model = std::make_unique<DynamicsModel>(task.spec(), config, random);
    data.observation = random.normal({rows, 3}) + 0.5;
    data.action = random.normal({rows, 2});
    data.next_observation = data.observation + 0.3 * random.normal({rows, 3});
    // Within an episode the next step begins where the last one led.
    data.truncated = torch::arange(rows) % 4 == 3;
    data.terminated = data.truncated & (torch::arange(rows) % 8 == 3);
    for (int64_t i = 0; i + 1 < rows; ++i)
      if (!data.truncated[i].item<bool>()) data.observation[i + 1] = data.next_observation[i];
    data.reward = torch::zeros({rows});
    model->set_statistics(data);
    policy = std::make_unique<GaussianPolicy>(3, 2, PolicyConfig{{8}, 0.5}, random);
    before = policy->parameters() + 0.1 * random.normal({policy->parameter_count()});
    acted = policy->distribution(data.observation).log_prob(data.action) +
            random.normal({rows});  // ratios of about e^-1 to e
    options.discount = 0.9;
    options.weight_clip = 2;
  }

  Stretches real(int64_t steps) const { return stretches(data, torch::arange(rows), steps); }
  ValueGradient found(int64_t steps) const {
    const Stretches all = real(steps);
    return value_gradient(task, *model, quadratic_value, *policy, before, all,
                          acted.index_select(0, all.row.flatten()).view_as(all.row), options);
  }

  /// The objective as a function of the policy, row by row: noise and weights are those of `now`.
  double objective(const Tensor& theta, int64_t steps) const {
    const torch::NoGradGuard no_grad;
    const Tensor now = policy->parameters();
    const auto row = [](const Tensor& field, int64_t i) { return field.narrow(0, i, 1); };
    const auto mean_next = [&](const Tensor& s, const Tensor& a) {
      return model->predict(s, a).observation.mean(0);
    };
    double sum = 0;
    for (int64_t begin = 0; begin < rows; ++begin) {
      Tensor state = row(data.observation, begin);
      double log_weight = 0;
      for (int64_t t = 0; t < steps; ++t) {
        const int64_t i = begin + t;
        const Tensor s = row(data.observation, i), a = row(data.action, i);
        const Gaussian then = policy->distribution(now, s),
                       said = policy->distribution(theta, state);
        const Tensor eta = (a - then.mean) / then.log_std.exp();
        const Tensor xi = row(data.next_observation, i) - mean_next(s, a);
        const Tensor action = said.mean + said.log_std.exp() * eta;
        const Tensor next = mean_next(state, action) + xi;
        log_weight += then.log_prob(a).item<double>() - acted[i].item<double>();
        const double weight =
            options.weight_clip > 0 ? std::min(std::exp(log_weight), options.weight_clip) : 1;
        const double discount = std::pow(options.discount, t);
        sum += discount * weight * task.reward(state, action, next).item<double>();
        const bool over = data.terminated[i].item<bool>(), left = data.truncated[i].item<bool>();
        if ((t + 1 == steps || left) && !over)
          sum += discount * weight * options.discount * quadratic_value(next).item<double>();
        if (over || left) break;
        state = next;
      }
    }
    const Tensor kl = kl_divergence(policy->distribution(theta, data.observation),
                                    policy->distribution(before, data.observation));
    return sum / rows / options.scale - options.kl_penalty * kl.mean().item<double>();
  }

  static constexpr int64_t rows = 40;
  LineTask task{0};
  std::unique_ptr<DynamicsModel> model;
  std::unique_ptr<GaussianPolicy> policy;
  Tensor before, acted;
  Transitions data;
  ValueGradientOptions options;
};

TEST_F(ValueGradientTest, IsTheDerivativeOfItsObjective) {
  for (const auto& [steps, clip, penalty, scale] :
       {std::tuple(1, 2.0, 0.0, 1.0), std::tuple(1, 0.0, 0.7, 3.0), std::tuple(3, 2.0, 0.1, 1.0),
        std::tuple(6, 5.0, 0.0, 1.0)}) {
    options.weight_clip = clip;
    options.kl_penalty = penalty;
    options.scale = scale;
    const auto here = found(steps);
    const Tensor theta = policy->parameters();
    EXPECT_NEAR(here.value / scale - penalty * here.kl, objective(theta, steps), 1e-4);
    RandomStream random(4, "directions");
    for (int i = 0; i < 5; ++i) {
      const Tensor direction = random.normal(theta.sizes());
      constexpr double step = 2e-3;  // in floats
      const double slope = (objective(theta + step * direction, steps) -
                            objective(theta - step * direction, steps)) /
                           (2 * step);
      const double expected = (here.gradient * direction).sum().item<double>();
      EXPECT_NEAR(slope, expected, 3e-3 * (1 + std::abs(expected))) << steps << " steps";
    }
  }
}

TEST_F(ValueGradientTest, TheSameBitsForAnyNumberOfThreads) {
  std::vector<Tensor> results;
  for (const int threads : {1, 2, 3}) {
    set_worker_count(threads);
    results.push_back(found(3).gradient);
  }
  set_worker_count(2);
  EXPECT_TRUE(torch::equal(results[0], results[1]));
  EXPECT_TRUE(torch::equal(results[0], results[2]));
}

/// A mass on a line: s' = A s + B a + noise, which costs |s'|^2 + 0.1 a^2.
class Mass : public Task {
 public:
  Mass() {
    spec_.observation_size = 2;
    spec_.action_low = {-1};
    spec_.action_high = {1};
    spec_.horizon = 30;
  }
  Tensor observe(const Tensor& measurement) const override { return measurement; }
  Tensor reward(const Tensor&, const Tensor& action, const Tensor& next) const override {
    return -next.square().sum(1) - 0.1 * action.square().sum(1);
  }
};

// With a = K s + std eta the value is V(s) = c - s^T P s, and what SVG(1) estimates is the gradient
// of E[-|s'|^2 - 0.1 a^2 - gamma s'^T P s'], which is known: of a mean of M = 1 + gamma P.
TEST(ValueGradient, IsTheKnownOneOfALinearSystem) {
  const Mass task;
  const Tensor a = torch::tensor({{1.0f, 0.3f}, {0.0f, 0.9f}});
  const Tensor b = torch::tensor({{0.0f}, {0.5f}});
  const Tensor gain = torch::tensor({{-0.4f, -0.7f}});
  constexpr double discount = 0.9, std = 0.4;
  RandomStream random(1, "known-gradient");

  GaussianPolicy policy(2, 1, PolicyConfig{{}, std}, random);
  policy.set_parameters(
      torch::cat({gain.flatten(), torch::zeros({1}), torch::full({1}, std::log(std))}));
  ModelConfig config;
  config.members = 1;
  config.hidden = {};
  config.clip_action = false;
  DynamicsModel model(task.spec(), config, random);
  AdamRows weights = model.ensemble().rows({0});
  weights.parameters.copy_(
      torch::cat({torch::cat({a - torch::eye(2), b}, 1).t().flatten(), torch::zeros({2})})
          .unsqueeze(0));
  model.ensemble().put_back({0}, weights, 0);

  // P = (A + B K)^T M (A + B K) + 0.1 K^T K.
  const Tensor closed = a + b.mm(gain);
  Tensor p = torch::zeros({2, 2});
  for (int i = 0; i < 500; ++i)
    p = closed.t().mm(torch::eye(2) + discount * p).mm(closed) + 0.1 * gain.t().mm(gain);
  const Tensor m = torch::eye(2) + discount * p;
  const StateValue value = [&](const Tensor& state) { return -(state.mm(p) * state).sum(1); };

  // Both signs of each noise, so that its odd moments vanish; the world's noise is 0 in the mean.
  const int64_t count = 50;
  const Tensor s = random.normal({count, 2}), states = s.repeat({4, 1});
  const Tensor eta = torch::ones({count, 1}), etas = torch::cat({eta, -eta, eta, -eta});
  const Tensor pushed = 0.2 * random.normal({count, 2});
  Transitions data;
  data.observation = states;
  data.action = states.mm(gain.t()) + std * etas;
  data.next_observation =
      states.mm(a.t()) + data.action.mm(b.t()) + torch::cat({pushed, pushed, -pushed, -pushed});
  data.reward = torch::zeros({4 * count});
  data.terminated = torch::zeros({4 * count}, torch::kBool);
  data.truncated = torch::ones({4 * count}, torch::kBool);
  ValueGradientOptions options;
  options.discount = discount;
  const Stretches real = stretches(data, torch::arange(4 * count), 1);
  const Tensor acted = policy.distribution(data.observation).log_prob(data.action).unsqueeze(0);
  const auto found =
      value_gradient(task, model, value, policy, policy.parameters(), real, acted, options);

  const Tensor by_mean_action =
      -2 * (s.mm(closed.t()).mm(m).mm(b) + 0.1 * s.mm(gain.t()));  // [count, 1]
  const Tensor of_gain = (by_mean_action * s).mean(0), of_bias = by_mean_action.mean(0);
  const Tensor of_log_std = -2 * std * std * (b.t().mm(m).mm(b) + 0.1).flatten();
  const Tensor known = torch::cat({of_gain, of_bias, of_log_std});
  EXPECT_TRUE(torch::allclose(found.gradient, known, 1e-4, 1e-5)) << found.gradient << known;
  EXPECT_NEAR(found.weight, 1, 1e-5);
  EXPECT_NEAR(found.kl, 0, 1e-6);
}

}  // namespace
}  // namespace reverie
