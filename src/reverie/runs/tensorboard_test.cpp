#include <reverie/runs/files.h>
#include <reverie/runs/tensorboard.h>

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>

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

TEST(TensorBoard, ANewFileReplacesTheOld) {
  const auto folder =
      std::filesystem::temp_directory_path() / fmt::format("reverie_tb_{}", ::getpid());
  std::filesystem::create_directories(folder);
  { EventFile first(folder, 1000); }
  {
    EventFile second(folder, 2000);
    second.add(2001, 10, {{"return/real", 1.0}});
  }
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    ++files;
    EXPECT_NE(read_file(entry.path()).find("return/real"), std::string::npos);
  }
  EXPECT_EQ(files, 1);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace reverie
