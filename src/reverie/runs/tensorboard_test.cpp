#include <reverie/runs/event_file.h>
#include <reverie/runs/files.h>

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <fstream>

namespace reverie {
namespace {

// RFC 3720, appendix B.4, and the check value every CRC catalogue lists.
TEST(TensorBoard, Crc32cVectors) {
  EXPECT_EQ(crc32c("123456789"), 0xE3069283u);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAu);
  EXPECT_EQ(crc32c(std::string(32, '\xFF')), 0x62A8AB43u);
  std::string rising(32, '\0');
  for (int i = 0; i < 32; ++i) rising[static_cast<size_t>(i)] = static_cast<char>(i);
  EXPECT_EQ(crc32c(rising), 0x46DD794Eu);
}

// Worked by hand from the protocol buffer encoding.
TEST(TensorBoard, ScalarEventBytes) {
  const std::string event = scalar_event(1.0, 300, {{"a/b", 0.5}});
  const std::string expected(
      "\x09\x00\x00\x00\x00\x00\x00\xF0\x3F"  // 1: wall_time 1.0
      "\x10\xAC\x02"                          // 2: step 300
      "\x2A\x0C"                              // 5: summary, 12 bytes
      "\x0A\x0A"                              // 1: value, 10 bytes
      "\x0A\x03"
      "a/b"                    // 1: tag
      "\x15\x00\x00\x00\x3F",  // 2: simple_value 0.5
      9 + 3 + 2 + 2 + 5 + 5);
  EXPECT_EQ(event, expected);
}

TEST(TensorBoard, RecordsFrameTheirData) {
  const std::string record = event_record("data");
  ASSERT_EQ(record.size(), 8u + 4 + 4 + 4);
  uint64_t length = 0;
  std::memcpy(&length, record.data(), 8);
  EXPECT_EQ(length, 4u);
  uint32_t crc = 0;
  std::memcpy(&crc, record.data() + 16, 4);
  EXPECT_EQ(crc, masked_crc32c("data"));
}

TEST(TensorBoard, ReadsBackWhatItWrote) {
  const std::map<std::string, double> scalars = {{"a/b", 0.5}, {"eval/return", -1e30}};
  const std::string bytes = event_record(version_event(1)) + event_record(start_event(1, 0)) +
                            event_record(scalar_event(2.5, 1'000'000'000'000, scalars));
  const auto content = read_events(bytes);
  EXPECT_EQ(content.whole, bytes.size());
  EXPECT_TRUE(content.started);
  ASSERT_EQ(content.events.size(), 1u);
  EXPECT_EQ(content.events[0].wall_time, 2.5);
  EXPECT_EQ(content.events[0].step, 1'000'000'000'000);
  EXPECT_EQ(content.events[0].scalars.at("a/b"), 0.5);
  EXPECT_EQ(content.events[0].scalars.at("eval/return"), static_cast<double>(-1e30f));
  const size_t two = bytes.size() - event_record(scalar_event(2.5, 1, scalars)).size();
  for (size_t length = 0; length < bytes.size(); ++length)
    EXPECT_TRUE(read_events(bytes.substr(0, length)).events.empty()) << length;
  EXPECT_LE(read_events(bytes.substr(0, bytes.size() - 1)).whole, two);
  EXPECT_EQ(read_events("anything else").whole, 0u);
  EXPECT_EQ(read_events(event_record(start_event(1, 0))).whole, 0u) << "no version first";
}

TEST(TensorBoard, ARestartMakesLaterOnesForgotten) {
  std::string bytes = event_record(version_event(1)) + event_record(start_event(1, 0));
  for (const int64_t step : {100, 200, 300})
    bytes += event_record(scalar_event(2, step, {{"a", 1}}));
  bytes += event_record(start_event(3, 201)) + event_record(scalar_event(4, 300, {{"a", 2}}));
  const auto events = read_events(bytes).events;
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(events[1].step, 200);
  EXPECT_EQ(events[2].scalars.at("a"), 2.0);
}

class EventFileTest : public ::testing::Test {
 protected:
  EventFileTest()
      : folder_(std::filesystem::temp_directory_path() / fmt::format("reverie_tb_{}", ::getpid())) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  ~EventFileTest() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path file() const {
    std::filesystem::path found;
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
      EXPECT_TRUE(found.empty()) << "one file only";
      found = entry.path();
    }
    return found;
  }
  ino_t inode() const {
    struct stat status {};
    EXPECT_EQ(::stat(file().c_str(), &status), 0);
    return status.st_ino;
  }
  std::vector<int64_t> steps() const {
    std::vector<int64_t> steps;
    for (const auto& event : read_events(read_file(file())).events) steps.push_back(event.step);
    return steps;
  }

  std::filesystem::path folder_;
};

// TensorBoard's loader keeps the file open, and its place in it.
TEST_F(EventFileTest, GoesOnInItsFile) {
  {
    EventFile first(folder_, 1000);
    for (const int64_t step : {10, 20, 30}) first.add(1001, step, {{"return/real", 1.0}});
  }
  const ino_t before = inode();
  const std::string bytes = read_file(file());
  {
    EventFile second(folder_, 2000);
    ASSERT_EQ(second.held().size(), 3u);
    second.keep(3, 2000);  // nothing to forget: nothing to say
    EXPECT_EQ(read_file(file()), bytes);
    second.keep(1, 2000);
    second.add(2001, 20, {{"return/real", 2.0}});
  }
  EXPECT_EQ(inode(), before);
  EXPECT_TRUE(read_file(file()).starts_with(bytes));
  EXPECT_EQ(steps(), (std::vector<int64_t>{10, 20}));
}

TEST_F(EventFileTest, AfterAHalfWrittenRecordItGoesOnInANewFile) {
  { EventFile(folder_, 1000).add(1001, 10, {{"return/real", 1.0}}); }
  const auto first = file();
  const std::string whole = read_file(first);
  for (const size_t length : {whole.size() + 7, whole.size() - 1, size_t{20}, size_t{0}}) {
    const std::string bytes = (whole + std::string(7, '\x01')).substr(0, length);
    std::filesystem::remove(first.string() + ".1");
    std::ofstream(first, std::ios::binary) << bytes;
    const auto held = static_cast<size_t>(length > whole.size());
    {
      EventFile again(folder_, 2000);
      EXPECT_EQ(again.held().size(), held);
      again.add(2001, 20, {{"return/real", 2.0}});
    }
    EXPECT_TRUE(read_file(first).starts_with(bytes)) << length;
    EXPECT_EQ(std::filesystem::exists(first.string() + ".1"), length > 0);
    EXPECT_EQ(EventFile(folder_, 3000).held().size(), held + 1) << length;
  }
}

}  // namespace
}  // namespace reverie
