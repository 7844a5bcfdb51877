// What every policy must do.
#include <reverie/core/archive.h>
#include <reverie/core/error.h>
#include <reverie/policies/deterministic_policy.h>
#include <reverie/policies/squashed_gaussian.h>
#include <reverie/policies/test_samples.h>

#include <gtest/gtest.h>

#include <torch/script.h>

#include <cmath>
#include <functional>
#include <memory>
#include <numbers>
#include <sstream>

namespace reverie {
namespace {

using testing::relative_error;

struct Entry {
  std::string name;
  std::function<std::unique_ptr<Policy>(RandomStream&)> make;  // of 4 observations and 2 actions

  friend void PrintTo(const Entry& entry, std::ostream* out) { *out << entry.name; }
};

/// Of actions between -9 and 9.
const TaskSpec& wide_task() {
  static const TaskSpec task{
      .name = "a task", .observation_size = 4, .action_low = {-9, -9}, .action_high = {9, 9}};
  return task;
}

/// Gives a policy biases, too.
template <class SomePolicy>
std::unique_ptr<Policy> stirred(SomePolicy policy, RandomStream& random) {
  policy.set_parameters(policy.parameters() + 0.05 * random.normal(policy.parameters().sizes()));
  return std::make_unique<SomePolicy>(std::move(policy));
}

const std::vector<Entry>& entries() {
  static const std::vector<Entry> all = {
      {"gaussian",
       [](RandomStream& random) {
         return std::make_unique<GaussianPolicy>(testing::random_policy({8, 5}, 4, 2, random));
       }},
      {"squashed_gaussian",
       [](RandomStream& random) {
         return stirred(
             SquashedGaussianPolicy(wide_task(), {.hidden = {64, 5}, .output_scale = 0.3}, random),
             random);
       }},
      {"deterministic",
       [](RandomStream& random) {
         return stirred(DeterministicPolicy(wide_task(), {.hidden = {64, 5}, .output_scale = 0.3},
                                            0.1, random),
                        random);
       }},
  };
  return all;
}

class PolicyConformance : public ::testing::TestWithParam<Entry> {
 protected:
  RandomStream random_{1, "policy conformance"};
  std::unique_ptr<Policy> policy_ = GetParam().make(random_);
  Tensor observation_ = random_.normal({30, 4});
};

// By the change of variables from the noise, whose density is known: an action's density is the
// noise's, over how far the action moves with it.
TEST_P(PolicyConformance, DensitiesAreThoseOfTheActionsDrawn) {
  const auto* policy_with_density = dynamic_cast<const StochasticPolicy*>(policy_.get());
  if (policy_with_density == nullptr) GTEST_SKIP() << "a deterministic policy";
  const Tensor theta = policy_->parameters().to(torch::kFloat64);
  const Tensor seen = observation_.to(torch::kFloat64);
  const Tensor noise = random_.normal({30, 2}).to(torch::kFloat64).requires_grad_();
  const Tensor action = policy_->act(theta, seen, noise);
  Tensor rows[2];
  for (int64_t j = 0; j < 2; ++j)
    rows[j] = torch::autograd::grad({action.select(1, j).sum()}, {noise}, {}, true)[0];
  const Tensor volume =
      (rows[0].select(1, 0) * rows[1].select(1, 1) - rows[0].select(1, 1) * rows[1].select(1, 0))
          .abs();
  const Tensor expected =
      -0.5 * noise.detach().square().sum(1) - std::log(2 * std::numbers::pi) - volume.log();
  EXPECT_LT(relative_error(policy_with_density->log_prob(theta, seen, action.detach()), expected),
            1e-9);
}

TEST_P(PolicyConformance, WithoutNoiseItActsByItsMode) {
  const Tensor& theta = policy_->parameters();
  const Tensor mode = policy_->act(theta, observation_, {});
  EXPECT_TRUE(torch::equal(mode, policy_->act(theta, observation_, {})));
  EXPECT_LT(relative_error(policy_->act(theta, observation_, torch::zeros({30, 2})), mode), 1e-6);
  EXPECT_FALSE(torch::equal(policy_->act(theta, observation_, torch::ones({30, 2})), mode));
}

TEST_P(PolicyConformance, GroupsAreAskedSideBySide) {
  const Tensor theta =
      policy_->parameters() + 0.1 * random_.normal({3, policy_->parameters().size(0)});
  const Tensor seen = random_.normal({3, 7, 4}), noise = random_.normal({3, 7, 2});
  const Tensor action = policy_->act(theta, seen, noise);
  const auto* with_density = dynamic_cast<const StochasticPolicy*>(policy_.get());
  for (int64_t g = 0; g < 3; ++g) {
    const Tensor own = policy_->act(theta[g], seen[g], noise[g]);
    EXPECT_LT(relative_error(action[g], own), 1e-5);
    if (with_density == nullptr) continue;
    EXPECT_LT(relative_error(with_density->log_prob(theta, seen, action)[g],
                             with_density->log_prob(theta[g], seen[g], own)),
              1e-4);
  }
}

TEST_P(PolicyConformance, ActsInImaginationsAsItActs) {
  const Tensor theta =
      policy_->parameters() + 0.1 * random_.normal({3, policy_->parameters().size(0)});
  const Tensor seen = random_.normal({3, 7, 4}), noise = random_.normal({3, 7, 2});
  const auto rows = policy_->by_rows(theta, 7);
  const auto batch = policy_->by_batch(theta, 7);
  for (const bool draws : {true, false}) {
    const Tensor expected = policy_->act(theta, seen, draws ? noise : Tensor());
    Tensor action = torch::empty({3, 7, 2});
    for (int64_t g = 0; g < 3; ++g)
      rows->act(g, seen[g].data_ptr<float>(), 7, draws ? noise[g].data_ptr<float>() : nullptr,
                action[g].data_ptr<float>());
    EXPECT_LT(relative_error(action, expected), 1e-5);
    Tensor steps = draws ? noise.unsqueeze(0).clone() : torch::zeros({1, 3, 7, 2});
    batch->prepare(steps);
    action = steps[0];
    batch->act(torch::cat({seen, torch::ones({3, 7, 1})}, 2), action);
    EXPECT_LT(relative_error(action, expected), 1e-5);
  }
}

TEST_P(PolicyConformance, ItsVariablesAreAllOfItsParameters) {
  int64_t length = 0;
  for (const int64_t part : policy_->variables()) length += part;
  EXPECT_EQ(length, policy_->parameters().size(0));
}

TEST_P(PolicyConformance, SavesAndLoadsItself) {
  const auto other = GetParam().make(random_);
  EXPECT_FALSE(torch::equal(other->parameters(), policy_->parameters()));
  Archive archive;
  policy_->serialize(archive);
  Archive reader = Archive::from_bytes(archive.bytes());
  other->serialize(reader);
  Archive again;
  other->serialize(again);
  EXPECT_EQ(again.bytes(), archive.bytes());
  const Tensor noise = random_.normal({30, 2});
  EXPECT_TRUE(torch::equal(other->act(other->parameters(), observation_, noise),
                           policy_->act(policy_->parameters(), observation_, noise)));
}

TEST_P(PolicyConformance, RefusesParametersThatAreNone) {
  const Tensor before = policy_->parameters().clone();
  Tensor bad = before.clone();
  bad[3] = NAN;
  EXPECT_THROW(policy_->set_parameters(bad), NonFiniteError);
  EXPECT_THROW(policy_->set_parameters(before.slice(0, 1)), std::invalid_argument);
  EXPECT_TRUE(torch::equal(policy_->parameters(), before));
}

TEST_P(PolicyConformance, IsExportedAsItActs) {
  std::istringstream bytes(policy_->torchscript(wide_task()));
  torch::jit::Module module = torch::jit::load(bytes);
  const Tensor mode = policy_->act(policy_->parameters(), observation_, {});
  EXPECT_LT(relative_error(module.forward({observation_}).toTensor(), mode.clamp(-9, 9)), 1e-5);
  EXPECT_EQ(module.get_method("sample")({observation_}).toTensor().sizes(), mode.sizes());
}

INSTANTIATE_TEST_SUITE_P(Policies, PolicyConformance, ::testing::ValuesIn(entries()),
                         [](const auto& entry) { return entry.param.name; });

}  // namespace
}  // namespace reverie
