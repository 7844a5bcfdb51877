#include <reverie/collect/rollout.h>
#include <reverie/core/archive.h>
#include <reverie/core/error.h>
#include <reverie/data/replay.h>
#include <reverie/data/test_counted.h>
#include <reverie/envs/suites/registry.h>

#include <gtest/gtest.h>

#include <map>

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
      roll_out(world, 60, *uniform_actor(world.task().spec()), Mode::explore, random);
  EXPECT_TRUE(torch::equal(rollouts.counted, testing::counted_by_hand(rollouts, 200)));
  EXPECT_TRUE(rollouts.counted.select(2, 0).all().item<bool>());
  EXPECT_GT(rollouts.counted.sum().item<int64_t>(), 0);
  EXPECT_LT(rollouts.counted.sum().item<int64_t>(), 6 * 60);
  EXPECT_EQ(transitions(rollouts).size(), 6 * 60);  // every step remains a transition
}

/// Files beside an archive, in memory.
class FilesInMemory : public SideFiles {
 public:
  std::optional<Sum> find(const std::string& file) override {
    if (!files.contains(file)) return std::nullopt;
    return Sum{files[file].size(), 0};
  }
  Sum put(const std::string& file, std::string_view bytes) override {
    ++written;
    files[file] = std::string(bytes);
    return {bytes.size(), 0};
  }
  std::string get(const std::string& file, const Sum&) override { return files.at(file); }
  std::map<std::string, std::string> files;
  int written = 0;
};

TEST(Replay, WholeSegmentsAreWrittenOnceBesideTheArchive) {
  const int64_t segment = Replay(1, 3, 2).segment_rows();
  Replay replay(3 * segment + 10, 3, 2, "test");
  FilesInMemory beside;
  const auto save = [&] {
    Archive archive;
    archive.keep_beside(&beside);
    replay.serialize(archive);
    return archive.bytes();
  };
  const auto expect_loads = [&](const std::string& bytes) {
    Replay other(replay.capacity(), 3, 2, "test");
    auto archive = Archive::from_bytes(bytes);
    archive.keep_beside(&beside);
    other.serialize(archive);
    EXPECT_TRUE(torch::equal(other.all().observation, replay.all().observation));
    EXPECT_TRUE(torch::equal(other.all().terminated, replay.all().terminated));
    EXPECT_EQ(other.added(), replay.added());
    other.add(numbered(0, 5));  // goes on at the right place
    EXPECT_EQ(other.newest(6).reward[1].item<float>(), 0);
  };
  replay.add(numbered(0, segment - 1));
  expect_loads(save());
  EXPECT_EQ(beside.written, 0) << "none is whole";
  replay.add(numbered(segment - 1, segment + 7));
  const std::string bytes = save();
  expect_loads(bytes);
  EXPECT_EQ(beside.written, 2);
  EXPECT_LT(bytes.size(), 2000u) << "six transitions, and the names of two files";
  EXPECT_EQ(save(), bytes);
  EXPECT_EQ(beside.written, 2);
  // The ring turns: the first segment is no longer whole, what is left of it lies in the archive.
  replay.add(numbered(2 * segment + 6, 2 * segment));
  Archive archive;
  archive.keep_beside(&beside);
  replay.serialize(archive);
  ASSERT_EQ(archive.side_files().size(), 3u);
  EXPECT_EQ(archive.side_files().front().first, "test-00000001.seg");
  expect_loads(archive.bytes());
}

}  // namespace
}  // namespace reverie
