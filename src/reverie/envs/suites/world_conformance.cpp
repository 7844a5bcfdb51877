// What pools and worlds of every registered task promise.
#include <reverie/envs/suites/conformance_fixture.h>

namespace reverie {
namespace {

class WorldConformance : public testing::ConformanceTest {};

TEST_P(WorldConformance, APoolIsSingleEnvironments) {
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

TEST_P(WorldConformance, ThreadsDoNotChangeABit) {
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

TEST_P(WorldConformance, AWorldCountsAndResumes) {
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

TEST_P(WorldConformance, InitialObservationsCostNothing) {
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

INSTANTIATE_TEST_SUITE_P(Tasks, WorldConformance, ::testing::ValuesIn(testing::conforming_tasks()),
                         testing::test_name);

}  // namespace
}  // namespace reverie
