#include <reverie/core/archive.h>
#include <reverie/core/error.h>
#include <reverie/data/replay.h>
#include <reverie/data/rollout.h>
#include <reverie/data/test_counted.h>

#include <gtest/gtest.h>

namespace reverie {
namespace {

/// `count` transitions whose reward counts from `first`, the other fields made of it.
Transitions numbered(int64_t first, int64_t count) {
  const auto number = torch::arange(first, first + count, torch::kFloat32);
  return {number.unsqueeze(1).repeat({1, 3}),
          -number.unsqueeze(1).repeat({1, 2}),
          number,
          number.unsqueeze(1).repeat({1, 3}) + 1,
          number.remainder(5).eq(0),
          number.remainder(7).eq(0)};
}

TEST(Replay, KeepsTheNewestInOrder) {
  Replay replay(10, 3, 2);
  EXPECT_EQ(replay.all().size(), 0);
  int64_t added = 0;
  for (const int64_t count : {4, 5, 1, 7, 3, 23, 2}) {
    replay.add(numbered(added, count));
    added += count;
    const int64_t size = std::min<int64_t>(added, 10);
    EXPECT_EQ(replay.size(), size);
    const auto expected = numbered(added - size, size);
    const auto all = replay.all();
    EXPECT_TRUE(torch::equal(all.reward, expected.reward));
    EXPECT_TRUE(torch::equal(all.observation, expected.observation));
    EXPECT_TRUE(torch::equal(all.action, expected.action));
    EXPECT_TRUE(torch::equal(all.next_observation, expected.next_observation));
    EXPECT_TRUE(torch::equal(all.terminated, expected.terminated));
    EXPECT_TRUE(torch::equal(all.truncated, expected.truncated));
    EXPECT_TRUE(torch::equal(replay.newest(2).reward, numbered(added - 2, 2).reward) || size < 2);
  }
}

TEST(Replay, RefusesWhatIsNotFiniteAndStoresNothing) {
  Replay replay(10, 3, 2);
  replay.add(numbered(0, 3));
  auto bad = numbered(3, 2);
  bad.next_observation[1][0] = std::nan("");
  EXPECT_THROW(replay.add(bad), NonFiniteError);
  EXPECT_EQ(replay.size(), 3);
}

TEST(Replay, SavesAndLoadsMidRing) {
  Replay replay(10, 3, 2);
  replay.add(numbered(0, 14));
  Archive out;
  replay.serialize(out);
  Replay other(10, 3, 2);
  auto in = Archive::from_bytes(out.bytes());
  other.serialize(in);
  replay.add(numbered(14, 3));
  other.add(numbered(14, 3));
  EXPECT_TRUE(torch::equal(replay.all().reward, other.all().reward));
  Replay smaller(9, 3, 2);
  auto again = Archive::from_bytes(out.bytes());
  EXPECT_THROW(smaller.serialize(again), Error);
}

TEST(Rollouts, FirstReturnsStopAtTheFirstEnd) {
  Rollouts rollouts;
  rollouts.reward = torch::tensor({1.f, 2.f, 4.f, 8.f, 1.f, 2.f, 4.f, 8.f}).view({1, 2, 4});
  rollouts.terminated = torch::zeros({1, 2, 4}, torch::kBool);
  rollouts.truncated = torch::zeros({1, 2, 4}, torch::kBool);
  rollouts.terminated[0][0][1] = true;  // the first row's first episode has two steps
  rollouts.truncated[0][0][3] = true;
  rollouts.truncated[0][1][3] = true;
  EXPECT_TRUE(torch::equal(first_returns(rollouts), torch::tensor({{3.f, 15.f}})));
}

TEST(Rollouts, OfTheWorldCountWhatIsDoneAndEveryEnvironmentsFirstEpisode) {
  World world(find_task("rllab/hopper"), {}, 6, RandomStream(3, "world"));
  RandomStream random(4, "actions");
  const Rollouts rollouts =
      roll_out(world, 60, [&](const Tensor&) { return random.uniform({6, 3}, -1, 1); });
  EXPECT_TRUE(torch::equal(rollouts.counted, testing::counted_by_hand(rollouts, 200)));
  EXPECT_TRUE(rollouts.counted.select(2, 0).all().item<bool>());
  EXPECT_GT(rollouts.counted.sum().item<int64_t>(), 0);
  EXPECT_LT(rollouts.counted.sum().item<int64_t>(), 6 * 60);
  EXPECT_EQ(transitions(rollouts).size(), 6 * 60);  // every step remains a transition
}

}  // namespace
}  // namespace reverie
