#include <reverie/core/error.h>
#include <reverie/runs/files.h>
#include <reverie/runs/store.h>

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace reverie {
namespace {

namespace fs = std::filesystem;

class StoreTest : public ::testing::Test {
 protected:
  StoreTest() {
    file_ = fs::temp_directory_path() / fmt::format("reverie_store_{}.sqlite", ::getpid());
    remove();
  }
  ~StoreTest() override { remove(); }
  void remove() {
    for (const char* suffix : {"", "-wal", "-shm"}) fs::remove(file_.string() + suffix);
  }
  static IterationRow row(int64_t iteration) {
    IterationRow row;
    row.iteration = iteration;
    row.env_steps = 100 * iteration;
    row.metrics = {{"return/real", 1.5 * static_cast<double>(iteration)}, {"time/improve", 0.25}};
    row.episodes = {{12.0, 100, 0}, {13.0, 90, 1}};
    row.evaluation = EvaluationRow{iteration, row.env_steps, 20, 3.0, 0.5};
    return row;
  }
  fs::path file_;
};

TEST_F(StoreTest, KeepsWhatItWasGiven) {
  {
    Store store(file_);
    for (int64_t i = 1; i <= 3; ++i) store.add(row(i));
    store.add(CheckpointRow{9, 3, 300, 12.5});
  }
  const Store store(file_);
  const auto rows = store.iterations();
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[1].env_steps, 200);
  EXPECT_EQ(rows[1].metrics, row(2).metrics);
  EXPECT_EQ(store.evaluations().size(), 3u);
  EXPECT_EQ(store.total("time/improve"), 0.75);
  EXPECT_EQ(store.total("nothing"), 0.0);
  EXPECT_EQ(store.checkpoint(9)->wall_seconds, 12.5);
  EXPECT_FALSE(store.checkpoint(8).has_value());
}

TEST_F(StoreTest, TellsWhatHappenedAndWhatIsNewest) {
  Store store(file_);
  EXPECT_TRUE(store.events().empty());
  store.add_event("start", "here");
  store.add_event("sign", "it's \"odd\"");
  ASSERT_EQ(store.events().size(), 2u);
  EXPECT_EQ(store.events()[1].kind, "sign");
  EXPECT_EQ(store.events()[1].text, "it's \"odd\"");
  for (int64_t i = 1; i <= 3; ++i) store.add(row(i));
  EXPECT_EQ(store.newest("return/real"), 4.5);
  EXPECT_FALSE(store.newest("nothing").has_value());
}

TEST_F(StoreTest, DropsWhatIsLaterThanACheckpoint) {
  Store store(file_);
  for (int64_t i = 1; i <= 5; ++i) store.add(row(i));
  store.truncate_after(2);
  EXPECT_EQ(store.iterations().size(), 2u);
  EXPECT_EQ(store.evaluations().size(), 2u);
  store.add(row(3));  // lived again
  EXPECT_EQ(store.iterations().back().metrics, row(3).metrics);
}

TEST_F(StoreTest, AReaderSeesAllAndWritesNothing) {
  EXPECT_THROW(Store(file_, Store::Access::read), Error);
  EXPECT_FALSE(fs::exists(file_));
  Store writer(file_);
  writer.add(row(1));
  writer.add(CheckpointRow{9, 1, 100, 12.5});
  Store reader(file_, Store::Access::read);
  EXPECT_EQ(reader.iterations().size(), 1u);
  EXPECT_EQ(reader.newest_checkpoint()->number, 9);
  EXPECT_THROW(reader.add(row(2)), Error);
}

TEST_F(StoreTest, NotADatabaseIsOneClearError) {
  std::ofstream(file_) << std::string(5000, 'x');
  try {
    const Store store(file_);
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find(file_.string()), std::string::npos);
  }
}

}  // namespace
}  // namespace reverie
