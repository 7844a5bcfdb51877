// What every objective must do, and the likelihood's closed form.
#include <reverie/core/archive.h>
#include <reverie/core/error.h>
#include <reverie/core/monitor.h>
#include <reverie/models/objectives/registry.h>
#include <reverie/models/objectives/test_policy_and_critic.h>

#include <gtest/gtest.h>

#include <algorithm>

namespace reverie {
namespace {

constexpr int64_t kRows = 60;

/// A kind, and what else is set.
using Sets = std::vector<std::string>;

struct ObjectiveConformance : ::testing::TestWithParam<Sets> {
  ObjectiveConformance() {
    Settings settings;
    config.describe(settings);
    for (const char* small :
         {"value.hidden=[4]", "value.epochs=2", "tom.policy_rows=20", "tom.q_hidden=[8]",
          "tom.q_steps=20", "tom.discriminator_hidden=8", "tom.discriminator_passes=5"})
      settings.assign(small, "test");
    for (const std::string& set : GetParam()) settings.assign(set, "test");
    data = some_data();
    spec.observation_size = 3;
    spec.action_low = {-1, -1};
    spec.action_high = {1, 1};
    ModelConfig small;
    small.members = 2;
    small.hidden = {4};
    model = std::make_unique<DynamicsModel>(spec, small, random);
    model->set_statistics(data);
    objective = make();
    prepare(*objective, true);
    mean = random.normal({6, 3}).to(torch::kFloat64);
    log_variance = random.normal({6, 3}).to(torch::kFloat64);
    target = random.normal({6, 3}).to(torch::kFloat64);
  }
  Transitions some_data() {
    Transitions some;
    some.observation = random.normal({kRows, 3});
    some.action = random.normal({kRows, 2});
    some.next_observation = some.observation + random.normal({kRows, 3});
    some.reward = random.normal({kRows});
    some.terminated = torch::zeros({kRows}, torch::kBool);
    some.truncated = torch::arange(kRows).remainder(10) == 9;
    return some;
  }
  std::unique_ptr<Objective> make() const {
    return make_objective(config, spec, RandomStream(6, "objective"), torch::kCPU);
  }
  /// Two fits' worth, of which kinds with a memory weigh the second. With the critic, values are
  /// in double precision, as finite differences want them.
  void prepare(Objective& one, bool with_critic) {
    for (int64_t fit = 0; fit < 2; ++fit)
      one.prepare({data, *model, monitor, &policy, with_critic ? &critic : nullptr,
                   fit == 0 ? kRows : kRows / 2});
  }
  double loss(const Tensor& m, const Tensor& v) {
    return objective->loss({m, v}, target, index).item<double>();
  }
  /// Whether the mean learns as if it had no variance, which is trained by likelihood beside it.
  bool trains_the_variance_alone() const {
    const auto gradient = [&](const Tensor& v) {
      const auto leaf = mean.clone().requires_grad_();
      objective->loss({leaf, v}, target, index).backward();
      return leaf.grad();
    };
    return torch::allclose(gradient({}), gradient(log_variance), 1e-12, 1e-12);
  }
  RandomStream random{5, "objective"};
  ObjectiveConfig config;
  TaskSpec spec;
  Monitor monitor;
  testing::AnyPolicy policy{3, 2, [](const Tensor& observation, const Tensor& noise) {
                              const Tensor mode = observation.narrow(1, 0, 2).tanh();
                              return noise.defined() ? mode + noise : mode;
                            }};
  testing::AnyCritic critic{[](const Tensor& state, const Tensor& action) {
    return torch::stack({state.sin().sum(1) + action.sum(1), state.square().sum(1)});
  }};
  std::unique_ptr<DynamicsModel> model;
  std::unique_ptr<Objective> objective;
  Transitions data;
  Tensor mean, log_variance, target, index = torch::tensor({4, 0, 8, 8, 2, 1});
};

TEST_P(ObjectiveConformance, GradientsAgreeWithFiniteDifferences) {
  for (const bool gaussian : {false, true}) {
    auto m = mean.clone().requires_grad_();
    auto v = gaussian ? log_variance.clone().requires_grad_() : Tensor();
    objective->loss({m, v}, target, index).backward();
    const auto beside_mean = trains_the_variance_alone() ? Tensor() : v;
    for (int64_t i = 0; i < mean.numel(); ++i) {
      const auto differ = [&](const Tensor& at, bool in_mean) {
        constexpr double step = 1e-6;
        auto up = at.clone(), down = at.clone();
        up.flatten()[i] += step;
        down.flatten()[i] -= step;
        return in_mean ? (loss(up, beside_mean) - loss(down, beside_mean)) / (2 * step)
                       : (loss(m, up) - loss(m, down)) / (2 * step);
      };
      EXPECT_NEAR(m.grad().flatten()[i].item<double>(), differ(mean, true), 1e-6);
      if (gaussian) {
        EXPECT_NEAR(v.grad().flatten()[i].item<double>(), differ(log_variance, false), 1e-6);
      }
    }
  }
}

TEST_P(ObjectiveConformance, TheClosedFormIsTheGradient) {
  const auto m = mean.to(torch::kFloat32), y = target.to(torch::kFloat32);
  const auto leaf = m.clone().requires_grad_();
  const auto expected = objective->loss({leaf, {}}, y, index);
  expected.backward();
  for (const bool by_default : {false, true}) {
    const torch::NoGradGuard no_grad;  // as in a fit
    auto gradient = torch::full_like(m, 7.0);
    const double value = by_default ? objective->Objective::loss_and_gradient(m, y, index, gradient)
                                    : objective->loss_and_gradient(m, y, index, gradient);
    EXPECT_NEAR(value, expected.item<double>(), 1e-6 * std::abs(expected.item<double>()));
    EXPECT_TRUE(torch::allclose(gradient, leaf.grad(), 1e-5, 1e-7));
  }
}

TEST_P(ObjectiveConformance, MembersSideBySideAreEachOnItsOwn) {
  // The same six rows as two members of three.
  const auto by_member = [](const Tensor& rows) { return rows.view({2, 3, 3}); };
  const auto rows = index.view({2, 3});
  for (const bool gaussian : {false, true})
    for (const bool by_default : {false, true}) {
      const Prediction all{by_member(mean), gaussian ? by_member(log_variance) : Tensor()};
      const auto found = by_default ? objective->Objective::losses(all, by_member(target), rows)
                                    : objective->losses(all, by_member(target), rows);
      EXPECT_EQ(found.sizes(), torch::IntArrayRef({2}));
      for (int64_t i = 0; i < 2; ++i) {
        const Prediction one{all.mean[i], gaussian ? all.log_variance[i] : Tensor()};
        EXPECT_NEAR(found[i].item<double>(),
                    objective->loss(one, by_member(target)[i], rows[i]).item<double>(), 1e-12);
      }
    }
  for (const bool by_default : {false, true}) {
    const torch::NoGradGuard no_grad;  // as in a fit
    const auto m = by_member(mean), y = by_member(target);
    auto gradient = torch::full_like(m, 7.0);
    const auto values = by_default ? objective->Objective::losses_and_gradient(m, y, rows, gradient)
                                   : objective->losses_and_gradient(m, y, rows, gradient);
    for (int64_t i = 0; i < 2; ++i) {
      const torch::AutoGradMode mode(true);
      const auto leaf = m[i].clone().requires_grad_();
      const auto expected = objective->loss({leaf, {}}, y[i], rows[i]);
      expected.backward();
      EXPECT_NEAR(values[i].item<double>(), expected.item<double>(), 1e-12);
      EXPECT_TRUE(torch::allclose(gradient[i], leaf.grad(), 1e-10, 1e-12));
    }
  }
}

TEST_P(ObjectiveConformance, TheClosedFormsOfHeadsAreTheGradient) {
  for (const HeadShape& head : {HeadShape{Head::gaussian, 3}, HeadShape{Head::mixture, 3, 4}}) {
    const auto raw = random.normal({6, head.outputs()}), y = target.to(torch::kFloat32);
    const auto bounds = head.first_bounds(1)[0];
    auto expected = torch::full_like(raw, 7.0f), found = torch::full_like(raw, 7.0f);
    auto expected_bounds = torch::empty_like(bounds), found_bounds = torch::empty_like(bounds);
    const torch::NoGradGuard no_grad;  // as in a fit
    const double value = objective->Objective::head_loss_and_gradient(head, raw, bounds, y, index,
                                                                      expected, &expected_bounds);
    EXPECT_NEAR(
        objective->head_loss_and_gradient(head, raw, bounds, y, index, found, &found_bounds), value,
        1e-5 * std::abs(value));
    EXPECT_TRUE(torch::allclose(found, expected, 1e-4, 1e-6));
    EXPECT_TRUE(torch::allclose(found_bounds, expected_bounds, 1e-4, 1e-6));
    found.fill_(7.0f);  // where the bounds are not learned
    objective->head_loss_and_gradient(head, raw, bounds, y, index, found, nullptr);
    EXPECT_TRUE(torch::allclose(found, expected, 1e-4, 1e-6));
  }
}

// Objectives may read a mixture's mean and variance, or its components.
TEST_P(ObjectiveConformance, ServesMixtures) {
  const auto prediction = [&](const Tensor& raw) {
    return HeadShape{Head::mixture, 3, 4}.split(raw, torch::zeros({1, 1}, torch::kFloat64));
  };
  const auto raw = random.normal({6, 36}).to(torch::kFloat64);
  const auto leaf = raw.clone().requires_grad_();
  objective->loss(prediction(leaf), target, index).backward();
  const auto again = [&](const Tensor& at) {
    return objective->loss(prediction(at), target, index).item<double>();
  };
  const auto rows = index.view({2, 3});
  const auto two = HeadShape{Head::mixture, 3, 4}.split(
      raw.view({2, 3, 36}), torch::zeros({2, 1, 1, 1}, torch::kFloat64));
  for (const bool by_default : {false, true}) {
    const auto y = target.view({2, 3, 3});
    const auto found =
        by_default ? objective->Objective::losses(two, y, rows) : objective->losses(two, y, rows);
    for (int64_t i = 0; i < 2; ++i)
      EXPECT_NEAR(found[i].item<double>(),
                  objective->loss(two.member(i), y[i], rows[i]).item<double>(), 1e-12);
  }
  if (trains_the_variance_alone()) return;  // its value then says less than its gradient
  for (int64_t i = 0; i < raw.numel(); i += 5) {
    auto up = raw.clone(), down = raw.clone();
    up.flatten()[i] += 1e-6;
    down.flatten()[i] -= 1e-6;
    EXPECT_NEAR(leaf.grad().flatten()[i].item<double>(), (again(up) - again(down)) / 2e-6, 1e-6);
  }
}

TEST_P(ObjectiveConformance, TheTruthIsNoWorseThanAnythingElse) {
  EXPECT_LE(loss(target, {}), loss(mean, {}));
  EXPECT_LE(loss(target, log_variance), loss(mean, log_variance));
}

TEST_P(ObjectiveConformance, WeightsAreOneANumberForEachRow) {
  for (const Tensor& weights : {objective->sampling(), objective->start_weights()}) {
    if (!weights.defined()) continue;
    EXPECT_EQ(weights.sizes(), torch::IntArrayRef({kRows}));
    EXPECT_GE(weights.min().item<double>(), 0);
    EXPECT_GT(weights.max().item<double>(), 0);
  }
}

TEST_P(ObjectiveConformance, GoesOnFromAnArchiveBitForBit) {
  const auto bytes = [](Objective& one) {
    Archive archive;
    archive("objective", one);
    return archive.bytes();
  };
  const auto same = [](const Tensor& a, const Tensor& b) {
    return a.defined() ? b.defined() && torch::equal(a, b) : !b.defined();
  };
  const auto first = make(), other = make();
  prepare(*first, false);
  Archive saved = Archive::from_bytes(bytes(*first));
  saved("objective", *other);
  EXPECT_EQ(bytes(*first), bytes(*other));
  EXPECT_TRUE(same(first->start_weights(), other->start_weights()));
  data = some_data();
  for (Objective* one : {first.get(), other.get()}) prepare(*one, false);
  EXPECT_TRUE(same(first->sampling(), other->sampling()));
  EXPECT_TRUE(same(first->start_weights(), other->start_weights()));
  const auto m = mean.to(torch::kFloat32), y = target.to(torch::kFloat32);
  EXPECT_TRUE(torch::equal(first->loss({m, {}}, y, index), other->loss({m, {}}, y, index)));
  EXPECT_EQ(bytes(*first), bytes(*other));
}

/// Every kind, and what is another loss within one.
std::vector<Sets> variants() {
  std::vector<Sets> all{{"kind=tom", "weigh=loss"},
                        {"kind=tom", "tom.reward=discriminator", "tom.divergence=kl"},
                        {"kind=pmac", "weigh=loss"},
                        {"kind=vagram", "vagram.form=unbounded"},
                        {"kind=model_advantage", "model_advantage.norm=l2"}};
  for (const std::string& kind : setting_names(ObjectiveKind())) all.push_back({"kind=" + kind});
  return all;
}

INSTANTIATE_TEST_SUITE_P(Kinds, ObjectiveConformance, ::testing::ValuesIn(variants()),
                         [](const auto& sets) {
                           std::string label;
                           for (const std::string& set : sets.param)
                             label += (label.empty() ? "" : "_") + set.substr(set.find('=') + 1);
                           return label;
                         });

TEST(Likelihood, ClosedForms) {
  const auto objective = make_objective({}, {}, {}, torch::kCPU);
  const auto mean = torch::tensor({{1.0, 2.0}}), target = torch::tensor({{0.0, 4.0}});
  const auto index = torch::tensor({0});
  EXPECT_NEAR(objective->loss({mean, {}}, target, index).item<double>(), (1 + 4) / 2.0, 1e-6);
  const auto log_variance = torch::tensor({{0.5, -1.0}});
  const double expected = (1 * std::exp(-0.5) + 0.5 + 4 * std::exp(1.0) - 1.0) / 2;
  EXPECT_NEAR(objective->loss({mean, log_variance}, target, index).item<double>(), expected, 1e-5);
}

}  // namespace
}  // namespace reverie
