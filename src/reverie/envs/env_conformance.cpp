// What every registered task promises. A new task runs all of this by being in the registry.
#include <reverie/core/archive.h>
#include <reverie/core/error.h>
#include <reverie/core/settings.h>
#include <reverie/core/workers.h>
#include <reverie/envs/mujoco_body.h>
#include <reverie/envs/world.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <sstream>

namespace reverie {
namespace {

class EnvConformance : public testing::TestWithParam<std::string> {
 protected:
  void TearDown() override { set_worker_count(1); }

  const TaskEntry& entry() const { return find_task(GetParam().substr(0, GetParam().find(' '))); }
  const TaskSpec& spec() const { return spec_; }
  /// The settings that stand behind the name.
  EnvConfig config() const {
    EnvConfig config;
    Settings settings;
    settings.group("env", config);
    std::istringstream words(GetParam());
    std::string word;
    words >> word;
    while (words >> word) settings.assign("env." + word, "the test's name");
    return config;
  }

  Environment make() const { return make(config()); }
  Environment make(const EnvConfig& config) const {
    return {entry().make_task(config), entry().make_simulation(config)};
  }

  /// `steps` rows of actions [steps, n, a], a tenth of them out of range.
  Tensor actions(int64_t steps, int64_t n) const {
    RandomStream random(5, "actions");
    const Tensor low = torch::tensor(spec().action_low, torch::kFloat32);
    const Tensor high = torch::tensor(spec().action_high, torch::kFloat32);
    return low + (high - low) * random.uniform({steps, n, spec().action_size()}, -0.05, 1.05);
  }

  /// Steps until the episode ends, at most `actions.size(0)` times: [steps, o + 3].
  static Tensor run(Environment& environment, const Tensor& actions) {
    std::vector<Tensor> rows;
    for (int64_t t = 0; t < actions.size(0); ++t) {
      const StepResult r = environment.step(actions[t].reshape({-1}));
      rows.push_back(torch::cat(
          {r.next_observation, r.reward.unsqueeze(1), r.terminated.unsqueeze(1).to(torch::kFloat64),
           r.truncated.unsqueeze(1).to(torch::kFloat64)},
          1));
      if (r.terminated.item<bool>() || r.truncated.item<bool>()) break;
    }
    return torch::cat(rows);
  }

  /// A batch of transitions, float64: observation, action, next observation.
  struct Batch {
    Tensor observation, action, next;
  };
  Batch batch(int64_t steps) const {
    Environment environment = make();
    RandomStream random(2, "batch");
    std::vector<Tensor> before{environment.reset(random)};
    std::vector<Tensor> after;
    const Tensor moves = actions(steps, 1).squeeze(1).to(torch::kFloat64) * 0.8;
    for (int64_t t = 0; t < steps; ++t) {
      const StepResult r = environment.step(moves[t]);
      after.push_back(r.next_observation[0]);
      const bool ended = r.terminated.item<bool>() || r.truncated.item<bool>();
      before.push_back(ended ? environment.reset(random) : after.back());
    }
    before.pop_back();
    return {torch::stack(before), moves, torch::stack(after)};
  }

 private:
  const TaskSpec spec_ = entry().make_task(config())->spec();
};

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

TEST_P(EnvConformance, APoolIsSingleEnvironments) {
  constexpr int64_t n = 5;
  EnvConfig config = this->config();
  config.horizon = 12 * config.action_repeat;  // several episodes in what follows
  const Tensor moves = actions(40, n);
  const RandomStream seed(8, "pool");
  EnvironmentPool pool(entry(), config, n, seed);
  pool.reset();

  std::vector<Environment> singles;
  std::vector<uint64_t> episodes(n, 0);
  std::vector<double> returns(n, 0);
  const auto begin = [&](int64_t i) {
    RandomStream random = seed.split(uint64_t(i)).split(episodes[size_t(i)]++);
    returns[size_t(i)] = 0;
    return singles[size_t(i)].reset(random).to(torch::kFloat32);
  };
  for (int64_t i = 0; i < n; ++i) {
    singles.push_back(make(config));
    EXPECT_TRUE(begin(i).equal(pool.observation()[i]));
  }
  for (int64_t t = 0; t < moves.size(0); ++t) {
    const StepResult all = pool.step(moves[t]);
    size_t finished = 0;
    for (int64_t i = 0; i < n; ++i) {
      const StepResult one = singles[size_t(i)].step(moves[t][i]);
      ASSERT_TRUE(one.next_observation[0].to(torch::kFloat32).equal(all.next_observation[i]));
      ASSERT_TRUE(one.reward[0].to(torch::kFloat32).equal(all.reward[i]));
      ASSERT_TRUE(one.terminated[0].equal(all.terminated[i]));
      ASSERT_TRUE(one.truncated[0].equal(all.truncated[i]));
      returns[size_t(i)] += one.reward.item<double>();
      Tensor next = all.next_observation[i];
      if (one.terminated.item<bool>() || one.truncated.item<bool>()) {
        ASSERT_LT(finished, pool.finished().size());
        const Episode& episode = pool.finished()[finished++];
        EXPECT_EQ(episode.environment, i);
        EXPECT_EQ(episode.length, singles[size_t(i)].time());
        EXPECT_EQ(episode.episode_return, returns[size_t(i)]);
        next = begin(i);
      }
      ASSERT_TRUE(pool.observation()[i].equal(next));
    }
    EXPECT_EQ(finished, pool.finished().size());
  }
}

TEST_P(EnvConformance, ThreadsDoNotChangeABit) {
  EnvConfig config = this->config();
  config.horizon = 9 * config.action_repeat;
  const Tensor moves = actions(20, 16);
  std::vector<Tensor> futures;
  for (const int threads : {1, 2, 5}) {
    set_worker_count(threads);
    EnvironmentPool pool(entry(), config, 16, RandomStream(9, "pool"));
    std::vector<Tensor> seen{pool.reset()};
    for (int64_t t = 0; t < moves.size(0); ++t) {
      const StepResult r = pool.step(moves[t]);
      seen.push_back(torch::cat({r.next_observation, r.reward.unsqueeze(1)}, 1).view(-1));
      seen.push_back(pool.observation().reshape(-1));
    }
    seen[0] = seen[0].view(-1);
    futures.push_back(torch::cat(seen));
  }
  EXPECT_TRUE(futures[0].equal(futures[1]));
  EXPECT_TRUE(futures[0].equal(futures[2]));
}

TEST_P(EnvConformance, AWorldCountsAndResumes) {
  EnvConfig config = this->config();
  config.horizon = 11 * config.action_repeat;
  const Tensor moves = actions(30, 4);
  const auto live = [&](World& world, int64_t from, int64_t to) {
    std::vector<Tensor> seen;
    for (int64_t t = from; t < to; ++t) {
      const StepResult r = world.step(moves[t]);
      seen.push_back(
          torch::cat({r.next_observation, r.reward.unsqueeze(1), world.observation()}, 1));
    }
    return torch::stack(seen);
  };
  World world(entry(), config, 4, RandomStream(10, "world"));
  world.reset();
  live(world, 0, 15);
  EXPECT_EQ(world.steps(), 60);
  Archive written;
  written("world", world);
  const std::string bytes = written.bytes();
  const Tensor future = live(world, 15, 30);
  const std::vector<Episode> finished = world.take_finished();
  EXPECT_GE(finished.size(), 8u);
  EXPECT_TRUE(world.take_finished().empty());

  World other(entry(), config, 4, RandomStream(99, "world"));
  Archive read = Archive::from_bytes(bytes);
  read("world", other);
  EXPECT_EQ(other.steps(), 60);
  EXPECT_TRUE(live(other, 15, 30).equal(future));
  const std::vector<Episode> again = other.take_finished();
  ASSERT_EQ(again.size(), finished.size());
  for (size_t i = 0; i < again.size(); ++i)
    EXPECT_EQ(again[i].episode_return, finished[i].episode_return);

  World smaller(entry(), config, 3, RandomStream(10, "world"));
  Archive once_more = Archive::from_bytes(bytes);
  EXPECT_THROW(once_more("world", smaller), std::invalid_argument);
}

TEST_P(EnvConformance, InitialObservationsCostNothing) {
  World world(entry(), config(), 2, RandomStream(11, "world"));
  const Tensor before = world.reset();
  RandomStream random(12, "starts");
  const Tensor starts = world.initial_observations(6, random);
  EXPECT_EQ(starts.sizes(), torch::IntArrayRef({6, spec().observation_size}));
  EXPECT_EQ(starts.scalar_type(), torch::kFloat32);
  EXPECT_EQ(world.steps(), 0);
  EXPECT_TRUE(world.observation().equal(before));
  EXPECT_FALSE(world.initial_observations(6, random).equal(starts)) << "the stream goes on";

  RandomStream same(12, "starts");
  Environment environment = make();
  for (int64_t i = 0; i < 6; ++i)
    EXPECT_TRUE(environment.reset(same).to(torch::kFloat32).equal(starts[i]));
  EXPECT_FALSE(entry().make_task(config())->terminated(starts).any().item<bool>());
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

INSTANTIATE_TEST_SUITE_P(
    Tasks, EnvConformance, testing::ValuesIn([] {
      std::vector<std::string> names;
      for (const TaskEntry& entry : all_tasks()) names.push_back(entry.name);
      // The promises hold for variations, too.
      names.insert(names.end(),
                   {
                       "gym/hopper action_repeat=3",
                       "gym/ant observation_noise=0.1 action_noise=0.1 distractors=4",
                       "gym/half-cheetah distractors=5 distraction=linear action_repeat=2",
                       "gym/walker2d distractors=2 distraction=noise slope=5",
                       "rllib/half-cheetah mass_spread=2 friction_spread=3 "
                       "damping_spread=1.5 gravity_spread=1.2 gear_spread=1.1",
                       "rllab/ant cripple=leg cripple_among=[0,2] slope_spread=10",
                       "mbbl/half-cheetah cripple=actuator",
                       "mbbl/half-cheetah observation_noise=0.01 noisy_reward=true",
                       "mbbl/hopper-et action_noise=0.1 noisy_reward=true",
                       "classic/pendulum mass_spread=2 gravity_spread=2 action_noise=0.1",
                   });
      return names;
    }()),
    [](const auto& test) {
      std::string name = test.param;
      for (char& c : name)
        if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
      return name;
    });

}  // namespace
}  // namespace reverie
