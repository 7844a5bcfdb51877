// What every registered task promises. A new task runs all of this by being in the registry.
#include <reverie/envs/mujoco/body.h>
#include <reverie/envs/suites/conformance_fixture.h>

#include <algorithm>
#include <limits>

namespace reverie {
namespace {

class EnvConformance : public testing::ConformanceTest {};

TEST_P(EnvConformance, SpecIsComplete) {
  EXPECT_EQ(std::count(spec().name.begin(), spec().name.end(), '/'), 1) << "suite/name";
  EXPECT_FALSE(spec().description.empty());
  EXPECT_FALSE(spec().source.empty());
  EXPECT_GT(spec().horizon, 0);
  ASSERT_EQ(spec().action_low.size(), spec().action_high.size());
  ASSERT_GT(spec().action_size(), 0);
  for (size_t i = 0; i < spec().action_low.size(); ++i)
    EXPECT_LT(spec().action_low[i], spec().action_high[i]);

  const auto simulation = entry().make_simulation(config());
  if (const mjModel* body = simulation->body()) {
    ASSERT_EQ(body->nu, spec().action_size());
    for (int i = 0; i < body->nu; ++i) {
      EXPECT_EQ(body->actuator_ctrlrange[2 * i], spec().control_low()[size_t(i)]);
      EXPECT_EQ(body->actuator_ctrlrange[2 * i + 1], spec().control_high()[size_t(i)]);
    }
  }
}

TEST_P(EnvConformance, ShapesAndTypes) {
  Environment environment = make();
  RandomStream random(1, "shapes");
  const Tensor first = environment.reset(random);
  EXPECT_EQ(first.sizes(), torch::IntArrayRef({spec().observation_size}));
  EXPECT_EQ(first.scalar_type(), torch::kFloat64);
  const StepResult single = environment.step(actions(1, 1)[0][0]);
  EXPECT_EQ(single.next_observation.sizes(), torch::IntArrayRef({1, spec().observation_size}));
  EXPECT_EQ(single.reward.sizes(), torch::IntArrayRef({1}));

  EnvironmentPool pool(entry(), config(), 3, random);
  EXPECT_EQ(pool.reset().sizes(), torch::IntArrayRef({3, spec().observation_size}));
  const StepResult many = pool.step(actions(1, 3)[0]);
  EXPECT_EQ(many.next_observation.sizes(), torch::IntArrayRef({3, spec().observation_size}));
  EXPECT_EQ(many.next_observation.scalar_type(), torch::kFloat32);
  EXPECT_EQ(many.reward.sizes(), torch::IntArrayRef({3}));
  EXPECT_EQ(many.reward.scalar_type(), torch::kFloat32);
  for (const Tensor& flag : {many.terminated, many.truncated}) {
    EXPECT_EQ(flag.sizes(), torch::IntArrayRef({3}));
    EXPECT_EQ(flag.scalar_type(), torch::kBool);
  }
  EXPECT_FALSE(many.next_observation.is_inference()) << "agents differentiate through these";
  EXPECT_THROW(pool.step(actions(1, 2)[0]), std::invalid_argument);
}

TEST_P(EnvConformance, TheSeedDecidesEverything) {
  const Tensor moves = actions(60, 1);
  std::vector<Tensor> futures;
  for (const uint64_t seed : {1, 1, 2}) {
    Environment environment = make();
    RandomStream random(seed, "episode");
    environment.reset(random);
    futures.push_back(run(environment, moves));
  }
  EXPECT_TRUE(futures[0].equal(futures[1]));
  EXPECT_FALSE(futures[0].equal(futures[2]));
}

TEST_P(EnvConformance, RestoredMidEpisodeItHasTheSameFuture) {
  Environment environment = make();
  RandomStream random(3, "episode");
  environment.reset(random);
  run(environment, actions(2, 1));
  Archive written;
  environment.serialize(written);
  const std::string bytes = written.bytes();
  const Tensor moves = actions(100, 1);
  const Tensor future = run(environment, moves);

  // Into one that has lived through something else.
  Environment other = make();
  other.reset(random);
  run(other, moves.slice(0, 3, 5));
  Archive read = Archive::from_bytes(bytes);
  other.serialize(read);
  EXPECT_EQ(other.time(), 2);
  EXPECT_TRUE(run(other, moves).equal(future));
}

TEST_P(EnvConformance, AgentsAreToldTheSimulatorsRewardAndEnd) {
  Environment environment = make();
  const Task& task = environment.task();
  RandomStream random(4, "episode");
  Tensor observation = environment.reset(random).unsqueeze(0);
  const Tensor moves = actions(150, 1).to(torch::kFloat64);
  for (int64_t t = 0; t < moves.size(0); ++t) {
    const StepResult r = environment.step(moves[t]);
    const Tensor told = task.reward(observation, moves[t], r.next_observation);
    EXPECT_TRUE(told.equal(r.reward) || !task.reward_is_exact()) << t;
    EXPECT_TRUE(task.terminated(r.next_observation).equal(r.terminated) || !task.end_is_exact())
        << t;
    EXPECT_FALSE((r.terminated & r.truncated).item<bool>());
    observation = r.next_observation;
    if (r.terminated.item<bool>() || r.truncated.item<bool>())
      observation = environment.reset(random).unsqueeze(0);
  }
}

TEST_P(EnvConformance, BatchesEqualTheirRows) {
  const auto task = entry().make_task(config());
  const Batch rows = batch(37);
  for (const auto type : {torch::kFloat32, torch::kFloat64}) {
    const Tensor observation = rows.observation.to(type);
    const Tensor action = rows.action.to(type);
    const Tensor next = rows.next.to(type);
    const Tensor reward = task->reward(observation, action, next);
    const Tensor terminated = task->terminated(next);
    EXPECT_EQ(reward.sizes(), torch::IntArrayRef({37}));
    EXPECT_EQ(reward.scalar_type(), type);
    EXPECT_EQ(terminated.sizes(), torch::IntArrayRef({37}));
    EXPECT_EQ(terminated.scalar_type(), torch::kBool);
    EXPECT_TRUE(task->terminates() || !terminated.any().item<bool>());
    for (int64_t i = 0; i < 37; ++i) {
      const auto row = [i](const Tensor& x) { return x.slice(0, i, i + 1).clone(); };
      EXPECT_TRUE(task->reward(row(observation), row(action), row(next)).equal(row(reward))) << i;
      EXPECT_TRUE(task->terminated(row(next)).equal(row(terminated))) << i;
    }
  }
}

TEST_P(EnvConformance, RewardGradientIsTheFiniteDifference) {
  const auto task = entry().make_task(config());
  const Batch rows = batch(5);
  // A little less than what was seen: clipped numbers leave the edge, where there is no gradient.
  std::vector<Tensor> inputs = {rows.observation * 0.99, rows.action.clone(), rows.next * 0.99};
  for (Tensor& input : inputs) input.requires_grad_(true);
  const Tensor total = task->reward(inputs[0], inputs[1], inputs[2]).sum();
  std::vector<Tensor> gradients(3);
  if (total.requires_grad())
    gradients =
        torch::autograd::grad({total}, {inputs[0], inputs[1], inputs[2]}, {}, {}, false, true);

  const torch::NoGradGuard no_grad;
  for (size_t which = 0; which < 3; ++which) {
    const Tensor gradient =
        gradients[which].defined() ? gradients[which] : torch::zeros_like(inputs[which]);
    const Tensor flat = inputs[which].view(-1);
    constexpr double step = 1e-6;
    for (int64_t i = 0; i < flat.numel(); ++i) {
      const double value = flat[i].item<double>();
      const auto reward_at = [&](double x) {
        flat[i] = x;
        return task->reward(inputs[0], inputs[1], inputs[2]).sum().item<double>();
      };
      const double slope = (reward_at(value + step) - reward_at(value - step)) / (2 * step);
      flat[i] = value;
      EXPECT_NEAR(gradient.reshape(-1)[i].item<double>(), slope, 1e-6 * (1 + std::abs(slope)))
          << "input " << which << ", element " << i;
    }
  }
}

TEST_P(EnvConformance, TimeTruncatesAndThenItMustBeReset) {
  EnvConfig config = this->config();
  config.horizon = 4 * config.action_repeat;
  Environment environment = make(config);
  EXPECT_EQ(environment.task().spec().horizon, 4);
  const Tensor still = torch::zeros({spec().action_size()});
  EXPECT_THROW(environment.step(still), std::logic_error) << "before the first reset";
  RandomStream random(6, "episode");
  environment.reset(random);
  for (int64_t t = 1; t <= 4; ++t) {
    const StepResult r = environment.step(still);
    EXPECT_EQ(environment.time(), t);
    EXPECT_FALSE(r.terminated.item<bool>());
    EXPECT_EQ(r.truncated.item<bool>(), t == 4);
  }
  EXPECT_THROW(environment.step(still), std::logic_error);
  environment.reset(random);
  environment.step(still);
}

TEST_P(EnvConformance, RefusesActionsThatAreNotFinite) {
  Environment environment = make();
  RandomStream random(7, "episode");
  EnvironmentPool pool(entry(), config(), 2, random);
  environment.reset(random);
  pool.reset();
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    Tensor action = torch::zeros({2, spec().action_size()});
    action[1][spec().action_size() - 1] = bad;
    EXPECT_THROW(environment.step(action[1]), NonFiniteError);
    EXPECT_THROW(pool.step(action), NonFiniteError);
    pool.reset();
  }
  EXPECT_EQ(environment.time(), 0);
  environment.step(torch::zeros({spec().action_size()}));  // the refused ones have left no trace
}

TEST_P(EnvConformance, RefusesSettingsOutOfRange) {
  const auto refuses = [&](auto member, auto value, const std::string& key) {
    EnvConfig config = this->config();
    config.*member = value;
    try {
      EnvironmentPool(entry(), config, 1, RandomStream());
      ADD_FAILURE() << key;
    } catch (const UsageError& error) {
      EXPECT_NE(std::string(error.what()).find(key), std::string::npos) << error.what();
    }
  };
  refuses(&EnvConfig::horizon, int64_t{-1}, "env.horizon");
  refuses(&EnvConfig::mass_scale, 0.0, "env.mass_scale");
  refuses(&EnvConfig::gravity_scale, std::nan(""), "env.gravity_scale");
  refuses(&EnvConfig::mass_spread, 0.5, "env.mass_spread");
  refuses(&EnvConfig::disabled_actuator, int64_t{1000}, "env.disabled_actuator");
}

INSTANTIATE_TEST_SUITE_P(Tasks, EnvConformance, ::testing::ValuesIn(testing::conforming_tasks()),
                         testing::test_name);

}  // namespace
}  // namespace reverie
