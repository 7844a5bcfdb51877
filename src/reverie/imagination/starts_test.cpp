#include <reverie/envs/suites/registry.h>
#include <reverie/imagination/starts.h>

#include <gtest/gtest.h>

namespace reverie {
namespace {

/// Ten transitions in a row of their own each; every fourth ends an episode.
struct StartsTest : ::testing::Test {
  StartsTest() : session(find_task("classic/pendulum"), {}, "test", 1, torch::kCPU, monitor) {
    session.open_world(1);
    Transitions data;
    data.observation = torch::arange(10).to(torch::kFloat32).unsqueeze(1).expand({10, 3}) + 100;
    data.next_observation = data.observation + 1;
    data.action = torch::zeros({10, 1});
    data.reward = torch::zeros({10});
    data.terminated = torch::zeros({10}, torch::kBool);
    data.truncated = torch::arange(10).remainder(4) == 3;
    replay().add(data);
  }
  Replay& replay() { return session.replay("real", 10); }
  /// The first numbers of many start states, each once.
  std::vector<float> drawn(const StartsConfig& config, const Starts::Weights& weights = {}) {
    Starts starts(session, config, replay(), weights);
    const Tensor states = starts.draw(4, 100);
    EXPECT_EQ(states.sizes(), torch::IntArrayRef({4, 100, 3}));
    const Tensor once = std::get<0>(torch::_unique(states.select(2, 0).flatten(), /*sorted=*/true));
    return {once.data_ptr<float>(), once.data_ptr<float>() + once.numel()};
  }
  Monitor monitor;
  Session session;
};

TEST_F(StartsTest, AnyStateOfTheReplayAndFreshOnes) {
  EXPECT_EQ(drawn({StartStates::buffer, 0.0}),
            (std::vector<float>{100, 101, 102, 103, 104, 105, 106, 107, 108, 109}));
  const auto mixed = drawn({StartStates::buffer, 0.5});
  EXPECT_GT(mixed.size(), 150u) << "half of them from the simulator's reset";
  EXPECT_EQ(mixed.back(), 109);
}

TEST_F(StartsTest, ByWeightWhereThereAreWeights) {
  const auto some = [] { return torch::tensor({0, 0, 1, 0, 0, 0, 0, 3, 0, 0}); };
  EXPECT_EQ(drawn({StartStates::buffer, 0.0}, some), (std::vector<float>{102, 107}));
  EXPECT_EQ(drawn({StartStates::buffer, 0.0, false}, some).size(), 10u);
  EXPECT_EQ(drawn({StartStates::buffer, 0.0}, [] { return Tensor(); }).size(), 10u);
  EXPECT_EQ(drawn({StartStates::initial}, some), (std::vector<float>{100, 104, 108}));
  const Tensor states =
      Starts(session, {StartStates::buffer, 0.0}, replay(), some).draw(1, 4000).select(2, 0);
  // Four standard deviations.
  EXPECT_NEAR((states == 107).to(torch::kFloat64).mean().item<double>(), 0.75, 0.028);
}

TEST_F(StartsTest, InitialStatesOfTheReplay) {
  EXPECT_EQ(drawn({StartStates::initial}), (std::vector<float>{100, 104, 108}));
  // What the oldest follows is no longer known.
  replay().add(replay().newest(1));
  EXPECT_EQ(drawn({StartStates::initial}), (std::vector<float>{104, 108}));
}

TEST_F(StartsTest, FreshOnesCostNoSteps) {
  const auto fresh = drawn({StartStates::reset});
  EXPECT_LE(fresh.back(), 1);  // a cosine
  EXPECT_GT(fresh.size(), 390u);
  EXPECT_EQ(session.steps(), 0);
}

}  // namespace
}  // namespace reverie
