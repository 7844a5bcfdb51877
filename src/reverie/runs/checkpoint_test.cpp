#include <reverie/core/error.h>
#include <reverie/runs/checkpoint.h>
#include <reverie/runs/files.h>

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

namespace reverie {
namespace {

namespace fs = std::filesystem;

class CheckpointTest : public ::testing::Test {
 protected:
  CheckpointTest() {
    folder_ = fs::temp_directory_path() /
              fmt::format("reverie_ckpt_{}_{}", ::getpid(),
                          ::testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::create_directories(folder_);
  }
  ~CheckpointTest() override { fs::remove_all(folder_); }

  static Archive archive(int64_t value, int64_t phases) {
    Archive archive;
    archive("phases", phases);
    Tensor tensor = torch::arange(300, torch::kFloat) + static_cast<double>(value);
    archive("value", value);
    archive("tensor", tensor);
    return archive;
  }
  // The value of the newest usable checkpoint; warnings are kept.
  int64_t newest() {
    warnings_.clear();
    auto loaded = Checkpoints(folder_).load_newest(
        [this](const std::string& line) { warnings_.push_back(line); });
    int64_t value = -1;
    if (loaded) loaded->archive("value", value);
    return value;
  }
  void damage(int64_t number, const std::string& bytes) {
    std::ofstream(Checkpoints(folder_).path(number), std::ios::binary) << bytes;
  }

  fs::path folder_;
  std::vector<std::string> warnings_;
};

TEST_F(CheckpointTest, KeepsTheNewestTwo) {
  EXPECT_EQ(newest(), -1);
  Checkpoints checkpoints(folder_);
  for (int64_t i = 1; i <= 5; ++i) checkpoints.save(i, archive(10 * i, i));
  EXPECT_THAT(checkpoints.numbers(), ::testing::ElementsAre(4, 5));
  EXPECT_EQ(newest(), 50);
  EXPECT_TRUE(warnings_.empty());
}

TEST_F(CheckpointTest, FallsBackWhereTheNewestIsCutShort) {
  Checkpoints checkpoints(folder_);
  checkpoints.save(1, archive(1, 1));
  checkpoints.save(2, archive(2, 2));
  const std::string whole = read_file(checkpoints.path(2));
  for (size_t length = 0; length < whole.size(); length += 1 + whole.size() / 97) {
    damage(2, whole.substr(0, length));
    ASSERT_EQ(newest(), 1) << "cut to " << length << " bytes";
    ASSERT_EQ(warnings_.size(), 1u);
    EXPECT_EQ(warnings_[0].find('\n'), std::string::npos);
  }
  damage(2, whole + "x");
  EXPECT_EQ(newest(), 1);
}

TEST_F(CheckpointTest, FallsBackWhereAnyBitFlipped) {
  Checkpoints checkpoints(folder_);
  checkpoints.save(1, archive(1, 1));
  checkpoints.save(2, archive(2, 2));
  const std::string whole = read_file(checkpoints.path(2));
  for (size_t at = 0; at < whole.size(); at += 1 + whole.size() / 211) {
    std::string flipped = whole;
    flipped[at] = static_cast<char>(flipped[at] ^ (1 << (at % 8)));
    damage(2, flipped);
    ASSERT_EQ(newest(), 1) << "bit " << at % 8 << " of byte " << at;
  }
}

TEST_F(CheckpointTest, ANameThatIsNotItsOwnIsPassedOver) {
  Checkpoints checkpoints(folder_);
  checkpoints.save(1, archive(1, 1));
  checkpoints.save(2, archive(2, 2));
  fs::copy(checkpoints.path(1), checkpoints.path(7));
  EXPECT_EQ(newest(), 2);
  ASSERT_EQ(warnings_.size(), 1u);
  EXPECT_THAT(warnings_[0], ::testing::HasSubstr("it holds checkpoint 000001"));
}

TEST_F(CheckpointTest, HalfWrittenOnesGo) {
  Checkpoints checkpoints(folder_);
  checkpoints.save(1, archive(1, 1));
  std::ofstream(temporary_of(checkpoints.path(2))) << "half";
  std::ofstream(folder_ / "mine.tmp") << "not ours";
  checkpoints.remove_leftovers();
  EXPECT_FALSE(fs::exists(temporary_of(checkpoints.path(2))));
  EXPECT_TRUE(fs::exists(folder_ / "mine.tmp"));
  EXPECT_EQ(newest(), 1);
}

TEST_F(CheckpointTest, AllDamagedIsOneError) {
  Checkpoints(folder_).save(1, archive(1, 1));
  damage(1, "nothing like it");
  EXPECT_THROW(newest(), Error);
}

TEST_F(CheckpointTest, ASetAsideOneIsNotCounted) {
  Checkpoints checkpoints(folder_);
  checkpoints.save(1, archive(1, 1));
  checkpoints.save(9, archive(9, 9));
  checkpoints.set_aside_after(1);
  EXPECT_THAT(checkpoints.numbers(), ::testing::ElementsAre(1));
}

// A child process whose files may not grow beyond `limit` bytes stands for a disk that fills up at
// every possible moment of the write.
TEST_F(CheckpointTest, AFailedWriteHarmsNothing) {
  Checkpoints checkpoints(folder_);
  checkpoints.save(1, archive(1, 1));
  checkpoints.save(2, archive(2, 2));
  const size_t size = read_file(checkpoints.path(2)).size();
  for (size_t limit = 0; limit < size; limit += 1 + size / 7) {
    const std::string bytes = encode_checkpoint(archive(3, 2));
    const pid_t child = ::fork();
    if (child == 0) {
      ::signal(SIGXFSZ, SIG_IGN);
      const rlimit cap{limit, limit};
      ::setrlimit(RLIMIT_FSIZE, &cap);
      try {
        write_file_atomically(checkpoints.path(2), bytes);
      } catch (const Error&) {
        ::_exit(42);
      }
      ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_EQ(WEXITSTATUS(status), 42);
    EXPECT_EQ(newest(), 2);
    EXPECT_TRUE(warnings_.empty());
    EXPECT_FALSE(fs::exists(checkpoints.path(2).string() + ".tmp"));
  }
}

TEST_F(CheckpointTest, WritingWhereNoneCanIsOneClearLine) {
  try {
    write_file_atomically("/dev/null/nowhere/file", "text");
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "cannot write /dev/null/nowhere/file: Not a directory");
  }
}

TEST_F(CheckpointTest, ALockedFolderNamesItsHolder) {
  const FolderLock lock(folder_);
  try {
    const FolderLock second(folder_);
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr(std::to_string(::getpid())));
  }
}

TEST_F(CheckpointTest, FilesBesideThemAreSharedAndGoWithTheLastThatNeedsThem) {
  Checkpoints checkpoints(folder_);
  int made = 0;
  const auto save = [&](int64_t number, const std::vector<std::string>& files) {
    Archive saved = archive(number, number);
    saved.keep_beside(&checkpoints.segments());
    for (const std::string& file : files)
      saved.side_file(file, file + ".seg", [&] { return ++made, file + " content"; }, {});
    checkpoints.save(number, saved);
  };
  const auto there = [&](const char* file) { return fs::exists(folder_ / file); };
  save(1, {"a"});
  save(2, {"a", "b"});
  EXPECT_EQ(made, 2) << "the first is not written again";
  save(3, {"b"});
  EXPECT_TRUE(there("a.seg")) << "checkpoint 2 needs it";
  save(4, {"b"});
  EXPECT_FALSE(there("a.seg"));
  EXPECT_TRUE(there("b.seg"));

  Checkpoints others(folder_);  // of another process
  auto loaded = others.load_newest([](const std::string&) {});
  ASSERT_TRUE(loaded);
  loaded->archive.keep_beside(&others.segments());
  std::string read;
  loaded->archive.side_file("b", "b.seg", {}, [&](std::string_view bytes) { read = bytes; });
  EXPECT_EQ(read, "b content");
  std::ofstream(folder_ / "b.seg") << "b CONTENT";
  EXPECT_THROW(loaded->archive.side_file("b", "b.seg", {}, [](std::string_view) {}), Error);
  fs::remove(folder_ / "b.seg");
  EXPECT_THROW(others.load_newest([](const std::string&) {}), Error) << "no checkpoint is whole";
}

}  // namespace
}  // namespace reverie
